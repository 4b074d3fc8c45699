/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Whose fault it is that accept4() failed, and so what to do about it. */
typedef enum
{
  USHER_ACCEPT_ERROR_RESOURCE,      /* something has run out: pause, report, go on by itself */
  USHER_ACCEPT_ERROR_RETRY,         /* interrupted: accept again at once */
  USHER_ACCEPT_ERROR_WAIT,          /* nobody is there: wait until the socket is readable */
  USHER_ACCEPT_ERROR_PEER,          /* that connection is lost: count it, accept the next one */
  USHER_ACCEPT_ERROR_LISTEN_SOCKET, /* the listen socket is broken: it goes down */
} UsherAcceptErrorClass;

/* Any value is allowed. What is not known is taken for a lack of resources: that never makes a hot
 * loop, never closes a healthy listen socket, and gets reported. */
UsherAcceptErrorClass usher_accept_error_classify (int errno_value);

/* What to do about it, or NULL if there is no more to say than strerror() does. */
const char *usher_accept_error_find_remedy (int errno_value);

G_END_DECLS
