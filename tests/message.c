/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "runtime/reactor-private.h"
#include "support/iterate.h"
#include "support/reactor-fixture.h"

#define N_THREADS 4
#define N_NUMBERS 5000

typedef struct _Note Note;
typedef void (*NoteFunc) (Note *note);

/* A message that writes its letter down, and then does what the test wants. */
struct _Note
{
  UsherMessage message;
  char letter;
  GString *log;          /* (unowned) */
  NoteFunc func;         /* (nullable) */
  UsherReactor *reactor; /* (unowned) */
};

static void
note_run (UsherMessage *message)
{
  Note *note = (Note *) message;

  g_string_append_c (note->log, note->letter);

  if (note->func != NULL)
    note->func (note);
}

static void
note_post (Note *note)
{
  usher_reactor_post (note->reactor, &note->message, note_run);
}

static void
notes_init (Note *notes,
            gsize n_notes,
            UsherReactor *reactor,
            GString *log)
{
  for (gsize i = 0; i < n_notes; i++)
    notes[i] = (Note){ .letter = (char) ('a' + i), .log = log, .reactor = reactor };
}

static void
test_order (ReactorFixture *fixture,
            gconstpointer user_data)
{
  g_autoptr (GString) log = g_string_new (NULL);
  Note notes[3];

  notes_init (notes, G_N_ELEMENTS (notes), fixture->reactor, log);
  for (gsize i = 0; i < G_N_ELEMENTS (notes); i++)
    note_post (&notes[i]);
  g_assert_cmpstr (log->str, ==, "");

  g_assert_true (g_main_context_iteration (fixture->context, FALSE));
  g_assert_cmpstr (log->str, ==, "abc");
  g_assert_false (g_main_context_iteration (fixture->context, FALSE));
}

static void
test_posts_again (ReactorFixture *fixture,
                  gconstpointer user_data)
{
  g_autoptr (GString) log = g_string_new (NULL);
  Note notes[2];

  notes_init (notes, G_N_ELEMENTS (notes), fixture->reactor, log);
  notes[0].func = note_post;
  note_post (&notes[0]);
  note_post (&notes[1]);

  g_assert_true (g_main_context_iteration (fixture->context, FALSE));
  g_assert_cmpstr (log->str, ==, "ab");
  g_assert_true (g_main_context_iteration (fixture->context, FALSE));
  g_assert_cmpstr (log->str, ==, "aba");

  notes[0].func = NULL;
  iterate_pending (fixture->context);
  g_assert_cmpstr (log->str, ==, "abaa");
}

static void
iterate_inside (Note *note)
{
  g_assert_true (g_main_context_iteration (usher_reactor_get_context (note->reactor), FALSE));
  g_string_append_c (note->log, '.');
}

static void
test_inner_loop (ReactorFixture *fixture,
                 gconstpointer user_data)
{
  g_autoptr (GString) log = g_string_new (NULL);
  Note notes[3];

  notes_init (notes, G_N_ELEMENTS (notes), fixture->reactor, log);
  notes[0].func = iterate_inside;
  for (gsize i = 0; i < G_N_ELEMENTS (notes); i++)
    note_post (&notes[i]);

  iterate_pending (fixture->context);
  g_assert_cmpstr (log->str, ==, "abc.");
}

/* What a message may free: itself, and all that its poster holds. */
typedef struct
{
  UsherMessage message;
  UsherReactor *reactor; /* (owned) */
  guint *n_runs;         /* (unowned) */
} Parcel;

static void
parcel_run (UsherMessage *message)
{
  Parcel *parcel = (Parcel *) message;

  (*parcel->n_runs)++;
  usher_reactor_unref (parcel->reactor);
  g_free (parcel);
}

static void
parcel_post (GMainContext *context,
             guint *n_runs)
{
  Parcel *parcel = g_new0 (Parcel, 1);

  parcel->reactor = usher_reactor_ref_for_context (context);
  parcel->n_runs = n_runs;
  usher_reactor_post (parcel->reactor, &parcel->message, parcel_run);
}

static gpointer
post_parcels (gpointer data)
{
  gpointer *arguments = data;

  for (int i = 0; i < N_NUMBERS; i++)
    parcel_post (arguments[0], arguments[1]);

  return NULL;
}

static gboolean
have_all_run (gpointer user_data)
{
  return *(guint *) user_data == N_NUMBERS;
}

static void
test_frees_all (ReactorFixture *fixture,
                gconstpointer user_data)
{
  guint n_runs = 0;
  gpointer arguments[] = { fixture->context, &n_runs };
  GThread *thread;

  g_clear_pointer (&fixture->reactor, usher_reactor_unref);

  thread = g_thread_new ("parcels", post_parcels, arguments);
  iterate_until (fixture->context, have_all_run, &n_runs);
  g_thread_join (thread);
}

static void
test_keeps_reactor (ReactorFixture *fixture,
                    gconstpointer user_data)
{
  g_autoptr (GString) log = g_string_new (NULL);
  Note note;

  notes_init (&note, 1, fixture->reactor, log);
  note_post (&note);
  g_clear_pointer (&fixture->reactor, usher_reactor_unref);

  iterate_pending (fixture->context);
  g_assert_cmpstr (log->str, ==, "a");
}

/* One thread's numbers, which have to arrive one after the other. */
typedef struct
{
  UsherMessage message;
  guint value;
  guint *expected; /* (unowned): shared by the numbers of a thread */
} Number;

typedef struct
{
  UsherReactor *reactor; /* (unowned) */
  Number numbers[N_NUMBERS];
  guint expected;
  GThread *thread; /* (owned) */
} Counter;

static void
number_run (UsherMessage *message)
{
  Number *number = (Number *) message;

  g_assert_cmpuint (number->value, ==, *number->expected);
  (*number->expected)++;
}

static gpointer
post_numbers (gpointer data)
{
  Counter *counter = data;

  for (guint i = 0; i < N_NUMBERS; i++)
    {
      counter->numbers[i].value = i;
      counter->numbers[i].expected = &counter->expected;
      usher_reactor_post (counter->reactor, &counter->numbers[i].message, number_run);
    }

  return NULL;
}

static gboolean
have_all_arrived (gpointer user_data)
{
  Counter *counters = user_data;

  for (gsize i = 0; i < N_THREADS; i++)
    if (counters[i].expected != N_NUMBERS)
      return FALSE;

  return TRUE;
}

static void
test_many_threads (ReactorFixture *fixture,
                   gconstpointer user_data)
{
  g_autofree Counter *counters = g_new0 (Counter, N_THREADS);

  for (gsize i = 0; i < N_THREADS; i++)
    {
      counters[i].reactor = fixture->reactor;
      counters[i].thread = g_thread_new ("counter", post_numbers, &counters[i]);
    }

  iterate_until (fixture->context, have_all_arrived, counters);
  g_assert_false (g_main_context_iteration (fixture->context, FALSE));

  for (gsize i = 0; i < N_THREADS; i++)
    g_thread_join (counters[i].thread);
}

/* A ball that two contexts throw at one another; each waits until it comes. */
typedef struct
{
  UsherMessage message;
  UsherReactor *sides[2]; /* (unowned) */
  guint n_throws;         /* (atomic) */
} Ball;

static void
ball_run (UsherMessage *message)
{
  Ball *ball = (Ball *) message;
  guint n_throws = (guint) g_atomic_int_add (&ball->n_throws, 1) + 1;

  g_assert_true (usher_reactor_is_current (ball->sides[n_throws % 2]));

  if (n_throws < N_NUMBERS)
    usher_reactor_post (ball->sides[(n_throws + 1) % 2], message, ball_run);
  else
    g_main_context_wakeup (usher_reactor_get_context (ball->sides[(n_throws + 1) % 2]));
}

static gboolean
is_game_over (gpointer user_data)
{
  return g_atomic_int_get (&((Ball *) user_data)->n_throws) == N_NUMBERS;
}

static gpointer
play (gpointer data)
{
  Ball *ball = data;

  iterate_until (usher_reactor_get_context (ball->sides[1]), is_game_over, ball);
  return NULL;
}

static void
test_ping_pong (ReactorFixture *fixture,
                gconstpointer user_data)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  UsherReactor *reactor = usher_reactor_ref_for_context (context);
  Ball ball = { .sides = { fixture->reactor, reactor } };
  GThread *thread = g_thread_new ("player", play, &ball);

  usher_reactor_post (reactor, &ball.message, ball_run);
  iterate_until (fixture->context, is_game_over, &ball);
  g_thread_join (thread);

  usher_reactor_unref (reactor);
}

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  reactor_fixture_add_test ("/message/runs-later-in-order", test_order);
  reactor_fixture_add_test ("/message/waits-for-the-next-dispatch-when-posted-again", test_posts_again);
  reactor_fixture_add_test ("/message/is-served-by-an-inner-loop", test_inner_loop);
  reactor_fixture_add_test ("/message/keeps-the-reactor-until-it-has-run", test_keeps_reactor);
  reactor_fixture_add_test ("/message/may-free-its-poster-before-the-post-returns", test_frees_all);
  reactor_fixture_add_test ("/message/arrives-once-and-in-order-from-every-thread", test_many_threads);
  reactor_fixture_add_test ("/message/wakes-a-waiting-context-every-time", test_ping_pong);

  return g_test_run ();
}
