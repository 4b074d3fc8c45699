/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "runtime/call-private.h"

typedef struct
{
  UsherMessage message;
  UsherCallFunc func;
  gpointer data;
} Call;

static void
on_message (UsherMessage *message)
{
  g_autofree Call *self = USHER_OWNER (Call, message, message);

  self->func (self->data);
}

void
usher_call_soon (UsherReactor *reactor,
                 UsherCallFunc func,
                 gpointer data)
{
  Call *self = g_new0 (Call, 1);

  self->func = func;
  self->data = data;
  usher_reactor_post (reactor, &self->message, on_message);
}
