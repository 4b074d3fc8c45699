/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "deploy/health-answer-private.h"

#include <string.h>

typedef struct
{
  const char *word; /* HAProxy's */
  const char *text;
} Readiness;

static const Readiness readinesses[] = {
  [USHER_READINESS_STARTING] = { "maint\n", "starting\n" },
  [USHER_READINESS_READY] = { "ready\n", "ready\n" },
  [USHER_READINESS_DRAINING] = { "drain\n", "draining\n" },
  [USHER_READINESS_MAINTENANCE] = { "maint\n", "maintenance\n" },
};

/* It is one as long as all of its first word that is there can be the name of a method. */
static gboolean
may_be_http (const char *text,
             gsize length)
{
  gsize n = 0;

  while (n < length && g_ascii_isupper (text[n]))
    n++;

  return n > 0 && (n == length || text[n] == ' ');
}

static gboolean
is_whole_head (const char *text,
               gsize length)
{
  return g_strstr_len (text, length, "\n\r\n") != NULL || g_strstr_len (text, length, "\n\n") != NULL;
}

/* `header` is (nullable), a whole line. */
static char *
format_response (const char *status,
                 const char *header,
                 const char *body,
                 gboolean has_body)
{
  return g_strdup_printf ("HTTP/1.1 %s\r\n"
                          "%s"
                          "Content-Type: text/plain; charset=utf-8\r\n"
                          "Content-Length: %" G_GSIZE_FORMAT "\r\n"
                          "Cache-Control: no-store\r\n"
                          "Connection: close\r\n"
                          "\r\n"
                          "%s",
                          status, header != NULL ? header : "", strlen (body), has_body ? body : "");
}

/* A path may have a query behind it, which means nothing here. */
static gboolean
is_path (const char *target,
         const char *path)
{
  gsize length = strlen (path);

  return strncmp (target, path, length) == 0 && (target[length] == '\0' || target[length] == '?');
}

/* `parts` are those of the request line. */
static char *
answer_http (char **parts,
             UsherReadiness readiness)
{
  gboolean is_head = g_str_equal (parts[0], "HEAD");
  gboolean is_ready_path = is_path (parts[1], "/readyz");

  if (!g_str_has_prefix (parts[2], "HTTP/1."))
    return format_response ("505 HTTP Version Not Supported", NULL, "speak HTTP/1.1\n", TRUE);
  if (!is_ready_path && !is_path (parts[1], "/livez"))
    return format_response ("404 Not Found", NULL, "ask for /readyz or /livez\n", !is_head);
  if (!is_head && !g_str_equal (parts[0], "GET"))
    return format_response ("405 Method Not Allowed", "Allow: GET, HEAD\r\n", "use GET or HEAD\n", TRUE);
  if (!is_ready_path)
    return format_response ("200 OK", NULL, "live\n", !is_head);

  return format_response (readiness == USHER_READINESS_READY ? "200 OK" : "503 Service Unavailable", NULL,
                          readinesses[readiness].text, !is_head);
}

static char *
answer_unfinished (UsherHealthEnd end)
{
  switch (end)
    {
    case USHER_HEALTH_TOO_LATE:
      return format_response ("408 Request Timeout", NULL, "the request took too long\n", TRUE);
    case USHER_HEALTH_TOO_LONG:
      return format_response ("431 Request Header Fields Too Large", NULL, "the request is too long\n", TRUE);
    case USHER_HEALTH_END_OF_FILE:
      return format_response ("400 Bad Request", NULL, "the request is not whole\n", TRUE);
    case USHER_HEALTH_MORE:
    default:
      return NULL;
    }
}

char *
usher_health_answer (const char *text,
                     gsize length,
                     UsherHealthEnd end,
                     UsherReadiness readiness)
{
  const char *newline = g_strstr_len (text, length, "\n");
  g_autofree char *line = newline != NULL ? g_strndup (text, newline - text) : NULL;
  g_auto (GStrv) parts = NULL;

  if (length == 0 && end == USHER_HEALTH_MORE)
    return NULL;
  if (!may_be_http (text, length))
    return g_strdup (readinesses[readiness].word);
  if (line == NULL)
    return answer_unfinished (end);

  parts = g_strsplit (g_strchomp (line), " ", -1);
  if (g_strv_length (parts) != 3 || !g_str_has_prefix (parts[2], "HTTP/"))
    return g_strdup (readinesses[readiness].word);
  if (!is_whole_head (text, length))
    return answer_unfinished (end);

  return answer_http (parts, readiness);
}
