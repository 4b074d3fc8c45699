/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>

#include "runtime/call-private.h"
#include "runtime/worker-private.h"
#include "support/fault.h"
#include "support/iterate.h"

typedef struct
{
  UsherReactor *reactor; /* (owned): of the test */
  UsherWorker *worker;
  GString *log;
  GThread *thread;
  char name[16];
  GMainContext *thread_default; /* (unowned) */
  gboolean is_current;
  UsherMessage farewell;
  gboolean is_over;
} Fixture;

static void
set_up (Fixture *fixture,
        gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fixture->reactor = usher_reactor_ref_for_context (g_main_context_default ());
  fixture->worker = usher_worker_new ("a-pool-with-a-long-name", 12, &error);
  g_assert_no_error (error);
  fixture->log = g_string_new (NULL);
}

static void
tear_down (Fixture *fixture,
           gconstpointer data)
{
  g_string_free (fixture->log, TRUE);
  usher_reactor_unref (fixture->reactor);
}

static void
look_around (gpointer data)
{
  Fixture *fixture = data;

  fixture->thread = g_thread_self ();
  fixture->thread_default = g_main_context_get_thread_default ();
  fixture->is_current = usher_reactor_is_current (usher_worker_get_reactor (fixture->worker));
  g_assert_cmpint (prctl (PR_GET_NAME, fixture->name), ==, 0);
}

static void
on_farewell (UsherMessage *message)
{
  USHER_OWNER (Fixture, farewell, message)->is_over = TRUE;
}

static gboolean
is_over (gpointer fixture)
{
  return ((Fixture *) fixture)->is_over;
}

static void
end (Fixture *fixture)
{
  usher_worker_quit (fixture->worker, fixture->reactor, &fixture->farewell, on_farewell);
  iterate_until (NULL, is_over, fixture);
  usher_worker_join (fixture->worker);
}

static void
test_has_a_context (Fixture *fixture,
                    gconstpointer data)
{
  UsherReactor *reactor = usher_worker_get_reactor (fixture->worker);
  GMainContext *context = usher_reactor_get_context (reactor);

  usher_call_soon (reactor, look_around, fixture);
  end (fixture);
  g_assert_true (fixture->thread != g_thread_self ());
  g_assert_true (fixture->thread_default == context);
  g_assert_true (fixture->is_current);
  g_assert_cmpstr (fixture->name, ==, "a-pool-with--12");
}

static void
write_a (gpointer log)
{
  g_string_append_c (log, 'a');
}

static void
write_b (gpointer log)
{
  g_string_append_c (log, 'b');
}

static void
test_does_all_before_it_ends (Fixture *fixture,
                              gconstpointer data)
{
  UsherReactor *reactor = usher_worker_get_reactor (fixture->worker);

  for (guint i = 0; i < 3; i++)
    {
      usher_call_soon (reactor, write_a, fixture->log);
      usher_call_soon (reactor, write_b, fixture->log);
    }
  end (fixture);
  g_assert_cmpstr (fixture->log->str, ==, "ababab");
}

static void
detach (gpointer data)
{
  Fixture *fixture = data;

  usher_worker_quit (fixture->worker, fixture->reactor, &fixture->farewell, on_farewell);
  usher_worker_detach (fixture->worker);
}

static void
test_ends_by_itself (Fixture *fixture,
                     gconstpointer data)
{
  usher_call_soon (usher_worker_get_reactor (fixture->worker), detach, fixture);
  iterate_until (NULL, is_over, fixture);
}

static void
test_no_thread (void)
{
  g_autoptr (GError) error = NULL;

  fault_inject (FAULT_PTHREAD_CREATE, 0, 1, EAGAIN);
  g_assert_null (usher_worker_new ("test", 1, &error));
  g_assert_error (error, G_THREAD_ERROR, G_THREAD_ERROR_AGAIN);
  fault_clear ();
}

#define WORKER(path, test) g_test_add ("/worker/" path, Fixture, NULL, set_up, test, tear_down)

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  WORKER ("has-a-thread-and-a-context", test_has_a_context);
  WORKER ("does-all-it-was-told-before-it-ends", test_does_all_before_it_ends);
  WORKER ("ends-by-itself", test_ends_by_itself);
  g_test_add_func ("/worker/there-may-be-no-thread", test_no_thread);

  return g_test_run ();
}
