/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/kernel-socket-private.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "acceptors/inherited-socket-private.h"
#include "acceptors/listen-address-private.h"
#include "usher/error.h"

#define RAISE_OWN_LIMIT "raise the limit of this process (RLIMIT_NOFILE)"
#define RAISE_SYSTEM_LIMIT "raise the limit of the system (fs.file-max)"

typedef union
{
  struct sockaddr any;
  struct sockaddr_in ipv4;
  struct sockaddr_in6 ipv6;
  struct sockaddr_un local;
  struct sockaddr_storage storage;
} NativeAddress;

typedef struct
{
  NativeAddress native;
  socklen_t length;
  int backlog;
  UsherUnixGrant grant;
  const char *bad_property;              /* (nullable): the option that the kernel does not take */
  const UsherUnixAccess *refused_access; /* (nullable): the access that it does not grant */
} Target;

/* What to do about an errno; NULL if all is said. */
static const struct
{
  const char *tcp;
  const char *local;
  const char *abstract; /* if it is another than for a path */
} remedies[] = {
  [EACCES] = {
      .tcp = "this process may not use the port; give it CAP_NET_BIND_SERVICE, "
             "or choose a port from net.ipv4.ip_unprivileged_port_start on",
      .local = "this process has to be allowed to read and to write the directory",
  },
  [EADDRINUSE] = {
      .tcp = "something already listens on that port; stop it, or choose another port; 0 lets the kernel choose",
      .local = "something already listens on that path; stop it, or choose another path",
      .abstract = "something already listens on that name; stop it, or choose another name",
  },
  [EADDRNOTAVAIL] = {
      .tcp = "choose one that “ip address” prints, or [::] for all of them",
  },
  [EAFNOSUPPORT] = {
      .tcp = "this machine does not have that version of IP; choose the other one, as in tcp://0.0.0.0:7000",
      .local = "this process may not use Unix sockets; choose a TCP address",
  },
  [EEXIST] = {
      .local = "what is there is no socket, so it is left alone; remove it, or choose another path",
  },
  [EMFILE] = { .tcp = RAISE_OWN_LIMIT, .local = RAISE_OWN_LIMIT },
  [ENFILE] = { .tcp = RAISE_SYSTEM_LIMIT, .local = RAISE_SYSTEM_LIMIT },
  [ENODEV] = { .tcp = "choose an interface that “ip link” prints" },
  [ENOENT] = { .local = "its directory does not exist; create it, or choose another path" },
  [ENOTDIR] = { .local = "correct the path" },
  [EROFS] = { .local = "choose a path on another one" },
};

/* An abstract name begins with a zero. */
static gboolean
is_path (const Target *target)
{
  return target->native.any.sa_family == AF_UNIX && target->native.local.sun_path[0] != '\0';
}

static const char *
find_remedy (const Target *target,
             int errsv)
{
  if (errsv >= (int) G_N_ELEMENTS (remedies))
    return NULL;
  if (target->native.any.sa_family != AF_UNIX)
    return remedies[errsv].tcp;

  return is_path (target) || remedies[errsv].abstract == NULL ? remedies[errsv].local : remedies[errsv].abstract;
}

static char *
explain (const Target *target,
         int errsv)
{
  const char *remedy = find_remedy (target, errsv);

  if (target->bad_property != NULL)
    return g_strdup_printf ("%s; the kernel does not take the value of the property “%s”, choose another one, or leave it alone",
                            g_strerror (errsv), target->bad_property);
  if (target->refused_access != NULL)
    return usher_unix_access_explain (target->refused_access, errsv);
  if (remedy != NULL)
    return g_strdup_printf ("%s; %s", g_strerror (errsv), remedy);

  return g_strdup (g_strerror (errsv));
}

static GError *
make_error (const char *address,
            const Target *target,
            int errsv)
{
  g_autofree char *message = explain (target, errsv);
  GError *error = g_error_new_literal (G_IO_ERROR, g_io_error_from_errno (errsv), message);

  usher_listen_address_prefix_error (error, address);
  return error;
}

static gboolean
target_init (Target *target,
             const char *address,
             int backlog,
             GError **error)
{
  g_autoptr (GSocketAddress) parsed = usher_listen_address_parse (address, error);

  if (parsed == NULL)
    return FALSE;

  target->length = g_socket_address_get_native_size (parsed);
  target->backlog = backlog;
  return g_socket_address_to_native (parsed, &target->native, sizeof target->native, error);
}

/* The rest returns 0 or an errno. */

static int
set_options (UsherKernelSocket *self,
             Target *target)
{
  const int yes = 1;

  if (target->native.any.sa_family == AF_UNIX)
    return 0;
  if (setsockopt (self->fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0)
    return errno;

  return usher_socket_options_apply (&self->options, self->fd, target->native.any.sa_family, &target->bad_property);
}

int
usher_kernel_socket_set_backlog (UsherKernelSocket *self,
                                 int backlog)
{
  return listen (self->fd, backlog) == 0 ? 0 : errno;
}

static int
bind_and_listen (UsherKernelSocket *self,
                 const Target *target)
{
  if (bind (self->fd, &target->native.any, target->length) != 0)
    return errno;

  return usher_kernel_socket_set_backlog (self, target->backlog);
}

static int
bind_path (UsherKernelSocket *self,
           const Target *target)
{
  int errsv = bind (self->fd, &target->native.any, target->length) == 0 ? 0 : errno;

  if (errsv == EADDRINUSE)
    {
      errsv = usher_unix_path_reclaim (&self->path, &target->native.any, target->length);
      if (errsv == 0 && bind (self->fd, &target->native.any, target->length) != 0)
        errsv = errno;
    }

  return errsv != 0 ? errsv : usher_unix_path_own (&self->path);
}

static gboolean
is_granted_as_it_is (const UsherUnixAccess *access)
{
  return access->mode < 0 && access->user == NULL && access->group == NULL;
}

static int
grant_access (UsherKernelSocket *self,
              Target *target)
{
  int errsv = is_granted_as_it_is (&self->access) ? 0 : usher_unix_path_grant (&self->path, &target->grant);

  if (errsv != 0)
    target->refused_access = &self->access;

  return errsv;
}

/* Until it listens it looks like a stale one, so it has to listen before the lock is given back. */
static int
bind_path_and_listen (UsherKernelSocket *self,
                      Target *target)
{
  int errsv = usher_unix_path_lock (&self->path, target->native.local.sun_path);

  if (errsv == 0)
    errsv = bind_path (self, target);
  if (errsv == 0)
    errsv = grant_access (self, target);
  if (errsv == 0)
    errsv = usher_kernel_socket_set_backlog (self, target->backlog);
  if (errsv == 0)
    usher_unix_path_unlock (&self->path);

  return errsv;
}

static int
read_local_address (UsherKernelSocket *self,
                    Target *target)
{
  g_autoptr (GSocketAddress) address = NULL;

  target->length = sizeof target->native;
  if (getsockname (self->fd, &target->native.any, &target->length) != 0)
    return errno;

  address = g_socket_address_new_from_native (&target->native, target->length);
  self->local_address = usher_listen_address_format (address);
  return 0;
}

static int
open_target (UsherKernelSocket *self,
             Target *target)
{
  int errsv;

  self->fd = socket (target->native.any.sa_family, self->type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (self->fd < 0)
    return errno;

  errsv = set_options (self, target);
  if (errsv == 0)
    errsv = is_path (target) ? bind_path_and_listen (self, target) : bind_and_listen (self, target);

  return errsv != 0 ? errsv : read_local_address (self, target);
}

static gboolean
resolve_access (UsherKernelSocket *self,
                const char *address,
                Target *target,
                GError **error)
{
  g_autoptr (GError) local_error = NULL;

  if (!is_path (target) || usher_unix_access_resolve (&self->access, &target->grant, &local_error))
    return TRUE;

  usher_listen_address_prefix_error (local_error, address);
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

static gboolean
open_address (UsherKernelSocket *self,
              const char *address,
              int backlog,
              GError **error)
{
  Target target = { 0 };
  int errsv;

  if (!target_init (&target, address, backlog, error) || !resolve_access (self, address, &target, error))
    return FALSE;

  errsv = open_target (self, &target);
  if (errsv != 0)
    g_propagate_error (error, make_error (address, &target, errsv));

  return errsv == 0;
}

/* Several on the same port. */

UsherSharedPort *
usher_shared_port_new (void)
{
  return g_atomic_rc_box_new0 (UsherSharedPort);
}

void
usher_kernel_socket_share_port (UsherKernelSocket *self,
                                UsherSharedPort *port)
{
  self->shared_port = g_atomic_rc_box_acquire (port);
}

static guint
get_local_port (UsherKernelSocket *self)
{
  return strtoul (strrchr (self->local_address, ':') + 1, NULL, 10);
}

static gboolean
open_shared_port (UsherKernelSocket *self,
                  const char *address,
                  int backlog,
                  GError **error)
{
  g_autofree char *with_port = usher_listen_address_set_port (address, g_atomic_int_get (self->shared_port));

  if (!open_address (self, with_port, backlog, error))
    return FALSE;

  g_atomic_int_set (self->shared_port, get_local_port (self));
  return TRUE;
}

/* Given ones. */

static int
find_given (UsherKernelSocket *self,
            const char *address,
            GError **error)
{
  if (!self->is_given)
    return usher_inherited_socket_take (address, error);
  if (self->given_fd >= 0)
    return g_steal_fd (&self->given_fd);

  g_set_error_literal (error, USHER_ERROR, USHER_ERROR_CLOSED,
                       "the socket was made elsewhere, and is closed by now; make a new listen socket of a new one");
  return -1;
}

static int
prepare_given (UsherKernelSocket *self,
               Target *target)
{
  int errsv = usher_inherited_socket_prepare (self->fd);

  if (errsv == 0)
    errsv = read_local_address (self, target);
  if (errsv == 0 && target->native.any.sa_family != AF_UNIX)
    errsv = usher_socket_options_apply_bound (&self->options, self->fd, &target->bad_property);
  if (errsv == 0 && !usher_inherited_socket_listens (self->fd))
    errsv = usher_kernel_socket_set_backlog (self, target->backlog);

  return errsv;
}

static gboolean
open_given (UsherKernelSocket *self,
            const char *address,
            int backlog,
            GError **error)
{
  g_autoptr (GError) given_error = NULL;
  Target target = { .backlog = backlog };
  int errsv;

  self->fd = find_given (self, address, &given_error);
  if (self->fd < 0)
    {
      usher_listen_address_prefix_error (given_error, address);
      g_propagate_error (error, g_steal_pointer (&given_error));
      return FALSE;
    }

  self->is_given = TRUE;
  errsv = prepare_given (self, &target);
  if (errsv == 0)
    return TRUE;

  g_propagate_error (error, make_error (address, &target, errsv));
  return FALSE;
}

void
usher_kernel_socket_give (UsherKernelSocket *self,
                          int fd)
{
  self->is_given = TRUE;
  self->given_fd = fd;
}

/* All of them. */

static gboolean
open_any (UsherKernelSocket *self,
          const char *address,
          int backlog,
          GError **error)
{
  if (self->is_given || usher_inherited_socket_is_meant (address))
    return open_given (self, address, backlog, error);
  if (self->shared_port != NULL)
    return open_shared_port (self, address, backlog, error);

  return open_address (self, address, backlog, error);
}

gboolean
usher_kernel_socket_open (UsherKernelSocket *self,
                          const char *address,
                          int backlog,
                          GError **error)
{
  if (open_any (self, address, backlog, error))
    return TRUE;

  usher_kernel_socket_undo_open (self);
  return FALSE;
}

void
usher_kernel_socket_undo_open (UsherKernelSocket *self)
{
  if (self->is_given && self->fd >= 0)
    self->given_fd = g_steal_fd (&self->fd);
  usher_kernel_socket_close (self);
}

gboolean
usher_kernel_socket_is_tcp (UsherKernelSocket *self)
{
  return g_str_has_prefix (self->local_address, "tcp:");
}

void
usher_kernel_socket_disown (UsherKernelSocket *self)
{
  self->is_disowned = TRUE;
  self->path.is_owned = FALSE;
}

/* If it fails, nobody removes the path at the end, and the next one to bind it reclaims it. */
static void
adopt_path (UsherKernelSocket *self,
            const UsherUnixFile *file)
{
  Target target = { .native.storage = { 0 }, .length = sizeof target.native };

  if (getsockname (self->fd, &target.native.any, &target.length) == 0 && is_path (&target))
    usher_unix_path_adopt (&self->path, target.native.local.sun_path, file);
}

void
usher_kernel_socket_adopt (UsherKernelSocket *self,
                           const UsherUnixFile *file)
{
  self->is_given = FALSE;
  if (!usher_kernel_socket_is_tcp (self))
    adopt_path (self, file);
}

gboolean
usher_kernel_socket_is_exclusive (UsherKernelSocket *self)
{
  return !self->is_given && !self->is_disowned;
}

void
usher_kernel_socket_refuse_more (UsherKernelSocket *self)
{
  if (!usher_kernel_socket_is_tcp (self))
    shutdown (self->fd, SHUT_RD);
}

static void
close_fd (int *fd)
{
  if (*fd < 0)
    return;

  usher_inherited_socket_release (*fd);
  g_close (*fd, NULL);
  *fd = -1;
}

void
usher_kernel_socket_close (UsherKernelSocket *self)
{
  usher_unix_path_release (&self->path);
  g_clear_pointer (&self->local_address, g_free);
  close_fd (&self->fd);
  self->is_disowned = FALSE;
}

void
usher_kernel_socket_clear (UsherKernelSocket *self)
{
  usher_kernel_socket_close (self);
  close_fd (&self->given_fd);
  usher_unix_access_clear (&self->access);
  g_clear_pointer (&self->shared_port, g_atomic_rc_box_release);
}
