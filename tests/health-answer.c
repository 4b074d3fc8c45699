/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "deploy/health-answer-private.h"

static char *
answer (const char *request,
        UsherHealthEnd end,
        UsherReadiness readiness)
{
  /* Exactly as long, so that reading behind it is found. */
  gsize length = strlen (request);
  g_autofree char *bytes = g_malloc (MAX (length, 1));

  memcpy (bytes, request, length);
  return usher_health_answer (bytes, length, end, readiness);
}

static void
expect (const char *request,
        UsherHealthEnd end,
        const char *expected)
{
  g_autofree char *got = answer (request, end, USHER_READINESS_READY);

  if (expected == NULL)
    g_assert_null (got);
  else
    g_assert_true (g_str_has_prefix (got, expected));
}

static void
test_agent (void)
{
  static const char *const words[] = {
    [USHER_READINESS_STARTING] = "maint\n",
    [USHER_READINESS_READY] = "ready\n",
    [USHER_READINESS_DRAINING] = "drain\n",
    [USHER_READINESS_MAINTENANCE] = "maint\n",
  };
  static const char *const lines[] = { "\n", "\r\n", "agent\n", "HELLO\n", "Hello world", "GET /readyz\n", "   HTTP/1.1\n" };

  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    for (guint j = 0; j < G_N_ELEMENTS (lines); j++)
      {
        g_autofree char *got = answer (lines[j], USHER_HEALTH_MORE, i);

        g_assert_cmpstr (got, ==, words[i]);
      }
}

/* A probe that sends nothing is answered when it has been quiet, or has said that it sends nothing. */
static void
test_silence (void)
{
  expect ("", USHER_HEALTH_MORE, NULL);
  expect ("", USHER_HEALTH_TOO_LATE, "ready\n");
  expect ("", USHER_HEALTH_END_OF_FILE, "ready\n");
}

static void
test_readyz (void)
{
  static const char *const starts[] = {
    [USHER_READINESS_STARTING] = "HTTP/1.1 503 Service Unavailable\r\n",
    [USHER_READINESS_READY] = "HTTP/1.1 200 OK\r\n",
    [USHER_READINESS_DRAINING] = "HTTP/1.1 503 Service Unavailable\r\n",
    [USHER_READINESS_MAINTENANCE] = "HTTP/1.1 503 Service Unavailable\r\n",
  };
  static const char *const bodies[] = {
    [USHER_READINESS_STARTING] = "\r\n\r\nstarting\n",
    [USHER_READINESS_READY] = "\r\n\r\nready\n",
    [USHER_READINESS_DRAINING] = "\r\n\r\ndraining\n",
    [USHER_READINESS_MAINTENANCE] = "\r\n\r\nmaintenance\n",
  };

  for (guint i = 0; i < G_N_ELEMENTS (starts); i++)
    {
      g_autofree char *got = answer ("GET /readyz HTTP/1.1\r\nHost: here\r\n\r\n", USHER_HEALTH_MORE, i);
      g_autofree char *head = answer ("HEAD /readyz?verbose HTTP/1.0\n\n", USHER_HEALTH_MORE, i);
      g_autofree char *live = answer ("GET /livez HTTP/1.1\r\n\r\n", USHER_HEALTH_MORE, i);

      g_assert_true (g_str_has_prefix (got, starts[i]) && g_str_has_suffix (got, bodies[i]));
      g_assert_true (g_str_has_prefix (head, starts[i]) && g_str_has_suffix (head, "\r\n\r\n"));
      g_assert_true (g_str_has_prefix (live, "HTTP/1.1 200 OK\r\n") && g_str_has_suffix (live, "\r\n\r\nlive\n"));
    }
}

static void
test_head (void)
{
  g_autofree char *got = answer ("HEAD /readyz HTTP/1.1\r\n\r\n", USHER_HEALTH_MORE, USHER_READINESS_READY);

  g_assert_cmpstr (got, ==,
                   "HTTP/1.1 200 OK\r\n"
                   "Content-Type: text/plain; charset=utf-8\r\n"
                   "Content-Length: 6\r\n"
                   "Cache-Control: no-store\r\n"
                   "Connection: close\r\n"
                   "\r\n");
}

static void
test_other_requests (void)
{
  g_autofree char *post = answer ("POST /readyz HTTP/1.1\r\n\r\n", USHER_HEALTH_MORE, USHER_READINESS_READY);

  g_assert_true (g_str_has_prefix (post, "HTTP/1.1 405 "));
  g_assert_nonnull (strstr (post, "\r\nAllow: GET, HEAD\r\n"));
  expect ("GET / HTTP/1.1\r\n\r\n", USHER_HEALTH_MORE, "HTTP/1.1 404 ");
  expect ("GET /readyzz HTTP/1.1\r\n\r\n", USHER_HEALTH_MORE, "HTTP/1.1 404 ");
  expect ("GET /ready HTTP/1.1\r\n\r\n", USHER_HEALTH_MORE, "HTTP/1.1 404 ");
  expect ("POST /nowhere HTTP/1.1\r\n\r\n", USHER_HEALTH_MORE, "HTTP/1.1 404 ");
  expect ("PRI * HTTP/2.0\r\n\r\n", USHER_HEALTH_MORE, "HTTP/1.1 505 ");
}

/* In whatever pieces it comes. */
static void
test_pieces (void)
{
  const char *request = "GET /readyz HTTP/1.1\r\nHost: here\r\n\r\n";

  for (gsize length = 0; length < strlen (request); length++)
    {
      g_autofree char *piece = g_strndup (request, length);

      expect (piece, USHER_HEALTH_MORE, NULL);
      if (length == 0)
        continue;
      expect (piece, USHER_HEALTH_TOO_LATE, "HTTP/1.1 408 ");
      expect (piece, USHER_HEALTH_TOO_LONG, "HTTP/1.1 431 ");
      expect (piece, USHER_HEALTH_END_OF_FILE, "HTTP/1.1 400 ");
    }

  expect (request, USHER_HEALTH_MORE, "HTTP/1.1 200 ");
}

/* Whatever comes, there is an answer at its end. */
static void
test_garbage (void)
{
  static const char alphabet[] = "GET HTTP/1.\r\n \0z?";

  for (guint i = 0; i < 100000; i++)
    {
      char bytes[40];
      gsize length = g_test_rand_int_range (0, sizeof bytes);
      g_autofree char *request = NULL, *got = NULL;

      for (gsize j = 0; j < length; j++)
        bytes[j] = alphabet[g_test_rand_int_range (0, sizeof alphabet - 1)];
      request = g_memdup2 (bytes, sizeof bytes);
      got = usher_health_answer (request, length, USHER_HEALTH_TOO_LONG, USHER_READINESS_READY);
      g_assert_true (g_str_equal (got, "ready\n") || g_str_has_prefix (got, "HTTP/1.1 "));
    }
}

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/health-answer/a-line-gets-the-word-of-agent-check", test_agent);
  g_test_add_func ("/health-answer/silence-gets-it-too", test_silence);
  g_test_add_func ("/health-answer/readyz-says-whether-and-livez-that", test_readyz);
  g_test_add_func ("/health-answer/head-has-no-body", test_head);
  g_test_add_func ("/health-answer/other-requests-are-told-what-to-ask", test_other_requests);
  g_test_add_func ("/health-answer/a-request-may-come-in-pieces", test_pieces);
  g_test_add_func ("/health-answer/garbage-gets-an-answer", test_garbage);

  return g_test_run ();
}
