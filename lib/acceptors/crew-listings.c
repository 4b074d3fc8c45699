/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/crew-private.h"

#include "acceptors/connection-info-private.h"
#include "runtime/clock-private.h"

/* What the books say, to any thread. */

UsherCrewFigures
usher_crew_get_figures (UsherCrew *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return (UsherCrewFigures){
    .n_runs = self->runs.length,
    .n_waiting = self->n_waiting,
    .n_connections = self->n_connections,
    .n_held = self->n_held,
  };
}

void
usher_crew_add_counters (UsherCrew *self,
                         UsherPoolCounters *counters)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  usher_pool_counters_add (counters, &self->counters);
  for (GList *l = self->runs.head; l != NULL; l = l->next)
    {
      UsherAcceptorRun *run = l->data;

      if (run->state == USHER_RUN_SERVING)
        usher_connection_add_bytes (run->connection, &counters->bytes_received, &counters->bytes_sent);
    }
}

/* A connection as it was listed; what is to be said of it takes system calls. */
typedef struct
{
  UsherConnection *connection; /* (owned) */
  gint64 began_usec;
  gboolean is_cut;
} Listed;

static void
listed_clear (gpointer data)
{
  g_object_unref (((Listed *) data)->connection);
}

static GArray *
crew_list_connections (UsherCrew *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  GArray *list = g_array_sized_new (FALSE, FALSE, sizeof (Listed), self->n_connections);

  g_array_set_clear_func (list, listed_clear);
  for (GList *l = self->runs.head; l != NULL; l = l->next)
    {
      UsherAcceptorRun *run = l->data;
      Listed listed;

      if (run->state != USHER_RUN_SERVING)
        continue;

      listed = (Listed){ g_object_ref (run->connection), run->serving.began_usec, run->serving.is_cut };
      g_array_append_val (list, listed);
    }

  return list;
}

static UsherConnectionState
listed_get_state (const Listed *listed)
{
  if (listed->is_cut)
    return USHER_CONNECTION_EXITING;

  return usher_connection_is_draining (listed->connection) ? USHER_CONNECTION_DRAINING : USHER_CONNECTION_SERVING;
}

void
usher_crew_list (UsherCrew *self,
                 GPtrArray *children)
{
  g_autoptr (GArray) list = crew_list_connections (self);
  gint64 now_usec = usher_clock_now_usec ();

  for (guint i = 0; i < list->len; i++)
    {
      const Listed *listed = &g_array_index (list, Listed, i);

      g_ptr_array_add (children, usher_connection_info_new (listed->connection, listed_get_state (listed),
                                                            now_usec - listed->began_usec));
    }
}

GPtrArray *
usher_crew_forsake (UsherCrew *self,
                    GPtrArray *names)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  GPtrArray *connections = g_ptr_array_new_with_free_func (g_object_unref);

  self->is_forsaken = TRUE;
  for (GList *l = self->runs.head; l != NULL; l = l->next)
    {
      UsherAcceptorRun *run = l->data;

      g_ptr_array_add (names, usher_acceptor_run_dup_name (run));
      if (run->state != USHER_RUN_SERVING)
        continue;

      self->counters.n_exits[USHER_EXIT_KILLED]++;
      g_ptr_array_add (connections, g_object_ref (run->connection));
    }

  return connections;
}
