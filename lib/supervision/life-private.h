/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "runtime/reactor-private.h"
#include "usher/child.h"

G_BEGIN_DECLS

/* The life of a child that starts and ends in one step each: from a successful start to the one
 * exit, which is emitted in the context of the start, and not before the start's callback was
 * dispatched. Embed it in the child, and zero-initialise it; then there is no life. */
typedef struct
{
  UsherChild *child; /* (unowned) */
  GTask *start_task; /* (owned) (nullable): until its callback was dispatched */
  gulong completed_id;
  UsherReactor *reactor; /* (owned) (nullable): NULL while there is no life */
  UsherMessage message;
  guint64 serial;
  UsherExit *exit; /* (owned) (nullable): why the life ends, once it does */
} UsherLife;

/* Before the start is carried out, as that may end the life already. `task` is the start's; it is
 * returned afterwards, and its source object is the child. Only while there is no life. */
void usher_life_begin (UsherLife *self,
                       GTask *task);

/* The start failed after all: there was no life. */
void usher_life_forget (UsherLife *self);

/* Emits the exit soon. Does nothing if there is no life, or it has ended already. */
void usher_life_end (UsherLife *self,
                     UsherExit *exit);

/* For the child's dispose: emits the exit now, as later nobody would hear it. */
void usher_life_end_now (UsherLife *self,
                         UsherExit *exit);

G_END_DECLS
