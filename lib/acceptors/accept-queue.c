/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/accept-queue-private.h"

#include <glib/gstdio.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>

/* TCP. */

static gint64
read_drops (int fd)
{
  guint32 info[SK_MEMINFO_VARS] = { 0 };
  socklen_t length = sizeof info;

  if (getsockopt (fd, SOL_SOCKET, SO_MEMINFO, info, &length) != 0 || length <= SK_MEMINFO_DROPS * sizeof info[0])
    return -1;

  return info[SK_MEMINFO_DROPS];
}

/* For a socket that listens the kernel keeps the queue's figures in fields that mean something else
 * for a connection. */
static UsherAcceptQueue
read_tcp (int fd)
{
  UsherAcceptQueue queue = USHER_ACCEPT_QUEUE_UNKNOWN;
  struct tcp_info info = { 0 };
  socklen_t length = sizeof info;

  if (getsockopt (fd, IPPROTO_TCP, TCP_INFO, &info, &length) != 0)
    return queue;

  queue.depth = info.tcpi_unacked;
  queue.limit = info.tcpi_sacked;
  queue.n_dropped = read_drops (fd);
  return queue;
}

/* Unix. The kernel tells it over netlink only, see sock_diag(7). */

typedef struct
{
  struct nlmsghdr header;
  struct unix_diag_req request;
} DiagRequest;

typedef union
{
  struct nlmsghdr header;
  char bytes[1024];
} DiagAnswer;

static gboolean
ask (int netlink_fd,
     ino_t inode,
     DiagAnswer *answer)
{
  const DiagRequest question = {
    .header = {
        .nlmsg_len = sizeof question,
        .nlmsg_type = SOCK_DIAG_BY_FAMILY,
        .nlmsg_flags = NLM_F_REQUEST,
    },
    .request = {
        .sdiag_family = AF_UNIX,
        .udiag_states = G_MAXUINT32,
        .udiag_ino = inode,
        .udiag_show = UDIAG_SHOW_RQLEN,
        .udiag_cookie = { G_MAXUINT32, G_MAXUINT32 },
    },
  };
  gssize n;

  if (send (netlink_fd, &question, sizeof question, 0) != sizeof question)
    return FALSE;

  n = recv (netlink_fd, answer, sizeof *answer, MSG_DONTWAIT);
  return n > 0 && NLMSG_OK (&answer->header, (guint32) n) && answer->header.nlmsg_type == SOCK_DIAG_BY_FAMILY;
}

static UsherAcceptQueue
parse_answer (DiagAnswer *answer)
{
  UsherAcceptQueue queue = USHER_ACCEPT_QUEUE_UNKNOWN;
  struct unix_diag_msg *message = NLMSG_DATA (&answer->header);
  int length = (int) answer->header.nlmsg_len - (int) NLMSG_LENGTH (sizeof *message);
  struct rtattr *attribute = (struct rtattr *) (message + 1);

  for (; RTA_OK (attribute, length); attribute = RTA_NEXT (attribute, length))
    if (attribute->rta_type == UNIX_DIAG_RQLEN)
      {
        struct unix_diag_rqlen *figures = RTA_DATA (attribute);

        queue.depth = figures->udiag_rqueue;
        queue.limit = figures->udiag_wqueue;
      }

  return queue;
}

static UsherAcceptQueue
read_unix (int fd)
{
  UsherAcceptQueue queue = USHER_ACCEPT_QUEUE_UNKNOWN;
  DiagAnswer answer = { 0 };
  struct stat status;
  int netlink_fd;

  if (fstat (fd, &status) != 0)
    return queue;

  netlink_fd = socket (AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  if (netlink_fd < 0)
    return queue;

  if (ask (netlink_fd, status.st_ino, &answer))
    queue = parse_answer (&answer);
  g_close (netlink_fd, NULL);
  return queue;
}

UsherAcceptQueue
usher_accept_queue_read (int fd)
{
  int family = AF_UNSPEC;
  socklen_t length = sizeof family;

  if (fd < 0 || getsockopt (fd, SOL_SOCKET, SO_DOMAIN, &family, &length) != 0)
    return (UsherAcceptQueue) USHER_ACCEPT_QUEUE_UNKNOWN;

  return family == AF_UNIX ? read_unix (fd) : read_tcp (fd);
}

/* Judging. */

void
usher_pressure_reset (UsherPressure *self,
                      const UsherAcceptQueue *queue)
{
  self->is_high = FALSE;
  self->n_dropped = MAX (queue->n_dropped, 0);
}

/* In a hundredth of a connection, against rounding. */
static gboolean
reaches (const UsherAcceptQueue *queue,
         double percent)
{
  return queue->depth >= 0 && queue->limit >= 0 && queue->depth * 100.0 >= queue->limit * percent;
}

gboolean
usher_pressure_judge (UsherPressure *self,
                      const UsherAcceptQueue *queue,
                      guint *n_dropped)
{
  gboolean was_high = self->is_high;

  *n_dropped = queue->n_dropped >= 0 ? (guint32) queue->n_dropped - self->n_dropped : 0;
  self->n_dropped += *n_dropped;
  self->is_high = reaches (queue, was_high ? self->watermark / 2.0 : self->watermark);

  return (self->is_high && !was_high) || *n_dropped > 0;
}
