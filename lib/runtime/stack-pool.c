/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "runtime/stack-pool-private.h"

#include "runtime/clock-private.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#define SLAB_STACKS 64

#define TRIM_INTERVAL_USEC G_USEC_PER_SEC

/* How many stacks one dispatch gives back to the system. */
#define MAX_TRIMS 256

void
usher_stack_pool_init (UsherStackPool *self,
                       UsherReactor *reactor)
{
  *self = (UsherStackPool){ .reactor = reactor };
}

static gsize
get_guard_size (void)
{
  return sysconf (_SC_PAGESIZE);
}

static gsize
get_slab_size (void)
{
  return SLAB_STACKS * (get_guard_size () + USHER_STACK_SIZE);
}

void
usher_stack_pool_clear (UsherStackPool *self)
{
  usher_timer_stop (&self->trim_timer);
  if (self->slabs == NULL)
    return;

  g_warn_if_fail (usher_stack_pool_get_n_taken (self) == 0);

  for (guint i = 0; i < self->slabs->len; i++)
    munmap (self->slabs->pdata[i], get_slab_size ());
  usher_stack_guard_forget (self->guard, self->n_carved);
  g_clear_pointer (&self->slabs, g_ptr_array_unref);
  g_clear_pointer (&self->unused, g_ptr_array_unref);
}

guint
usher_stack_pool_get_n_taken (const UsherStackPool *self)
{
  return self->n_carved - (self->unused != NULL ? self->unused->len : 0);
}

/* Carving stacks from slabs. */

/* Huge pages would make every stack as large as the page that it shares with others. */
static gboolean
add_slab (UsherStackPool *self,
          GError **error)
{
  gpointer slab = mmap (NULL, get_slab_size (), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);

  if (slab == MAP_FAILED)
    {
      g_set_error (error, G_THREAD_ERROR, G_THREAD_ERROR_AGAIN,
                   "No memory for one more stack: %s; the limits are ulimit -v and vm.max_map_count",
                   g_strerror (errno));
      return FALSE;
    }

  madvise (slab, get_slab_size (), MADV_NOHUGEPAGE);
  g_ptr_array_add (self->slabs, slab);
  return TRUE;
}

static gpointer
carve (UsherStackPool *self,
       GError **error)
{
  gsize guard_size = get_guard_size ();
  guint index = self->n_carved % SLAB_STACKS;
  char *slab;
  char *guard;

  if (self->slabs == NULL)
    {
      self->slabs = g_ptr_array_new ();
      self->unused = g_ptr_array_new ();
    }

  if (self->n_carved == self->slabs->len * SLAB_STACKS && !add_slab (self, error))
    return NULL;

  slab = self->slabs->pdata[self->n_carved / SLAB_STACKS];
  guard = slab + index * (guard_size + USHER_STACK_SIZE);
  if (!usher_stack_guard_install (&self->guard, guard, guard_size, error))
    return NULL;

  self->n_carved++;
  return guard + guard_size;
}

gpointer
usher_stack_pool_take (UsherStackPool *self,
                       GError **error)
{
  gpointer stack;

  if (self->unused == NULL || self->unused->len == 0)
    return carve (self, error);

  stack = g_ptr_array_steal_index_fast (self->unused, self->unused->len - 1);
  self->n_cold = MIN (self->n_cold, self->unused->len);
  self->n_idle = MIN (self->n_idle, self->unused->len);

  return stack;
}

/* Trimming. */

static void on_trim (UsherTimer *timer);

static void
schedule_trim (UsherStackPool *self,
               gint64 delay_usec)
{
  usher_timer_start (&self->trim_timer, self->reactor, usher_clock_now_usec () + delay_usec, on_trim);
}

static void
on_trim (UsherTimer *timer)
{
  UsherStackPool *self = USHER_OWNER (UsherStackPool, trim_timer, timer);
  guint end = MIN (self->n_idle, self->n_cold + MAX_TRIMS);

  for (; self->n_cold < end; self->n_cold++)
    madvise (self->unused->pdata[self->n_cold], USHER_STACK_SIZE, MADV_DONTNEED);

  if (self->n_cold < self->n_idle)
    {
      schedule_trim (self, 0);
      return;
    }

  self->n_idle = self->unused->len;
  if (self->n_cold < self->n_idle)
    schedule_trim (self, TRIM_INTERVAL_USEC);
}

/* A stack that comes in while the timer waits has not been idle for all that time, but for a part
 * of it: those below it in the array have been, and go first. */
void
usher_stack_pool_give (UsherStackPool *self,
                       gpointer stack)
{
  g_ptr_array_add (self->unused, stack);
  if (!usher_timer_is_started (&self->trim_timer))
    schedule_trim (self, TRIM_INTERVAL_USEC);
}
