/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <unistd.h>

#include <usher/usher.h>

/* A service whose acceptors do what they must not: they block the main loop, for ever. */

#define TEST_TYPE_BLOCKER (test_blocker_get_type ())

G_DECLARE_FINAL_TYPE (TestBlocker, test_blocker, TEST, BLOCKER, GObject)

struct _TestBlocker
{
  GObject parent_instance;
};

static void
test_blocker_acceptor_continue_async (UsherAsyncAcceptor *acceptor,
                                      UsherConnection *connection,
                                      GCancellable *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data)
{
  GOutputStream *out = g_io_stream_get_output_stream (G_IO_STREAM (connection));

  g_output_stream_write_all (out, "!", 1, NULL, NULL, NULL);
  for (;;)
    pause ();
}

static void
test_blocker_acceptor_iface_init (UsherAcceptorInterface *iface)
{
}

static void
test_blocker_async_acceptor_iface_init (UsherAsyncAcceptorInterface *iface)
{
  iface->acceptor_continue_async = test_blocker_acceptor_continue_async;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (TestBlocker, test_blocker, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (USHER_TYPE_ACCEPTOR, test_blocker_acceptor_iface_init)
                                   G_IMPLEMENT_INTERFACE (USHER_TYPE_ASYNC_ACCEPTOR, test_blocker_async_acceptor_iface_init))

static void
test_blocker_class_init (TestBlockerClass *klass)
{
}

static void
test_blocker_init (TestBlocker *self)
{
}

int
main (int argc,
      char *argv[])
{
  g_autoptr (UsherService) service = usher_service_new ("blocker");
  g_autoptr (UsherAcceptorPool) pool = usher_acceptor_pool_new ("blocker", TEST_TYPE_BLOCKER);

  usher_service_add_pool (service, pool, "tcp://127.0.0.1:0", 2);
  return usher_service_run (service, argc, argv);
}
