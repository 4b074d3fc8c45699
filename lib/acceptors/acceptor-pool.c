/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/acceptor-pool-private.h"

#include "acceptors/pool-properties-private.h"
#include "usher/error.h"
#include "usher/report.h"

/**
 * UsherAcceptorPool:
 *
 * Supervises acceptors: objects that each take one connection, own it until they exit, and exit
 * with a reason.
 *
 * It is [acceptor_pool](https://github.com/fishcakez/acceptor_pool) for GLib: a supervisor whose
 * children are made as connections come.
 *
 * # What happens when
 *
 * 1. The pool is told which listen sockets to serve, by
 *    [method@Usher.AcceptorPool.accept_socket], and is started, most often by the
 *    [class@Usher.Supervisor] it is a child of.
 * 2. Whenever the pool and a listen socket are both up, the pool keeps the wanted number of
 *    acceptors *waiting*: made, set up by `acceptor_init`, and ready.
 * 3. A connection goes to the acceptor that has waited longest, and another takes its place. A
 *    blocking acceptor runs in a thread of its own; one that implements
 *    [iface@Usher.AsyncAcceptor] runs in the pool's context, or in one of its
 *    [property@Usher.AcceptorPool:workers].
 * 4. The acceptor's exit has a reason. `NORMAL` and `SHUTDOWN` are silent. `ERROR` is reported by
 *    [signal@Usher.AcceptorPool::report]; it is charged to the restart budget if
 *    [property@Usher.AcceptorPool:restart] is transient. A connection is never restarted.
 * 5. An acceptor that fails before it has a connection is reported, charged whatever the restart
 *    type, and replaced.
 * 6. Over its budget (more than [property@Usher.AcceptorPool:intensity] charges within
 *    [property@Usher.AcceptorPool:period-msec]) the pool lets go of its listen sockets, which stay
 *    open, tells its connections to leave, and exits; its supervisor decides what is next.
 * 7. When a listen socket is closed on purpose, the pool accepts what is still in its queue, its
 *    waiting acceptors end, and its connections are told to leave; those that have not said anything
 *    yet have a second for that ([property@Usher.AcceptorPool:drain-patience-msec]). Those who come out
 *    of the queue get places and acceptors as others do, and whoever has none when the grace of the pool
 *    is over is refused. When it fails or is restarted, its connections stay, unless
 *    [property@Usher.AcceptorPool:drain-on-failure] is set.
 * 8. When the pool is shut down, its waiting acceptors end, its connections are told, and have
 *    [property@Usher.AcceptorPool:grace-msec] to finish. Then their I/O is cancelled, so that their
 *    acceptors unwind, within [property@Usher.AcceptorPool:shutdown-msec]. Whoever is still there
 *    then is disconnected, abandoned, and named in a report.
 *
 * # Limits
 *
 * [property@Usher.AcceptorPool:max-connections] is exact, over all listen sockets. At the limit,
 * connections stay in the kernel's queue, wait for a time, or are refused with a goodbye
 * ([property@Usher.AcceptorPool:at-limit]). There are limits for each peer's address and each user;
 * long-lived connections can be taken out of the count
 * ([method@Usher.AcceptorPool.remove_connection]); and
 * [method@Usher.AcceptorPool.suspend] accepts nothing for a while. Accepting comes after the I/O of
 * the connections that are there, and the listen sockets take turns.
 *
 * # When something runs out
 *
 * Without descriptors, memory or threads the pool pauses accepting, for 10 ms and up to 1 s at a
 * time. It reports that once in 10 s, charges nothing, and goes on by itself; the clients wait in
 * the kernel's queue meanwhile. A blocking acceptor needs two descriptors while it waits for its
 * peer.
 *
 * # Threading
 *
 * A pool belongs to the thread-default main context of the thread that made it. All functions must
 * be called there, but for those that say otherwise, and all signals are emitted there. The factory is
 * called there too, or in each of the pool's [property@Usher.AcceptorPool:workers] if it has any. A
 * running pool holds a reference on itself. What would change it while it runs, and is called while
 * another thread iterates the context, does nothing but say so, as a programmer's error.
 *
 * Since: 0.1
 */

#define RESOURCE_REPORT_PERIOD_USEC (10 * G_TIME_SPAN_SECOND)

G_DEFINE_FINAL_TYPE_WITH_CODE (UsherAcceptorPool, usher_acceptor_pool, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (USHER_TYPE_CHILD, usher_acceptor_pool_child_iface_init))

/* Who still runs here was abandoned, and does not ask for the pool any more. */
static void
usher_acceptor_pool_finalize (GObject *object)
{
  UsherAcceptorPool *self = USHER_ACCEPTOR_POOL (object);

  for (guint i = 0; i < self->sockets->len; i++)
    usher_pool_socket_remove (self->sockets->pdata[i]);
  g_clear_pointer (&self->sockets, g_ptr_array_unref);
  g_clear_pointer (&self->crews, g_ptr_array_unref);
  g_mutex_clear (&self->crews_lock);
  usher_crew_terms_clear (&self->terms);
  usher_peer_counts_clear (&self->peers);
  g_clear_pointer (&self->link, usher_pool_link_unref);
  usher_budget_clear (&self->budget);
  usher_budget_clear (&self->resource_reports);
  g_clear_pointer (&self->reactor, usher_reactor_unref);
  g_clear_pointer (&self->name, g_free);

  G_OBJECT_CLASS (usher_acceptor_pool_parent_class)->finalize (object);
}

static void
usher_acceptor_pool_class_init (UsherAcceptorPoolClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = usher_acceptor_pool_finalize;

  usher_acceptor_pool_install_properties (object_class);

  /**
   * UsherAcceptorPool::report:
   * @self: the pool
   * @report: the report
   *
   * Emitted for each supervision event of the pool: an acceptor that failed to start or failed
   * while it served, connections that did not leave in time, a budget that is used up, a resource
   * that has run out. The same goes to the log.
   *
   * Since: 0.1
   */
  g_signal_new ("report", USHER_TYPE_ACCEPTOR_POOL, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
                USHER_TYPE_REPORT);
}

static void
usher_acceptor_pool_init (UsherAcceptorPool *self)
{
  self->reactor = usher_reactor_ref_for_caller ();
  self->sockets = g_ptr_array_new_with_free_func ((GDestroyNotify) usher_pool_socket_unref);
  self->restart = USHER_RESTART_TEMPORARY;
  self->intensity = 1;
  self->period_msec = 5000;
  self->grace_msec = 5000;
  self->shutdown_msec = 5000;
  self->escalation_grace_msec = 5000;
  self->terms.limits.max_queued_bytes = USHER_DEFAULT_MAX_QUEUED_BYTES;
  self->max_connections = G_MAXUINT;
  self->max_connections_per_peer = G_MAXUINT;
  self->max_connections_per_user = G_MAXUINT;
  self->terms.at_limit_wait_msec = 1000;
  self->terms.drain_patience_usec = 1 * G_TIME_SPAN_SECOND;
  self->link = usher_pool_link_new (self);
  self->slots = (UsherSlots) USHER_SLOTS_INIT;
  usher_peer_counts_init (&self->peers);
  usher_budget_init (&self->budget, self->intensity, self->period_msec * G_TIME_SPAN_MILLISECOND);
  usher_budget_init (&self->resource_reports, 1, RESOURCE_REPORT_PERIOD_USEC);
  g_mutex_init (&self->crews_lock);
  self->crews = g_ptr_array_new_with_free_func ((GDestroyNotify) usher_crew_unref);
}

/**
 * usher_acceptor_pool_new:
 * @name: the name of the pool, for reports; not empty
 * @acceptor_type: a type that implements [iface@Usher.Acceptor]
 *
 * Makes a pool whose acceptors are objects of @acceptor_type, made without construct properties.
 *
 * Returns: (transfer full): a pool
 *
 * Since: 0.1
 */
UsherAcceptorPool *
usher_acceptor_pool_new (const char *name,
                         GType acceptor_type)
{
  UsherAcceptorPool *self;

  g_return_val_if_fail (name != NULL && *name != '\0', NULL);
  g_return_val_if_fail (g_type_is_a (acceptor_type, USHER_TYPE_ACCEPTOR), NULL);
  g_return_val_if_fail (!G_TYPE_IS_ABSTRACT (acceptor_type), NULL);

  self = g_object_new (USHER_TYPE_ACCEPTOR_POOL, "name", name, NULL);
  usher_acceptor_pool_set_acceptor_type (self, acceptor_type);

  return self;
}

/**
 * usher_acceptor_pool_new_with_factory:
 * @name: the name of the pool, for reports; not empty
 * @factory: (scope notified): makes the acceptors
 * @user_data: data for @factory
 * @destroy: (nullable): frees @user_data
 *
 * Makes a pool whose acceptors are made by a function. That an acceptor cannot be made counts as
 * its failure to start.
 *
 * Returns: (transfer full): a pool
 *
 * Since: 0.1
 */
UsherAcceptorPool *
usher_acceptor_pool_new_with_factory (const char *name,
                                      UsherAcceptorFactory factory,
                                      gpointer user_data,
                                      GDestroyNotify destroy)
{
  UsherAcceptorPool *self;

  g_return_val_if_fail (name != NULL && *name != '\0', NULL);
  g_return_val_if_fail (factory != NULL, NULL);

  self = g_object_new (USHER_TYPE_ACCEPTOR_POOL, "name", name, NULL);
  usher_acceptor_pool_set_factory (self, factory, user_data, destroy);

  return self;
}

/**
 * usher_acceptor_pool_new_for_func:
 * @name: the name of the pool, for reports; not empty
 * @handler: (scope notified): serves a connection
 * @user_data: data for @handler
 * @destroy: (nullable): frees @user_data, when no acceptor can use it any more; it may be called in
 *   any thread
 *
 * Makes a pool for those who want one function and no class. Each call of @handler runs in a
 * thread of its own, so it may block. [property@Usher.AcceptorPool:drain-idle-reads] is set.
 *
 * Returns: (transfer full): a pool
 *
 * Since: 0.1
 */
UsherAcceptorPool *
usher_acceptor_pool_new_for_func (const char *name,
                                  UsherHandler handler,
                                  gpointer user_data,
                                  GDestroyNotify destroy)
{
  UsherAcceptorPool *self;

  g_return_val_if_fail (name != NULL && *name != '\0', NULL);
  g_return_val_if_fail (handler != NULL, NULL);

  self = g_object_new (USHER_TYPE_ACCEPTOR_POOL, "name", name, "drain-idle-reads", TRUE, NULL);
  usher_acceptor_pool_set_func (self, handler, user_data, destroy);

  return self;
}

/**
 * usher_acceptor_pool_new_for_async_func:
 * @name: the name of the pool, for reports; not empty
 * @handler: (scope notified): serves a connection, on the loop
 * @user_data: data for @handler
 * @destroy: (nullable): frees @user_data, when no acceptor can use it any more; it may be called in
 *   any thread
 *
 * Makes a pool for those who want one function and no class, as
 * [ctor@Usher.AcceptorPool.new_for_func] does, for a function that runs on the loop and must not
 * block. [property@Usher.AcceptorPool:drain-idle-reads] is set.
 *
 * Returns: (transfer full): a pool
 *
 * Since: 0.1
 */
UsherAcceptorPool *
usher_acceptor_pool_new_for_async_func (const char *name,
                                        UsherAsyncHandler handler,
                                        gpointer user_data,
                                        GDestroyNotify destroy)
{
  UsherAcceptorPool *self;

  g_return_val_if_fail (name != NULL && *name != '\0', NULL);
  g_return_val_if_fail (handler != NULL, NULL);

  self = g_object_new (USHER_TYPE_ACCEPTOR_POOL, "name", name, "drain-idle-reads", TRUE, NULL);
  usher_acceptor_pool_set_async_func (self, handler, user_data, destroy);

  return self;
}

/**
 * usher_acceptor_pool_get_name:
 * @self: a pool
 *
 * Gets the name of the pool.
 *
 * Returns: (transfer none): the name
 *
 * Since: 0.1
 */
const char *
usher_acceptor_pool_get_name (UsherAcceptorPool *self)
{
  g_return_val_if_fail (USHER_IS_ACCEPTOR_POOL (self), NULL);

  return self->name;
}

static gboolean
pool_find_socket (UsherAcceptorPool *self,
                  UsherListenSocket *listen_socket,
                  guint *index)
{
  for (*index = 0; *index < self->sockets->len; (*index)++)
    {
      UsherPoolSocket *socket = self->sockets->pdata[*index];

      if (socket->listen_socket == listen_socket)
        return TRUE;
    }

  return FALSE;
}

static gboolean
pool_check_n_acceptors (UsherAcceptorPool *self,
                        UsherListenSocket *listen_socket,
                        guint n_acceptors,
                        GError **error)
{
  const char *address = usher_listen_socket_get_address (listen_socket);

  if (n_acceptors > 0 && n_acceptors <= USHER_MAX_ACCEPTORS)
    return TRUE;

  if (n_acceptors == 0)
    g_set_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT,
                 "With 0 acceptors the pool %s would never accept a connection from %s; give at least 1, or suspend "
                 "the pool",
                 self->name, address);
  else
    g_set_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT,
                 "The pool %s cannot have %u acceptors wait for connections from %s; give at most %u, and mostly some "
                 "ten will do: it is max-connections that says how many are served",
                 self->name, n_acceptors, address, USHER_MAX_ACCEPTORS);
  return FALSE;
}

static gboolean
pool_refuse_unknown_socket (UsherAcceptorPool *self,
                            UsherListenSocket *listen_socket,
                            GError **error)
{
  g_set_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT,
               "The pool %s does not serve %s; usher_acceptor_pool_accept_socket() makes it do so", self->name,
               usher_listen_socket_get_address (listen_socket));
  return FALSE;
}

/**
 * usher_acceptor_pool_accept_socket:
 * @self: a pool
 * @listen_socket: a listen socket
 * @n_acceptors: how many acceptors wait for its connections: 1 to 65,536
 * @error: return location for a #GError
 *
 * Makes the pool serve a listen socket. It is configuration: it may be said in any state of either,
 * and holds over their restarts. The pool serves the socket whenever both are up.
 *
 * Those who wait are warm: they are initialised, and have their thread or fiber and its memory. A new one
 * is made for each that gets a connection, so @n_acceptors does not limit the connections; it is how
 * many can be served at once without waiting for an acceptor to be made. If that costs nothing, a few
 * are enough.
 *
 * This is `acceptor_pool:accept_socket/3`.
 *
 * The error is %USHER_ERROR_INVALID_ARGUMENT if the pool serves @listen_socket already, or
 * @n_acceptors is 0 or more than 65,536.
 *
 * Returns: true, or false with @error set
 *
 * Since: 0.1
 */
gboolean
usher_acceptor_pool_accept_socket (UsherAcceptorPool *self,
                                   UsherListenSocket *listen_socket,
                                   guint n_acceptors,
                                   GError **error)
{
  guint index;

  g_return_val_if_fail (USHER_IS_ACCEPTOR_POOL (self), FALSE);
  g_return_val_if_fail (USHER_IS_LISTEN_SOCKET (listen_socket), FALSE);
  usher_return_val_if_elsewhere (usher_acceptor_pool_get_place (self), FALSE);

  if (!pool_check_n_acceptors (self, listen_socket, n_acceptors, error))
    return FALSE;

  if (pool_find_socket (self, listen_socket, &index))
    {
      g_set_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT,
                   "The pool %s serves %s already; the number of acceptors is changed by "
                   "usher_acceptor_pool_set_n_acceptors()",
                   self->name, usher_listen_socket_get_address (listen_socket));
      return FALSE;
    }

  g_ptr_array_add (self->sockets, usher_pool_socket_new (self, listen_socket, n_acceptors));
  usher_acceptor_pool_schedule (self);
  return TRUE;
}

/**
 * usher_acceptor_pool_remove_socket:
 * @self: a pool
 * @listen_socket: a listen socket that the pool serves
 * @error: return location for a #GError
 *
 * Undoes [method@Usher.AcceptorPool.accept_socket]. The socket's waiting acceptors end. Its
 * connections stay with the pool.
 *
 * The error is %USHER_ERROR_INVALID_ARGUMENT if the pool does not serve @listen_socket.
 *
 * Returns: true, or false with @error set
 *
 * Since: 0.1
 */
gboolean
usher_acceptor_pool_remove_socket (UsherAcceptorPool *self,
                                   UsherListenSocket *listen_socket,
                                   GError **error)
{
  UsherPoolSocket *socket;
  guint index;

  g_return_val_if_fail (USHER_IS_ACCEPTOR_POOL (self), FALSE);
  g_return_val_if_fail (USHER_IS_LISTEN_SOCKET (listen_socket), FALSE);
  usher_return_val_if_elsewhere (usher_acceptor_pool_get_place (self), FALSE);

  if (!pool_find_socket (self, listen_socket, &index))
    return pool_refuse_unknown_socket (self, listen_socket, error);

  socket = g_ptr_array_steal_index (self->sockets, index);
  usher_pool_socket_remove (socket);
  usher_pool_socket_unref (socket);
  return TRUE;
}

void
usher_acceptor_pool_retire_socket (UsherAcceptorPool *self,
                                   UsherListenSocket *listen_socket)
{
  UsherPoolSocket *socket;
  guint index;

  if (!pool_find_socket (self, listen_socket, &index))
    return;

  socket = g_ptr_array_steal_index (self->sockets, index);
  usher_pool_socket_retire (socket);
  usher_pool_socket_unref (socket);
}

/**
 * usher_acceptor_pool_set_n_acceptors:
 * @self: a pool
 * @listen_socket: a listen socket that the pool serves
 * @n_acceptors: how many acceptors wait for its connections: 1 to 65,536
 * @error: return location for a #GError
 *
 * Changes the number that was given to [method@Usher.AcceptorPool.accept_socket]. It may change at
 * any time. Those who wait and are too many end as if the listen socket had been closed; no
 * connection is touched.
 *
 * The error is %USHER_ERROR_INVALID_ARGUMENT if the pool does not serve @listen_socket, or
 * @n_acceptors is 0 or more than 65,536.
 *
 * Returns: true, or false with @error set
 *
 * Since: 0.1
 */
gboolean
usher_acceptor_pool_set_n_acceptors (UsherAcceptorPool *self,
                                     UsherListenSocket *listen_socket,
                                     guint n_acceptors,
                                     GError **error)
{
  guint index;

  g_return_val_if_fail (USHER_IS_ACCEPTOR_POOL (self), FALSE);
  g_return_val_if_fail (USHER_IS_LISTEN_SOCKET (listen_socket), FALSE);
  usher_return_val_if_elsewhere (usher_acceptor_pool_get_place (self), FALSE);

  if (!pool_check_n_acceptors (self, listen_socket, n_acceptors, error))
    return FALSE;
  if (!pool_find_socket (self, listen_socket, &index))
    return pool_refuse_unknown_socket (self, listen_socket, error);

  usher_pool_socket_set_n_acceptors (self->sockets->pdata[index], n_acceptors);
  return TRUE;
}
