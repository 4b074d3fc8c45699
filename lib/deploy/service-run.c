/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <locale.h>
#include <signal.h>

#include "deploy/drain-watchdog-private.h"
#include "deploy/notification-private.h"
#include "deploy/service-private.h"
#include "deploy/terminal-private.h"
#include "runtime/unix-signal-private.h"
#include "usher/error.h"
#include "usher/listen-socket.h"

/* A service that is a whole program. */
typedef struct
{
  UsherService *service; /* (unowned) */
  gboolean is_over;
  UsherExitCode code;
} ServiceRun;

G_DEFINE_ENUM_TYPE (UsherExitCode, usher_exit_code,
                    G_DEFINE_ENUM_VALUE (USHER_EXIT_CODE_DRAINED, "drained"),
                    G_DEFINE_ENUM_VALUE (USHER_EXIT_CODE_FAILED, "failed"),
                    G_DEFINE_ENUM_VALUE (USHER_EXIT_CODE_USAGE, "usage"),
                    G_DEFINE_ENUM_VALUE (USHER_EXIT_CODE_MAX_INTENSITY, "max-intensity"),
                    G_DEFINE_ENUM_VALUE (USHER_EXIT_CODE_KILLED, "killed"),
                    G_DEFINE_ENUM_VALUE (USHER_EXIT_CODE_DEADLINE, "deadline"))

static void
end_run (ServiceRun *run,
         UsherExitCode code)
{
  run->is_over = TRUE;
  run->code = code;
}

static void
on_started (GObject *source_object,
            GAsyncResult *result,
            gpointer user_data)
{
  ServiceRun *run = user_data;
  g_autoptr (GError) error = NULL;

  if (usher_service_start_finish (run->service, result, &error))
    return;

  /* Who has asked it to end while it was starting knows why it does not run. */
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      end_run (run, USHER_EXIT_CODE_DRAINED);
      return;
    }

  usher_terminal_complain (error->message);
  end_run (run, USHER_EXIT_CODE_FAILED);
}

static UsherExitCode
choose_code (const UsherExit *exit)
{
  if (usher_exit_is_abnormal (exit))
    return USHER_EXIT_CODE_KILLED;
  if (g_error_matches (usher_exit_get_error (exit), USHER_ERROR, USHER_ERROR_MAX_INTENSITY))
    return USHER_EXIT_CODE_MAX_INTENSITY;

  return USHER_EXIT_CODE_DRAINED;
}

static void
complain_of_failures (const GError *error)
{
  g_autofree char *text = g_strdup_printf ("%s; restarts did not mend it: do so, then start the service again", error->message);

  usher_terminal_complain (text);
}

static void
on_exited (UsherService *service,
           UsherExit *exit,
           ServiceRun *run)
{
  const GError *error = usher_exit_get_error (exit);
  UsherExitCode code = choose_code (exit);

  if (code == USHER_EXIT_CODE_MAX_INTENSITY)
    complain_of_failures (error);
  else if (error != NULL)
    usher_terminal_complain (error->message);
  end_run (run, code);
}

static void
announce_pool (UsherAcceptorPool *pool,
               const char *what)
{
  g_autoptr (GPtrArray) sockets = usher_acceptor_pool_which_sockets (pool);

  for (guint i = 0; i < sockets->len; i++)
    {
      g_autofree char *address = usher_listen_socket_dup_local_address (g_ptr_array_index (sockets, i));
      g_autofree char *news = g_strdup_printf ("%s %s", what, address);

      usher_terminal_announce (news);
    }
}

static void
announce (UsherService *self)
{
  for (guint i = 0; i < self->pools->len; i++)
    {
      const UsherServicePool *entry = g_ptr_array_index (self->pools, i);

      announce_pool (entry->pool, "listening on");
    }
  if (self->health != NULL)
    announce_pool (self->health->pool, "readiness on");
}

static void
announce_process (const char *what,
                  gint64 pid,
                  const char *version)
{
  g_autofree char *process = pid > 0 ? g_strdup_printf ("process %" G_GINT64_FORMAT, pid)
                                     : g_strdup ("a process in another PID namespace");
  g_autofree char *news = g_strdup_printf ("%s %s%s%s", what, process, version[0] != '\0' ? ", version " : "", version);

  usher_terminal_announce (news);
}

static void
announce_predecessor (UsherHandover *handover)
{
  if (usher_handover_get_predecessor_pid (handover) != 0)
    announce_process ("took over from", usher_handover_get_predecessor_pid (handover),
                      usher_handover_get_predecessor_version (handover));
}

static void
on_superseded (UsherHandover *handover,
               gint64 pid,
               const char *version)
{
  announce_process ("handed over to", pid, version);
}

static void
on_hand_over_failed (UsherHandover *handover,
                     const GError *error)
{
  usher_terminal_complain (error->message);
}

static void
on_status (UsherService *service)
{
  g_autofree char *status = usher_service_dup_status (service);

  if (service->state == USHER_SERVICE_UP)
    {
      if (service->handover != NULL)
        announce_predecessor (service->handover);
      announce (service);
    }
  else if (usher_service_is_ending (service))
    usher_terminal_show_status (status);
  else if (service->state == USHER_SERVICE_DOWN)
    usher_terminal_end_status ();
}

static gboolean
on_signal (gpointer user_data)
{
  ServiceRun *run = user_data;

  if (usher_service_is_ending (run->service))
    usher_service_kill (run->service);
  else
    usher_service_drain (run->service);

  return G_SOURCE_CONTINUE;
}

/* The pools and their addresses, as --listen takes them. */
static char *
describe_options (UsherService *self)
{
  GString *text = g_string_new ("A TIME is 5s, 500ms, 2min, 1h or infinity; a number alone is seconds.");

  if (self->pools->len > 0)
    g_string_append (text, "\n\nWithout --listen, the pools listen on:");
  for (guint i = 0; i < self->pools->len; i++)
    {
      const UsherServicePool *entry = g_ptr_array_index (self->pools, i);

      for (guint j = 0; j < entry->addresses->len; j++)
        g_string_append_printf (text, "\n  %s=%s", usher_acceptor_pool_get_name (entry->pool),
                                ((UsherServiceAddress *) entry->addresses->pdata[j])->text);
    }

  return g_string_free (text, FALSE);
}

static void
on_handed_over (GObject *source_object,
                GAsyncResult *result,
                gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  if (!usher_service_hand_over_finish (USHER_SERVICE (source_object), result, &error))
    usher_terminal_complain (error->message);
}

static gboolean
on_sigusr2 (gpointer user_data)
{
  ServiceRun *run = user_data;

  usher_service_hand_over_async (run->service, NULL, on_handed_over, NULL);
  return G_SOURCE_CONTINUE;
}

static void
listen_to_hand_over (UsherService *self)
{
  if (self->handover == NULL)
    return;

  g_signal_connect (self->handover, "superseded", G_CALLBACK (on_superseded), NULL);
  g_signal_connect (self->handover, "failed", G_CALLBACK (on_hand_over_failed), NULL);
}

static void
ignore_hand_over (UsherService *self)
{
  if (self->handover == NULL)
    return;

  g_signal_handlers_disconnect_by_func (self->handover, on_superseded, NULL);
  g_signal_handlers_disconnect_by_func (self->handover, on_hand_over_failed, NULL);
}

static gboolean
parse (UsherService *self,
       int argc,
       char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;
  /* What is parsed is taken out of it. */
  g_auto (GStrv) arguments = g_new0 (char *, argc + 1);
  g_autofree char *description = describe_options (self);

  for (int i = 0; i < argc; i++)
    arguments[i] = g_strdup (argv[i]);
  g_option_context_set_main_group (context, usher_service_get_option_group (self));
  g_option_context_set_description (context, description);
  if (!g_option_context_parse_strv (context, &arguments, &error))
    {
      usher_terminal_complain (error->message);
      return FALSE;
    }
  if (argc > 0 && g_strv_length (arguments) > 1)
    {
      g_autofree char *text = g_strdup_printf ("“%s” is no option; --help lists them", arguments[1]);

      usher_terminal_complain (text);
      return FALSE;
    }

  return TRUE;
}

static void
run_until_over (ServiceRun *run)
{
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();
  g_autoptr (UsherNotification) notification = usher_notification_new (run->service);
  g_autoptr (UsherDrainWatchdog) watchdog = usher_drain_watchdog_new (run->service);
  GSource *sigterm = usher_unix_signal_attach (context, SIGTERM, on_signal, run);
  GSource *sigint = usher_unix_signal_attach (context, SIGINT, on_signal, run);
  GSource *sigusr2 = usher_unix_signal_attach (context, SIGUSR2, on_sigusr2, run);
  gulong exited_id = g_signal_connect (run->service, "exited", G_CALLBACK (on_exited), run);
  gulong status_id = g_signal_connect (run->service, "notify::status", G_CALLBACK (on_status), NULL);

  listen_to_hand_over (run->service);
  usher_service_start_async (run->service, NULL, on_started, run);
  while (!run->is_over)
    g_main_context_iteration (context, TRUE);

  ignore_hand_over (run->service);
  g_signal_handler_disconnect (run->service, status_id);
  g_signal_handler_disconnect (run->service, exited_id);
  usher_unix_signal_detach (sigusr2);
  usher_unix_signal_detach (sigint);
  usher_unix_signal_detach (sigterm);
}

/**
 * usher_service_run:
 * @self: a service that is down
 * @argc: the number of arguments, 0 if the program has parsed them itself
 * @argv: (array length=argc) (element-type filename) (nullable): the arguments of the program
 *
 * Runs a service that is a whole program: parses the command line, starts the tree, and iterates the
 * thread-default main context until it has ended. It must be called in the context in which the
 * service was made. What it says is in the user's character set: it sets the locale of `LC_CTYPE`.
 *
 * Where it listens is said on standard output. SIGTERM and SIGINT drain; a second one ends at
 * once. SIGUSR2 hands over to a new process, started like this one, if there is a path for that
 * ([method@Usher.Service.set_hand_over_path]); this one then drains, and ends with
 * %USHER_EXIT_CODE_DRAINED. What goes wrong is said on standard error,
 * and so is the progress of a drain if that is a terminal. If Usher was built with libsystemd,
 * systemd is told as well, and its watchdog is fed. A drain that has not ended one second after its
 * deadline, or after the time its phases take if there is none, has a blocked main loop: the process
 * is ended with %USHER_EXIT_CODE_DEADLINE then.
 *
 * Returns: an #UsherExitCode, for `main ()` to return
 *
 * Since: 0.1
 */
int
usher_service_run (UsherService *self,
                   int argc,
                   char **argv)
{
  ServiceRun run = { .service = self };

  g_return_val_if_fail (USHER_IS_SERVICE (self), USHER_EXIT_CODE_FAILED);
  g_return_val_if_fail (argc == 0 || argv != NULL, USHER_EXIT_CODE_FAILED);
  g_return_val_if_fail (self->state == USHER_SERVICE_DOWN, USHER_EXIT_CODE_FAILED);

  setlocale (LC_CTYPE, "");
  if (argc > 0 && g_get_prgname () == NULL)
    {
      g_autofree char *name = g_path_get_basename (argv[0]);

      g_set_prgname (name);
    }
  if (!parse (self, argc, argv))
    return USHER_EXIT_CODE_USAGE;

  run_until_over (&run);
  return run.code;
}
