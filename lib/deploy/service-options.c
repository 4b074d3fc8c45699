/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "deploy/service-private.h"

#include "acceptors/pool-properties-private.h"
#include "deploy/duration-private.h"
#include "deploy/terminal-private.h"
#include "usher/error.h"

/* What one option does with its value. */
typedef gboolean (*Apply) (UsherService *self,
                           const char *value,
                           GError **error);

static char *
list_pools (UsherService *self)
{
  GString *names = g_string_new (NULL);

  for (guint i = 0; i < self->pools->len; i++)
    {
      const UsherServicePool *entry = g_ptr_array_index (self->pools, i);

      g_string_append_printf (names, "%s%s", i > 0 ? ", " : "", usher_acceptor_pool_get_name (entry->pool));
    }

  return g_string_free (names, FALSE);
}

/* [POOL=]ADDRESS. A Unix path may contain a `=`, but follows a colon. */
static UsherServicePool *
choose_pool (UsherService *self,
             const char *value,
             const char **address,
             GError **error)
{
  const char *equals = strchr (value, '=');
  const char *colon = strchr (value, ':');
  gboolean has_name = equals != NULL && (colon == NULL || equals < colon);
  g_autofree char *name = has_name ? g_strndup (value, equals - value) : NULL;
  g_autofree char *names = list_pools (self);
  UsherServicePool *entry = NULL;

  *address = has_name ? equals + 1 : value;
  if (has_name)
    entry = usher_service_find_pool (self, name);
  else if (self->pools->len == 1)
    entry = g_ptr_array_index (self->pools, 0);
  if (entry == NULL)
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                 "--listen=%s: say for which pool, as POOL=ADDRESS; the pools are: %s", value, names);

  return entry;
}

static gboolean
apply_listen (UsherService *self,
              const char *value,
              GError **error)
{
  const char *address;
  UsherServicePool *entry = choose_pool (self, value, &address, error);

  if (entry == NULL)
    return FALSE;

  usher_service_pool_override_address (entry, address);
  return TRUE;
}

static gboolean
apply_health (UsherService *self,
              const char *value,
              GError **error)
{
  if (self->health == NULL)
    usher_service_add_health (self, value);
  usher_service_pool_override_address (self->health, value);

  return TRUE;
}

static gboolean
apply_to_pools (UsherService *self,
                const char *value,
                void (*set) (UsherAcceptorPool *pool, gint64 msec),
                GError **error)
{
  gint64 msec;

  if (!usher_duration_parse (value, &msec, error))
    return FALSE;

  for (guint i = 0; i < self->pools->len; i++)
    {
      const UsherServicePool *entry = g_ptr_array_index (self->pools, i);

      set (entry->pool, msec);
    }

  return TRUE;
}

static gboolean
apply_grace (UsherService *self,
             const char *value,
             GError **error)
{
  return apply_to_pools (self, value, usher_acceptor_pool_set_grace_msec, error);
}

static gboolean
apply_shutdown (UsherService *self,
                const char *value,
                GError **error)
{
  return apply_to_pools (self, value, usher_acceptor_pool_set_shutdown_msec, error);
}

static gboolean
parse_finite (const char *value,
              gint64 *msec,
              GError **error)
{
  if (!usher_duration_parse (value, msec, error))
    return FALSE;
  if (*msec >= 0)
    return TRUE;

  g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                       "it would never end; say for how long");
  return FALSE;
}

static gboolean
apply_drain_spread (UsherService *self,
                    const char *value,
                    GError **error)
{
  gint64 msec;

  if (!parse_finite (value, &msec, error))
    return FALSE;

  for (guint i = 0; i < self->pools->len; i++)
    {
      const UsherServicePool *entry = g_ptr_array_index (self->pools, i);

      usher_acceptor_pool_set_drain_spread_msec (entry->pool, msec);
    }

  return TRUE;
}

static gboolean
apply_hand_over (UsherService *self,
                 const char *value,
                 GError **error)
{
  if (value[0] == '\0')
    {
      g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                           "the path is missing; write for instance --hand-over=/run/example/hand-over");
      return FALSE;
    }

  usher_service_set_hand_over_path (self, value);
  return TRUE;
}

static gboolean
apply_lame_duck (UsherService *self,
                 const char *value,
                 GError **error)
{
  gint64 msec;

  if (!parse_finite (value, &msec, error))
    return FALSE;

  usher_service_set_lame_duck_msec (self, msec);
  return TRUE;
}

static gboolean
apply_drain_deadline (UsherService *self,
                      const char *value,
                      GError **error)
{
  gint64 msec;

  if (!usher_duration_parse (value, &msec, error))
    return FALSE;

  usher_service_set_drain_deadline_msec (self, msec);
  return TRUE;
}

static void
set_in_pools (UsherService *self,
              guint n,
              void (*set) (UsherAcceptorPool *pool, guint n))
{
  for (guint i = 0; i < self->pools->len; i++)
    {
      const UsherServicePool *entry = g_ptr_array_index (self->pools, i);

      set (entry->pool, n);
    }
}

static gboolean
apply_max_connections (UsherService *self,
                       const char *value,
                       GError **error)
{
  guint64 n;

  if (!g_ascii_string_to_unsigned (value, 10, 1, G_MAXUINT, &n, error))
    return FALSE;

  set_in_pools (self, n, usher_acceptor_pool_set_max_connections);
  return TRUE;
}

static gboolean
apply_workers (UsherService *self,
               const char *value,
               GError **error)
{
  guint64 n;

  if (!g_ascii_string_to_unsigned (value, 10, 0, USHER_MAX_WORKERS, &n, error))
    return FALSE;

  set_in_pools (self, n, usher_acceptor_pool_set_workers);
  return TRUE;
}

static const struct
{
  const char *name;
  Apply apply;
} options[] = {
  { "--listen", apply_listen },
  { "-l", apply_listen },
  { "--health", apply_health },
  { "--grace", apply_grace },
  { "--hand-over", apply_hand_over },
  { "--drain-spread", apply_drain_spread },
  { "--shutdown", apply_shutdown },
  { "--lame-duck", apply_lame_duck },
  { "--drain-deadline", apply_drain_deadline },
  { "--max-connections", apply_max_connections },
  { "--workers", apply_workers },
};

static gboolean
on_option (const char *name,
           const char *value,
           gpointer data,
           GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (options); i++)
    if (g_str_equal (options[i].name, name))
      {
        if (options[i].apply (data, value, error))
          return TRUE;

        g_prefix_error (error, "%s: ", name);
        return FALSE;
      }

  g_return_val_if_reached (FALSE);
}

static void
say_version (UsherService *self)
{
  g_autofree char *line = g_strdup_printf ("%s %s", self->name, self->version);

  usher_terminal_announce (line);
}

/* Like --help, it ends the process. */
static gboolean
on_version (const char *name,
            const char *value,
            gpointer data,
            GError **error)
{
  say_version (data);
  exit (EXIT_SUCCESS);
}

static void
add_version (GOptionGroup *group)
{
  static const GOptionEntry entries[] = {
    { "version", 0, G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, on_version, "Show the version of the program", NULL },
    { NULL },
  };

  g_option_group_add_entries (group, entries);
}

/**
 * usher_service_get_option_group:
 * @self: a service that has its pools and is down
 *
 * Makes the options of the service, for a program that has options of its own:
 * `--listen=[POOL=]ADDRESS` and `--health=ADDRESS` (in place of the addresses of the program; they can
 * be repeated), `--hand-over=PATH`, `--grace`, `--drain-spread`, `--shutdown`, `--lame-duck`, `--drain-deadline`,
 * `--max-connections` and `--workers`. If the service has a version ([method@Usher.Service.set_version]),
 * there is `--version` as well, which says it on standard output and ends the process, as `--help` does.
 *
 * Returns: (transfer full): a group of options
 *
 * Since: 0.1
 */
GOptionGroup *
usher_service_get_option_group (UsherService *self)
{
  static const GOptionEntry entries[] = {
    { "listen", 'l', 0, G_OPTION_ARG_CALLBACK, on_option,
      "Where a pool listens; can be repeated", "[POOL=]ADDRESS" },
    { "health", 0, 0, G_OPTION_ARG_CALLBACK, on_option,
      "Where it tells load balancers whether it is ready; can be repeated", "ADDRESS" },
    { "grace", 0, 0, G_OPTION_ARG_CALLBACK, on_option,
      "How long connections may finish when the service ends", "TIME" },
    { "drain-spread", 0, 0, G_OPTION_ARG_CALLBACK, on_option,
      "Over which part of that they are told to leave", "TIME" },
    { "shutdown", 0, 0, G_OPTION_ARG_CALLBACK, on_option,
      "How long they may clean up after that, before they are killed", "TIME" },
    { "lame-duck", 0, 0, G_OPTION_ARG_CALLBACK, on_option,
      "How long the service still accepts when it ends", "TIME" },
    { "drain-deadline", 0, 0, G_OPTION_ARG_CALLBACK, on_option,
      "The longest that all of this may take", "TIME" },
    { "hand-over", 0, 0, G_OPTION_ARG_CALLBACK, on_option,
      "Where the service hands over to its next version, at SIGUSR2 for instance", "PATH" },
    { "max-connections", 0, 0, G_OPTION_ARG_CALLBACK, on_option,
      "How many connections each pool has at once", "N" },
    { "workers", 0, 0, G_OPTION_ARG_CALLBACK, on_option,
      "How many threads of its own each pool has for its acceptors", "N" },
    { NULL },
  };

  g_return_val_if_fail (USHER_IS_SERVICE (self), NULL);
  g_return_val_if_fail (self->state == USHER_SERVICE_DOWN, NULL);

  GOptionGroup *group = g_option_group_new ("service", "Service Options:", "Show the options of the service",
                                            g_object_ref (self), g_object_unref);

  g_option_group_add_entries (group, entries);
  if (self->version != NULL)
    add_version (group);
  return group;
}
