/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <usher/usher.h>

G_BEGIN_DECLS

/* How it answers a start. */
typedef enum
{
  TEST_START_OK,
  TEST_START_FAIL,
  TEST_START_IGNORE,
  TEST_START_EXIT,     /* it starts, and exits with an error at once */
  TEST_START_HANG,     /* until it is cancelled or killed */
  TEST_START_STUBBORN, /* until test_child_answer_start() */
} TestStart;

/* How it answers a shutdown. */
typedef enum
{
  TEST_STOP_SHUTDOWN,
  TEST_STOP_NORMAL,
  TEST_STOP_ERROR,
  TEST_STOP_TIMED_OUT, /* a shutdown with an error */
  TEST_STOP_REFUSE,
  TEST_STOP_IMMORTAL, /* a kill, too */
} TestStop;

#define TEST_TYPE_CHILD (test_child_get_type ())
G_DECLARE_FINAL_TYPE (TestChild, test_child, TEST, CHILD, GObject)

typedef void (*TestChildHook) (TestChild *self,
                               char mark,
                               gpointer data);

/* `trace` (unowned): gets a word for everything the child is told: `+name` start, `-name` shutdown
 * to be started again, `=name` final shutdown, `!name` kill, `~name` the start was cancelled. */
TestChild *test_child_new (const char *name,
                           GString *trace);
/* The last answer is repeated; before that `count` times this one. */
void test_child_set_start (TestChild *self,
                           TestStart start);
void test_child_set_next_starts (TestChild *self,
                                 TestStart start,
                                 guint count);
void test_child_set_stop (TestChild *self,
                          TestStop stop);
void test_child_set_shutdown_time_msec (TestChild *self,
                                        guint64 shutdown_time_msec);
/* `hook` is called for every word of the trace, before the child does what it says. */
void test_child_set_hook (TestChild *self,
                          TestChildHook hook,
                          gpointer data);
const char *test_child_get_name (TestChild *self);
gboolean test_child_is_running (TestChild *self);
gboolean test_child_is_starting (TestChild *self);
/* It runs, but was asked to shut down. */
gboolean test_child_is_refusing (TestChild *self);
/* Ends a start that hangs: with success. */
void test_child_answer_start (TestChild *self);
/* Exits by itself. */
void test_child_exit (TestChild *self,
                      UsherExitKind kind);
void test_child_exit_because (TestChild *self,
                              UsherExit *exit);

G_END_DECLS
