/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/acceptor-pool-private.h"
#include "usher/pool-statistics.h"

static void
append_refused (const UsherPoolStatistics *self,
                GString *line)
{
  g_autoptr (GEnumClass) reasons = g_type_class_ref (USHER_TYPE_REFUSAL);

  for (guint i = 0; i < reasons->n_values; i++)
    g_string_append_printf (line, " refused-%s=%" G_GUINT64_FORMAT, reasons->values[i].value_nick,
                            usher_pool_statistics_get_n_refused (self, reasons->values[i].value));
}

static void
append_accept_errors (const UsherPoolStatistics *self,
                      GString *line)
{
  g_autoptr (GEnumClass) failures = g_type_class_ref (USHER_TYPE_ACCEPT_FAILURE);

  for (guint i = 0; i < failures->n_values; i++)
    g_string_append_printf (line, " accept-errors-%s=%" G_GUINT64_FORMAT, failures->values[i].value_nick,
                            usher_pool_statistics_get_n_accept_errors (self, failures->values[i].value));
}

static void
append_exits (const UsherPoolStatistics *self,
              GString *line)
{
  g_autoptr (GEnumClass) kinds = g_type_class_ref (USHER_TYPE_EXIT_KIND);

  for (guint i = 0; i < kinds->n_values; i++)
    g_string_append_printf (line, " exits-%s=%" G_GUINT64_FORMAT, kinds->values[i].value_nick,
                            usher_pool_statistics_get_n_exits (self, kinds->values[i].value));
}

/**
 * usher_pool_statistics_to_string:
 * @self: statistics
 *
 * Writes all the figures into one line, as `connections=12 waiting=10 … bytes-sent=50100`: what the
 * pool is doing first, and then what it has done. It is for logs, and for programs that read them; more
 * figures may be added at its end.
 *
 * Returns: (transfer full): the line, without a newline
 *
 * Since: 0.1
 */
char *
usher_pool_statistics_to_string (const UsherPoolStatistics *self)
{
  GString *line;

  g_return_val_if_fail (self != NULL, NULL);

  line = g_string_new (NULL);
  g_string_printf (line, "connections=%u counted=%u waiting=%u held=%u queue-depth=%u accepted=%" G_GUINT64_FORMAT,
                   usher_pool_statistics_get_n_connections (self), usher_pool_statistics_get_n_counted (self),
                   usher_pool_statistics_get_n_waiting (self), usher_pool_statistics_get_n_held (self),
                   usher_pool_statistics_get_queue_depth (self), usher_pool_statistics_get_n_accepted (self));
  append_refused (self, line);
  append_accept_errors (self, line);
  append_exits (self, line);
  g_string_append_printf (line,
                          " peer-failures=%" G_GUINT64_FORMAT " start-errors=%" G_GUINT64_FORMAT
                          " ignored=%" G_GUINT64_FORMAT " accept-timeouts=%" G_GUINT64_FORMAT
                          " restarts=%" G_GUINT64_FORMAT " bytes-received=%" G_GUINT64_FORMAT
                          " bytes-sent=%" G_GUINT64_FORMAT,
                          usher_pool_statistics_get_n_peer_failures (self),
                          usher_pool_statistics_get_n_start_errors (self), usher_pool_statistics_get_n_ignored (self),
                          usher_pool_statistics_get_n_accept_timeouts (self),
                          usher_pool_statistics_get_n_restarts (self),
                          usher_pool_statistics_get_bytes_received (self),
                          usher_pool_statistics_get_bytes_sent (self));

  return g_string_free (line, FALSE);
}
