/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "model/model.h"

void
seen_init (Seen *self)
{
  self->calls = g_string_new (NULL);
  self->reports = g_string_new (NULL);
  self->answers = g_string_new (NULL);
  self->states = g_string_new (NULL);
}

void
seen_clear (Seen *self)
{
  g_string_free (self->calls, TRUE);
  g_string_free (self->reports, TRUE);
  g_string_free (self->answers, TRUE);
  g_string_free (self->states, TRUE);
}

void
seen_reset (Seen *self)
{
  g_string_truncate (self->calls, 0);
  g_string_truncate (self->reports, 0);
  g_string_truncate (self->answers, 0);
  g_string_truncate (self->states, 0);
}

gboolean
seen_is_equal (const Seen *self,
               const Seen *other)
{
  return g_string_equal (self->calls, other->calls) &&
         g_string_equal (self->reports, other->reports) &&
         g_string_equal (self->answers, other->answers) &&
         g_string_equal (self->states, other->states);
}

void
seen_print (const Seen *self,
            GString *text)
{
  g_string_append_printf (text, "    children: %s\n    reports: %s\n    answers: %s\n    states: %s\n",
                          self->calls->str, self->reports->str, self->answers->str,
                          self->states->str);
}
