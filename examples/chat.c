/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <string.h>

#include <usher/usher.h>

/* A chat server: rooms, and people in them who hear each other.
 *
 * Each member has a thread that waits for what they type. What they hear is queued for them by the
 * others, who wait for nobody: a member who does not read ends when too much is queued. */

#define MAX_LINE 512
#define MAX_BEHIND (64 * 1024)

typedef struct
{
  UsherConnection *connection; /* (unowned): as long as its acceptor serves it */
  char *name;                  /* (owned) (nullable) (locked-by lock) */
  char *room;                  /* (owned) (nullable) (locked-by lock) */
} Member;

typedef struct
{
  GMutex lock;
  GPtrArray *members; /* (element-type Member) (locked-by lock) */
  guint n_ever;       /* (locked-by lock) */
} Chat;

/* Speaking. Nothing here waits for anybody. */

static void
tell (Member *member,
      const char *text)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
  g_autoptr (GError) error = NULL;
  g_autoptr (UsherExit) reason = NULL;

  if (usher_connection_queue_bytes (member->connection, bytes, &error))
    return;

  reason = usher_exit_new_shutdown_with_error (error);
  usher_connection_exit (member->connection, reason);
}

/* Called with the lock, so that all in the room hear everything in the same order. */
static void
say (Chat *chat,
     const char *room,
     const char *text)
{
  for (guint i = 0; i < chat->members->len; i++)
    {
      Member *member = chat->members->pdata[i];

      if (g_strcmp0 (member->room, room) == 0)
        tell (member, text);
    }
}

static void
announce (Chat *chat,
          Member *member,
          const char *what)
{
  g_autofree char *text = g_strdup_printf ("* %s %s\n", member->name, what);

  if (member->room != NULL)
    say (chat, member->room, text);
}

/* Coming and going. All of this is called with the lock. */

static void
move_to (Chat *chat,
         Member *member,
         const char *room)
{
  announce (chat, member, "leaves");
  g_free (member->room);
  member->room = g_strdup (room);
  announce (chat, member, "comes in");
}

static Member *
find_name (Chat *chat,
           const char *name)
{
  for (guint i = 0; i < chat->members->len; i++)
    {
      Member *member = chat->members->pdata[i];

      if (g_str_equal (member->name, name))
        return member;
    }

  return NULL;
}

static void
rename_to (Chat *chat,
           Member *member,
           const char *name)
{
  g_autofree char *what = g_strdup_printf ("is %s from now on", name);

  if (*name == '\0' || find_name (chat, name) != NULL)
    {
      tell (member, "* somebody else has that name\n");
      return;
    }

  announce (chat, member, what);
  g_free (member->name);
  member->name = g_strdup (name);
}

static void
list_room (Chat *chat,
           Member *member)
{
  g_autoptr (GString) names = g_string_new ("*");

  for (guint i = 0; i < chat->members->len; i++)
    {
      Member *other = chat->members->pdata[i];

      if (g_strcmp0 (other->room, member->room) == 0)
        g_string_append_printf (names, " %s", other->name);
    }

  g_string_append_c (names, '\n');
  tell (member, names->str);
}

/* Listening. */

static void
obey (Chat *chat,
      Member *member,
      const char *line)
{
  g_autofree char *text = g_strdup_printf ("%s: %s\n", member->name, line);

  if (g_str_has_prefix (line, "/join "))
    move_to (chat, member, line + strlen ("/join "));
  else if (g_str_has_prefix (line, "/name "))
    rename_to (chat, member, line + strlen ("/name "));
  else if (g_str_equal (line, "/who"))
    list_room (chat, member);
  else if (*line == '/')
    tell (member, "* say /join ROOM, /name NAME, /who or /quit\n");
  else
    say (chat, member->room, text);
}

/* The buffer limits how long a line can be. Only who has not begun to type is asked to leave. */
static char *
read_line (GBufferedInputStream *in,
           GCancellable *drain,
           GError **error)
{
  for (;;)
    {
      gsize n;
      const char *line = g_buffered_input_stream_peek_buffer (in, &n);
      const char *end = memchr (line, '\n', n);

      if (end != NULL || n == MAX_LINE)
        {
          gsize length = end != NULL ? (gsize) (end + 1 - line) : n;
          g_autofree char *copy = g_strndup (line, length);

          g_input_stream_skip (G_INPUT_STREAM (in), length, NULL, NULL);
          return g_utf8_make_valid (g_strchomp (copy), -1);
        }

      if (g_buffered_input_stream_fill (in, -1, n == 0 ? drain : NULL, error) <= 0)
        return NULL;
    }
}

static gboolean
listen_to (Chat *chat,
           Member *member,
           GError **error)
{
  GInputStream *input = g_io_stream_get_input_stream (G_IO_STREAM (member->connection));
  GCancellable *drain = usher_connection_get_drain_cancellable (member->connection);
  g_autoptr (GInputStream) in = g_buffered_input_stream_new_sized (input, MAX_LINE);
  g_autoptr (GError) read_error = NULL;

  for (;;)
    {
      g_autofree char *line = read_line (G_BUFFERED_INPUT_STREAM (in), drain, &read_error);

      if (line == NULL || g_str_equal (line, "/quit"))
        break;

      g_mutex_lock (&chat->lock);
      obey (chat, member, line);
      g_mutex_unlock (&chat->lock);
    }

  if (g_error_matches (read_error, G_IO_ERROR, G_IO_ERROR_CANCELLED) &&
      usher_connection_is_draining (member->connection))
    tell (member, "* goodbye, the server is going down\n");
  else if (read_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&read_error));
      return FALSE;
    }

  return TRUE;
}

static gboolean
chat_with (UsherConnection *connection,
           gpointer user_data,
           GError **error)
{
  Chat *chat = user_data;
  Member member = { .connection = connection };
  gboolean ok;

  g_mutex_lock (&chat->lock);
  member.name = g_strdup_printf ("guest-%u", ++chat->n_ever);
  g_ptr_array_add (chat->members, &member);
  move_to (chat, &member, "lobby");
  g_mutex_unlock (&chat->lock);

  ok = listen_to (chat, &member, error);

  g_mutex_lock (&chat->lock);
  g_ptr_array_remove_fast (chat->members, &member);
  announce (chat, &member, "has left");
  g_mutex_unlock (&chat->lock);

  g_free (member.name);
  g_free (member.room);
  return ok;
}

int
main (int argc, char *argv[])
{
  g_autoptr (GPtrArray) members = g_ptr_array_new ();
  Chat chat = { .members = members };
  g_autoptr (UsherService) service = usher_service_new ("chat");
  g_autoptr (UsherAcceptorPool) pool = usher_acceptor_pool_new_for_func ("chat", chat_with, &chat, NULL);

  usher_acceptor_pool_set_max_queued_bytes (pool, MAX_BEHIND);
  usher_acceptor_pool_set_drain_idle_reads (pool, FALSE); /* They get a goodbye instead. */
  usher_service_add_pool (service, pool, "tcp://127.0.0.1:7000", 10);
  return usher_service_run (service, argc, argv);
}
