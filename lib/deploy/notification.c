/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "deploy/notification-private.h"

#include <stdint.h>

#include "deploy/service-private.h"
#include "runtime/clock-private.h"

#ifdef USHER_HAVE_LIBSYSTEMD
#include <systemd/sd-daemon.h>
#else
static int
sd_notify (int unset_environment,
           const char *state)
{
  return 0;
}

static int
sd_watchdog_enabled (int unset_environment,
                     uint64_t *usec)
{
  return 0;
}
#endif

/* How much more time is asked for with every second of a drain in which connections finish. */
#define EXTENSION_USEC (5 * G_TIME_SPAN_SECOND)

struct _UsherNotification
{
  UsherService *service; /* (unowned): outlives it */
  gulong state_id;
  gulong status_id;
  gulong handover_id;
  gboolean is_silent;  /* it is the successor's turn */
  guint n_connections; /* at the latest status of a drain */

  UsherTimer watchdog_timer;
  uint64_t watchdog_usec; /* 0 if systemd does not watch */
};

static const char *const states[] = {
  [USHER_SERVICE_UP] = "READY=1",
  [USHER_SERVICE_LAME_DUCK] = "STOPPING=1",
  [USHER_SERVICE_DRAINING] = "STOPPING=1",
};

static void
on_state (UsherService *service,
          GParamSpec *pspec,
          UsherNotification *self)
{
  UsherServiceState state = usher_service_get_state (service);

  if (!self->is_silent && state < G_N_ELEMENTS (states) && states[state] != NULL)
    sd_notify (0, states[state]);
}

/* More time only while connections still finish: one that hangs is not worth waiting for. */
static void
extend (UsherNotification *self)
{
  guint n_before = self->n_connections;
  g_autofree char *text = g_strdup_printf ("EXTEND_TIMEOUT_USEC=%" G_GINT64_FORMAT, EXTENSION_USEC);

  self->n_connections = usher_service_get_n_connections (self->service);
  if (usher_service_get_state (self->service) == USHER_SERVICE_DRAINING && self->n_connections < n_before)
    sd_notify (0, text);
}

static void
on_status (UsherService *service,
           GParamSpec *pspec,
           UsherNotification *self)
{
  g_autofree char *status = usher_service_dup_status (service);
  g_autofree char *text = g_strdup_printf ("STATUS=%s", status);

  if (self->is_silent)
    return;

  sd_notify (0, text);
  extend (self);
}

/* The unit lives on in the successor, which tells the rest. */
static void
pass_on (UsherNotification *self,
         UsherHandover *handover)
{
  gint64 pid = usher_handover_get_successor_pid (handover);
  g_autofree char *text = pid > 0 ? g_strdup_printf ("READY=1\nMAINPID=%" G_GINT64_FORMAT, pid) : g_strdup ("READY=1");

  sd_notify (0, text);
  self->is_silent = TRUE;
  usher_timer_stop (&self->watchdog_timer);
}

static void
on_hand_over (UsherHandover *handover,
              GParamSpec *pspec,
              UsherNotification *self)
{
  UsherHandoverState state = usher_handover_get_state (handover);
  g_autofree char *reloading = g_strdup_printf ("RELOADING=1\nMONOTONIC_USEC=%" G_GINT64_FORMAT, usher_clock_now_usec ());

  if (state == USHER_HANDOVER_GIVING)
    sd_notify (0, reloading);
  else if (state == USHER_HANDOVER_SERVING && usher_service_get_state (self->service) == USHER_SERVICE_UP)
    sd_notify (0, "READY=1");
  else if (state == USHER_HANDOVER_SUPERSEDED)
    pass_on (self, handover);
}

/* A main loop that does not come round does not feed it. */
static void
on_watchdog (UsherTimer *timer)
{
  UsherNotification *self = USHER_OWNER (UsherNotification, watchdog_timer, timer);

  sd_notify (0, "WATCHDOG=1");
  usher_timer_start (&self->watchdog_timer, self->service->reactor,
                     usher_clock_now_usec () + self->watchdog_usec / 2, on_watchdog);
}

UsherNotification *
usher_notification_new (UsherService *service)
{
  UsherNotification *self = g_new0 (UsherNotification, 1);

  self->service = service;
  self->state_id = g_signal_connect (service, "notify::state", G_CALLBACK (on_state), self);
  self->status_id = g_signal_connect (service, "notify::status", G_CALLBACK (on_status), self);
  if (service->handover != NULL)
    self->handover_id = g_signal_connect (service->handover, "notify::state", G_CALLBACK (on_hand_over), self);
  if (sd_watchdog_enabled (0, &self->watchdog_usec) > 0)
    on_watchdog (&self->watchdog_timer);

  return self;
}

void
usher_notification_free (UsherNotification *self)
{
  usher_timer_stop (&self->watchdog_timer);
  if (self->handover_id != 0)
    g_clear_signal_handler (&self->handover_id, self->service->handover);
  g_clear_signal_handler (&self->state_id, self->service);
  g_clear_signal_handler (&self->status_id, self->service);
  g_free (self);
}
