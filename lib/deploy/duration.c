/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "deploy/duration-private.h"

#include <math.h>

#include "usher/error.h"

/* Nobody means more, and it is far from what overflows in microseconds. */
#define MAX_MSEC (G_GINT64_CONSTANT (366) * 24 * 3600 * 1000)

static const struct
{
  const char *name;
  double msec;
} units[] = {
  { "", 1000 },
  { "ms", 1 },
  { "s", 1000 },
  { "min", 60 * 1000 },
  { "h", 3600 * 1000 },
};

static gboolean
find_unit (const char *name,
           double *msec)
{
  for (gsize i = 0; i < G_N_ELEMENTS (units); i++)
    if (g_str_equal (units[i].name, name))
      {
        *msec = units[i].msec;
        return TRUE;
      }

  return FALSE;
}

gboolean
usher_duration_parse (const char *text,
                      gint64 *msec,
                      GError **error)
{
  char *end;
  double unit_msec;
  double number = g_ascii_strtod (text, &end);

  if (g_str_equal (text, "infinity"))
    {
      *msec = -1;
      return TRUE;
    }

  if (end == text || !isfinite (number) || number < 0 || !find_unit (end, &unit_msec) ||
      number * unit_msec > MAX_MSEC)
    {
      g_set_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT,
                   "“%s” is no duration; write it as 5s, 500ms, 2min, 1h or infinity", text);
      return FALSE;
    }

  *msec = (gint64) (number * unit_msec + 0.5);
  return TRUE;
}
