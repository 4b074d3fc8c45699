/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <usher/usher.h>

#include "support/test-child.h"

G_BEGIN_DECLS

#define MAX_NURSERY 16

/* A factory of test children: x1, x2 and so on, or named after the argument (a string) that it is
 * given, x1 with the argument `red` being `red1`. */
typedef struct
{
  GString *trace; /* (unowned) */
  guint n_made;
  TestChild *children[MAX_NURSERY]; /* (unowned) (nullable): NULL when it is gone */

  /* What the next children are like. */
  TestStart start;
  TestStop stop;
  guint64 shutdown_time_msec;

  /* What the next calls do instead. */
  guint n_failures;
  gboolean is_silent;
  UsherChild *stranger;                  /* (unowned) (nullable): is returned */
  void (*meddle) (gpointer meddle_data); /* (nullable): is called first */
  gpointer meddle_data;
} Nursery;

/* A factory; `nursery` is a Nursery. */
UsherChild *nursery_make (GVariant *argument, gpointer nursery, GError **error);
/* The specification of x, with a shutdown limit of 100 ms. */
UsherChildSpec *nursery_spec_new (Nursery *self, UsherRestart restart);
/* Nothing is left of what was made. */
void nursery_assert_empty (Nursery *self);

G_END_DECLS
