/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "support/service-fixture.h"

#include "support/fake-clock.h"
#include "support/iterate.h"
#include "usher/async-acceptor.h"

struct _TestStayer
{
  GObject parent_instance;
};

static void
on_exit_asked (GCancellable *cancellable,
               GTask *task)
{
  g_task_return_boolean (task, TRUE);
}

static void
test_stayer_acceptor_continue_async (UsherAsyncAcceptor *acceptor,
                                     UsherConnection *connection,
                                     GCancellable *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data)
{
  GTask *task = g_task_new (acceptor, NULL, callback, user_data);

  g_cancellable_connect (cancellable, G_CALLBACK (on_exit_asked), task, g_object_unref);
}

static void
test_stayer_acceptor_iface_init (UsherAcceptorInterface *iface)
{
}

static void
test_stayer_async_acceptor_iface_init (UsherAsyncAcceptorInterface *iface)
{
  iface->acceptor_continue_async = test_stayer_acceptor_continue_async;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (TestStayer, test_stayer, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (USHER_TYPE_ACCEPTOR, test_stayer_acceptor_iface_init)
                                   G_IMPLEMENT_INTERFACE (USHER_TYPE_ASYNC_ACCEPTOR, test_stayer_async_acceptor_iface_init))

static void
test_stayer_class_init (TestStayerClass *klass)
{
}

static void
test_stayer_init (TestStayer *self)
{
}

static void
on_exited (UsherService *service,
           UsherExit *exit,
           ServiceFixture *fixture)
{
  g_assert_null (fixture->exit);
  fixture->exit = usher_exit_ref (exit);
}

static void
on_state (UsherService *service,
          GParamSpec *pspec,
          ServiceFixture *fixture)
{
  g_autoptr (GEnumClass) states = g_type_class_ref (USHER_TYPE_SERVICE_STATE);

  g_string_append_printf (fixture->states, " %s",
                          g_enum_get_value (states, usher_service_get_state (service))->value_nick);
}

void
service_fixture_set_up (ServiceFixture *fixture,
                        gconstpointer data)
{
  static const char *const names[] = { "web", "chat" };

  fake_clock_install ();
  fixture->states = g_string_new (NULL);
  fixture->service = usher_service_new ("shop");
  g_signal_connect (fixture->service, "exited", G_CALLBACK (on_exited), fixture);
  g_signal_connect (fixture->service, "notify::state", G_CALLBACK (on_state), fixture);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      fixture->pools[i] = usher_acceptor_pool_new (names[i], TEST_TYPE_STAYER);
      usher_acceptor_pool_set_grace_msec (fixture->pools[i], 1000 * (i + 1));
      usher_acceptor_pool_set_shutdown_msec (fixture->pools[i], 1000);
      usher_service_add_pool (fixture->service, fixture->pools[i], "tcp://127.0.0.1:0", 2);
    }
}

void
service_fixture_tear_down (ServiceFixture *fixture,
                           gconstpointer data)
{
  iterate_pending (NULL);
  g_assert_finalize_object (fixture->service);
  for (guint i = 0; i < G_N_ELEMENTS (fixture->pools); i++)
    g_assert_finalize_object (fixture->pools[i]);
  g_clear_error (&fixture->start_error);
  g_clear_pointer (&fixture->exit, usher_exit_unref);
  g_string_free (fixture->states, TRUE);
  g_assert_cmpuint (fake_clock_get_n_armed (), ==, 0);
  fake_clock_remove ();
}

void
service_fixture_on_started (GObject *object,
                            GAsyncResult *result,
                            gpointer data)
{
  ServiceFixture *fixture = data;

  fixture->is_answered = TRUE;
  g_clear_error (&fixture->start_error);
  usher_service_start_finish (USHER_SERVICE (object), result, &fixture->start_error);
}

void
service_fixture_begin_start (ServiceFixture *fixture)
{
  fixture->is_answered = FALSE;
  g_clear_pointer (&fixture->exit, usher_exit_unref);
  usher_service_start_async (fixture->service, NULL, service_fixture_on_started, fixture);
}

void
service_fixture_start (ServiceFixture *fixture)
{
  service_fixture_begin_start (fixture);
  iterate_pending (NULL);
  g_assert_true (fixture->is_answered);
  g_assert_no_error (fixture->start_error);
  g_assert_cmpint (usher_service_get_state (fixture->service), ==, USHER_SERVICE_UP);
}

UsherListenSocket *
service_fixture_get_socket (ServiceFixture *fixture,
                            guint index)
{
  g_autoptr (GPtrArray) sockets = usher_acceptor_pool_which_sockets (fixture->pools[index]);

  g_assert_cmpuint (sockets->len, ==, 1);
  return sockets->pdata[0];
}

gboolean
service_fixture_has_two_connections (gpointer data)
{
  return usher_service_get_n_connections (((ServiceFixture *) data)->service) == 2;
}

gboolean
service_fixture_has_connection (gpointer data)
{
  return usher_service_get_n_connections (((ServiceFixture *) data)->service) == 1;
}

gboolean
service_fixture_has_exited (gpointer data)
{
  return ((ServiceFixture *) data)->exit != NULL;
}

void
service_fixture_advance_msec (gint64 msec)
{
  fake_clock_advance_usec (msec * 1000);
  iterate_pending (NULL);
}

void
service_fixture_assert_states (ServiceFixture *fixture,
                               const char *expected)
{
  iterate_pending (NULL);
  g_assert_cmpstr (fixture->states->str, ==, expected);
}

void
service_fixture_assert_exit (ServiceFixture *fixture,
                             const char *expected)
{
  g_autofree char *line = NULL;

  g_assert_nonnull (fixture->exit);
  line = usher_exit_to_string (fixture->exit);
  g_assert_cmpstr (line, ==, expected);
}
