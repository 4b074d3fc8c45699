/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "support/connection-fixture.h"
#include "support/tls-client.h"
#include "usher/tls-settings.h"

G_BEGIN_DECLS

/* A connection that belongs to the default context, with a client that can speak TLS. */
typedef struct
{
  ConnectionFixture plain;
  UsherTlsSettings *settings; /* (owned): with the certificate “server” */
  TestTlsClient *client;      /* (owned) */

  gboolean is_over; /* the server's handshake is */
  GError *error;    /* (owned) (nullable): of it */
} TlsFixture;

void tls_fixture_set_up (TlsFixture *self,
                         gconstpointer data);
void tls_fixture_tear_down (TlsFixture *self,
                            gconstpointer data);

/* Another client, instead of one that asks for nobody and has no certificate. */
void tls_fixture_replace_client (TlsFixture *self,
                                 const char *server_name,
                                 const char *certificate);

/* The server begins. */
void tls_fixture_start (TlsFixture *self,
                        GCancellable *cancellable);
/* Iterates until it is over. */
void tls_fixture_expect_started (TlsFixture *self);
void tls_fixture_expect_error (TlsFixture *self,
                               GQuark domain,
                               int code);
/* Whether the error is the peer's failure. */
gboolean tls_fixture_is_peer_failure (TlsFixture *self);

/* Iterates until both have TLS. */
void tls_fixture_shake_hands (TlsFixture *self);

G_END_DECLS
