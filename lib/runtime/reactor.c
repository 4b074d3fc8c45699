/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "runtime/reactor-private.h"

#include "runtime/alarm-private.h"
#include "runtime/clock-private.h"
#include "runtime/epoll-private.h"
#include "runtime/fiber-private.h"
#include "runtime/message-queue-private.h"
#include "runtime/poll-func-private.h"
#include "runtime/stack-pool-private.h"
#include "runtime/timer-heap-private.h"
#include "runtime/watch-queue-private.h"
#include "runtime/watch-table-private.h"

#include <glib-unix.h>
#include <unistd.h>

/* It is its own GSource, so that its memory lasts for as long as GLib looks at it; but those who
 * use the reactor count their references apart: when the last one goes, the source goes. */
struct _UsherReactor
{
  GSource source;
  int n_refs;            /* (atomic) */
  GMainContext *context; /* (owned) */

  int epoll_fd; /* (owned): -1 before the first watch */
  gpointer epoll_tag;
  UsherPoll poll;
  gboolean is_polled; /* what epoll has is in the queues by now */
  UsherWatchTable watches;
  guint n_watches;
  guint64 n_dispatches;
  UsherWatchQueue ready;
  UsherWatchQueue ready_patient;

  UsherTimerHeap timers;
  guint64 n_timer_starts;
  gint64 now_usec;   /* when timers were last looked at */
  gint64 armed_usec; /* never later than the first deadline; USHER_NEVER only if no timer is started */
  UsherAlarm alarm;

  UsherMessageQueue messages; /* each holds a reference on the reactor */
  UsherStackPool stacks;
  UsherHunch hunches[USHER_N_HUNCHES];
};

static __thread UsherReactor *dispatching; /* (unowned) (nullable): by this thread */

static GMutex reactors_lock;
static GHashTable *reactors; /* (element-type GMainContext UsherReactor) (owned) (nullable)
                              * (locked-by reactors_lock) */

/* Watches. Nothing but the queue keeps a pointer to a watch while callbacks run, so that any watch
 * can be removed from any of them, and an inner loop goes on where the outer one stopped. */

static UsherWatchQueue *
get_queue (UsherReactor *self,
           UsherWatch *watch)
{
  return watch->is_patient ? &self->ready_patient : &self->ready;
}

static UsherWatch *
pop_watch (UsherReactor *self,
           guint32 *events)
{
  UsherWatch *watch = usher_watch_queue_pop (&self->ready, events);

  return watch != NULL ? watch : usher_watch_queue_pop (&self->ready_patient, events);
}

void
usher_reactor_take_events (UsherReactor *self,
                           const struct epoll_event *events,
                           int n_events)
{
  for (int i = 0; i < n_events; i++)
    {
      UsherWatch *watch = usher_watch_table_find (&self->watches, events[i].data.u64);

      if (watch != NULL)
        usher_watch_queue_push (get_queue (self, watch), watch, events[i].events);
    }

  self->is_polled = TRUE;
}

static void
collect_events (UsherReactor *self)
{
  struct epoll_event events[USHER_MAX_EVENTS];

  if (!self->is_polled && self->epoll_tag != NULL && g_source_query_unix_fd (&self->source, self->epoll_tag) != 0)
    usher_reactor_take_events (self, events, epoll_wait (self->epoll_fd, events, USHER_MAX_EVENTS, 0));

  self->is_polled = FALSE;
}

static void
run_watches (UsherReactor *self)
{
  UsherWatch *watch;
  guint32 events = 0;

  collect_events (self);
  while ((watch = pop_watch (self, &events)) != NULL)
    watch->func (watch, events);
}

/* Timers. To set the alarm is a system call; hence one that is set too early is left alone until it rings. */

static void
arm (UsherReactor *self,
     gint64 deadline_usec)
{
  if (self->armed_usec == deadline_usec)
    return;

  self->armed_usec = deadline_usec;
  usher_alarm_set (&self->alarm, &self->source, self->epoll_fd, deadline_usec);
}

static void
arm_no_later_than (UsherReactor *self,
                   gint64 deadline_usec)
{
  if (self->armed_usec == USHER_NEVER || deadline_usec < self->armed_usec)
    arm (self, deadline_usec);
}

static void
rearm_if_rung (UsherReactor *self)
{
  UsherTimer *first = usher_timer_heap_peek (&self->timers);

  if (self->armed_usec != USHER_NEVER && self->armed_usec <= self->now_usec)
    arm (self, first != NULL ? first->deadline_usec : USHER_NEVER);
}

/* Those that a callback starts have to wait for the next dispatch: no deadline is before
 * now_usec, so that they are behind all those that were started earlier and are due. */
static void
run_timers (UsherReactor *self)
{
  guint64 limit = self->n_timer_starts;
  gint64 now_usec;
  UsherTimer *timer;

  if (self->armed_usec == USHER_NEVER)
    return;

  now_usec = usher_clock_now_usec ();
  self->now_usec = now_usec;

  while ((timer = usher_timer_heap_peek (&self->timers)) != NULL &&
         timer->deadline_usec <= now_usec && timer->sequence <= limit)
    {
      usher_timer_stop (timer);
      timer->func (timer);
    }
}

/* Those that a callback posts have to wait for the next dispatch. */
static void
run_messages (UsherReactor *self)
{
  UsherMessage *message;

  usher_message_queue_take (&self->messages);
  while ((message = usher_message_queue_pop (&self->messages)) != NULL)
    {
      message->func (message);
      usher_reactor_unref (self);
    }
}

static gboolean
ref_unless_gone (UsherReactor *self)
{
  int n_refs = g_atomic_int_get (&self->n_refs);

  while (n_refs > 0 &&
         !g_atomic_int_compare_and_exchange_full (&self->n_refs, n_refs, n_refs + 1, &n_refs))
    continue;

  return n_refs > 0;
}

static gboolean
has_ready_watches (UsherReactor *self)
{
  return !usher_watch_queue_is_empty (&self->ready) || !usher_watch_queue_is_empty (&self->ready_patient);
}

static gboolean
usher_reactor_prepare (GSource *source,
                       int *timeout_msec)
{
  UsherReactor *self = (UsherReactor *) source;

  usher_fiber_forbid_iteration (self);
  *timeout_msec = -1;
  self->is_polled = FALSE;
  usher_poll_expect (self->n_watches > 0 ? &self->poll : NULL);

  return has_ready_watches (self) || !usher_message_queue_fall_asleep (&self->messages);
}

/* What was found by a poll that another one came after is not found again. */
static gboolean
usher_reactor_check (GSource *source)
{
  UsherReactor *self = (UsherReactor *) source;

  return usher_message_queue_wake_up (&self->messages) || has_ready_watches (self);
}

static gboolean
usher_reactor_dispatch (GSource *source,
                        GSourceFunc callback,
                        gpointer user_data)
{
  UsherReactor *self = (UsherReactor *) source;
  UsherReactor *outer = dispatching;

  if (!ref_unless_gone (self))
    return G_SOURCE_REMOVE;

  dispatching = self;
  self->n_dispatches++;
  run_timers (self);
  run_watches (self);
  run_messages (self);
  rearm_if_rung (self);
  dispatching = outer;
  usher_reactor_unref (self);

  return G_SOURCE_CONTINUE;
}

static void
usher_reactor_finalize (GSource *source)
{
  UsherReactor *self = (UsherReactor *) source;

  if (self->epoll_fd >= 0)
    close (self->epoll_fd);

  usher_alarm_clear (&self->alarm);
  usher_watch_table_clear (&self->watches);
  usher_timer_heap_clear (&self->timers);
}

static GSourceFuncs source_funcs = {
  .prepare = usher_reactor_prepare,
  .check = usher_reactor_check,
  .dispatch = usher_reactor_dispatch,
  .finalize = usher_reactor_finalize,
};

static UsherReactor *
usher_reactor_new (GMainContext *context)
{
  UsherReactor *self = (UsherReactor *) g_source_new (&source_funcs, sizeof (UsherReactor));

  self->n_refs = 1;
  self->context = g_main_context_ref (context);
  self->epoll_fd = -1;
  self->armed_usec = USHER_NEVER;
  usher_alarm_init (&self->alarm);
  usher_stack_pool_init (&self->stacks, self);

  usher_poll_init (&self->poll, self, context);
  g_source_set_static_name (&self->source, "usher");
  g_source_set_can_recurse (&self->source, TRUE);
  g_source_attach (&self->source, context);

  return self;
}

/* A successor may have taken its place. */
static void
forget (UsherReactor *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&reactors_lock);

  if (g_hash_table_lookup (reactors, self->context) == self)
    g_hash_table_remove (reactors, self->context);
}

/* GLib still uses a source's context after it has finalized the source. */
static void
usher_reactor_dispose (UsherReactor *self)
{
  g_autoptr (GMainContext) context = self->context;

  g_warn_if_fail (self->n_watches == 0);

  forget (self);
  usher_poll_clear (&self->poll);
  usher_stack_pool_clear (&self->stacks);
  arm (self, USHER_NEVER);
  g_source_destroy (&self->source);
  g_source_unref (&self->source);
}

UsherReactor *
usher_reactor_ref_for_context (GMainContext *context)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&reactors_lock);
  UsherReactor *self;

  g_return_val_if_fail (context != NULL, NULL);

  if (reactors == NULL)
    reactors = g_hash_table_new (NULL, NULL);

  self = g_hash_table_lookup (reactors, context);
  if (self != NULL && ref_unless_gone (self))
    return self;

  self = usher_reactor_new (context);
  g_hash_table_insert (reactors, context, self);

  return self;
}

UsherReactor *
usher_reactor_ref_for_caller (void)
{
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();

  return usher_reactor_ref_for_context (context);
}

gboolean
usher_reactor_is_for_caller (UsherReactor *self)
{
  GMainContext *context = g_main_context_get_thread_default ();

  return self->context == (context != NULL ? context : g_main_context_default ());
}

UsherReactor *
usher_reactor_ref (UsherReactor *self)
{
  g_atomic_int_inc (&self->n_refs);
  return self;
}

void
usher_reactor_unref (UsherReactor *self)
{
  if (g_atomic_int_dec_and_test (&self->n_refs))
    usher_reactor_dispose (self);
}

guint64
usher_reactor_get_n_dispatches (UsherReactor *self)
{
  return self->n_dispatches;
}

GMainContext *
usher_reactor_get_context (UsherReactor *self)
{
  return self->context;
}

UsherHunch *
usher_reactor_get_hunch (UsherReactor *self,
                         UsherHunchKind kind)
{
  return &self->hunches[kind];
}

UsherStackPool *
usher_reactor_get_stack_pool (UsherReactor *self)
{
  return &self->stacks;
}

gboolean
usher_reactor_is_dispatching (UsherReactor *self)
{
  return dispatching == self;
}

gboolean
usher_reactor_is_current (UsherReactor *self)
{
  /* Nearly all ask from within its dispatch, and to ask GLib takes a lock. */
  return usher_reactor_is_dispatching (self) || g_main_context_is_owner (self->context);
}

/* A context that nobody iterates may still be going to be this thread's. */
gboolean
usher_reactor_is_elsewhere (UsherReactor *self,
                            const char *function)
{
  if (self == NULL || usher_reactor_is_current (self))
    return FALSE;
  if (g_main_context_acquire (self->context))
    {
      g_main_context_release (self->context);
      return FALSE;
    }

  g_log (G_LOG_DOMAIN, G_LOG_LEVEL_CRITICAL,
         "%s() was called while another thread iterates the main context that its object belongs to, and does nothing; "
         "call it there, with g_main_context_invoke() for instance",
         function);
  return TRUE;
}

void
usher_reactor_post (UsherReactor *self,
                    UsherMessage *message,
                    UsherMessageFunc func)
{
  /* One reference for the message; and one for us, as it may run, and free all, before we return. */
  g_atomic_int_add (&self->n_refs, 2);
  message->func = func;

  if (usher_message_queue_push (&self->messages, message))
    g_main_context_wakeup (self->context);

  usher_reactor_unref (self);
}

static gboolean
ensure_epoll (UsherReactor *self,
              int fd,
              GError **error)
{
  if (self->epoll_fd >= 0)
    return TRUE;

  self->epoll_fd = usher_epoll_new (fd, error);
  if (self->epoll_fd < 0)
    return FALSE;

  self->epoll_tag = g_source_add_unix_fd (&self->source, self->epoll_fd, G_IO_IN);

  return TRUE;
}

gboolean
usher_watch_add (UsherWatch *watch,
                 UsherReactor *reactor,
                 int fd,
                 guint32 events,
                 UsherWatchFunc func,
                 GError **error)
{
  struct epoll_event event = { events, { .u64 = usher_watch_table_get_next_key (&reactor->watches, fd) } };

  g_return_val_if_fail (!usher_watch_is_added (watch), FALSE);

  if (!ensure_epoll (reactor, fd, error) ||
      !usher_epoll_add (reactor->epoll_fd, fd, event, error))
    return FALSE;

  *watch = (UsherWatch){ .reactor = reactor, .func = func, .fd = fd };
  usher_watch_table_add (&reactor->watches, watch);
  if (reactor->n_watches++ == 0)
    usher_poll_begin (&reactor->poll, reactor->epoll_fd);

  return TRUE;
}

void
usher_watch_set_patient (UsherWatch *watch)
{
  g_return_if_fail (watch->ready_events == 0);

  watch->is_patient = TRUE;
}

void
usher_watch_forget (UsherWatch *watch)
{
  UsherReactor *reactor = g_steal_pointer (&watch->reactor);

  if (reactor == NULL)
    return;

  usher_watch_table_remove (&reactor->watches, watch);
  usher_watch_queue_remove (get_queue (reactor, watch), watch);
  if (--reactor->n_watches == 0)
    usher_poll_forget (&reactor->poll);
}

void
usher_watch_remove (UsherWatch *watch)
{
  UsherReactor *reactor = watch->reactor;

  if (reactor == NULL)
    return;

  if (!g_atomic_int_get (&watch->is_disarmed))
    usher_epoll_remove (reactor->epoll_fd, watch->fd);
  usher_watch_forget (watch);
}

void
usher_watch_disarm (UsherWatch *watch)
{
  if (watch->reactor == NULL || g_atomic_int_get (&watch->is_disarmed))
    return;

  usher_epoll_remove (watch->reactor->epoll_fd, watch->fd);
  g_atomic_int_set (&watch->is_disarmed, TRUE);
}

gboolean
usher_watch_is_added (const UsherWatch *watch)
{
  return watch->reactor != NULL;
}

void
usher_timer_start (UsherTimer *timer,
                   UsherReactor *reactor,
                   gint64 deadline_usec,
                   UsherTimerFunc func)
{
  usher_timer_stop (timer);

  timer->reactor = reactor;
  timer->func = func;
  timer->deadline_usec = MAX (deadline_usec, reactor->now_usec);
  timer->sequence = ++reactor->n_timer_starts;
  usher_timer_heap_add (&reactor->timers, timer);

  arm_no_later_than (reactor, timer->deadline_usec);
}

void
usher_timer_stop (UsherTimer *timer)
{
  UsherReactor *reactor = g_steal_pointer (&timer->reactor);

  if (reactor != NULL)
    usher_timer_heap_remove (&reactor->timers, timer);
}

gboolean
usher_timer_is_started (const UsherTimer *timer)
{
  return timer->reactor != NULL;
}
