/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <gio/gio.h>
#include <sys/epoll.h>

#include "runtime/hunch-private.h"

G_BEGIN_DECLS

/* One GSource for everything that Usher waits for in one GMainContext: descriptors, in one epoll
 * set; deadlines, in one heap; messages from other threads, in one queue. What is waited for is
 * embedded in its owner, so that waiting allocates nothing.
 *
 * Every callback may do anything: remove any watch, stop any timer, free its own owner, drop the
 * last reference on the reactor, iterate the context. */
typedef struct _UsherReactor UsherReactor;
typedef struct _UsherStackPool UsherStackPool;
typedef struct _UsherWatch UsherWatch;
typedef struct _UsherTimer UsherTimer;
typedef struct _UsherMessage UsherMessage;

typedef void (*UsherWatchFunc) (UsherWatch *watch,
                                guint32 events);
typedef void (*UsherTimerFunc) (UsherTimer *timer);
typedef void (*UsherMessageFunc) (UsherMessage *message);

/* What a watch, a timer or a message is embedded in. */
#define USHER_OWNER(type, member, pointer) ((type *) G_STRUCT_MEMBER_P (pointer, -G_STRUCT_OFFSET (type, member)))

/* A descriptor's registration. Zero-initialise it; then it is not added. */
struct _UsherWatch
{
  UsherReactor *reactor; /* (unowned) (nullable): NULL while not added */
  UsherWatchFunc func;
  UsherWatch *previous; /* (unowned) (nullable): in the queue of ready watches */
  UsherWatch *next;     /* (unowned) (nullable) */
  int fd;
  guint generation;          /* tells it from those that had the same descriptor before */
  guint32 ready_events : 31; /* EPOLL*, not dispatched yet; 0 while not in the queue */
  guint32 is_patient : 1;
  int is_disarmed; /* (atomic) */
};

/* A deadline. Zero-initialise it; then it is not started. */
struct _UsherTimer
{
  UsherReactor *reactor; /* (unowned) (nullable): NULL while not started */
  UsherTimerFunc func;
  gint64 deadline_usec;
  guint64 sequence; /* equal deadlines fire in the order in which they were started */
  guint index;      /* in the heap */
};

/* A call in the reactor's context. Zero-initialise it; it can be posted again once it runs. */
struct _UsherMessage
{
  UsherMessageFunc func;
  UsherMessage *next; /* (unowned) (nullable) */
};

typedef enum
{
  USHER_HUNCH_HAS_SPOKEN,  /* who has connected has sent something by the time it is served */
  USHER_HUNCH_SPEAKS_SOON, /* who has nothing to say has before the others are served */
} UsherHunchKind;

#define USHER_N_HUNCHES (USHER_HUNCH_SPEAKS_SOON + 1)

/* Any thread. Never fails: the epoll descriptor is made with the first watch. */
UsherReactor *usher_reactor_ref_for_context (GMainContext *context);
/* That of the caller's thread-default context. */
UsherReactor *usher_reactor_ref_for_caller (void);
/* Whether it is that one: for those who nearly always have it already. */
gboolean usher_reactor_is_for_caller (UsherReactor *self);
UsherReactor *usher_reactor_ref (UsherReactor *self);
void usher_reactor_unref (UsherReactor *self);
GMainContext *usher_reactor_get_context (UsherReactor *self);
/* (transfer none): what the reactor's peers have taught it. */
UsherHunch *usher_reactor_get_hunch (UsherReactor *self,
                                     UsherHunchKind kind);
/* (transfer none): the stacks of its fibers. */
UsherStackPool *usher_reactor_get_stack_pool (UsherReactor *self);

/* Any thread: whether the calling thread owns the reactor's context now. */
gboolean usher_reactor_is_current (UsherReactor *self);
/* Any thread: whether the reactor has called the caller, or whoever called that. It is cheaper to know. */
gboolean usher_reactor_is_dispatching (UsherReactor *self);

/* Any thread: whether another one iterates the context, so that nothing that belongs there may be done
 * here. Complains if that is so, in the name of `function`. `self` is (nullable): NULL is nowhere. */
gboolean usher_reactor_is_elsewhere (UsherReactor *self,
                                     const char *function);

/* For public functions, behind g_return_if_fail(). */
#define usher_return_if_elsewhere(reactor)                 \
  G_STMT_START                                             \
  {                                                        \
    if (usher_reactor_is_elsewhere ((reactor), G_STRFUNC)) \
      return;                                              \
  }                                                        \
  G_STMT_END
#define usher_return_val_if_elsewhere(reactor, value)      \
  G_STMT_START                                             \
  {                                                        \
    if (usher_reactor_is_elsewhere ((reactor), G_STRFUNC)) \
      return (value);                                      \
  }                                                        \
  G_STMT_END

/* Any thread. The message's owner keeps it alive until it has run; the message keeps the reactor.
 * One that is posted while messages run waits for the next dispatch. */
void usher_reactor_post (UsherReactor *self,
                         UsherMessage *message,
                         UsherMessageFunc func);

/* The rest: in the reactor's context, or while nobody iterates it. Whoever has added a watch or
 * started a timer has a reference on the reactor until it is removed or stopped. */

/* How often the reactor has been dispatched: what is ready in two dispatches in a row has never been
 * not ready. */
guint64 usher_reactor_get_n_dispatches (UsherReactor *self);

/* How many events are taken at a time. The rest waits for the next dispatch. */
#define USHER_MAX_EVENTS 256
/* What epoll says, for the dispatch that comes next. */
void usher_reactor_take_events (UsherReactor *self,
                                const struct epoll_event *events,
                                int n_events);

/* `events` are EPOLL*, EPOLLET among them if wanted. What is told may be stale by then, if another
 * callback came first: EAGAIN is no surprise. The error is G_IO_ERROR, from errno. */
gboolean usher_watch_add (UsherWatch *watch,
                          UsherReactor *reactor,
                          int fd,
                          guint32 events,
                          UsherWatchFunc func,
                          GError **error);
/* It is dispatched after all others that are ready. */
void usher_watch_set_patient (UsherWatch *watch);
/* Before the descriptor is closed. Harmless if not added; its callback does not run any more. */
void usher_watch_remove (UsherWatch *watch);
/* Instead, if the descriptor is closed next and is not duplicated: the kernel then forgets it by itself,
 * which saves a system call. A process that was forked meanwhile may keep it alive for a while; what
 * is told of it then is ignored. Only with EPOLLET, lest that is told all the time. */
void usher_watch_forget (UsherWatch *watch);
/* Any thread, if the owner lets nobody add or remove the watch meanwhile. The descriptor is not watched
 * any more, and may be closed; the watch is still to be removed, and its callback may still run. */
void usher_watch_disarm (UsherWatch *watch);
gboolean usher_watch_is_added (const UsherWatch *watch);

/* Starts, or moves, the timer. It is stopped when its callback runs. A deadline in the past counts
 * as now; one that is started while timers run waits for the next dispatch, even if it is due. */
void usher_timer_start (UsherTimer *timer,
                        UsherReactor *reactor,
                        gint64 deadline_usec,
                        UsherTimerFunc func);
/* Harmless if not started; its callback does not run any more. */
void usher_timer_stop (UsherTimer *timer);
gboolean usher_timer_is_started (const UsherTimer *timer);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsherReactor, usher_reactor_unref)

G_END_DECLS
