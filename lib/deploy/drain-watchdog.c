/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "deploy/drain-watchdog-private.h"

#include <signal.h>
#include <unistd.h>

#include "deploy/service-private.h"
#include "deploy/terminal-private.h"
#include "runtime/clock-private.h"
#include "runtime/unix-signal-private.h"

/* The loop itself acts at the deadline; it gets so much longer to do so. */
#define MARGIN_USEC (1 * G_TIME_SPAN_SECOND)

/* A blocked loop does not even see the signal that should end it: the thread looks out for the same
 * signals itself. */
struct _UsherDrainWatchdog
{
  UsherService *service; /* (unowned): outlives it */
  gulong status_id;
  GThread *thread;

  /* What the loop has told last. */
  GMutex lock;
  char *status; /* (owned) */
  gint64 status_usec;
  gint64 total_usec; /* of a drain; -1 if there is no end to it */

  /* The thread's own. */
  GMainContext *context; /* (owned) */
  UsherReactor *reactor; /* (owned) */
  GSource *sigterm;      /* (owned) */
  GSource *sigint;       /* (owned) */
  UsherTimer timer;
  UsherMessage begin_message;
  UsherMessage end_message;
  gboolean has_begun; /* the loop's: it has posted the first message */
  gboolean is_over;
};

/* The process does not come back. */
static void
on_deadline (UsherTimer *timer)
{
  UsherDrainWatchdog *self = USHER_OWNER (UsherDrainWatchdog, timer, timer);
  g_autofree char *text = NULL;

  g_mutex_lock (&self->lock);
  text = g_strdup_printf ("the time to drain is over; something blocks the main loop, which has not answered "
                          "for %.1f s; the last it said is: %s",
                          (usher_clock_now_usec () - self->status_usec) / (double) G_TIME_SPAN_SECOND, self->status);
  usher_terminal_complain (text);
  _exit (USHER_EXIT_CODE_DEADLINE);
}

/* A signal may come in the same moment as the end. */
static void
begin (UsherDrainWatchdog *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  if (!self->is_over && self->total_usec >= 0 && !usher_timer_is_started (&self->timer))
    usher_timer_start (&self->timer, self->reactor, usher_clock_now_usec () + self->total_usec + MARGIN_USEC,
                       on_deadline);
}

static gboolean
on_signal (gpointer data)
{
  begin (data);
  return G_SOURCE_CONTINUE;
}

static void
on_begin (UsherMessage *message)
{
  begin (USHER_OWNER (UsherDrainWatchdog, begin_message, message));
}

static void
on_end (UsherMessage *message)
{
  UsherDrainWatchdog *self = USHER_OWNER (UsherDrainWatchdog, end_message, message);

  usher_timer_stop (&self->timer);
  self->is_over = TRUE;
}

static gpointer
watch (gpointer data)
{
  UsherDrainWatchdog *self = data;

  while (!self->is_over)
    g_main_context_iteration (self->context, TRUE);

  return NULL;
}

static void
update (UsherDrainWatchdog *self)
{
  UsherDrainPlan plan = usher_service_plan_drain (self->service);
  gint64 total_msec = usher_service_get_drain_deadline_msec (self->service);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  if (total_msec < 0)
    total_msec = usher_drain_plan_get_total_msec (&plan);
  g_free (self->status);
  self->status = usher_service_dup_status (self->service);
  self->status_usec = usher_clock_now_usec ();
  self->total_usec = total_msec < 0 ? -1 : total_msec * G_TIME_SPAN_MILLISECOND;
}

static void
on_status (UsherService *service,
           GParamSpec *pspec,
           UsherDrainWatchdog *self)
{
  update (self);
  if (self->has_begun || !usher_service_is_ending (service))
    return;

  self->has_begun = TRUE;
  usher_reactor_post (self->reactor, &self->begin_message, on_begin);
}

/* The signals are looked out for from now on, even if the thread is slow to come. Without a thread
 * to be had nobody watches; the service matters more. */
UsherDrainWatchdog *
usher_drain_watchdog_new (UsherService *service)
{
  UsherDrainWatchdog *self = g_new0 (UsherDrainWatchdog, 1);

  self->service = service;
  self->status_id = g_signal_connect (service, "notify::status", G_CALLBACK (on_status), self);
  g_mutex_init (&self->lock);
  self->context = g_main_context_new ();
  self->reactor = usher_reactor_ref_for_context (self->context);
  self->sigterm = usher_unix_signal_attach (self->context, SIGTERM, on_signal, self);
  self->sigint = usher_unix_signal_attach (self->context, SIGINT, on_signal, self);
  update (self);
  self->thread = g_thread_try_new ("usher-watchdog", watch, self, NULL);

  return self;
}

void
usher_drain_watchdog_free (UsherDrainWatchdog *self)
{
  g_clear_signal_handler (&self->status_id, self->service);
  if (self->thread != NULL)
    {
      usher_reactor_post (self->reactor, &self->end_message, on_end);
      g_thread_join (self->thread);
    }

  usher_unix_signal_detach (self->sigint);
  usher_unix_signal_detach (self->sigterm);
  usher_reactor_unref (self->reactor);
  g_main_context_unref (self->context);
  g_mutex_clear (&self->lock);
  g_free (self->status);
  g_free (self);
}
