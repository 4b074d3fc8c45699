/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

/* The loop of Tor and memcached, with what it offers for connections: bufferevents. */

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <glib.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

static void
on_read (struct bufferevent *connection, gpointer user_data)
{
  evbuffer_add_buffer (bufferevent_get_output (connection), bufferevent_get_input (connection));
}

static void
on_event (struct bufferevent *connection, short events, gpointer user_data)
{
  bufferevent_free (connection);
}

static void
on_connection (struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address,
               int length, gpointer user_data)
{
  struct bufferevent *connection =
      bufferevent_socket_new (evconnlistener_get_base (listener), fd, BEV_OPT_CLOSE_ON_FREE);

  bufferevent_setcb (connection, on_read, NULL, on_event, NULL);
  bufferevent_enable (connection, EV_READ | EV_WRITE);
}

int
main (void)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t length = sizeof address;
  struct event_base *base = event_base_new ();
  struct evconnlistener *listener =
      evconnlistener_new_bind (base, on_connection, NULL, LEV_OPT_CLOSE_ON_FREE, SOMAXCONN,
                               (struct sockaddr *) &address, sizeof address);

  if (listener == NULL || getsockname (evconnlistener_get_fd (listener), (struct sockaddr *) &address, &length) != 0)
    {
      perror ("listen");
      return 1;
    }

  printf ("listening on tcp://127.0.0.1:%u\n", ntohs (address.sin_port));
  fflush (stdout);
  return event_base_dispatch (base);
}
