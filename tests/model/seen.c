/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "model/seen.h"

void
seen_init (Seen *self)
{
  for (guint i = 0; i < MAX_NODES; i++)
    {
      self->deeds[i] = g_string_new (NULL);
      self->answers[i] = g_string_new (NULL);
    }
  self->boot = g_string_new (NULL);
  self->states = g_string_new (NULL);
}

void
seen_clear (Seen *self)
{
  for (guint i = 0; i < MAX_NODES; i++)
    {
      g_string_free (self->deeds[i], TRUE);
      g_string_free (self->answers[i], TRUE);
    }
  g_string_free (self->boot, TRUE);
  g_string_free (self->states, TRUE);
}

static void
take (GString *from,
      const char *title,
      GString *to)
{
  if (from->len > 0)
    g_string_append_printf (to, "    %s: %s\n", title, from->str);
  g_string_truncate (from, 0);
}

char *
seen_take (Seen *self,
           const Sequence *sequence)
{
  GString *text = g_string_new (NULL);

  take (self->boot, "boot", text);
  for (guint i = 0; i < sequence->n_nodes; i++)
    {
      const char name[] = { sequence_get_name (sequence, i), '\0' };

      take (self->deeds[i], name, text);
      take (self->answers[i], "answers", text);
    }
  take (self->states, "states", text);

  return g_string_free (text, FALSE);
}

void
seen_add (GString *text,
          const char *format,
          ...)
{
  va_list arguments;

  if (text->len > 0)
    g_string_append_c (text, ' ');
  va_start (arguments, format);
  g_string_append_vprintf (text, format, arguments);
  va_end (arguments);
}
