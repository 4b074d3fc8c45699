/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "acceptors/connection-private.h"
#include "support/iterate.h"

G_BEGIN_DECLS

/* A connection that belongs to the default context, and its peer's end. */
typedef struct
{
  UsherReactor *reactor;       /* (owned) */
  UsherListenSocket *socket;   /* (owned) */
  UsherConnection *connection; /* (owned) */
  GInputStream *in;            /* (unowned) */
  GOutputStream *out;          /* (unowned) */
  int own;
  int peer;

  /* What the latest operation answered. */
  char buffer[64];
  gssize n;
  GError *error;         /* (owned) (nullable) */
  int is_done;           /* (atomic) */
  GMainContext *done_in; /* (unowned) */
} ConnectionFixture;

void connection_fixture_add_test (const char *path,
                                  void (*test) (ConnectionFixture *fixture,
                                                gconstpointer data));
void connection_fixture_set_up (ConnectionFixture *fixture,
                                gconstpointer data);
void connection_fixture_tear_down (ConnectionFixture *fixture,
                                   gconstpointer data);

/* The peer sends `text`. */
void connection_fixture_say (ConnectionFixture *fixture,
                             const char *text);

void connection_fixture_begin_read (ConnectionFixture *fixture,
                                    GCancellable *cancellable);
/* (transfer full): a thread that begins to, and iterates a context of its own until it is called back there. It is
 * done then. */
GThread *connection_fixture_begin_read_elsewhere (ConnectionFixture *fixture,
                                                  GCancellable *cancellable);
void connection_fixture_expect_read (ConnectionFixture *fixture,
                                     const char *text);
void connection_fixture_expect_read_error (ConnectionFixture *fixture,
                                           int code);

/* What a client of a Unix socket has for an address. */
extern const UsherPeer connection_fixture_unix_peer;

/* Its client is gone, and whoever was called for that has returned. */
void connection_fixture_end (ConnectionFixture *fixture);
/* After that, and once it is retired: another client comes. */
void connection_fixture_begin_again (ConnectionFixture *fixture,
                                     const UsherPeer *peer);
/* All of that. */
void connection_fixture_expect_next (ConnectionFixture *fixture);
/* It works as any other does. */
void connection_fixture_assert_serves (ConnectionFixture *fixture);

/* A handler of the signal `notify`: adds one to what `n_calls`, a guint *, points to. */
void connection_fixture_count_notify (GObject *object,
                                      GParamSpec *pspec,
                                      gpointer n_calls);

/* For iterate_until(). The second one also receives what has been written. */
gboolean connection_fixture_is_done (gpointer user_data);
gboolean connection_fixture_is_done_if_read_on (gpointer user_data);

G_END_DECLS
