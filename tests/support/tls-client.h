/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The certificates for tests: “ca” has signed “server”, for localhost, “other”, for other.example, and
 * “client”, but not “stranger”. */
char *test_tls_path (const char *name);
GTlsCertificate *test_tls_certificate (const char *name);
/* Of those that “ca” has signed. */
GTlsDatabase *test_tls_database (void);

/* Whether GIO has no TLS; then the whole program is skipped. */
gboolean test_tls_is_missing (void);
/* Whether this run is restricted to TLS 1.2, by the environment. */
gboolean test_tls_is_old (void);

/* A client that speaks TLS, in the same thread as the server: what it begins goes on while the default
 * main context is iterated. */
typedef struct
{
  GSocket *socket;     /* (owned) */
  GTlsConnection *tls; /* (owned) */
  GInputStream *in;    /* (unowned) */
  GOutputStream *out;  /* (unowned) */

  /* What the latest operation answered. */
  gboolean is_done;
  char buffer[65536];
  gssize n;
  GError *error; /* (owned) (nullable) */
} TestTlsClient;

/* Does not take the descriptor. `server_name` and `certificate` are (nullable). */
TestTlsClient *test_tls_client_new (int fd,
                                    const char *server_name,
                                    const char *certificate);
/* Ends what is under way. */
void test_tls_client_free (TestTlsClient *self);

/* Each begins something that is done some time. */
void test_tls_client_shake_hands (TestTlsClient *self);
void test_tls_client_read (TestTlsClient *self);
void test_tls_client_close (TestTlsClient *self);

/* An IterateCondition. */
gboolean test_tls_client_is_done (gpointer client);

void test_tls_client_send (TestTlsClient *self,
                           const char *text);
/* Iterates until it is done, and well. */
void test_tls_client_expect_done (TestTlsClient *self);
/* Iterates until it has read exactly this. */
void test_tls_client_expect (TestTlsClient *self,
                             const char *text);
/* Iterates until it has read the end, which was announced. */
void test_tls_client_expect_end (TestTlsClient *self);
void test_tls_client_expect_error (TestTlsClient *self,
                                   GQuark domain,
                                   int code);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestTlsClient, test_tls_client_free)

G_END_DECLS
