/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "support/client.h"
#include "support/fake-clock.h"
#include "support/iterate.h"
#include "usher/child.h"
#include "usher/error.h"
#include "usher/handover.h"

G_BEGIN_DECLS

#define ANY_TCP_PORT "tcp://127.0.0.1:0"

/* One generation of a program: a pool that greets with its number, and drains when it is superseded. */
typedef struct
{
  char name[16];
  UsherAcceptorPool *pool; /* (owned) */
  UsherHandover *handover; /* (owned) */
  GPtrArray *sockets;      /* (owned) (element-type UsherListenSocket) */
  GError *error;           /* (owned) (nullable): of the latest call */
  gboolean is_answered;    /* the latest call */
  gboolean is_up;          /* the pool */
  guint n_superseded;
  GPtrArray *failures; /* (owned) (element-type utf8) */
} Generation;

typedef struct
{
  char *directory;    /* (owned) */
  char *path;         /* (owned) */
  char *unix_address; /* (owned) */
  Generation *first;  /* serves TCP and a Unix socket */
} HandoverFixture;

/* On the fake clock; the first generation serves. */
void handover_fixture_set_up (HandoverFixture *fixture,
                              gconstpointer data);
/* Whoever owned a path has removed it. */
void handover_fixture_tear_down (HandoverFixture *fixture,
                                 gconstpointer data);

/* Its listen addresses, and NULL. (transfer full) */
Generation *generation_new (HandoverFixture *fixture,
                            const char *name,
                            ...);
void generation_free (Generation *self);

void generation_begin_taking (Generation *self);
void generation_take (Generation *self);
void generation_be_ready (Generation *self);
/* Without a supervisor, so as to see each step. */
void generation_start_tree (Generation *self);
/* All of these. */
void generation_take_over (Generation *self);

/* For iterate_until(). */
gboolean generation_is_answered (gpointer self);
gboolean generation_is_giving (gpointer generation);

/* (transfer full): a client of one of its listen sockets. */
TestClient *generation_connect (Generation *generation,
                                guint i);
/* (transfer full): client */
void generation_assert_greets (TestClient *client,
                               Generation *generation);
/* Each on all of its sockets. */
void generation_assert_serves (Generation *generation);

G_END_DECLS
