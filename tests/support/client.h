/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "usher/listen-socket.h"

G_BEGIN_DECLS

/* A client of the server under test, in the same thread: it receives while the default main
 * context is iterated. */
typedef struct
{
  int fd;
  GSource *source;   /* (owned) */
  GString *received; /* (owned) */
  gboolean is_at_end;
  int error; /* an errno; 0 for none */
} TestClient;

/* (transfer full): the descriptor of a client that does nothing by itself. */
int test_connect (UsherListenSocket *listen_socket);

TestClient *test_client_connect (UsherListenSocket *listen_socket);
void test_client_send (TestClient *self,
                       const char *text);
/* Iterates until exactly `text` has been received since the last time. */
void test_client_expect (TestClient *self,
                         const char *text);
/* Iterates until the server has closed the connection, and expects nothing before that. */
void test_client_expect_end (TestClient *self);
/* An IterateCondition: whether the connection has ended, be it with an error. */
gboolean test_client_is_at_end (gpointer client);
/* Ends the connection with a reset. */
void test_client_reset (TestClient *self);
void test_client_free (TestClient *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestClient, test_client_free)

G_END_DECLS
