/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "usher/acceptor.h"
#include "usher/service.h"

G_BEGIN_DECLS

/* An acceptor whose connection stays until it is made to exit. */
#define TEST_TYPE_STAYER (test_stayer_get_type ())

G_DECLARE_FINAL_TYPE (TestStayer, test_stayer, TEST, STAYER, GObject)

/* A service with two pools, whose connections do not leave before they are made to. */
typedef struct
{
  UsherService *service;
  UsherAcceptorPool *pools[2];
  GString *states;
  gboolean is_answered;
  GError *start_error; /* (nullable) */
  UsherExit *exit;     /* (nullable) */
} ServiceFixture;

/* For g_test_add(), on the fake clock. */
void service_fixture_set_up (ServiceFixture *fixture,
                             gconstpointer data);
void service_fixture_tear_down (ServiceFixture *fixture,
                                gconstpointer data);

/* What is answered is in the fixture. */
void service_fixture_on_started (GObject *object,
                                 GAsyncResult *result,
                                 gpointer fixture);
void service_fixture_begin_start (ServiceFixture *fixture);
void service_fixture_start (ServiceFixture *fixture);

/* The one that the pool has. (transfer none) */
UsherListenSocket *service_fixture_get_socket (ServiceFixture *fixture,
                                               guint index);
void service_fixture_advance_msec (gint64 msec);
void service_fixture_assert_states (ServiceFixture *fixture,
                                    const char *expected);
void service_fixture_assert_exit (ServiceFixture *fixture,
                                  const char *expected);

/* For iterate_until(). */
gboolean service_fixture_has_connection (gpointer fixture);
gboolean service_fixture_has_two_connections (gpointer fixture);
gboolean service_fixture_has_exited (gpointer fixture);

G_END_DECLS
