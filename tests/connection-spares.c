/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/connection-spares-private.h"

#include <unistd.h>

#include "acceptors/connection-parts-private.h"
#include "acceptors/transport-parts-private.h"
#include "support/connection-fixture.h"

/* Nothing of one client is ever seen by the next one: what somebody keeps is never used again. */

static void
test_not_over (ConnectionFixture *fixture,
               gconstpointer data)
{
  g_assert_false (usher_connection_retire (fixture->connection));
  connection_fixture_assert_serves (fixture);
}

/* Those who keep something. */

typedef struct
{
  GWeakRef weak_ref;
  gpointer weak_pointer;
  guint n_calls;
  gpointer kept; /* (owned) (nullable) */
} Keeper;

typedef struct
{
  const char *name;
  void (*keep) (Keeper *self,
                gpointer object);
  void (*let_go) (Keeper *self,
                  gpointer object);
} Way;

static void
keep_ref (Keeper *self,
          gpointer object)
{
  self->kept = g_object_ref (object);
}

static void
drop_ref (Keeper *self,
          gpointer object)
{
  g_clear_object (&self->kept);
}

static void
keep_weak_ref (Keeper *self,
               gpointer object)
{
  g_weak_ref_init (&self->weak_ref, object);
}

static void
drop_weak_ref (Keeper *self,
               gpointer object)
{
  g_autoptr (GObject) kept = g_weak_ref_get (&self->weak_ref);

  g_assert_true (kept == object);
  g_weak_ref_clear (&self->weak_ref);
}

static void
on_gone (gpointer user_data,
         GObject *object)
{
  ((Keeper *) user_data)->n_calls++;
}

static void
keep_weak_notify (Keeper *self,
                  gpointer object)
{
  g_object_weak_ref (object, on_gone, self);
}

static void
drop_weak_notify (Keeper *self,
                  gpointer object)
{
  g_assert_cmpuint (self->n_calls, ==, 0);
  g_object_weak_unref (object, on_gone, self);
}

static void
keep_weak_pointer (Keeper *self,
                   gpointer object)
{
  self->weak_pointer = object;
  g_object_add_weak_pointer (object, &self->weak_pointer);
}

static void
drop_weak_pointer (Keeper *self,
                   gpointer object)
{
  g_assert_true (self->weak_pointer == object);
  g_object_remove_weak_pointer (object, &self->weak_pointer);
}

static void
on_toggled (gpointer user_data,
            GObject *object,
            gboolean is_last)
{
}

/* As a language binding does: its own is the only one that is left. */
static void
keep_toggle_ref (Keeper *self,
                 gpointer object)
{
  g_object_add_toggle_ref (object, on_toggled, self);
  g_object_unref (object);
}

static void
drop_toggle_ref (Keeper *self,
                 gpointer object)
{
  g_object_ref (object);
  g_object_remove_toggle_ref (object, on_toggled, self);
}

static void
keep_data (Keeper *self,
           gpointer object)
{
  g_object_set_data (object, "user", self);
}

static void
drop_data (Keeper *self,
           gpointer object)
{
  g_assert_true (g_object_steal_data (object, "user") == self);
}

static const Way ways[] = {
  { "reference", keep_ref, drop_ref },
  { "weak-reference", keep_weak_ref, drop_weak_ref },
  { "weak-notify", keep_weak_notify, drop_weak_notify },
  { "weak-pointer", keep_weak_pointer, drop_weak_pointer },
  { "toggle-reference", keep_toggle_ref, drop_toggle_ref },
  { "data", keep_data, drop_data },
};

/* Nobody else has got it, and it is still what it was. */
static void
assert_is_left_alone (ConnectionFixture *fixture)
{
  g_assert_false (usher_connection_retire (fixture->connection));
  g_assert_true (usher_connection_get_listen_socket (fixture->connection) == fixture->socket);
  g_assert_true (g_io_stream_get_input_stream (G_IO_STREAM (fixture->connection)) == fixture->in);
  g_assert_cmpuint (usher_connection_get_read_timeout_msec (fixture->connection), ==, 7);
}

typedef enum
{
  KEPT_CONNECTION,
  KEPT_INPUT,
  KEPT_OUTPUT,
} Kept;

static gpointer
find_object (ConnectionFixture *fixture,
             Kept kept)
{
  if (kept == KEPT_CONNECTION)
    return fixture->connection;

  return kept == KEPT_INPUT ? (gpointer) fixture->in : (gpointer) fixture->out;
}

static void
check_kept (ConnectionFixture *fixture,
            const Way *way,
            Kept kept)
{
  Keeper keeper = { .n_calls = 0 };

  usher_connection_set_read_timeout_msec (fixture->connection, 7);
  way->keep (&keeper, find_object (fixture, kept));
  connection_fixture_end (fixture);
  assert_is_left_alone (fixture);
  way->let_go (&keeper, find_object (fixture, kept));
}

static void
test_kept_connection (ConnectionFixture *fixture,
                      gconstpointer data)
{
  check_kept (fixture, data, KEPT_CONNECTION);
}

static void
test_kept_input (ConnectionFixture *fixture,
                 gconstpointer data)
{
  check_kept (fixture, data, KEPT_INPUT);
}

static void
test_kept_output (ConnectionFixture *fixture,
                  gconstpointer data)
{
  check_kept (fixture, data, KEPT_OUTPUT);
}

/* A keeper still has what it had, and is told of it. */
static void
test_keeper_is_told (ConnectionFixture *fixture,
                     gconstpointer data)
{
  guint n_calls = 0;

  g_signal_connect (fixture->connection, "notify::read-timeout-msec", G_CALLBACK (connection_fixture_count_notify), &n_calls);
  connection_fixture_end (fixture);
  g_object_ref (fixture->connection);
  g_assert_false (usher_connection_retire (fixture->connection));
  usher_connection_set_read_timeout_msec (fixture->connection, 9);
  g_assert_cmpuint (n_calls, ==, 1);
  g_object_unref (fixture->connection);
}

typedef void (*Use) (ConnectionFixture *fixture);

static void
close_connection (ConnectionFixture *fixture)
{
  g_assert_true (g_io_stream_close (G_IO_STREAM (fixture->connection), NULL, NULL));
}

static void
close_input (ConnectionFixture *fixture)
{
  g_assert_true (g_input_stream_close (fixture->in, NULL, NULL));
}

static void
close_output (ConnectionFixture *fixture)
{
  g_assert_true (g_output_stream_close (fixture->out, NULL, NULL));
}

static void
use_connection (ConnectionFixture *fixture)
{
  g_assert_true (g_io_stream_set_pending (G_IO_STREAM (fixture->connection), NULL));
}

static void
use_input (ConnectionFixture *fixture)
{
  g_assert_true (g_input_stream_set_pending (fixture->in, NULL));
}

static void
use_output (ConnectionFixture *fixture)
{
  g_assert_true (g_output_stream_set_pending (fixture->out, NULL));
}

static void
start_tls (ConnectionFixture *fixture)
{
  g_autoptr (GError) error = NULL;

  usher_transport_add_tls (fixture->connection->transport, &error);
  g_assert_no_error (error);
}

static void
make_exit (ConnectionFixture *fixture)
{
  g_autoptr (UsherExit) reason = usher_exit_new_shutdown ();

  usher_connection_exit (fixture->connection, reason);
}

static void
test_of_no_use (ConnectionFixture *fixture,
                gconstpointer data)
{
  ((Use) data) (fixture);
  connection_fixture_end (fixture);
  g_assert_false (usher_connection_retire (fixture->connection));
}

static void
do_nothing (void)
{
}

static void
test_messages_under_way (ConnectionFixture *fixture,
                         gconstpointer data)
{
  connection_fixture_end (fixture);
  usher_connection_invoke (fixture->connection, (UsherConnectionFunc) do_nothing, NULL, NULL);
  g_assert_false (usher_connection_retire (fixture->connection));
  iterate_pending (NULL);
  usher_transport_post (fixture->connection->transport);
  g_assert_false (usher_connection_retire (fixture->connection));
  iterate_pending (NULL);
  g_assert_true (usher_connection_retire (fixture->connection));
  connection_fixture_begin_again (fixture, &connection_fixture_unix_peer);
}

static void
keep_result (GObject *source_object,
             GAsyncResult *result,
             gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

/* The callback has run, but does not know yet what came of it. */
static void
test_unfinished (ConnectionFixture *fixture,
                 gconstpointer data)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GObject) source = NULL;
  char buffer[16];

  g_input_stream_read_async (fixture->in, buffer, sizeof buffer, 0, NULL, keep_result, &result);
  connection_fixture_say (fixture, "hello");
  iterate_pending (NULL);
  connection_fixture_end (fixture);
  g_assert_nonnull (result);
  g_assert_false (usher_connection_retire (fixture->connection));
  source = g_async_result_get_source_object (result);
  g_assert_true (source == (gpointer) fixture->in);
  g_assert_cmpint (g_input_stream_read_finish (fixture->in, result, NULL), ==, 5);
}

/* Whoever leaves something with a handler is called when it is freed, and may do anything then. */

static void
take_reference (gpointer connection,
                GClosure *closure)
{
  g_object_ref (connection);
}

static void
check_taken_at_last (ConnectionFixture *fixture,
                     gpointer object,
                     const char *signal)
{
  g_signal_connect_data (object, signal, G_CALLBACK (do_nothing), fixture->connection, take_reference, 0);
  connection_fixture_end (fixture);
  g_assert_false (usher_connection_retire (fixture->connection));
  g_assert_true (usher_connection_get_listen_socket (fixture->connection) == fixture->socket);
  g_object_unref (fixture->connection);
  g_assert_true (usher_connection_retire (fixture->connection));
  connection_fixture_begin_again (fixture, &connection_fixture_unix_peer);
}

static void
test_taken_at_last (ConnectionFixture *fixture,
                    gconstpointer data)
{
  check_taken_at_last (fixture, fixture->connection, "notify");
  check_taken_at_last (fixture, fixture->in, "notify");
  check_taken_at_last (fixture, fixture->out, "notify");
  check_taken_at_last (fixture, usher_connection_get_exit_cancellable (fixture->connection), "cancelled");
  check_taken_at_last (fixture, usher_connection_get_drain_cancellable (fixture->connection), "cancelled");
}

static void
test_cancellable_taken_at_last (ConnectionFixture *fixture,
                                gconstpointer data)
{
  GCancellable *taken = usher_connection_get_exit_cancellable (fixture->connection);

  g_signal_connect_data (usher_connection_get_drain_cancellable (fixture->connection), "cancelled",
                         G_CALLBACK (do_nothing), taken, take_reference, 0);
  connection_fixture_end (fixture);
  g_assert_false (usher_connection_retire (fixture->connection));
  g_object_unref (taken);
  g_assert_true (usher_connection_retire (fixture->connection));
  connection_fixture_begin_again (fixture, &connection_fixture_unix_peer);
}

/* The spares. */

typedef struct
{
  UsherReactor *reactor;     /* (owned) */
  UsherListenSocket *socket; /* (owned) */
  UsherConnectionSpares spares;
  guint n_firsts;
  int n_more; /* that end while the others are sorted */
} SparesFixture;

static void
spares_set_up (SparesFixture *fixture,
               gconstpointer data)
{
  fixture->reactor = usher_reactor_ref_for_context (g_main_context_default ());
  fixture->socket = usher_listen_socket_new_for_address ("tcp://127.0.0.1:0", NULL);
}

static void
spares_tear_down (SparesFixture *fixture,
                  gconstpointer data)
{
  usher_connection_spares_sort (&fixture->spares);
  usher_connection_spares_clear (&fixture->spares);
  g_assert_null (usher_connection_spares_take (&fixture->spares));
  g_assert_finalize_object (fixture->socket);
  usher_reactor_unref (fixture->reactor);
}

static UsherConnection *
make_over (SparesFixture *fixture)
{
  UsherConnection *connection = usher_connection_new (fixture->reactor, fixture->socket, dup (STDIN_FILENO), &connection_fixture_unix_peer);

  usher_connection_close (connection);
  return connection;
}

static void
add (SparesFixture *fixture,
     UsherConnection *connection)
{
  fixture->n_firsts += usher_connection_spares_add (&fixture->spares, connection);
}

static void
test_taken (SparesFixture *fixture,
            gconstpointer data)
{
  UsherConnection *connection = make_over (fixture);

  add (fixture, connection);
  g_assert_null (usher_connection_spares_take (&fixture->spares));
  usher_connection_spares_sort (&fixture->spares);
  g_assert_true (usher_connection_spares_take (&fixture->spares) == connection);
  g_assert_null (usher_connection_spares_take (&fixture->spares));
  g_object_unref (connection);
}

static void
test_kept_is_not_taken (SparesFixture *fixture,
                        gconstpointer data)
{
  UsherConnection *connection = g_object_ref (make_over (fixture));

  add (fixture, connection);
  usher_connection_spares_sort (&fixture->spares);
  g_assert_null (usher_connection_spares_take (&fixture->spares));
  g_assert_finalize_object (connection);
}

/* It has not even made its streams. */
static void
test_closed_is_not_taken (SparesFixture *fixture,
                          gconstpointer data)
{
  UsherConnection *connection = make_over (fixture);

  g_assert_true (g_io_stream_close (G_IO_STREAM (connection), NULL, NULL));
  add (fixture, connection);
  usher_connection_spares_sort (&fixture->spares);
  g_assert_null (usher_connection_spares_take (&fixture->spares));
}

/* Nothing of a listen socket is held by those that are ready. */
static void
test_bounded (SparesFixture *fixture,
              gconstpointer data)
{
  for (guint i = 0; i < 2 * USHER_MAX_SPARE_CONNECTIONS; i++)
    add (fixture, make_over (fixture));
  g_assert_cmpuint (fixture->spares.n_over, ==, USHER_MAX_SPARE_CONNECTIONS);
  usher_connection_spares_sort (&fixture->spares);
  g_assert_cmpuint (G_OBJECT (fixture->socket)->ref_count, ==, 1);
  for (guint i = 0; i < USHER_MAX_SPARE_CONNECTIONS; i++)
    add (fixture, make_over (fixture));
  g_assert_cmpuint (fixture->spares.n_ready + fixture->spares.n_over, ==, USHER_MAX_SPARE_CONNECTIONS);
}

static UsherConnection *make_with_more (SparesFixture *fixture);

/* Another one ends. */
static void
end_more (gpointer user_data,
          GClosure *closure)
{
  SparesFixture *fixture = user_data;

  if (fixture->n_more-- > 0)
    add (fixture, make_with_more (fixture));
}

static UsherConnection *
make_with_more (SparesFixture *fixture)
{
  UsherConnection *connection = make_over (fixture);

  g_signal_connect_data (connection, "notify", G_CALLBACK (do_nothing), fixture, end_more, 0);
  return connection;
}

/* Whoever is to sort them is told so once. */
static void
test_added_while_sorted (SparesFixture *fixture,
                         gconstpointer data)
{
  fixture->n_more = 3;
  add (fixture, make_with_more (fixture));
  add (fixture, make_over (fixture));
  g_assert_cmpuint (fixture->n_firsts, ==, 1);
  usher_connection_spares_sort (&fixture->spares);
  g_assert_cmpuint (fixture->n_firsts, ==, 2);
  g_assert_cmpuint (fixture->spares.n_ready, ==, 5);
  usher_connection_spares_sort (&fixture->spares);
  add (fixture, make_over (fixture));
  g_assert_cmpuint (fixture->n_firsts, ==, 3);
}

static void
fill_up (gpointer user_data,
         GClosure *closure)
{
  SparesFixture *fixture = user_data;

  for (guint i = 0; i < USHER_MAX_SPARE_CONNECTIONS; i++)
    add (fixture, make_over (fixture));
  usher_connection_spares_sort (&fixture->spares);
}

static void
test_filled_while_sorted (SparesFixture *fixture,
                          gconstpointer data)
{
  UsherConnection *connection = make_over (fixture);

  g_signal_connect_data (connection, "notify", G_CALLBACK (do_nothing), fixture, fill_up, 0);
  add (fixture, connection);
  usher_connection_spares_sort (&fixture->spares);
  g_assert_cmpuint (fixture->spares.n_ready, ==, USHER_MAX_SPARE_CONNECTIONS);
}

static void
add_use (const char *path,
         Use use)
{
  g_test_add (path, ConnectionFixture, use, connection_fixture_set_up, test_of_no_use, connection_fixture_tear_down);
}

static void
add_spares_test (const char *path,
                 void (*test) (SparesFixture *fixture,
                               gconstpointer data))
{
  g_test_add (path, SparesFixture, NULL, spares_set_up, test, spares_tear_down);
}

static void
add_way (const char *object,
         const Way *way,
         void (*test) (ConnectionFixture *fixture,
                       gconstpointer data))
{
  g_autofree char *path = g_strdup_printf ("/connection-spares/leave-alone/%s-kept-with-a-%s", object, way->name);

  g_test_add (path, ConnectionFixture, way, connection_fixture_set_up, test, connection_fixture_tear_down);
}

static void
add_keepers (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (ways); i++)
    {
      add_way ("a-connection", &ways[i], test_kept_connection);
      add_way ("an-input", &ways[i], test_kept_input);
      add_way ("an-output", &ways[i], test_kept_output);
    }

  connection_fixture_add_test ("/connection-spares/leave-alone/what-is-listened-to-by-a-keeper", test_keeper_is_told);
  connection_fixture_add_test ("/connection-spares/leave-alone/what-is-taken-at-last", test_taken_at_last);
  connection_fixture_add_test ("/connection-spares/leave-alone/one-whose-cancellable-is-taken-at-last", test_cancellable_taken_at_last);
  connection_fixture_add_test ("/connection-spares/leave-alone/what-is-not-over", test_not_over);
  connection_fixture_add_test ("/connection-spares/leave-alone/what-a-message-is-under-way-to", test_messages_under_way);
  connection_fixture_add_test ("/connection-spares/leave-alone/what-is-read-and-not-finished", test_unfinished);
  add_use ("/connection-spares/leave-alone/a-closed-connection", close_connection);
  add_use ("/connection-spares/leave-alone/a-closed-input", close_input);
  add_use ("/connection-spares/leave-alone/a-closed-output", close_output);
  add_use ("/connection-spares/leave-alone/a-pending-connection", use_connection);
  add_use ("/connection-spares/leave-alone/a-pending-input", use_input);
  add_use ("/connection-spares/leave-alone/a-pending-output", use_output);
  add_use ("/connection-spares/leave-alone/one-with-tls", start_tls);
  add_use ("/connection-spares/leave-alone/one-with-a-reason-to-exit", make_exit);
}

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_keepers ();
  add_spares_test ("/connection-spares/are-taken-when-they-are-sorted", test_taken);
  add_spares_test ("/connection-spares/are-not-taken-from-those-who-keep-them", test_kept_is_not_taken);
  add_spares_test ("/connection-spares/are-not-taken-from-those-that-were-closed", test_closed_is_not_taken);
  add_spares_test ("/connection-spares/are-bounded", test_bounded);
  add_spares_test ("/connection-spares/are-added-while-others-are-sorted", test_added_while_sorted);
  add_spares_test ("/connection-spares/are-bounded-while-they-are-sorted", test_filled_while_sorted);

  return g_test_run ();
}
