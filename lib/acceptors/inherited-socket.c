/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/inherited-socket-private.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "acceptors/activation-private.h"
#include "usher/error.h"

#define FD_SCHEME "fd:"
#define SYSTEMD_SCHEME "systemd:"

static GMutex lock;
static GHashTable *taken; /* (owned) (nullable) (element-type int) (locked-by lock) */

gboolean
usher_inherited_socket_is_meant (const char *address)
{
  return g_str_has_prefix (address, FD_SCHEME) || g_str_has_prefix (address, SYSTEMD_SCHEME);
}

static gboolean G_GNUC_PRINTF (3, 4)
    refuse (GError **error,
            UsherError code,
            const char *format,
            ...)
{
  va_list args;

  va_start (args, format);
  if (error != NULL)
    *error = g_error_new_valist (USHER_ERROR, code, format, args);
  va_end (args);

  return FALSE;
}

static gboolean
parse_fd (const char *text,
          int *fd,
          GError **error)
{
  guint64 value;

  if (!g_ascii_string_to_unsigned (text, 10, 0, G_MAXINT, &value, NULL))
    return refuse (error, USHER_ERROR_INVALID_ADDRESS,
                   "“%s” is not the number of a descriptor; write for instance fd:3, the first one that systemd passes", text);

  *fd = value;
  return TRUE;
}

static gboolean
check_name (const char *name,
            GError **error)
{
  return name[0] != '\0' ||
         refuse (error, USHER_ERROR_INVALID_ADDRESS,
                 "the name is missing; write systemd:NAME, with FileDescriptorName= of the socket unit, "
                 "which is the unit's own name if nothing else is said, as in systemd:example.socket");
}

gboolean
usher_inherited_socket_check (const char *address,
                              GError **error)
{
  int fd;

  return g_str_has_prefix (address, FD_SCHEME) ? parse_fd (address + strlen (FD_SCHEME), &fd, error)
                                               : check_name (address + strlen (SYSTEMD_SCHEME), error);
}

static GArray *
find_systemd (const char *name,
              GError **error)
{
  g_auto (GStrv) environment = g_get_environ ();

  return check_name (name, error) ? usher_activation_find (environment, getpid (), name, error) : NULL;
}

GArray *
usher_inherited_socket_find (const char *address,
                             GError **error)
{
  GArray *fds;
  int fd;

  if (!g_str_has_prefix (address, FD_SCHEME))
    return find_systemd (address + strlen (SYSTEMD_SCHEME), error);
  if (!parse_fd (address + strlen (FD_SCHEME), &fd, error))
    return NULL;

  fds = g_array_new (FALSE, FALSE, sizeof fd);
  g_array_append_val (fds, fd);
  return fds;
}

static gboolean
claim (int fd,
       GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lock);

  if (taken == NULL)
    taken = g_hash_table_new (NULL, NULL);

  return g_hash_table_add (taken, GINT_TO_POINTER (fd)) ||
         refuse (error, USHER_ERROR_INVALID_ARGUMENT,
                 "another listen socket has taken descriptor %d; give the same listen socket to both pools", fd);
}

int
usher_inherited_socket_take (const char *address,
                             GError **error)
{
  g_autoptr (GArray) fds = usher_inherited_socket_find (address, error);
  int fd;

  if (fds == NULL)
    return -1;
  if (fds->len > 1)
    {
      refuse (error, USHER_ERROR_INVALID_ARGUMENT,
              "systemd has passed %u sockets of that name; make all of them with usher_listen_sockets_new_for_address (), "
              "or give them names of their own (FileDescriptorName=)",
              fds->len);
      return -1;
    }

  fd = g_array_index (fds, int, 0);
  if (!claim (fd, error))
    return -1;
  if (usher_inherited_socket_check_fd (fd, TRUE, error))
    return fd;

  usher_inherited_socket_release (fd);
  return -1;
}

void
usher_inherited_socket_release (int fd)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lock);

  if (taken != NULL && g_hash_table_remove (taken, GINT_TO_POINTER (fd)) && g_hash_table_size (taken) == 0)
    g_clear_pointer (&taken, g_hash_table_unref);
}

/* Descriptors. */

/* `value` stays as it is if the kernel does not say. */
static gboolean
ask (int fd,
     int option,
     int *value)
{
  socklen_t length = sizeof *value;

  return getsockopt (fd, SOL_SOCKET, option, value, &length) == 0;
}

static gboolean
is_of_known_family (int fd)
{
  int family = AF_UNSPEC;

  ask (fd, SO_DOMAIN, &family);
  return family == AF_INET || family == AF_INET6 || family == AF_UNIX;
}

static gboolean
is_bound (int fd)
{
  struct sockaddr_storage address;
  socklen_t length = sizeof address;

  if (getsockname (fd, (struct sockaddr *) &address, &length) != 0)
    return FALSE;
  if (address.ss_family == AF_UNIX)
    return length > sizeof address.ss_family;

  /* The port is at the same place for both versions of IP. */
  return ((struct sockaddr_in *) &address)->sin_port != 0;
}

static gboolean
is_connected (int fd)
{
  struct sockaddr_storage address;
  socklen_t length = sizeof address;

  return getpeername (fd, (struct sockaddr *) &address, &length) == 0;
}

gboolean
usher_inherited_socket_listens (int fd)
{
  int listens = FALSE;

  ask (fd, SO_ACCEPTCONN, &listens);
  return listens;
}

static gboolean
check_listens (int fd,
               gboolean has_to_listen,
               GError **error)
{
  if (usher_inherited_socket_listens (fd))
    return TRUE;
  if (is_connected (fd))
    return refuse (error, USHER_ERROR_INVALID_ARGUMENT,
                   "descriptor %d is a connection; pass the socket that listens: systemd does with Accept=no", fd);
  if (has_to_listen)
    return refuse (error, USHER_ERROR_INVALID_ARGUMENT,
                   "descriptor %d is a socket that does not listen; who passes it has to call listen() first", fd);

  return is_bound (fd) ||
         refuse (error, USHER_ERROR_INVALID_ARGUMENT,
                 "the socket has no address; bind it first, with g_socket_bind ()");
}

gboolean
usher_inherited_socket_check_fd (int fd,
                                 gboolean has_to_listen,
                                 GError **error)
{
  int type = 0;

  if (fcntl (fd, F_GETFD) < 0)
    return refuse (error, USHER_ERROR_INVALID_ARGUMENT,
                   "there is no descriptor %d; who starts this process has to pass it, without FD_CLOEXEC", fd);
  if (!ask (fd, SO_TYPE, &type))
    return refuse (error, USHER_ERROR_INVALID_ARGUMENT,
                   "descriptor %d is no socket; pass a stream socket that listens", fd);
  if (type != SOCK_STREAM)
    return refuse (error, USHER_ERROR_INVALID_ARGUMENT,
                   "descriptor %d is a socket, but not a stream socket; pass one that is: systemd does for ListenStream=", fd);
  if (!is_of_known_family (fd))
    return refuse (error, USHER_ERROR_INVALID_ARGUMENT,
                   "descriptor %d is neither a TCP nor a Unix socket; pass one that is", fd);

  return check_listens (fd, has_to_listen, error);
}

int
usher_inherited_socket_prepare (int fd)
{
  int descriptor_flags = fcntl (fd, F_GETFD);
  int status_flags = fcntl (fd, F_GETFL);

  if (descriptor_flags < 0 || status_flags < 0 ||
      fcntl (fd, F_SETFD, descriptor_flags | FD_CLOEXEC) != 0 ||
      fcntl (fd, F_SETFL, status_flags | O_NONBLOCK) != 0)
    return errno;

  return 0;
}
