/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <libglib-testing/signal-logger.h>

#include "support/client.h"
#include "support/fake-clock.h"
#include "support/iterate.h"
#include "support/script.h"
#include "usher/acceptor-pool.h"
#include "usher/report.h"

G_BEGIN_DECLS

/* A pool with one listen socket, on the fake clock. */
typedef struct
{
  Script script;
  UsherListenSocket *listen_socket; /* (owned) */
  UsherAcceptorPool *pool;          /* (owned) */
  guint n_workers;
  GtSignalLogger *logger; /* (owned): of the pool's exits */
  GPtrArray *reports;     /* (owned) (element-type UsherReport) */
  UsherStartResult start_result;
  GError *start_error; /* (owned) (nullable) */
  gboolean is_started;
  UsherExit *exit; /* (owned) (nullable): the latest */
} PoolFixture;

/* The tests of blocking acceptors are run twice: as they are, in threads, and with this environment
 * variable, in fibers. */
#define POOL_FIXTURE_IN_FIBERS "TEST_POOLS_IN_FIBERS"
gboolean pool_fixture_is_in_fibers (void);

/* (transfer full): pool. Installs no clock. */
void pool_fixture_set_up (PoolFixture *self,
                          UsherAcceptorPool *pool);
/* For g_test_add(), on the fake clock: a pool of scripted acceptors, in threads. */
void pool_fixture_set_up_scripted (PoolFixture *self,
                                   gconstpointer data);
/* The same, of acceptors that do as those on the loop. */
void pool_fixture_set_up_in_thread (PoolFixture *self,
                                    gconstpointer data);
/* The same, of acceptors on the loop. */
void pool_fixture_set_up_on_loop (PoolFixture *self,
                                  gconstpointer data);
/* The same, in two workers. */
void pool_fixture_set_up_in_two_workers (PoolFixture *self,
                                         gconstpointer data);
/* The first two, with two workers that accept for them. */
void pool_fixture_set_up_scripted_in_two_workers (PoolFixture *self,
                                                  gconstpointer data);
void pool_fixture_set_up_threads_in_two_workers (PoolFixture *self,
                                                 gconstpointer data);
void pool_fixture_tear_down (PoolFixture *self,
                             gconstpointer data);

/* The rest of it, when the test has let go of the pool itself. */
void pool_fixture_clear (PoolFixture *self);

void pool_fixture_begin_start (PoolFixture *self);
void pool_fixture_start (PoolFixture *self);
void pool_fixture_stop (PoolFixture *self);
void pool_fixture_expect_exit (PoolFixture *self,
                               UsherExitKind kind);
void pool_fixture_expect_report (PoolFixture *self,
                                 guint index,
                                 UsherReportContext context,
                                 const char *detail);

/* (transfer full): a client that has been served. */
TestClient *pool_fixture_greet (PoolFixture *self);

/* What can be waited for. */
typedef gboolean (*PoolCondition) (PoolFixture *self,
                                   guint n);

/* From the next start on. */
void pool_fixture_set_workers (PoolFixture *self,
                               guint n_workers);
/* How many acceptors wait if there should be `n`: each worker has at least one. */
guint pool_fixture_deal (PoolFixture *self,
                         guint n);

void pool_fixture_iterate_until (PoolFixture *self,
                                 IterateCondition condition,
                                 gpointer user_data);
/* What can be done without a client's help, or time, is done; in the workers too. */
void pool_fixture_settle (PoolFixture *self);
/* A look at an UsherCrew, in its context. */
typedef void (*PoolVisit) (gpointer crew,
                           gpointer data);
/* Visits all crews, as soon as they have nothing else to do, and waits until that is over. */
void pool_fixture_visit_crews (PoolFixture *self,
                               PoolVisit visit,
                               gpointer data);
/* Until the main context is iterated and has nothing else to do, the workers do nothing. */
void pool_fixture_hold_workers (PoolFixture *self);
void pool_fixture_wait_for (PoolFixture *self,
                            PoolCondition condition,
                            guint n);
gboolean n_waiting_is (PoolFixture *self,
                       guint n);
gboolean n_connections_is (PoolFixture *self,
                           guint n);
gboolean n_reports_is (PoolFixture *self,
                       guint n);
gboolean n_terminates_is (PoolFixture *self,
                          guint n);
gboolean n_stubborn_is (PoolFixture *self,
                        guint n);
gboolean n_alive_is (PoolFixture *self,
                     guint n);
gboolean n_inits_is_at_least (PoolFixture *self,
                              guint n);
gboolean was_started (PoolFixture *self,
                      guint n);

G_END_DECLS
