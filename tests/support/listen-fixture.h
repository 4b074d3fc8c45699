/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <libglib-testing/signal-logger.h>

#include "usher/child.h"
#include "usher/listen-socket.h"

G_BEGIN_DECLS

#define ANY_PORT "tcp://127.0.0.1:0"

/* A listen socket, whose signals are logged. What was emitted and not asserted fails the test, and
 * so does a descriptor or a path that is left behind. */
typedef struct
{
  UsherListenSocket *socket; /* (owned) (nullable) */
  GtSignalLogger *logger;    /* (owned) */
  char *directory;           /* (owned) */
  char *unix_address;        /* (owned) */
  const char *unix_path;     /* in unix_address */
  guint n_fds;
} ListenFixture;

/* `address` is (nullable): NULL for a Unix socket. */
void listen_fixture_set_up (ListenFixture *fixture,
                            gconstpointer address);
void listen_fixture_tear_down (ListenFixture *fixture,
                               gconstpointer address);

/* Another one. (transfer full) */
UsherListenSocket *listen_fixture_make_socket (ListenFixture *fixture,
                                               const char *address);

/* Starts it as a child, and waits for that. */
void listen_fixture_start (ListenFixture *fixture);

/* What an accept that cannot succeed any more says. */
GError *listen_fixture_make_error (void);

/* That this was emitted next. */
void listen_fixture_assert_up (ListenFixture *fixture);
void listen_fixture_assert_down (ListenFixture *fixture,
                                 UsherDownCause expected);
void listen_fixture_assert_failed (ListenFixture *fixture);
void listen_fixture_assert_exit (ListenFixture *fixture,
                                 guint64 expected_serial,
                                 UsherExitKind expected_kind);

void listen_socket_assert_opens (UsherListenSocket *socket);
void listen_socket_assert_serves (UsherListenSocket *socket);
void listen_socket_assert_closed (UsherListenSocket *socket);

G_END_DECLS
