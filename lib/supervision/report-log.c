/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "supervision/report-private.h"

#include "runtime/clock-private.h"
#include "supervision/budget-private.h"

/* A peer may have had a say in the text of an error. The field USHER_REASON has all of it. */
#define MAX_LOGGED_CHARS 1000

/* The same line is written so often at most. */
#define PERIOD_USEC (10 * G_TIME_SPAN_SECOND)

/* Of how many lines an object knows when it has written them. */
#define MAX_LINES 8

/* The ids are for ever: people filter their journals by them. */
static const struct
{
  const char *nick;
  const char *message_id;
  GLogLevelFlags level;
} contexts[] = {
  [USHER_REPORT_START_ERROR] = {
      .nick = "start-error",
      .message_id = "4eb8697179d34f498c09b5ec4c899f53",
      .level = G_LOG_LEVEL_MESSAGE,
  },
  [USHER_REPORT_CHILD_TERMINATED] = {
      .nick = "child-terminated",
      .message_id = "408ab613cb1d4a6592128a8426e60dd0",
      .level = G_LOG_LEVEL_MESSAGE,
  },
  [USHER_REPORT_SHUTDOWN_ERROR] = {
      .nick = "shutdown-error",
      .message_id = "4baa27ab2d314585a5e058b5904cf80c",
      .level = G_LOG_LEVEL_MESSAGE,
  },
  [USHER_REPORT_SHUTDOWN] = {
      .nick = "shutdown",
      .message_id = "313bba3ad4974cba90e25bd6f4007c4d",
      .level = G_LOG_LEVEL_MESSAGE,
  },
  [USHER_REPORT_RESOURCE] = {
      .nick = "resource",
      .message_id = "6ec633cd390040ad8820138c3b646d68",
      .level = G_LOG_LEVEL_MESSAGE,
  },
  [USHER_REPORT_PROGRESS] = {
      .nick = "progress",
      .message_id = "1b39778464b341d19e33ded7b5472eb9",
      .level = G_LOG_LEVEL_DEBUG,
  },
};

/* A line that was written. */
typedef struct
{
  char *text;         /* (owned) */
  UsherBudget budget; /* as a rate */
  guint n_joined;     /* that were not written since */
} Line;

static void
line_free (gpointer data)
{
  Line *self = data;

  usher_budget_clear (&self->budget);
  g_free (self->text);
  g_free (self);
}

static Line *
line_new (const char *text)
{
  Line *self = g_new0 (Line, 1);

  self->text = g_strdup (text);
  usher_budget_init (&self->budget, 1, PERIOD_USEC);

  return self;
}

/* Those that `object` knows of; the oldest is first. */
static GPtrArray *
get_lines (GObject *object)
{
  GQuark quark = g_quark_from_static_string ("usher-report-lines");
  GPtrArray *lines = g_object_get_qdata (object, quark);

  if (lines == NULL)
    {
      lines = g_ptr_array_new_with_free_func (line_free);
      g_object_set_qdata_full (object, quark, lines, (GDestroyNotify) g_ptr_array_unref);
    }

  return lines;
}

static Line *
find_line (GPtrArray *lines,
           const char *text)
{
  Line *line;

  for (guint i = 0; i < lines->len; i++)
    {
      line = g_ptr_array_index (lines, i);
      if (g_str_equal (line->text, text))
        return line;
    }

  if (lines->len == MAX_LINES)
    g_ptr_array_remove_index (lines, 0);
  line = line_new (text);
  g_ptr_array_add (lines, line);
  return line;
}

static void
write_entry (const UsherReport *self,
             GLogLevelFlags level,
             const char *message,
             guint n_joined)
{
  UsherReportContext context = usher_report_get_context (self);
  const char *detail = usher_report_get_detail (self);
  g_autofree char *reason = usher_report_describe_reason (self);
  g_autofree char *n_children_text = g_strdup_printf ("%u", usher_report_get_n_children (self));
  g_autofree char *n_joined_text = g_strdup_printf ("%u", n_joined);
  g_autofree char *shutdown = usher_report_describe_shutdown (self);
  const GLogField fields[] = {
    { "MESSAGE", message, -1 },
    { "MESSAGE_ID", contexts[context].message_id, -1 },
    { "PRIORITY", level == G_LOG_LEVEL_DEBUG ? "7" : "5", -1 },
    { "GLIB_DOMAIN", G_LOG_DOMAIN, -1 },
    { "USHER_SUPERVISOR", usher_report_get_supervisor (self), -1 },
    { "USHER_CONTEXT", contexts[context].nick, -1 },
    { "USHER_REASON", reason != NULL ? reason : "", -1 },
    { "USHER_OFFENDER", usher_report_get_offender (self), -1 },
    { "USHER_N_CHILDREN", n_children_text, -1 },
    { "USHER_N_JOINED", n_joined_text, -1 },
    { "USHER_DETAIL", detail != NULL ? detail : "", -1 },
    { "USHER_CHILD_TYPE", usher_report_describe_child_type (self), -1 },
    { "USHER_RESTART", usher_report_describe_restart (self), -1 },
    { "USHER_SHUTDOWN", shutdown, -1 },
    { "USHER_SIGNIFICANT", usher_report_describe_significant (self), -1 },
  };

  g_log_structured_array (level, fields, G_N_ELEMENTS (fields));
}

/* The writer may be the user's. */
static void
write_or_join (const UsherReport *self,
               const char *text,
               Line *line)
{
  guint n_joined = line->n_joined;
  g_autofree char *message = NULL;

  if (!usher_budget_charge (&line->budget, usher_clock_now_usec ()))
    {
      line->n_joined++;
      return;
    }

  line->n_joined = 0;
  message = n_joined > 0 ? g_strdup_printf ("%s (%u more since the last entry)", text, n_joined) : g_strdup (text);
  write_entry (self, G_LOG_LEVEL_MESSAGE, message, n_joined);
}

static gboolean
is_dropped (GLogLevelFlags level)
{
  return g_log_writer_default_would_drop (level, G_LOG_DOMAIN);
}

gboolean
usher_report_is_logged (UsherReportContext context)
{
  return !is_dropped (contexts[context].level);
}

void
usher_report_log (const UsherReport *self,
                  gpointer object)
{
  GLogLevelFlags level = usher_report_is_told_elsewhere (self) ? G_LOG_LEVEL_DEBUG : contexts[usher_report_get_context (self)].level;
  g_autofree char *text = NULL;

  if (is_dropped (level))
    return;

  text = usher_report_to_format (self, USHER_REPORT_FORMAT_LINE, MAX_LOGGED_CHARS);
  if (level == G_LOG_LEVEL_DEBUG)
    write_entry (self, level, text, 0);
  else
    write_or_join (self, text, find_line (get_lines (object), text));
}
