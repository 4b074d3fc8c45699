/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "support/fake-clock.h"

#include "runtime/clock-private.h"

#define START_USEC (1000 * G_USEC_PER_SEC)

static GMutex lock;
static gint64 now_usec;   /* (locked-by lock) */
static GHashTable *armed; /* (element-type GSource gint64) (nullable) (locked-by lock) */

static gint64
fake_now_usec (void)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lock);

  return now_usec;
}

static void
fake_arm (GSource *source,
          gint64 deadline_usec)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lock);
  gboolean is_due = deadline_usec >= 0 && deadline_usec <= now_usec;

  /* Another thread may have asked for the clock just before it was removed. */
  if (armed == NULL)
    {
      g_source_set_ready_time (source, deadline_usec);
      return;
    }

  g_hash_table_remove (armed, source);
  if (deadline_usec > now_usec)
    g_hash_table_insert (armed, g_source_ref (source),
                         g_memdup2 (&deadline_usec, sizeof deadline_usec));

  g_source_set_ready_time (source, is_due ? 0 : -1);
}

static const UsherClock fake_clock = {
  .now_usec = fake_now_usec,
  .arm = fake_arm,
};

void
fake_clock_install (void)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lock);

  g_assert_null (armed);

  armed = g_hash_table_new_full (NULL, NULL, (GDestroyNotify) g_source_unref, g_free);
  now_usec = MAX (START_USEC, now_usec + G_TIME_SPAN_DAY);
  usher_clock_set (&fake_clock);
}

static void
ring (gpointer key,
      gpointer value,
      gpointer user_data)
{
  g_source_set_ready_time (key, 0);
}

/* A reactor may live on into the next test, because another thread is still about to let go of it.
 * So no deadline is forgotten, and the next clock begins after all of them. */
void
fake_clock_remove (void)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lock);

  g_assert_nonnull (armed);

  g_hash_table_foreach (armed, ring, NULL);
  usher_clock_set (NULL);
  g_clear_pointer (&armed, g_hash_table_unref);
}

static gboolean
ring_if_due (gpointer key,
             gpointer value,
             gpointer user_data)
{
  GSource *source = key;
  gint64 *deadline_usec = value;

  if (*deadline_usec > now_usec)
    return FALSE;

  g_source_set_ready_time (source, 0);
  return TRUE;
}

void
fake_clock_advance_usec (gint64 usec)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lock);

  g_assert_cmpint (usec, >=, 0);

  now_usec += usec;
  g_hash_table_foreach_remove (armed, ring_if_due, NULL);
}

gint64
fake_clock_get_pause_usec (void)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lock);
  gint64 pause_usec = G_MAXINT64;
  GHashTableIter iter;
  gpointer deadline_usec;

  g_hash_table_iter_init (&iter, armed);
  while (g_hash_table_iter_next (&iter, NULL, &deadline_usec))
    pause_usec = MIN (pause_usec, *(gint64 *) deadline_usec - now_usec);

  return pause_usec;
}

guint
fake_clock_get_n_armed (void)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lock);

  return g_hash_table_size (armed);
}
