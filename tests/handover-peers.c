/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "deploy/handover-channel-private.h"
#include "support/handover-fixture.h"

/* Peers that keep to the protocol for a while. */

typedef enum
{
  LEAVES,
  IS_SILENT,
  TALKS_NONSENSE,
  TALKS_TOO_MUCH,
  SPEAKS_OUT_OF_TURN,
  PASSES_A_DESCRIPTOR,
  N_MANNERS,
} Manner;

static const char *const manners[] = {
  [LEAVES] = "leaves",
  [IS_SILENT] = "is-silent",
  [TALKS_NONSENSE] = "talks-nonsense",
  [TALKS_TOO_MUCH] = "talks-too-much",
  [SPEAKS_OUT_OF_TURN] = "speaks-out-of-turn",
  [PASSES_A_DESCRIPTOR] = "passes-a-descriptor",
};

/* How many messages of the other one it answers before. */
#define MAX_GOOD 4

typedef struct
{
  guint n_good;
  Manner manner;
} Misbehaviour;

typedef struct
{
  UsherHandoverChannel channel;
  UsherHandoverVerb verb; /* the latest; 0 if there will be no more */
  char *name;             /* (owned) (nullable) */
  guint n_heard;
} Peer;

static void
on_heard (UsherHandoverChannel *channel,
          UsherHandoverMessage *message,
          const GError *error)
{
  Peer *self = USHER_OWNER (Peer, channel, channel);

  self->verb = message != NULL ? message->verb : 0;
  self->n_heard++;
  g_clear_pointer (&self->name, g_free);
  if (message == NULL)
    usher_handover_channel_close (channel);
  else
    self->name = g_strdup (usher_handover_message_get_string (message, "name"));
}

static gboolean
has_heard (gpointer self)
{
  return ((Peer *) self)->n_heard > 0;
}

static void
peer_listen (Peer *self)
{
  self->n_heard = 0;
  iterate_until (NULL, has_heard, self);
}

static GVariant *
make_fields (const char *field,
             GVariant *value)
{
  GVariantDict fields;

  g_variant_dict_init (&fields, NULL);
  g_variant_dict_insert_value (&fields, field, value);
  return g_variant_dict_end (&fields);
}

static void
peer_say (Peer *self,
          UsherHandoverVerb verb,
          GVariant *fields,
          int fd)
{
  g_autoptr (GError) error = NULL;

  usher_handover_channel_send (&self->channel, verb, fields, fd, &error);
  g_assert_no_error (error);
}

/* `turns` are what it should say after so many messages, and then one that it never should. */
static void
peer_misbehave (Peer *self,
                const Misbehaviour *how,
                const UsherHandoverVerb *turns,
                gint64 patience_msec)
{
  Manner manner = how->manner;
  static const char nonsense[64 * 1024 + 1];

  if (manner == LEAVES)
    usher_handover_channel_close (&self->channel);
  else if (manner == IS_SILENT)
    fake_clock_advance_usec (patience_msec * G_TIME_SPAN_MILLISECOND);
  else if (manner == TALKS_NONSENSE)
    g_assert_cmpint (send (self->channel.fd, nonsense, 100, 0), ==, 100);
  else if (manner == TALKS_TOO_MUCH)
    g_assert_cmpint (send (self->channel.fd, nonsense, sizeof nonsense, 0), ==, sizeof nonsense);
  else
    peer_say (self, turns[manner == SPEAKS_OUT_OF_TURN ? MAX_GOOD + 1 : how->n_good], NULL,
              manner == PASSES_A_DESCRIPTOR ? STDERR_FILENO : -1);
  iterate_pending (NULL);
}

static int
make_socket (const char *path,
             gboolean listens)
{
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (path);
  struct sockaddr_storage native = { 0 };
  gssize length = g_socket_address_get_native_size (address);
  int fd = socket (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

  g_socket_address_to_native (address, &native, sizeof native, NULL);
  if (listens)
    {
      g_assert_no_errno (bind (fd, (struct sockaddr *) &native, length));
      g_assert_no_errno (listen (fd, 5));
    }
  else
    g_assert_no_errno (connect (fd, (struct sockaddr *) &native, length));

  return fd;
}

/* What a successor says in its turn. */
static void
peer_succeed (Peer *self)
{
  static const char *const names[] = { ANY_TCP_PORT };

  if (self->verb == 0)
    peer_say (self, USHER_HANDOVER_HELLO, make_fields ("version", g_variant_new_string ("scripted")), -1);
  else if (self->verb == USHER_HANDOVER_OFFER)
    peer_say (self, USHER_HANDOVER_WANT, make_fields ("names", g_variant_new_strv (names, 1)), -1);
  else
    {
      g_assert_cmpint (self->verb, ==, USHER_HANDOVER_SOCKET);
      peer_say (self, USHER_HANDOVER_GOT, make_fields ("name", g_variant_new_string (self->name)), -1);
    }
  if (self->verb != USHER_HANDOVER_SOCKET || self->name[0] != '\0')
    peer_listen (self);
  iterate_pending (NULL);
}

static void
test_bad_successor (HandoverFixture *fixture,
                    gconstpointer data)
{
  static const UsherHandoverVerb turns[] = { USHER_HANDOVER_HELLO, USHER_HANDOVER_WANT, USHER_HANDOVER_GOT,
                                             USHER_HANDOVER_GOT, USHER_HANDOVER_READY, USHER_HANDOVER_YOURS };
  const Misbehaviour *how = data;
  Generation *second = generation_new (fixture, "second", ANY_TCP_PORT, fixture->unix_address, NULL);
  Peer peer = { 0 };

  g_assert_true (usher_handover_channel_open (&peer.channel, make_socket (fixture->path, FALSE), on_heard, NULL));
  iterate_until (NULL, generation_is_giving, fixture->first);
  for (guint i = 0; i < how->n_good; i++)
    peer_succeed (&peer);
  generation_assert_serves (fixture->first);
  g_assert_cmpuint (fixture->first->failures->len, ==, 0);
  peer_misbehave (&peer, how, turns, how->n_good == MAX_GOOD ? 60 * 1000 : 5000);

  g_assert_cmpint (usher_handover_get_state (fixture->first->handover), ==, USHER_HANDOVER_SERVING);
  g_assert_cmpuint (fixture->first->failures->len, ==, 1);
  g_assert_nonnull (strstr (fixture->first->failures->pdata[0], "did not take over"));
  generation_assert_serves (fixture->first);
  generation_take_over (second);
  generation_assert_serves (second);
  usher_handover_channel_close (&peer.channel);
  g_free (peer.name);
  generation_free (second);
}

#define N_ATTEMPTS 500

/* What begins like a hand-over, with some bytes that are others. */
static gsize
make_bad_hello (char *bytes,
                gsize size)
{
  UsherHandoverChannel channel = { 0 };
  int fds[2];
  gssize n;

  g_assert_no_errno (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds));
  channel.fd = fds[0];
  g_assert_true (usher_handover_channel_send (&channel, USHER_HANDOVER_HELLO,
                                              make_fields ("version", g_variant_new_string ("fuzzy")), -1, NULL));
  n = recv (fds[1], bytes, size, 0);
  g_assert_cmpint (n, >, 0);
  g_close (fds[0], NULL);
  g_close (fds[1], NULL);

  for (int i = g_test_rand_int_range (1, 4); i > 0; i--)
    bytes[g_test_rand_int_range (0, n)] = g_test_rand_int_range (0, 256);
  return g_test_rand_int_range (1, n + 1);
}

static gboolean
is_serving (gpointer generation)
{
  return usher_handover_get_state (((Generation *) generation)->handover) == USHER_HANDOVER_SERVING;
}

static void
test_random_bytes (HandoverFixture *fixture,
                   gconstpointer data)
{
  for (guint i = 0; i < N_ATTEMPTS; i++)
    {
      int fd = make_socket (fixture->path, FALSE);
      char bytes[1000];
      gsize n = make_bad_hello (bytes, sizeof bytes);

      g_assert_cmpint (send (fd, bytes, n, 0), ==, n);
      iterate_until (NULL, generation_is_giving, fixture->first);
      iterate_pending (NULL);
      g_close (fd, NULL);
      iterate_until (NULL, is_serving, fixture->first);
    }
  generation_assert_serves (fixture->first);
}

/* What a predecessor says in its turn. */
static void
peer_precede (Peer *self,
              int listen_fd)
{
  static const char *const names[] = { ANY_TCP_PORT };

  if (self->verb == USHER_HANDOVER_HELLO)
    peer_say (self, USHER_HANDOVER_OFFER, make_fields ("names", g_variant_new_strv (names, 1)), -1);
  else if (self->verb == USHER_HANDOVER_WANT)
    peer_say (self, USHER_HANDOVER_SOCKET, make_fields ("name", g_variant_new_string (ANY_TCP_PORT)), listen_fd);
  peer_listen (self);
}

/* It says that it is ready, if it has come so far. */
static void
test_bad_predecessor (HandoverFixture *fixture,
                      gconstpointer data)
{
  static const UsherHandoverVerb turns[] = { USHER_HANDOVER_OFFER, USHER_HANDOVER_SOCKET, USHER_HANDOVER_SOCKET,
                                             0, 0, USHER_HANDOVER_READY };
  const Misbehaviour *how = data;
  g_autofree char *own_path = g_steal_pointer (&fixture->path);
  g_autofree char *path = g_build_filename (fixture->directory, "peer", NULL);
  g_autofree char *local = usher_listen_socket_dup_local_address (fixture->first->sockets->pdata[0]);
  Generation *second;
  Peer peer = { 0 };
  int control = make_socket (path, TRUE), listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_no_errno (listen (listener, 5));
  fixture->path = path;
  second = generation_new (fixture, "second", ANY_TCP_PORT, NULL);
  generation_begin_taking (second);
  g_assert_true (usher_handover_channel_open (&peer.channel, accept (control, NULL, NULL), on_heard, NULL));
  peer_listen (&peer);
  for (guint i = 0; i < how->n_good; i++)
    peer_precede (&peer, listener);
  peer_misbehave (&peer, how, turns, 5000);
  iterate_until (NULL, generation_is_answered, second);
  g_assert_nonnull (second->error);
  g_assert_true (g_str_has_prefix (second->error->message, "Cannot take over from process "));
  g_assert_cmpint (usher_handover_get_state (second->handover), ==, USHER_HANDOVER_IDLE);

  usher_handover_channel_close (&peer.channel);
  g_free (peer.name);
  g_close (control, NULL);
  g_close (listener, NULL);
  generation_free (second);
  fixture->path = g_steal_pointer (&own_path);
  g_unlink (path);
}

static void
add_misbehaviours (void)
{
  static Misbehaviour all[MAX_GOOD + 1][N_MANNERS];

  for (guint i = 0; i <= MAX_GOOD; i++)
    for (Manner manner = 0; manner < N_MANNERS; manner++)
      {
        g_autofree char *give = g_strdup_printf ("/handover-peers/bad-successor/%s/after-%u", manners[manner], i);
        g_autofree char *generation_take = g_strdup_printf ("/handover-peers/bad-predecessor/%s/after-%u", manners[manner], i);

        all[i][manner] = (Misbehaviour){ i, manner };
        g_test_add (give, HandoverFixture, &all[i][manner], handover_fixture_set_up, test_bad_successor, handover_fixture_tear_down);
        if (i <= 2)
          g_test_add (generation_take, HandoverFixture, &all[i][manner], handover_fixture_set_up, test_bad_predecessor, handover_fixture_tear_down);
      }
}

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_misbehaviours ();
  g_test_add ("/handover-peers/survives-random-bytes", HandoverFixture, NULL, handover_fixture_set_up,
              test_random_bytes, handover_fixture_tear_down);

  return g_test_run ();
}
