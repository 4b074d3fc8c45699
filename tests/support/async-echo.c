/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "async-echo.h"

#include "support/loop-echo.h"

struct _TestAsyncEcho
{
  GObject parent_instance;

  LoopEcho echo;
};

static void
end (gpointer user_data,
     GError *error)
{
  g_autoptr (GTask) task = user_data;

  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

static void
test_async_echo_acceptor_continue_async (UsherAsyncAcceptor *acceptor,
                                         UsherConnection *connection,
                                         GCancellable *cancellable,
                                         GAsyncReadyCallback callback,
                                         gpointer user_data)
{
  LoopEcho *echo = &TEST_ASYNC_ECHO (acceptor)->echo;

  echo->connection = connection;
  echo->cancellable = usher_connection_get_drain_cancellable (connection);
  echo->end = end;
  echo->user_data = g_task_new (acceptor, cancellable, callback, user_data);
  loop_echo_begin (echo);
}

static void
test_async_echo_acceptor_iface_init (UsherAcceptorInterface *iface)
{
}

static void
test_async_echo_async_acceptor_iface_init (UsherAsyncAcceptorInterface *iface)
{
  iface->acceptor_continue_async = test_async_echo_acceptor_continue_async;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (TestAsyncEcho, test_async_echo, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (USHER_TYPE_ACCEPTOR, test_async_echo_acceptor_iface_init)
                                   G_IMPLEMENT_INTERFACE (USHER_TYPE_ASYNC_ACCEPTOR, test_async_echo_async_acceptor_iface_init))

static void
test_async_echo_class_init (TestAsyncEchoClass *klass)
{
}

static void
test_async_echo_init (TestAsyncEcho *self)
{
}
