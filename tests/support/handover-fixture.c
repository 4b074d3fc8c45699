/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "support/handover-fixture.h"

#include <glib/gstdio.h>
#include <unistd.h>

static gboolean
greet (UsherConnection *connection,
       gpointer name,
       GError **error)
{
  return g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (connection)), name, strlen (name), NULL,
                                    NULL, error);
}

static void
drain (Generation *self)
{
  for (guint i = 0; i < self->sockets->len; i++)
    usher_child_shutdown (USHER_CHILD (self->sockets->pdata[i]), USHER_STOP_FINAL);
  usher_child_shutdown (USHER_CHILD (self->pool), USHER_STOP_FINAL);
}

static void
on_superseded (UsherHandover *handover,
               gint64 pid,
               const char *version,
               Generation *self)
{
  g_assert_cmpint (pid, ==, getpid ());
  g_assert_cmpstr (version, ==, usher_handover_get_successor_version (handover));
  self->n_superseded++;
  drain (self);
}

static void
on_failed (UsherHandover *handover,
           const GError *error,
           Generation *self)
{
  g_ptr_array_add (self->failures, g_strdup (error->message));
}

static void
on_exited (UsherAcceptorPool *pool,
           guint64 serial,
           UsherExit *exit,
           Generation *self)
{
  self->is_up = FALSE;
}

Generation *
generation_new (HandoverFixture *fixture,
                const char *name,
                ...)
{
  Generation *self = g_new0 (Generation, 1);
  const char *address;
  va_list addresses;

  g_strlcpy (self->name, name, sizeof self->name);
  self->pool = usher_acceptor_pool_new_for_func ("web", greet, self->name, NULL);
  self->handover = usher_handover_new (fixture->path);
  self->sockets = g_ptr_array_new_with_free_func (g_object_unref);
  self->failures = g_ptr_array_new_with_free_func (g_free);
  usher_handover_set_version (self->handover, name);
  g_signal_connect (self->handover, "superseded", G_CALLBACK (on_superseded), self);
  g_signal_connect (self->pool, "exited", G_CALLBACK (on_exited), self);
  g_signal_connect (self->handover, "failed", G_CALLBACK (on_failed), self);

  va_start (addresses, name);
  while ((address = va_arg (addresses, const char *)) != NULL)
    {
      UsherListenSocket *socket = usher_listen_socket_new_for_address (address, NULL);

      g_ptr_array_add (self->sockets, socket);
      g_assert_true (usher_acceptor_pool_accept_socket (self->pool, socket, 2, NULL));
    }
  va_end (addresses);
  usher_handover_add_pool (self->handover, self->pool);
  return self;
}

static gboolean
is_down (gpointer self)
{
  return !((Generation *) self)->is_up;
}

void
generation_free (Generation *self)
{
  usher_handover_stop (self->handover);
  drain (self);
  iterate_until (NULL, is_down, self);
  iterate_pending (NULL);
  g_assert_finalize_object (self->handover);
  g_assert_finalize_object (self->pool);
  g_ptr_array_unref (self->sockets);
  g_ptr_array_unref (self->failures);
  g_clear_error (&self->error);
  g_free (self);
}

/* Calls. */

gboolean
generation_is_answered (gpointer self)
{
  return ((Generation *) self)->is_answered;
}

static void
on_taken (GObject *object,
          GAsyncResult *result,
          gpointer user_data)
{
  Generation *self = user_data;

  self->is_answered = TRUE;
  usher_handover_take_finish (USHER_HANDOVER (object), result, &self->error);
}

void
generation_begin_taking (Generation *self)
{
  g_clear_error (&self->error);
  self->is_answered = FALSE;
  usher_handover_take_async (self->handover, on_taken, self);
}

void
generation_take (Generation *self)
{
  generation_begin_taking (self);
  iterate_until (NULL, generation_is_answered, self);
}

static void
on_ready (GObject *object,
          GAsyncResult *result,
          gpointer user_data)
{
  Generation *self = user_data;

  self->is_answered = TRUE;
  usher_handover_ready_finish (USHER_HANDOVER (object), result, &self->error);
}

void
generation_be_ready (Generation *self)
{
  g_clear_error (&self->error);
  self->is_answered = FALSE;
  usher_handover_ready_async (self->handover, on_ready, self);
  iterate_until (NULL, generation_is_answered, self);
}

void
generation_start_tree (Generation *self)
{
  usher_child_start_async (USHER_CHILD (self->pool), NULL, NULL, NULL);
  self->is_up = TRUE;
  for (guint i = 0; i < self->sockets->len; i++)
    g_assert_true (usher_listen_socket_open (self->sockets->pdata[i], NULL));
  iterate_pending (NULL);
}

void
generation_take_over (Generation *self)
{
  generation_take (self);
  g_assert_no_error (self->error);
  generation_start_tree (self);
  generation_be_ready (self);
  g_assert_no_error (self->error);
  g_assert_cmpint (usher_handover_get_state (self->handover), ==, USHER_HANDOVER_SERVING);
}

/* Clients. */

void
generation_assert_greets (TestClient *client,
                          Generation *generation)
{
  test_client_expect (client, generation->name);
  test_client_expect_end (client);
  g_assert_cmpint (client->error, ==, 0);
  test_client_free (client);
}

TestClient *
generation_connect (Generation *generation,
                    guint i)
{
  return test_client_connect (generation->sockets->pdata[i]);
}

void
generation_assert_serves (Generation *generation)
{
  for (guint i = 0; i < generation->sockets->len; i++)
    generation_assert_greets (generation_connect (generation, i), generation);
}

void
handover_fixture_set_up (HandoverFixture *fixture,
                         gconstpointer data)
{
  fake_clock_install ();
  fixture->directory = g_dir_make_tmp ("usher-XXXXXX", NULL);
  fixture->path = g_build_filename (fixture->directory, "control", NULL);
  fixture->unix_address = g_strdup_printf ("unix:%s/web", fixture->directory);
  fixture->first = generation_new (fixture, "first", ANY_TCP_PORT, fixture->unix_address, NULL);
  generation_take_over (fixture->first);
}

void
handover_fixture_tear_down (HandoverFixture *fixture,
                            gconstpointer data)
{
  generation_free (fixture->first);
  /* Whoever owned a path has removed it. */
  g_assert_cmpint (g_rmdir (fixture->directory), ==, 0);
  g_free (fixture->unix_address);
  g_free (fixture->path);
  g_free (fixture->directory);
  fake_clock_remove ();
}

gboolean
generation_is_giving (gpointer generation)
{
  return usher_handover_get_state (((Generation *) generation)->handover) == USHER_HANDOVER_GIVING;
}
