/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "acceptors/connection-private.h"

G_BEGIN_DECLS

#define USHER_MAX_SPARE_CONNECTIONS 64

/* Connections that are over, for the next clients: to make three objects and to free them takes longer than all
 * else that is done here for a short connection. They belong to one context. Zero-initialise it. */
typedef struct
{
  UsherConnection *over[USHER_MAX_SPARE_CONNECTIONS];  /* (owned): of whom somebody may still know */
  UsherConnection *ready[USHER_MAX_SPARE_CONNECTIONS]; /* (owned): retired */
  guint n_over;
  guint n_ready;
  gboolean is_expecting; /* to be sorted */
} UsherConnectionSpares;

/* (transfer full): one that is over. Returns whether somebody has to see to it that they are sorted. */
gboolean usher_connection_spares_add (UsherConnectionSpares *self,
                                      UsherConnection *connection);
/* Some time after that, when whoever had it is through with it. */
void usher_connection_spares_sort (UsherConnectionSpares *self);
/* (transfer full) (nullable): one that is retired. */
UsherConnection *usher_connection_spares_take (UsherConnectionSpares *self);
void usher_connection_spares_clear (UsherConnectionSpares *self);

G_END_DECLS
