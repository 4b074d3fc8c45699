/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "usher/service.h"

G_BEGIN_DECLS

/* Whether more can follow what a peer has sent. */
typedef enum
{
  USHER_HEALTH_MORE,
  USHER_HEALTH_END_OF_FILE,
  USHER_HEALTH_TOO_LATE,
  USHER_HEALTH_TOO_LONG,
} UsherHealthEnd;

/* What a peer that has sent `length` bytes is answered: HTTP if it has sent the head of an HTTP/1
 * request, else the word of HAProxy's agent-check, which sends a line of any kind, or nothing. %NULL
 * if it has not sent enough to know. (transfer full) (nullable) */
char *usher_health_answer (const char *text,
                           gsize length,
                           UsherHealthEnd end,
                           UsherReadiness readiness);

G_END_DECLS
