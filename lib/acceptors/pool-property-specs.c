/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/acceptor-pool-private.h"

#include "acceptors/pool-properties-private.h"

static GParamSpec *props[USHER_POOL_PROP_LAST + 1];

static void
install_execution (void)
{
  /**
   * UsherAcceptorPool:execution:
   *
   * Where the code of blocking acceptors runs. Those that implement [iface@Usher.AsyncAcceptor] run on
   * the loop, whatever this says.
   *
   * The default is %USHER_EXECUTION_THREAD.
   *
   * Since: 0.1
   */
  props[USHER_POOL_PROP_EXECUTION] =
      g_param_spec_enum ("execution", NULL, NULL, USHER_TYPE_EXECUTION, USHER_EXECUTION_THREAD,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
}

static void
install_workers (void)
{
  /**
   * UsherAcceptorPool:workers:
   *
   * How many threads of its own the pool has for its acceptors, each with a main context, which is the
   * thread's default one. With 0 everything happens in the pool's own context.
   *
   * An acceptor lives in one worker for all its life: what runs on the loop or in a fiber runs there.
   * Blocking acceptors in threads of their own only have their connections accepted there. The
   * acceptors of a listen socket are dealt round the workers, at least one each, and all workers accept
   * from it. Signals are emitted in the pool's context as ever.
   *
   * What the pool calls then has to be thread-safe: its factory, its function, and what acceptors share.
   *
   * A change has effect when the pool is started the next time. A pool does not start if there is no
   * thread to be had, with the error %G_THREAD_ERROR_AGAIN. A worker that does not answer within a second
   * when all connections are being killed is left alone: the pool ends without it, and whoever it
   * served is named in the report.
   *
   * The default is 0, and the most are 1024.
   *
   * Since: 0.1
   */
  props[USHER_POOL_PROP_WORKERS] =
      g_param_spec_uint ("workers", NULL, NULL, 0, USHER_MAX_WORKERS, 0,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
}

static void
install_budget (void)
{
  /**
   * UsherAcceptorPool:restart:
   *
   * Whether the failure of a connection's acceptor is charged to the restart budget: yes if
   * transient, no if temporary. Either way it is reported, and a connection is never restarted.
   * Permanent has no meaning for a pool, and is refused.
   *
   * The default is temporary.
   *
   * Since: 0.1
   */
  props[USHER_POOL_PROP_RESTART] =
      g_param_spec_enum ("restart", NULL, NULL, USHER_TYPE_RESTART, USHER_RESTART_TEMPORARY,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * UsherAcceptorPool:intensity:
   *
   * How many charges the pool survives within its period.
   *
   * The default is 1, as in OTP.
   *
   * Since: 0.1
   */
  props[USHER_POOL_PROP_INTENSITY] =
      g_param_spec_uint ("intensity", NULL, NULL, 0, G_MAXUINT, 1,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * UsherAcceptorPool:period-msec:
   *
   * The period of the restart budget, in milliseconds.
   *
   * The default is 5000, as in OTP.
   *
   * Since: 0.1
   */
  props[USHER_POOL_PROP_PERIOD_MSEC] =
      g_param_spec_uint ("period-msec", NULL, NULL, 1, G_MAXUINT, 5000,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
}

static void
install_time_limits (void)
{
  /**
   * UsherAcceptorPool:grace-msec:
   *
   * How long connections that were told to leave may take, in milliseconds; -1 is
   * for ever.
   *
   * The default is 5000.
   *
   * Since: 0.1
   */
  props[USHER_POOL_PROP_GRACE_MSEC] =
      g_param_spec_int64 ("grace-msec", NULL, NULL, -1, G_MAXINT32, 5000,
                          G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * UsherAcceptorPool:shutdown-msec:
   *
   * How long acceptors whose I/O was cancelled may take to unwind, in milliseconds;
   * %USHER_SHUTDOWN_INFINITY is for ever, and with %USHER_SHUTDOWN_BRUTAL_KILL nobody waits for them.
   *
   * The default is 5000.
   *
   * Since: 0.1
   */
  props[USHER_POOL_PROP_SHUTDOWN_MSEC] =
      g_param_spec_int64 ("shutdown-msec", NULL, NULL, USHER_SHUTDOWN_BRUTAL_KILL, G_MAXINT32, 5000,
                          G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * UsherAcceptorPool:escalation-grace-msec:
   *
   * The longest grace, in milliseconds, of a pool that ends over its restart budget: its
   * clients wait for it to come back.
   *
   * The default is 5000.
   *
   * Since: 0.1
   */
  props[USHER_POOL_PROP_ESCALATION_GRACE_MSEC] =
      g_param_spec_uint ("escalation-grace-msec", NULL, NULL, 0, G_MAXINT32, 5000,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
}

static void
install_drain (void)
{
  /**
   * UsherAcceptorPool:drain-spread-msec:
   *
   * Over which time, in milliseconds, the connections are told to leave, so that their clients do not
   * all come back, here or to another server, in the same moment. Each has its turn, in the order in
   * which they were accepted, and a chance moment within it. The grace counts from the first tell: a
   * connection that is told last has what is left of it. A pool whose spread is longer than its grace
   * does not start.
   *
   * The default is 0: all are told at once.
   *
   * Since: 0.1
   */
  props[USHER_POOL_PROP_DRAIN_SPREAD_MSEC] =
      g_param_spec_uint ("drain-spread-msec", NULL, NULL, 0, G_MAXINT32, 0,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * UsherAcceptorPool:drain-patience-msec:
   *
   * How long, in milliseconds since it was accepted, a connection that has not said anything yet is not
   * told to leave. What it wants may be under way: its client could connect, and would be sent away
   * without an answer. The grace does not wait for it.
   *
   * The default is 1000.
   *
   * Since: 0.1
   */
  props[USHER_POOL_PROP_DRAIN_PATIENCE_MSEC] =
      g_param_spec_uint ("drain-patience-msec", NULL, NULL, 0, G_MAXINT32, 1000,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * UsherAcceptorPool:drain-on-failure:
   *
   * Whether connections are told to leave also when their listen socket failed or is
   * being restarted.
   *
   * The default is FALSE.
   *
   * Since: 0.1
   */
  props[USHER_POOL_PROP_DRAIN_ON_FAILURE] =
      g_param_spec_boolean ("drain-on-failure", NULL, NULL, FALSE,
                            G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * UsherAcceptorPool:drain-idle-reads:
   *
   * Whether a read that waits on a connection that was told to leave returns end-of-file if
   * nothing was received since the last write. It makes code that knows nothing of draining leave
   * when it is idle.
   *
   * The default is TRUE for a pool that was made for a function, else FALSE.
   *
   * Since: 0.1
   */
  props[USHER_POOL_PROP_DRAIN_IDLE_READS] =
      g_param_spec_boolean ("drain-idle-reads", NULL, NULL, FALSE,
                            G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
}

static void
install_limits (void)
{
  /**
   * UsherAcceptorPool:max-connections:
   *
   * How many connections the pool serves at once, over all its listen sockets. It is exact: a
   * place is taken before a connection is accepted. What happens to those that come when all
   * places are taken says [property@Usher.AcceptorPool:at-limit]. A pool with a limit of 0 is
   * refused when it is started.
   *
   * The default is %G_MAXUINT, which is no limit.
   *
   * Since: 0.1
   */
  props[USHER_POOL_PROP_MAX_CONNECTIONS] =
      g_param_spec_uint ("max-connections", NULL, NULL, 0, G_MAXUINT, G_MAXUINT,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * UsherAcceptorPool:low-watermark:
   *
   * To how many connections their number has to fall before a pool that was full, and queues,
   * accepts again. So it goes to work for more than one place at a time. 0 stands for a sixteenth
   * less than [property@Usher.AcceptorPool:max-connections].
   *
   * The default is 0.
   *
   * Since: 0.1
   */
  props[USHER_POOL_PROP_LOW_WATERMARK] =
      g_param_spec_uint ("low-watermark", NULL, NULL, 0, G_MAXUINT, 0,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
}

static void
install_at_limit (void)
{
  /**
   * UsherAcceptorPool:at-limit-wait-msec:
   *
   * How long an accepted connection may wait for a place, in milliseconds, with
   * %USHER_AT_LIMIT_WAIT. At most 1024 connections wait like this; the others stay in the
   * kernel's queue. They get their places in the order in which they came, or in which they came to one
   * of the pool's [property@Usher.AcceptorPool:workers].
   *
   * The default is 1000.
   *
   * Since: 0.1
   */
  props[USHER_POOL_PROP_AT_LIMIT_WAIT_MSEC] =
      g_param_spec_uint ("at-limit-wait-msec", NULL, NULL, 0, G_MAXUINT, 1000,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
}

static void
install_peer_limits (void)
{
  /**
   * UsherAcceptorPool:max-connections-per-peer:
   *
   * How many connections the pool serves at once for one peer's address. IPv6 peers are counted
   * by their subnet, the first 64 bits. Those that come beyond that are refused, with the
   * goodbye. Connections that were accepted while there was no such limit are not counted.
   *
   * The default is %G_MAXUINT, which is no limit.
   *
   * Since: 0.1
   */
  props[USHER_POOL_PROP_MAX_CONNECTIONS_PER_PEER] =
      g_param_spec_uint ("max-connections-per-peer", NULL, NULL, 0, G_MAXUINT, G_MAXUINT,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * UsherAcceptorPool:max-connections-per-user:
   *
   * How many connections the pool serves at once for one user at Unix sockets. Those that come
   * beyond that are refused, with the goodbye. Connections that were accepted while there was no
   * such limit are not counted.
   *
   * The default is %G_MAXUINT, which is no limit.
   *
   * Since: 0.1
   */
  props[USHER_POOL_PROP_MAX_CONNECTIONS_PER_USER] =
      g_param_spec_uint ("max-connections-per-user", NULL, NULL, 0, G_MAXUINT, G_MAXUINT,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * UsherAcceptorPool:max-handshakes:
   *
   * How many TLS handshakes of the pool's connections are under way at once, see
   * [method@Usher.Connection.start_tls_async]. GIO does each of them in a thread of the pool that GLib
   * has for everything that has to wait: ten of them, and more only slowly. The others wait for their
   * turn, in order; a client whose hello has not come yet does not take one.
   *
   * The default is 8.
   *
   * Since: 0.1
   */
  props[USHER_POOL_PROP_MAX_HANDSHAKES] =
      g_param_spec_uint ("max-handshakes", NULL, NULL, 0, G_MAXUINT, USHER_DEFAULT_MAX_HANDSHAKES,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
}

static void
install_refusing (void)
{
  /**
   * UsherAcceptorPool:at-limit:
   *
   * What happens to connections that come when all places are taken.
   *
   * The default is queue.
   *
   * Since: 0.1
   */
  props[USHER_POOL_PROP_AT_LIMIT] =
      g_param_spec_enum ("at-limit", NULL, NULL, USHER_TYPE_AT_LIMIT, USHER_AT_LIMIT_QUEUE,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * UsherAcceptorPool:goodbye:
   *
   * What a refused connection is sent before it is closed.
   *
   * The default is %NULL, which is nothing.
   *
   * Since: 0.1
   */
  props[USHER_POOL_PROP_GOODBYE] =
      g_param_spec_boxed ("goodbye", NULL, NULL, G_TYPE_BYTES,
                          G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * UsherAcceptorPool:suspended: (getter is_suspended)
   *
   * Whether the pool was told to accept nothing, by [method@Usher.AcceptorPool.suspend].
   *
   * Since: 0.1
   */
  props[USHER_POOL_PROP_SUSPENDED] =
      g_param_spec_boolean ("suspended", NULL, NULL, FALSE,
                            G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
}

static void
install_counters (void)
{
  /**
   * UsherAcceptorPool:n-accepted:
   *
   * How many connections were given to an acceptor. Changes are not notified.
   *
   * Since: 0.1
   */
  props[USHER_POOL_PROP_N_ACCEPTED] =
      g_param_spec_uint64 ("n-accepted", NULL, NULL, 0, G_MAXUINT64, 0, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * UsherAcceptorPool:n-refused:
   *
   * How many connections were accepted and closed without being served, for whatever reason. Changes are not
   * notified.
   *
   * Since: 0.1
   */
  props[USHER_POOL_PROP_N_REFUSED] =
      g_param_spec_uint64 ("n-refused", NULL, NULL, 0, G_MAXUINT64, 0, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * UsherAcceptorPool:n-failed:
   *
   * How many connections exited with an error, or were abandoned. Changes are not notified.
   *
   * Since: 0.1
   */
  props[USHER_POOL_PROP_N_FAILED] =
      g_param_spec_uint64 ("n-failed", NULL, NULL, 0, G_MAXUINT64, 0, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
}

static void
install_failures (void)
{
  /**
   * UsherAcceptorPool:n-peer-failures:
   *
   * How many connections ended by the failure of their peer. Changes are not notified.
   *
   * Since: 0.1
   */
  props[USHER_POOL_PROP_N_PEER_FAILURES] =
      g_param_spec_uint64 ("n-peer-failures", NULL, NULL, 0, G_MAXUINT64, 0, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * UsherAcceptorPool:n-accept-errors:
   *
   * How many attempts to accept a connection failed, for whatever reason. Changes are not notified.
   *
   * Since: 0.1
   */
  props[USHER_POOL_PROP_N_ACCEPT_ERRORS] =
      g_param_spec_uint64 ("n-accept-errors", NULL, NULL, 0, G_MAXUINT64, 0, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * UsherAcceptorPool:n-restarts:
   *
   * How many failures were charged to the restart budget. Changes are not notified.
   *
   * Since: 0.1
   */
  props[USHER_POOL_PROP_N_RESTARTS] =
      g_param_spec_uint64 ("n-restarts", NULL, NULL, 0, G_MAXUINT64, 0, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
}

static void
install_defaults (void)
{
  /**
   * UsherAcceptorPool:read-timeout-msec:
   *
   * How long a read of a connection may wait for the peer to send something, in
   * milliseconds; 0 is for ever. A connection begins with it as its
   * [property@Usher.Connection:read-timeout-msec], where it is explained.
   *
   * The default is 0.
   *
   * Since: 0.1
   */
  props[USHER_POOL_PROP_READ_TIMEOUT_MSEC] =
      g_param_spec_uint ("read-timeout-msec", NULL, NULL, 0, G_MAXUINT, 0,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * UsherAcceptorPool:write-timeout-msec:
   *
   * How long a write of a connection may wait for the peer to take something, in
   * milliseconds; 0 is for ever. A connection begins with it as its
   * [property@Usher.Connection:write-timeout-msec], where it is explained.
   *
   * The default is 0.
   *
   * Since: 0.1
   */
  props[USHER_POOL_PROP_WRITE_TIMEOUT_MSEC] =
      g_param_spec_uint ("write-timeout-msec", NULL, NULL, 0, G_MAXUINT, 0,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * UsherAcceptorPool:idle-timeout-msec:
   *
   * How long the peer of a connection may send nothing, in
   * milliseconds; 0 is for ever. A connection begins with it as its
   * [property@Usher.Connection:idle-timeout-msec], where it is explained.
   *
   * The default is 0.
   *
   * Since: 0.1
   */
  props[USHER_POOL_PROP_IDLE_TIMEOUT_MSEC] =
      g_param_spec_uint ("idle-timeout-msec", NULL, NULL, 0, G_MAXUINT, 0,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * UsherAcceptorPool:max-queued-bytes:
   *
   * How many bytes may be queued for a connection by [method@Usher.Connection.queue_bytes]; 0 is
   * without limit.
   *
   * The default is 1 MiB.
   *
   * Since: 0.1
   */
  props[USHER_POOL_PROP_MAX_QUEUED_BYTES] =
      g_param_spec_uint64 ("max-queued-bytes", NULL, NULL, 0, G_MAXUINT64, USHER_DEFAULT_MAX_QUEUED_BYTES,
                           G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
}

static void
install_traffic (void)
{
  /**
   * UsherAcceptorPool:bytes-received:
   *
   * How many bytes the connections have received. Changes are not notified.
   *
   * Since: 0.1
   */
  props[USHER_POOL_PROP_BYTES_RECEIVED] =
      g_param_spec_uint64 ("bytes-received", NULL, NULL, 0, G_MAXUINT64, 0, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * UsherAcceptorPool:bytes-sent:
   *
   * How many bytes the connections have sent. Changes are not notified.
   *
   * Since: 0.1
   */
  props[USHER_POOL_PROP_BYTES_SENT] =
      g_param_spec_uint64 ("bytes-sent", NULL, NULL, 0, G_MAXUINT64, 0, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * UsherAcceptorPool:queue-depth:
   *
   * How many connections wait in the kernel's queues of all listen sockets. Changes are not
   * notified.
   *
   * Since: 0.1
   */
  props[USHER_POOL_PROP_QUEUE_DEPTH] =
      g_param_spec_uint ("queue-depth", NULL, NULL, 0, G_MAXUINT, 0, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
}

static void
install_figures (void)
{
  /**
   * UsherAcceptorPool:name:
   *
   * The name of the pool, for reports.
   *
   * Since: 0.1
   */
  props[USHER_POOL_PROP_NAME] = g_param_spec_string ("name", NULL, NULL, USHER_DEFAULT_POOL_NAME,
                                                     G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * UsherAcceptorPool:n-waiting:
   *
   * How many acceptors wait for a connection. Changes are not notified.
   *
   * Since: 0.1
   */
  props[USHER_POOL_PROP_N_WAITING] = g_param_spec_uint ("n-waiting", NULL, NULL, 0, G_MAXUINT, 0,
                                                        G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * UsherAcceptorPool:n-connections:
   *
   * How many acceptors serve a connection. Changes are not notified.
   *
   * Since: 0.1
   */
  props[USHER_POOL_PROP_N_CONNECTIONS] = g_param_spec_uint ("n-connections", NULL, NULL, 0, G_MAXUINT, 0,
                                                            G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
}

void
usher_acceptor_pool_install_property_specs (GObjectClass *object_class)
{
  install_execution ();
  install_workers ();
  install_budget ();
  install_time_limits ();
  install_drain ();
  install_defaults ();
  install_limits ();
  install_at_limit ();
  install_peer_limits ();
  install_refusing ();
  install_counters ();
  install_failures ();
  install_traffic ();
  install_figures ();
  g_object_class_install_properties (object_class, G_N_ELEMENTS (props), props);
}

void
usher_acceptor_pool_notify (UsherAcceptorPool *self,
                            UsherPoolProperty property)
{
  g_object_notify_by_pspec (G_OBJECT (self), props[property]);
}
