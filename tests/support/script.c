/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "support/script.h"

#include "usher/async-acceptor.h"
#include "usher/await.h"

#define TEST_TYPE_SCRIPTED (test_scripted_get_type ())
#define TEST_TYPE_LOOP_SCRIPTED (test_loop_scripted_get_type ())

G_DECLARE_DERIVABLE_TYPE (TestScripted, test_scripted, TEST, SCRIPTED, GObject)

struct _TestScriptedClass
{
  GObjectClass parent_class;
};

G_DECLARE_FINAL_TYPE (TestLoopScripted, test_loop_scripted, TEST, LOOP_SCRIPTED, TestScripted)

typedef struct
{
  Script *script; /* (unowned) */
} TestScriptedPrivate;

struct _TestLoopScripted
{
  TestScripted parent_instance;

  char buffer[512];
};

static Script *get_script (gpointer acceptor);

static UsherAcceptorInit
test_scripted_acceptor_init (UsherAcceptor *acceptor,
                             UsherListenSocket *listen_socket,
                             int *accept_timeout_msec,
                             GError **error)
{
  Script *script = get_script (acceptor);

  g_atomic_int_inc (&script->n_inits);
  if (script->in_init != NULL)
    script->in_init (script);
  *accept_timeout_msec = script->accept_timeout_msec;
  if (script->init_answer == USHER_ACCEPTOR_ERROR)
    g_set_error_literal (error, script->init_error_domain != 0 ? script->init_error_domain : G_IO_ERROR,
                         script->init_error_code, "no luck");

  return script->init_answer;
}

static void
begin_serving (Script *script)
{
  int n = g_atomic_int_add (&script->n_serving, 1) + 1;
  int max = g_atomic_int_get (&script->max_serving);

  while (n > max && !g_atomic_int_compare_and_exchange_full (&script->max_serving, max, n, &max))
    continue;
}

static gboolean
test_scripted_acceptor_continue (UsherAcceptor *acceptor,
                                 UsherConnection *connection,
                                 GError **error)
{
  Script *script = get_script (acceptor);
  gboolean answer;

  begin_serving (script);
  answer = script->handler (connection, script, error);
  g_atomic_int_add (&script->n_serving, -1);

  return answer;
}

static void
test_scripted_acceptor_terminate (UsherAcceptor *acceptor,
                                  UsherExit *reason)
{
  static GMutex lock;
  Script *script = get_script (acceptor);

  g_mutex_lock (&lock);
  g_clear_pointer (&script->terminated, usher_exit_unref);
  script->terminated = usher_exit_ref (reason);
  g_mutex_unlock (&lock);
  g_atomic_int_inc (&script->n_terminates);
}

static void
test_scripted_acceptor_iface_init (UsherAcceptorInterface *iface)
{
  iface->acceptor_init = test_scripted_acceptor_init;
  iface->acceptor_continue = test_scripted_acceptor_continue;
  iface->acceptor_terminate = test_scripted_acceptor_terminate;
}

G_DEFINE_TYPE_WITH_CODE (TestScripted, test_scripted, G_TYPE_OBJECT,
                         G_ADD_PRIVATE (TestScripted)
                             G_IMPLEMENT_INTERFACE (USHER_TYPE_ACCEPTOR, test_scripted_acceptor_iface_init))

static void
test_scripted_finalize (GObject *object)
{
  g_atomic_int_add (&get_script (object)->n_alive, -1);
  G_OBJECT_CLASS (test_scripted_parent_class)->finalize (object);
}

static void
test_scripted_class_init (TestScriptedClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = test_scripted_finalize;
}

static void
test_scripted_init (TestScripted *self)
{
}

static Script *
get_script (gpointer acceptor)
{
  return ((TestScriptedPrivate *) test_scripted_get_instance_private (acceptor))->script;
}

/* On the loop. */

static gboolean
obey (const char *command,
      gboolean *is_over,
      GError **error)
{
  *is_over = g_str_equal (command, "quit") || g_str_equal (command, "crash");
  if (!g_str_equal (command, "crash"))
    return TRUE;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, "the upstream reset");
  return FALSE;
}

static void read_more (GTask *task);

/* The pool may give its place to another worker as soon as it knows. */
static void
end_serving (GTask *task,
             GError *error)
{
  Script *script = get_script (g_task_get_source_object (task));

  g_atomic_int_add (&script->n_serving, -1);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

static GMutex stubborn_lock;

static gboolean
stay (GTask *task)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&stubborn_lock);
  Script *script = get_script (g_task_get_source_object (task));

  if (!script->is_stubborn)
    return FALSE;

  g_ptr_array_add (script->stubborn, g_object_ref (task));
  g_atomic_int_inc (&script->n_stubborn);
  return TRUE;
}

static void
on_written (GObject *source_object,
            GAsyncResult *result,
            gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (g_output_stream_write_all_finish (G_OUTPUT_STREAM (source_object), result, NULL, &error))
    read_more (task);
  else
    end_serving (task, error);
}

static void
on_read (GObject *source_object,
         GAsyncResult *result,
         gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  TestLoopScripted *self = g_task_get_source_object (task);
  GIOStream *connection = g_task_get_task_data (task);
  GError *error = NULL;
  gssize n = g_input_stream_read_finish (G_INPUT_STREAM (source_object), result, &error);
  gboolean is_over = n <= 0;

  if (n > 0)
    {
      self->buffer[n] = '\0';
      obey (self->buffer, &is_over, &error);
    }

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) && stay (task))
    g_clear_error (&error);
  else if (error != NULL || is_over)
    end_serving (task, error);
  else
    g_output_stream_write_all_async (g_io_stream_get_output_stream (connection), self->buffer, n,
                                     G_PRIORITY_DEFAULT, NULL, on_written, g_object_ref (task));
}

static GCancellable *
get_patience (Script *script,
              UsherConnection *connection)
{
  return script->is_polite ? usher_connection_get_drain_cancellable (connection) : NULL;
}

static void
read_more (GTask *task)
{
  TestLoopScripted *self = g_task_get_source_object (task);
  UsherConnection *connection = g_task_get_task_data (task);

  g_input_stream_read_async (g_io_stream_get_input_stream (G_IO_STREAM (connection)), self->buffer,
                             sizeof self->buffer - 1, G_PRIORITY_DEFAULT,
                             get_patience (get_script (self), connection), on_read, g_object_ref (task));
}

static void
on_tls (GObject *source_object,
        GAsyncResult *result,
        gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (usher_connection_start_tls_finish (USHER_CONNECTION (source_object), result, &error))
    read_more (task);
  else
    end_serving (task, error);
}

static void
test_loop_scripted_acceptor_continue_async (UsherAsyncAcceptor *acceptor,
                                            UsherConnection *connection,
                                            GCancellable *cancellable,
                                            GAsyncReadyCallback callback,
                                            gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (acceptor, NULL, callback, user_data);
  Script *script = get_script (acceptor);

  begin_serving (script);
  g_task_set_task_data (task, g_object_ref (connection), g_object_unref);
  if (script->tls != NULL)
    usher_connection_start_tls_async (connection, script->tls, get_patience (script, connection), on_tls, g_object_ref (task));
  else
    read_more (task);
}

static void
test_loop_scripted_async_acceptor_iface_init (UsherAsyncAcceptorInterface *iface)
{
  iface->acceptor_continue_async = test_loop_scripted_acceptor_continue_async;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (TestLoopScripted, test_loop_scripted, TEST_TYPE_SCRIPTED,
                               G_IMPLEMENT_INTERFACE (USHER_TYPE_ASYNC_ACCEPTOR, test_loop_scripted_async_acceptor_iface_init))

static void
test_loop_scripted_class_init (TestLoopScriptedClass *klass)
{
}

static void
test_loop_scripted_init (TestLoopScripted *self)
{
}

/* Handlers. */

gboolean
scripted_echo (UsherConnection *connection,
               gpointer user_data,
               GError **error)
{
  GInputStream *in = g_io_stream_get_input_stream (G_IO_STREAM (connection));
  GOutputStream *out = g_io_stream_get_output_stream (G_IO_STREAM (connection));
  char buffer[64];
  gssize n;

  while ((n = g_input_stream_read (in, buffer, sizeof buffer, NULL, error)) > 0)
    if (!g_output_stream_write_all (out, buffer, n, NULL, NULL, error))
      return FALSE;

  return n == 0;
}

/* Is over when the script lets go. */
static void
stay_async (Script *script,
            GAsyncReadyCallback callback,
            gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, user_data);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&stubborn_lock);

  if (!script->is_stubborn)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }

  g_ptr_array_add (script->stubborn, g_steal_pointer (&task));
  g_atomic_int_inc (&script->n_stubborn);
  g_main_context_wakeup (NULL);
}

void
script_stay (Script *self)
{
  g_autoptr (GAsyncResult) result = usher_await (stay_async, self);
}

void
script_let_go (Script *self)
{
  g_autoptr (GPtrArray) stubborn = NULL;

  g_mutex_lock (&stubborn_lock);
  self->is_stubborn = FALSE;
  stubborn = g_steal_pointer (&self->stubborn);
  self->stubborn = g_ptr_array_new_with_free_func (g_object_unref);
  g_mutex_unlock (&stubborn_lock);

  g_atomic_int_add (&self->n_stubborn, -(int) stubborn->len);
  for (guint i = 0; i < stubborn->len; i++)
    {
      if (g_task_get_source_object (stubborn->pdata[i]) != NULL)
        g_atomic_int_add (&self->n_serving, -1);
      g_task_return_boolean (stubborn->pdata[i], TRUE);
    }
}

gboolean
scripted_obey (UsherConnection *connection,
               gpointer script,
               GError **error)
{
  GInputStream *in = g_io_stream_get_input_stream (G_IO_STREAM (connection));
  GOutputStream *out = g_io_stream_get_output_stream (G_IO_STREAM (connection));
  GCancellable *patience = get_patience (script, connection);
  UsherTlsSettings *tls = ((Script *) script)->tls;
  char buffer[64];
  gssize n;

  if (tls != NULL && !usher_connection_start_tls (connection, tls, patience, error))
    return FALSE;

  while ((n = g_input_stream_read (in, buffer, sizeof buffer - 1, patience, error)) > 0)
    {
      gboolean is_over, is_well;

      buffer[n] = '\0';
      is_well = obey (buffer, &is_over, error);
      if (is_over)
        return is_well;
      if (!g_output_stream_write_all (out, buffer, n, NULL, NULL, error))
        return FALSE;
    }

  if (n < 0)
    script_stay (script);
  return n == 0;
}

/* Scripts. */

static UsherAcceptor *
make (GType type,
      Script *script)
{
  TestScripted *self = g_object_new (type, NULL);
  TestScriptedPrivate *priv = test_scripted_get_instance_private (self);

  priv->script = script;
  g_atomic_int_inc (&script->n_alive);
  return USHER_ACCEPTOR (self);
}

UsherAcceptor *
script_make_in_thread (gpointer pool,
                       gpointer script,
                       GError **error)
{
  return make (TEST_TYPE_SCRIPTED, script);
}

UsherAcceptor *
script_make_on_loop (gpointer pool,
                     gpointer script,
                     GError **error)
{
  return make (TEST_TYPE_LOOP_SCRIPTED, script);
}

void
script_init (Script *self)
{
  *self = (Script){ .init_answer = USHER_ACCEPTOR_READY, .accept_timeout_msec = -1, .handler = scripted_echo };
  self->stubborn = g_ptr_array_new_with_free_func (g_object_unref);
}

void
script_clear (Script *self)
{
  g_clear_pointer (&self->terminated, usher_exit_unref);
  g_clear_pointer (&self->stubborn, g_ptr_array_unref);
}
