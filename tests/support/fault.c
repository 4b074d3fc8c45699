/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "support/fault.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

typedef struct
{
  const char *name; /* the rest is locked by lock */
  guint n_calls;
  guint n_good;
  guint n_bad;
  int errno_value;
  void (*before) (gpointer data); /* (nullable) */
  gpointer before_data;
} Fault;

static GMutex lock;
static Fault faults[FAULT_LAST + 1] = {
  [FAULT_ACCEPT4] = { "accept4" },
  [FAULT_BIND] = { "bind" },
  [FAULT_CHMOD] = { "chmod" },
  [FAULT_EPOLL_CREATE1] = { "epoll_create1" },
  [FAULT_EPOLL_CTL] = { "epoll_ctl" },
  [FAULT_EVENTFD] = { "eventfd" },
  [FAULT_FCHOWNAT] = { "fchownat" },
  [FAULT_FCNTL] = { "fcntl" },
  [FAULT_GETPEERNAME] = { "getpeername" },
  [FAULT_GETSOCKNAME] = { "getsockname" },
  [FAULT_GETSOCKOPT] = { "getsockopt" },
  [FAULT_LISTEN] = { "listen" },
  [FAULT_MADVISE] = { "madvise" },
  [FAULT_MMAP] = { "mmap" },
  [FAULT_MPROTECT] = { "mprotect" },
  [FAULT_OPENAT] = { "openat" },
  [FAULT_PTHREAD_CREATE] = { "pthread_create" },
  [FAULT_RECV] = { "recv" },
  [FAULT_SEND] = { "send" },
  [FAULT_SENDMSG] = { "sendmsg" },
  [FAULT_SETSOCKOPT] = { "setsockopt" },
  [FAULT_SOCKET] = { "socket" },
  [FAULT_TIMERFD_CREATE] = { "timerfd_create" },
  [FAULT_TIMERFD_SETTIME] = { "timerfd_settime" },
};

void
fault_inject (FaultCall call,
              guint n_good,
              guint n_bad,
              int errno_value)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lock);

  faults[call].n_good = n_good;
  faults[call].n_bad = n_bad;
  faults[call].errno_value = errno_value;
}

void
fault_precede (FaultCall call,
               void (*func) (gpointer data),
               gpointer data)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lock);

  faults[call].before = func;
  faults[call].before_data = data;
}

void
fault_clear (void)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lock);

  for (guint i = 0; i < G_N_ELEMENTS (faults); i++)
    faults[i] = (Fault){ .name = faults[i].name };
}

guint
fault_get_n_calls (FaultCall call)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lock);

  return faults[call].n_calls;
}

/* What the call has to fail with, or 0. */
static int
next_errno (FaultCall call)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lock);
  Fault *fault = &faults[call];

  fault->n_calls++;

  if (fault->n_bad == 0)
    return 0;

  if (fault->n_good > 0)
    {
      fault->n_good--;
      return 0;
    }

  if (fault->n_bad != FAULT_FOREVER)
    fault->n_bad--;

  return fault->errno_value;
}

static void
run_before (FaultCall call)
{
  void (*before) (gpointer data);
  gpointer data;

  g_mutex_lock (&lock);
  before = g_steal_pointer (&faults[call].before);
  data = faults[call].before_data;
  g_mutex_unlock (&lock);

  if (before != NULL)
    before (data);
}

static gboolean
fails (FaultCall call)
{
  int errno_value;

  run_before (call);
  errno_value = next_errno (call);

  if (errno_value != 0)
    errno = errno_value;

  return errno_value != 0;
}

/* The function of the C library, behind the one of the same name below. */
#define REAL(call, function) ((__typeof__ (function) *) find_real (call))

static gpointer
find_real (FaultCall call)
{
  gpointer real = dlsym (RTLD_NEXT, faults[call].name);

  g_assert_nonnull (real);

  return real;
}

int
accept4 (int fd,
         __SOCKADDR_ARG address,
         socklen_t *length,
         int flags)
{
  return fails (FAULT_ACCEPT4) ? -1 : REAL (FAULT_ACCEPT4, accept4) (fd, address, length, flags);
}

int
bind (int fd,
      __CONST_SOCKADDR_ARG address,
      socklen_t length)
{
  return fails (FAULT_BIND) ? -1 : REAL (FAULT_BIND, bind) (fd, address, length);
}

int
chmod (const char *path,
       mode_t mode)
{
  return fails (FAULT_CHMOD) ? -1 : REAL (FAULT_CHMOD, chmod) (path, mode);
}

int
epoll_create1 (int flags)
{
  return fails (FAULT_EPOLL_CREATE1) ? -1 : REAL (FAULT_EPOLL_CREATE1, epoll_create1) (flags);
}

/* The kernel always lets a descriptor go that it has. */
int
epoll_ctl (int epoll_fd,
           int operation,
           int fd,
           struct epoll_event *event)
{
  gboolean may_fail = operation != EPOLL_CTL_DEL;

  return may_fail && fails (FAULT_EPOLL_CTL) ? -1 : REAL (FAULT_EPOLL_CTL, epoll_ctl) (epoll_fd, operation, fd, event);
}

int
eventfd (unsigned int value,
         int flags)
{
  return fails (FAULT_EVENTFD) ? -1 : REAL (FAULT_EVENTFD, eventfd) (value, flags);
}

int
fchownat (int directory_fd,
          const char *path,
          uid_t uid,
          gid_t gid,
          int flags)
{
  return fails (FAULT_FCHOWNAT) ? -1 : REAL (FAULT_FCHOWNAT, fchownat) (directory_fd, path, uid, gid, flags);
}

/* Every command's argument is a number or a pointer, or there is none. */
int
fcntl (int fd,
       int command,
       ...)
{
  va_list arguments;
  gpointer argument;

  va_start (arguments, command);
  argument = va_arg (arguments, gpointer);
  va_end (arguments);

  return fails (FAULT_FCNTL) ? -1 : REAL (FAULT_FCNTL, fcntl) (fd, command, argument);
}

int
getpeername (int fd,
             __SOCKADDR_ARG address,
             socklen_t *length)
{
  return fails (FAULT_GETPEERNAME) ? -1 : REAL (FAULT_GETPEERNAME, getpeername) (fd, address, length);
}

int
getsockname (int fd,
             __SOCKADDR_ARG address,
             socklen_t *length)
{
  return fails (FAULT_GETSOCKNAME) ? -1 : REAL (FAULT_GETSOCKNAME, getsockname) (fd, address, length);
}

int
getsockopt (int fd,
            int level,
            int name,
            void *value,
            socklen_t *length)
{
  return fails (FAULT_GETSOCKOPT) ? -1 : REAL (FAULT_GETSOCKOPT, getsockopt) (fd, level, name, value, length);
}

int
listen (int fd,
        int backlog)
{
  return fails (FAULT_LISTEN) ? -1 : REAL (FAULT_LISTEN, listen) (fd, backlog);
}

int
madvise (void *address,
         size_t length,
         int advice)
{
  return fails (FAULT_MADVISE) ? -1 : REAL (FAULT_MADVISE, madvise) (address, length, advice);
}

void *
mmap (void *address,
      size_t length,
      int protection,
      int flags,
      int fd,
      off_t offset)
{
  if (fails (FAULT_MMAP))
    return MAP_FAILED;

  return REAL (FAULT_MMAP, mmap) (address, length, protection, flags, fd, offset);
}

int
mprotect (void *address,
          size_t length,
          int protection)
{
  return fails (FAULT_MPROTECT) ? -1 : REAL (FAULT_MPROTECT, mprotect) (address, length, protection);
}

int
openat (int directory_fd,
        const char *path,
        int flags,
        ...)
{
  va_list arguments;
  mode_t mode;

  va_start (arguments, flags);
  mode = va_arg (arguments, mode_t);
  va_end (arguments);

  return fails (FAULT_OPENAT) ? -1 : REAL (FAULT_OPENAT, openat) (directory_fd, path, flags, mode);
}

/* Returns its error instead of setting errno. */
int
pthread_create (pthread_t *thread,
                const pthread_attr_t *attributes,
                void *(*func) (void *),
                void *data)
{
  int errno_value = next_errno (FAULT_PTHREAD_CREATE);

  if (errno_value != 0)
    return errno_value;

  return REAL (FAULT_PTHREAD_CREATE, pthread_create) (thread, attributes, func, data);
}

ssize_t
recv (int fd,
      void *buffer,
      size_t size,
      int flags)
{
  return fails (FAULT_RECV) ? -1 : REAL (FAULT_RECV, recv) (fd, buffer, size, flags);
}

ssize_t
send (int fd,
      const void *buffer,
      size_t size,
      int flags)
{
  return fails (FAULT_SEND) ? -1 : REAL (FAULT_SEND, send) (fd, buffer, size, flags);
}

ssize_t
sendmsg (int fd,
         const struct msghdr *message,
         int flags)
{
  return fails (FAULT_SENDMSG) ? -1 : REAL (FAULT_SENDMSG, sendmsg) (fd, message, flags);
}

int
setsockopt (int fd,
            int level,
            int name,
            const void *value,
            socklen_t length)
{
  return fails (FAULT_SETSOCKOPT) ? -1 : REAL (FAULT_SETSOCKOPT, setsockopt) (fd, level, name, value, length);
}

int
socket (int domain,
        int type,
        int protocol)
{
  return fails (FAULT_SOCKET) ? -1 : REAL (FAULT_SOCKET, socket) (domain, type, protocol);
}

int
timerfd_create (int clock,
                int flags)
{
  return fails (FAULT_TIMERFD_CREATE) ? -1 : REAL (FAULT_TIMERFD_CREATE, timerfd_create) (clock, flags);
}

int
timerfd_settime (int fd,
                 int flags,
                 const struct itimerspec *new_value,
                 struct itimerspec *old_value)
{
  return fails (FAULT_TIMERFD_SETTIME)
             ? -1
             : REAL (FAULT_TIMERFD_SETTIME, timerfd_settime) (fd, flags, new_value, old_value);
}
