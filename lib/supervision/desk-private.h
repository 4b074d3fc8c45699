/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "runtime/reactor-private.h"

#include <glib-object.h>

G_BEGIN_DECLS

/* Where a supervisor works. Letters come in and are handled one at a time, in arrival order, like
 * the mailbox of an Erlang process. Decisions never call user code: they send errands, and an
 * errand runs when the decision is complete and before the next one is taken. So user code always
 * finds the supervisor's state whole, and may do anything, iterating the context included. */
typedef struct _UsherDesk UsherDesk;
typedef struct _UsherLetter UsherLetter;

/* Takes one decision; returns whether another one may be possible at once. */
typedef gboolean (*UsherDeskStep) (gpointer owner);
/* Calls user code. It frees `data`, if that is to be freed. */
typedef void (*UsherErrandFunc) (gpointer data);

typedef enum
{
  USHER_LETTER_EXIT,
  USHER_LETTER_RETRY,
  USHER_LETTER_CALL,
} UsherLetterKind;

/* Embedded in what it is about. Zero-initialise it. */
struct _UsherLetter
{
  GList link;
  UsherLetterKind kind;
  gboolean is_queued;
};

struct _UsherDesk
{
  GObject *owner;        /* (unowned): the desk is embedded in it */
  UsherReactor *reactor; /* (owned) */
  UsherDeskStep step;
  GQueue letters; /* (element-type UsherLetter) */
  GQueue errands; /* (element-type Errand) (owned) */
  UsherMessage message;
  gboolean is_awake; /* the message is posted, and holds a reference on the owner */
};

void usher_desk_init (UsherDesk *self,
                      gpointer owner,
                      UsherDeskStep step);
void usher_desk_clear (UsherDesk *self);

/* Has decisions taken, soon. */
void usher_desk_wake (UsherDesk *self);
/* Has them taken now. The caller keeps the owner alive. */
void usher_desk_run (UsherDesk *self);

/* Puts a letter at the end of the queue; one that is queued stays where it is. */
void usher_desk_post (UsherDesk *self,
                      UsherLetter *letter,
                      UsherLetterKind kind);
/* The same at the head of the queue. */
void usher_desk_post_urgent (UsherDesk *self,
                             UsherLetter *letter,
                             UsherLetterKind kind);
/* Takes a letter out of the queue, wherever it is. Harmless if it is not there. */
void usher_desk_withdraw (UsherDesk *self,
                          UsherLetter *letter);
/* (nullable): the oldest letter, taken out of the queue. */
UsherLetter *usher_desk_next_letter (UsherDesk *self);

void usher_desk_send (UsherDesk *self,
                      UsherErrandFunc func,
                      gpointer data);

G_END_DECLS
