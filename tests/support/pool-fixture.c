/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "support/pool-fixture.h"

#include "acceptors/acceptor-pool-private.h"
#include "runtime/call-private.h"

/* Back and forth between the pool and its workers. */
#define N_ROUNDS 4

static void
on_report (UsherAcceptorPool *pool,
           UsherReport *report,
           PoolFixture *self)
{
  g_ptr_array_add (self->reports, usher_report_ref (report));
}

static void
on_exited (UsherAcceptorPool *pool,
           guint64 serial,
           UsherExit *exit,
           PoolFixture *self)
{
  g_clear_pointer (&self->exit, usher_exit_unref);
  self->exit = usher_exit_ref (exit);
}

gboolean
pool_fixture_is_in_fibers (void)
{
  return g_getenv (POOL_FIXTURE_IN_FIBERS) != NULL;
}

void
pool_fixture_set_up (PoolFixture *self,
                     UsherAcceptorPool *pool)
{
  g_autoptr (GError) error = NULL;

  script_init (&self->script);
  self->reports = g_ptr_array_new_with_free_func ((GDestroyNotify) usher_report_unref);
  self->pool = pool;
  if (pool_fixture_is_in_fibers ())
    usher_acceptor_pool_set_execution (pool, USHER_EXECUTION_FIBER);
  /* Most clients here have nothing to say; pool-closing is about those who do. */
  usher_acceptor_pool_set_drain_patience_msec (pool, 0);
  self->logger = gt_signal_logger_new ();
  gt_signal_logger_connect (self->logger, pool, "exited");
  g_signal_connect (pool, "exited", G_CALLBACK (on_exited), self);
  g_signal_connect (pool, "report", G_CALLBACK (on_report), self);

  self->listen_socket = usher_listen_socket_new_for_address ("tcp://127.0.0.1:0", &error);
  g_assert_no_error (error);
  usher_listen_socket_open (self->listen_socket, &error);
  g_assert_no_error (error);
  usher_acceptor_pool_accept_socket (pool, self->listen_socket, 2, &error);
  g_assert_no_error (error);
}

void
pool_fixture_set_up_scripted (PoolFixture *self,
                              gconstpointer data)
{
  fake_clock_install ();
  pool_fixture_set_up (self, usher_acceptor_pool_new_with_factory ("test", script_make_in_thread, &self->script, NULL));
}

void
pool_fixture_set_up_in_thread (PoolFixture *self,
                               gconstpointer data)
{
  pool_fixture_set_up_scripted (self, data);
  self->script.handler = scripted_obey;
  self->script.is_polite = TRUE;
}

void
pool_fixture_set_up_on_loop (PoolFixture *self,
                             gconstpointer data)
{
  fake_clock_install ();
  pool_fixture_set_up (self, usher_acceptor_pool_new_with_factory ("test", script_make_on_loop, &self->script, NULL));
  self->script.is_polite = TRUE;
}

void
pool_fixture_set_workers (PoolFixture *self,
                          guint n_workers)
{
  self->n_workers = n_workers;
  usher_acceptor_pool_set_workers (self->pool, n_workers);
}

void
pool_fixture_set_up_in_two_workers (PoolFixture *self,
                                    gconstpointer data)
{
  pool_fixture_set_up_on_loop (self, data);
  pool_fixture_set_workers (self, 2);
}

void
pool_fixture_set_up_scripted_in_two_workers (PoolFixture *self,
                                             gconstpointer data)
{
  pool_fixture_set_up_scripted (self, data);
  pool_fixture_set_workers (self, 2);
}

void
pool_fixture_set_up_threads_in_two_workers (PoolFixture *self,
                                            gconstpointer data)
{
  pool_fixture_set_up_in_thread (self, data);
  pool_fixture_set_workers (self, 2);
}

guint
pool_fixture_deal (PoolFixture *self,
                   guint n)
{
  return MAX (n, self->n_workers);
}

void
pool_fixture_tear_down (PoolFixture *self,
                        gconstpointer data)
{
  iterate_pending (NULL);
  gt_signal_logger_assert_no_emissions (self->logger);
  g_assert_finalize_object (self->pool);
  pool_fixture_clear (self);
}

void
pool_fixture_clear (PoolFixture *self)
{
  /* Threads that were abandoned still look at the script. */
  pool_fixture_wait_for (self, n_alive_is, 0);
  gt_signal_logger_free (self->logger);
  g_clear_object (&self->listen_socket);
  g_clear_pointer (&self->reports, g_ptr_array_unref);
  g_clear_pointer (&self->exit, usher_exit_unref);
  script_clear (&self->script);
  g_clear_error (&self->start_error);
  fake_clock_remove ();
}

/* Waiting. */

typedef struct
{
  PoolFixture *fixture;
  PoolCondition condition;
  guint n;
} Wait;

/* What happens in a worker wakes nobody here. */
void
pool_fixture_iterate_until (PoolFixture *self,
                            IterateCondition condition,
                            gpointer user_data)
{
  if (self->n_workers > 0)
    iterate_and_look_until (condition, user_data);
  else
    iterate_until (NULL, condition, user_data);
}

static gboolean
holds (gpointer user_data)
{
  Wait *wait = user_data;

  return wait->condition (wait->fixture, wait->n);
}

void
pool_fixture_wait_for (PoolFixture *self,
                       PoolCondition condition,
                       guint n)
{
  pool_fixture_iterate_until (self, holds, &(Wait){ self, condition, n });
}

typedef struct
{
  UsherCrew *crew; /* (unowned) */
  PoolVisit visit;
  gpointer data;
  int is_over; /* (atomic) */
} Visit;

static gboolean
on_visit (gpointer data)
{
  Visit *visit = data;

  visit->visit (visit->crew, visit->data);
  return G_SOURCE_REMOVE;
}

static void
end_visit (gpointer data)
{
  Visit *visit = data;

  g_atomic_int_set (&visit->is_over, TRUE);
  g_atomic_rc_box_release (visit);
  g_main_context_wakeup (NULL);
}

/* As soon as the worker has nothing else to do. */
static Visit *
visit_crew (UsherCrew *crew,
            PoolVisit visit,
            gpointer data)
{
  Visit *self = g_atomic_rc_box_new0 (Visit);
  g_autoptr (GSource) source = g_idle_source_new ();

  *self = (Visit){ .crew = crew, .visit = visit, .data = data };
  g_source_set_static_name (source, "visit a crew");
  g_source_set_priority (source, G_PRIORITY_LOW);
  g_source_set_callback (source, on_visit, g_atomic_rc_box_acquire (self), end_visit);
  g_source_attach (source, usher_reactor_get_context (crew->reactor));

  return self;
}

typedef struct
{
  PoolFixture *fixture;
  GPtrArray *visits; /* (element-type Visit) */
} Round;

/* Who has left meanwhile is not visited. */
static gboolean
is_over (gpointer user_data)
{
  Round *round = user_data;

  for (guint i = 0; i < round->visits->len; i++)
    {
      Visit *visit = round->visits->pdata[i];

      if (!g_atomic_int_get (&visit->is_over) && g_ptr_array_find (round->fixture->pool->crews, visit->crew, NULL))
        return FALSE;
    }

  return TRUE;
}

void
pool_fixture_visit_crews (PoolFixture *self,
                          PoolVisit visit,
                          gpointer data)
{
  g_autoptr (GPtrArray) visits = g_ptr_array_new_with_free_func ((GDestroyNotify) g_atomic_rc_box_release);

  for (guint i = 0; i < self->pool->crews->len; i++)
    g_ptr_array_add (visits, visit_crew (self->pool->crews->pdata[i], visit, data));
  pool_fixture_iterate_until (self, is_over, &(Round){ self, visits });
}

static void
do_nothing (gpointer crew,
            gpointer data)
{
}

void
pool_fixture_settle (PoolFixture *self)
{
  iterate_pending (NULL);
  for (guint i = 0; i < N_ROUNDS && self->n_workers > 0; i++)
    {
      pool_fixture_visit_crews (self, do_nothing, NULL);
      iterate_pending (NULL);
    }
}

/* Holding. */

typedef struct
{
  GMutex lock;
  GCond changed;
  guint n_held;     /* (locked-by lock) */
  gboolean is_over; /* (locked-by lock) */
} Hold;

static void
hold_clear (gpointer data)
{
  Hold *self = data;

  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
}

static void
hold_unref (gpointer hold)
{
  g_atomic_rc_box_release_full (hold, hold_clear);
}

static void
be_held (gpointer data)
{
  Hold *hold = data;

  g_mutex_lock (&hold->lock);
  hold->n_held++;
  g_cond_broadcast (&hold->changed);
  while (!hold->is_over)
    g_cond_wait (&hold->changed, &hold->lock);
  g_mutex_unlock (&hold->lock);
  hold_unref (hold);
}

static gboolean
on_idle (gpointer data)
{
  Hold *hold = data;

  g_mutex_lock (&hold->lock);
  hold->is_over = TRUE;
  g_cond_broadcast (&hold->changed);
  g_mutex_unlock (&hold->lock);

  return G_SOURCE_REMOVE;
}

void
pool_fixture_hold_workers (PoolFixture *self)
{
  Hold *hold = g_atomic_rc_box_new0 (Hold);
  g_autoptr (GSource) source = g_idle_source_new ();

  for (guint i = 0; i < self->n_workers; i++)
    usher_call_soon (((UsherCrew *) self->pool->crews->pdata[i])->reactor, be_held, g_atomic_rc_box_acquire (hold));
  g_mutex_lock (&hold->lock);
  while (hold->n_held < self->n_workers)
    g_cond_wait (&hold->changed, &hold->lock);
  g_mutex_unlock (&hold->lock);

  g_source_set_static_name (source, "let the workers go on");
  g_source_set_callback (source, on_idle, hold, hold_unref);
  g_source_attach (source, NULL);
}

gboolean
n_waiting_is (PoolFixture *self,
              guint n)
{
  return usher_acceptor_pool_get_n_waiting (self->pool) == n;
}

gboolean
n_connections_is (PoolFixture *self,
                  guint n)
{
  return usher_acceptor_pool_get_n_connections (self->pool) == n;
}

gboolean
n_reports_is (PoolFixture *self,
              guint n)
{
  return self->reports->len == n;
}

gboolean
n_terminates_is (PoolFixture *self,
                 guint n)
{
  return g_atomic_int_get (&self->script.n_terminates) == (int) n;
}

gboolean
n_stubborn_is (PoolFixture *self,
               guint n)
{
  return g_atomic_int_get (&self->script.n_stubborn) == (int) n;
}

gboolean
n_alive_is (PoolFixture *self,
            guint n)
{
  return g_atomic_int_get (&self->script.n_alive) == (int) n;
}

gboolean
n_inits_is_at_least (PoolFixture *self,
                     guint n)
{
  return g_atomic_int_get (&self->script.n_inits) >= (int) n;
}

gboolean
was_started (PoolFixture *self,
             guint n)
{
  return self->is_started;
}

static gboolean
has_exited (PoolFixture *self,
            guint n)
{
  return self->exit != NULL;
}

/* Doing. */

static void
on_started (GObject *source_object,
            GAsyncResult *result,
            gpointer user_data)
{
  PoolFixture *self = user_data;

  self->start_result = usher_child_start_finish (USHER_CHILD (source_object), result, &self->start_error);
  self->is_started = TRUE;
}

void
pool_fixture_begin_start (PoolFixture *self)
{
  self->is_started = FALSE;
  usher_child_start_async (USHER_CHILD (self->pool), NULL, on_started, self);
}

void
pool_fixture_start (PoolFixture *self)
{
  pool_fixture_begin_start (self);
  pool_fixture_wait_for (self, was_started, 0);
  g_assert_no_error (self->start_error);
  g_assert_cmpint (self->start_result, ==, USHER_START_STARTED);
}

void
pool_fixture_expect_exit (PoolFixture *self,
                          UsherExitKind kind)
{
  pool_fixture_wait_for (self, has_exited, 0);
  g_assert_cmpint (usher_exit_get_kind (self->exit), ==, kind);
  gt_signal_logger_assert_emission_pop (self->logger, self->pool, "exited", NULL, NULL);
}

void
pool_fixture_stop (PoolFixture *self)
{
  usher_child_shutdown (USHER_CHILD (self->pool), USHER_STOP_FINAL);
  pool_fixture_expect_exit (self, USHER_EXIT_SHUTDOWN);
}

TestClient *
pool_fixture_greet (PoolFixture *self)
{
  TestClient *client = test_client_connect (self->listen_socket);

  test_client_send (client, "hello");
  test_client_expect (client, "hello");
  return client;
}

void
pool_fixture_expect_report (PoolFixture *self,
                            guint index,
                            UsherReportContext context,
                            const char *detail)
{
  const UsherReport *report;

  g_assert_cmpuint (self->reports->len, >, index);
  report = self->reports->pdata[index];
  g_assert_cmpint (usher_report_get_context (report), ==, context);
  g_assert_cmpstr (usher_report_get_supervisor (report), ==, "test");
  g_assert_nonnull (strstr (usher_report_get_detail (report), detail));
}
