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
test_async_echo_acceptor_continue_async (UsherAsyncAcceptor *acceptor,
                                         UsherConnection *connection,
                                         GCancellable *cancellable,
                                         GAsyncReadyCallback callback,
                                         gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (acceptor, cancellable, callback, user_data);

  loop_echo_begin (&TEST_ASYNC_ECHO (acceptor)->echo, connection, usher_connection_get_drain_cancellable (connection),
                   task);
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
