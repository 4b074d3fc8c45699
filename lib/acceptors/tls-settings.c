/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/tls-settings-private.h"

/**
 * UsherTlsSettings:
 *
 * How a server does TLS: what [method@Usher.Connection.start_tls] is given. One object serves any number
 * of connections.
 *
 * ```c
 * g_autoptr (GTlsCertificate) certificate = g_tls_certificate_new_from_files ("server.pem", "key.pem", &error);
 * UsherTlsSettings *settings = usher_tls_settings_new (certificate);
 * ```
 *
 * # Several names
 *
 * A client says which server it wants to talk to. [signal@Usher.TlsSettings::choose-certificate] answers
 * with the certificate for that name.
 *
 * # Clients with certificates
 *
 * With [property@Usher.TlsSettings:authentication-mode] clients are asked for a certificate too. One that
 * [property@Usher.TlsSettings:database] finds nothing wrong with is accepted;
 * [signal@Usher.TlsSettings::accept-certificate] can decide otherwise.
 *
 * # Threading
 *
 * Properties may be changed at any time and in any thread, a certificate that is renewed, for example;
 * handshakes that begin later follow them. The signals are emitted in the context of the connection.
 *
 * Since: 0.1
 */

#define DEFAULT_HANDSHAKE_TIMEOUT_MSEC 10000

struct _UsherTlsSettings
{
  GObject parent_instance;

  GMutex lock;
  GTlsCertificate *certificate; /* (owned) (nullable) (locked-by lock) */
  GTlsDatabase *database;       /* (owned) (nullable) (locked-by lock) */
  GStrv advertised_protocols;   /* (owned) (nullable) (locked-by lock) */
  int authentication_mode;      /* (atomic) */
  int require_close_notify;     /* (atomic) */
  int handshake_timeout_msec;   /* (atomic) */
};

typedef enum
{
  PROP_CERTIFICATE = 1,
  PROP_DATABASE,
  PROP_AUTHENTICATION_MODE,
  PROP_ADVERTISED_PROTOCOLS,
  PROP_REQUIRE_CLOSE_NOTIFY,
  PROP_HANDSHAKE_TIMEOUT_MSEC,
} UsherTlsSettingsProperty;

static GParamSpec *props[PROP_HANDSHAKE_TIMEOUT_MSEC + 1];

typedef enum
{
  SIGNAL_CHOOSE_CERTIFICATE,
  SIGNAL_ACCEPT_CERTIFICATE,
} UsherTlsSettingsSignal;

static guint signals[SIGNAL_ACCEPT_CERTIFICATE + 1];

G_DEFINE_FINAL_TYPE (UsherTlsSettings, usher_tls_settings, G_TYPE_OBJECT)

static void
usher_tls_settings_finalize (GObject *object)
{
  UsherTlsSettings *self = USHER_TLS_SETTINGS (object);

  g_clear_object (&self->certificate);
  g_clear_object (&self->database);
  g_clear_pointer (&self->advertised_protocols, g_strfreev);
  g_mutex_clear (&self->lock);

  G_OBJECT_CLASS (usher_tls_settings_parent_class)->finalize (object);
}

static void
usher_tls_settings_get_property (GObject *object,
                                 guint property_id,
                                 GValue *value,
                                 GParamSpec *pspec)
{
  UsherTlsSettings *self = USHER_TLS_SETTINGS (object);

  switch ((UsherTlsSettingsProperty) property_id)
    {
    case PROP_CERTIFICATE:
      g_value_take_object (value, usher_tls_settings_dup_certificate (self));
      break;
    case PROP_DATABASE:
      g_value_take_object (value, usher_tls_settings_dup_database (self));
      break;
    case PROP_AUTHENTICATION_MODE:
      g_value_set_enum (value, usher_tls_settings_get_authentication_mode (self));
      break;
    case PROP_ADVERTISED_PROTOCOLS:
      g_value_take_boxed (value, usher_tls_settings_dup_advertised_protocols (self));
      break;
    case PROP_REQUIRE_CLOSE_NOTIFY:
      g_value_set_boolean (value, usher_tls_settings_get_require_close_notify (self));
      break;
    case PROP_HANDSHAKE_TIMEOUT_MSEC:
      g_value_set_uint (value, usher_tls_settings_get_handshake_timeout_msec (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
usher_tls_settings_set_property (GObject *object,
                                 guint property_id,
                                 const GValue *value,
                                 GParamSpec *pspec)
{
  UsherTlsSettings *self = USHER_TLS_SETTINGS (object);

  switch ((UsherTlsSettingsProperty) property_id)
    {
    case PROP_CERTIFICATE:
      usher_tls_settings_set_certificate (self, g_value_get_object (value));
      break;
    case PROP_DATABASE:
      usher_tls_settings_set_database (self, g_value_get_object (value));
      break;
    case PROP_AUTHENTICATION_MODE:
      usher_tls_settings_set_authentication_mode (self, g_value_get_enum (value));
      break;
    case PROP_ADVERTISED_PROTOCOLS:
      usher_tls_settings_set_advertised_protocols (self, g_value_get_boxed (value));
      break;
    case PROP_REQUIRE_CLOSE_NOTIFY:
      usher_tls_settings_set_require_close_notify (self, g_value_get_boolean (value));
      break;
    case PROP_HANDSHAKE_TIMEOUT_MSEC:
      usher_tls_settings_set_handshake_timeout_msec (self, g_value_get_uint (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
install_certificates (void)
{
  /**
   * UsherTlsSettings:certificate:
   *
   * The server's certificate, with its private key. It is for all clients that
   * [signal@Usher.TlsSettings::choose-certificate] has no other for.
   *
   * The default is none.
   *
   * Since: 0.1
   */
  props[PROP_CERTIFICATE] =
      g_param_spec_object ("certificate", NULL, NULL, G_TYPE_TLS_CERTIFICATE,
                           G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * UsherTlsSettings:database:
   *
   * Whom the certificates of clients have to be signed by. Without one there is something wrong with all
   * of them, %G_TLS_CERTIFICATE_UNKNOWN_CA.
   *
   * The default is none.
   *
   * Since: 0.1
   */
  props[PROP_DATABASE] =
      g_param_spec_object ("database", NULL, NULL, G_TYPE_TLS_DATABASE,
                           G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * UsherTlsSettings:authentication-mode:
   *
   * Whether clients are asked for a certificate, and have to have one.
   *
   * The default is %G_TLS_AUTHENTICATION_NONE.
   *
   * Since: 0.1
   */
  props[PROP_AUTHENTICATION_MODE] =
      g_param_spec_enum ("authentication-mode", NULL, NULL, G_TYPE_TLS_AUTHENTICATION_MODE, G_TLS_AUTHENTICATION_NONE,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
}

static void
install_the_rest (void)
{
  /**
   * UsherTlsSettings:advertised-protocols:
   *
   * The application's protocols, by the names that
   * [IANA](https://www.iana.org/assignments/tls-extensiontype-values/) gives them, such as `http/1.1`. The
   * client chooses ([method@Usher.Connection.dup_tls_protocol] tells which); this is ALPN.
   *
   * The default is none.
   *
   * Since: 0.1
   */
  props[PROP_ADVERTISED_PROTOCOLS] =
      g_param_spec_boxed ("advertised-protocols", NULL, NULL, G_TYPE_STRV,
                          G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * UsherTlsSettings:require-close-notify:
   *
   * Whether a client that ends the connection without TLS's `close_notify` is an error to the reader,
   * %G_TLS_ERROR_EOF, instead of the end of the stream. Somebody in between could have ended it. Protocols
   * that say themselves how long what they send is can do without.
   *
   * The default is TRUE, as in GIO.
   *
   * Since: 0.1
   */
  props[PROP_REQUIRE_CLOSE_NOTIFY] =
      g_param_spec_boolean ("require-close-notify", NULL, NULL, TRUE,
                            G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * UsherTlsSettings:handshake-timeout-msec:
   *
   * How long a handshake may take, in milliseconds, from [method@Usher.Connection.start_tls] on: all that
   * it waits for is in it.
   *
   * The default is 10000.
   *
   * Since: 0.1
   */
  props[PROP_HANDSHAKE_TIMEOUT_MSEC] =
      g_param_spec_uint ("handshake-timeout-msec", NULL, NULL, 1, G_MAXUINT, DEFAULT_HANDSHAKE_TIMEOUT_MSEC,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
}

/* The first handler that has a certificate is the last one that is asked. */
static gboolean
accumulate_certificate (GSignalInvocationHint *hint,
                        GValue *accumulated,
                        const GValue *returned,
                        gpointer data)
{
  g_value_copy (returned, accumulated);
  return g_value_get_object (returned) == NULL;
}

static void
install_signals (void)
{
  /**
   * UsherTlsSettings::choose-certificate:
   * @self: the settings
   * @connection: the connection
   * @server_name: (nullable): whom the client asks for, in lower case; %NULL if it does not say
   *
   * Emitted when a client has said hello, to choose what certificate it is shown. The first one that a
   * handler returns is taken; without any, it is [property@Usher.TlsSettings:certificate]; and if there
   * is none either, the client is refused with the alert `unrecognized_name`.
   *
   * It is emitted in the context of @connection, whose streams cannot be used yet. It must not block.
   *
   * Returns: (transfer full) (nullable): the certificate, with its private key
   *
   * Since: 0.1
   */
  signals[SIGNAL_CHOOSE_CERTIFICATE] =
      g_signal_new ("choose-certificate", USHER_TYPE_TLS_SETTINGS, G_SIGNAL_RUN_LAST, 0, accumulate_certificate, NULL,
                    NULL, G_TYPE_TLS_CERTIFICATE, 2, USHER_TYPE_CONNECTION, G_TYPE_STRING);

  /**
   * UsherTlsSettings::accept-certificate:
   * @self: the settings
   * @connection: the connection
   * @certificate: what the client has shown
   * @errors: what [property@Usher.TlsSettings:database] finds wrong with it
   *
   * Emitted when a client has shown a certificate, to decide whether to accept it: the handlers have the
   * last word, and one that returns true is enough. Without any handler, a certificate is accepted that
   * nothing is wrong with.
   *
   * It is emitted in the context of @connection, whose streams cannot be used yet. It must not block.
   *
   * Returns: whether to accept @certificate
   *
   * Since: 0.1
   */
  signals[SIGNAL_ACCEPT_CERTIFICATE] =
      g_signal_new ("accept-certificate", USHER_TYPE_TLS_SETTINGS, G_SIGNAL_RUN_LAST, 0,
                    g_signal_accumulator_true_handled, NULL, NULL, G_TYPE_BOOLEAN, 3, USHER_TYPE_CONNECTION,
                    G_TYPE_TLS_CERTIFICATE, G_TYPE_TLS_CERTIFICATE_FLAGS);
}

static void
usher_tls_settings_class_init (UsherTlsSettingsClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = usher_tls_settings_finalize;
  object_class->get_property = usher_tls_settings_get_property;
  object_class->set_property = usher_tls_settings_set_property;

  install_certificates ();
  install_the_rest ();
  g_object_class_install_properties (object_class, G_N_ELEMENTS (props), props);
  install_signals ();
}

static void
usher_tls_settings_init (UsherTlsSettings *self)
{
  g_mutex_init (&self->lock);
  self->require_close_notify = TRUE;
  self->handshake_timeout_msec = DEFAULT_HANDSHAKE_TIMEOUT_MSEC;
}

/* Deciding. */

gboolean
usher_tls_settings_has_certificate (UsherTlsSettings *self)
{
  g_autoptr (GTlsCertificate) certificate = usher_tls_settings_dup_certificate (self);

  return certificate != NULL || g_signal_has_handler_pending (self, signals[SIGNAL_CHOOSE_CERTIFICATE], 0, FALSE);
}

GTlsCertificate *
usher_tls_settings_choose_certificate (UsherTlsSettings *self,
                                       UsherConnection *connection,
                                       const char *server_name)
{
  GTlsCertificate *certificate = NULL;

  g_signal_emit (self, signals[SIGNAL_CHOOSE_CERTIFICATE], 0, connection, server_name, &certificate);
  return certificate != NULL ? certificate : usher_tls_settings_dup_certificate (self);
}

gboolean
usher_tls_settings_accept_certificate (UsherTlsSettings *self,
                                       UsherConnection *connection,
                                       GTlsCertificate *certificate,
                                       GTlsCertificateFlags errors)
{
  gboolean is_accepted = FALSE;

  if (!g_signal_has_handler_pending (self, signals[SIGNAL_ACCEPT_CERTIFICATE], 0, FALSE))
    return errors == 0;

  g_signal_emit (self, signals[SIGNAL_ACCEPT_CERTIFICATE], 0, connection, certificate, errors, &is_accepted);
  return is_accepted;
}

/**
 * usher_tls_settings_new:
 * @certificate: (nullable): the server's certificate, with its private key; %NULL if
 *   [signal@Usher.TlsSettings::choose-certificate] always knows one
 *
 * Makes settings for a server. Any thread may call this.
 *
 * Returns: (transfer full): the settings
 *
 * Since: 0.1
 */
UsherTlsSettings *
usher_tls_settings_new (GTlsCertificate *certificate)
{
  g_return_val_if_fail (certificate == NULL || G_IS_TLS_CERTIFICATE (certificate), NULL);

  return g_object_new (USHER_TYPE_TLS_SETTINGS, "certificate", certificate, NULL);
}

/**
 * usher_tls_settings_set_certificate: (set-property certificate)
 * @self: the settings
 * @certificate: (nullable): the new value
 *
 * Sets the server's certificate. Handshakes that begin later follow it. Any thread may call this.
 *
 * Since: 0.1
 */
void
usher_tls_settings_set_certificate (UsherTlsSettings *self,
                                    GTlsCertificate *certificate)
{
  gboolean is_new;

  g_return_if_fail (USHER_IS_TLS_SETTINGS (self));
  g_return_if_fail (certificate == NULL || G_IS_TLS_CERTIFICATE (certificate));

  g_mutex_lock (&self->lock);
  is_new = g_set_object (&self->certificate, certificate);
  g_mutex_unlock (&self->lock);

  if (is_new)
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_CERTIFICATE]);
}

/**
 * usher_tls_settings_dup_certificate: (get-property certificate)
 * @self: the settings
 *
 * Gets the server's certificate. Any thread may call this.
 *
 * Returns: (transfer full) (nullable): the certificate
 *
 * Since: 0.1
 */
GTlsCertificate *
usher_tls_settings_dup_certificate (UsherTlsSettings *self)
{
  g_autoptr (GMutexLocker) locker = NULL;

  g_return_val_if_fail (USHER_IS_TLS_SETTINGS (self), NULL);

  locker = g_mutex_locker_new (&self->lock);
  return self->certificate != NULL ? g_object_ref (self->certificate) : NULL;
}

/**
 * usher_tls_settings_set_database: (set-property database)
 * @self: the settings
 * @database: (nullable): the new value
 *
 * Sets whom the certificates of clients have to be signed by. Handshakes that begin later follow it. Any thread may call this.
 *
 * Since: 0.1
 */
void
usher_tls_settings_set_database (UsherTlsSettings *self,
                                 GTlsDatabase *database)
{
  gboolean is_new;

  g_return_if_fail (USHER_IS_TLS_SETTINGS (self));
  g_return_if_fail (database == NULL || G_IS_TLS_DATABASE (database));

  g_mutex_lock (&self->lock);
  is_new = g_set_object (&self->database, database);
  g_mutex_unlock (&self->lock);

  if (is_new)
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_DATABASE]);
}

/**
 * usher_tls_settings_dup_database: (get-property database)
 * @self: the settings
 *
 * Gets whom the certificates of clients have to be signed by. Any thread may call this.
 *
 * Returns: (transfer full) (nullable): the database
 *
 * Since: 0.1
 */
GTlsDatabase *
usher_tls_settings_dup_database (UsherTlsSettings *self)
{
  g_autoptr (GMutexLocker) locker = NULL;

  g_return_val_if_fail (USHER_IS_TLS_SETTINGS (self), NULL);

  locker = g_mutex_locker_new (&self->lock);
  return self->database != NULL ? g_object_ref (self->database) : NULL;
}

/**
 * usher_tls_settings_set_authentication_mode: (set-property authentication-mode)
 * @self: the settings
 * @authentication_mode: the new value
 *
 * Sets whether clients are asked for a certificate, and have to have one. Handshakes that begin later follow it. Any thread may call this.
 *
 * Since: 0.1
 */
void
usher_tls_settings_set_authentication_mode (UsherTlsSettings *self,
                                            GTlsAuthenticationMode authentication_mode)
{
  g_return_if_fail (USHER_IS_TLS_SETTINGS (self));

  if (g_atomic_int_exchange (&self->authentication_mode, authentication_mode) != (int) authentication_mode)
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_AUTHENTICATION_MODE]);
}

/**
 * usher_tls_settings_get_authentication_mode: (get-property authentication-mode)
 * @self: the settings
 *
 * Gets whether clients are asked for a certificate, and have to have one. Any thread may call this.
 *
 * Returns: the mode
 *
 * Since: 0.1
 */
GTlsAuthenticationMode
usher_tls_settings_get_authentication_mode (UsherTlsSettings *self)
{
  g_return_val_if_fail (USHER_IS_TLS_SETTINGS (self), G_TLS_AUTHENTICATION_NONE);

  return g_atomic_int_get (&self->authentication_mode);
}

/**
 * usher_tls_settings_set_advertised_protocols: (set-property advertised-protocols)
 * @self: the settings
 * @advertised_protocols: (nullable) (array zero-terminated=1): the new value
 *
 * Sets the application's protocols that clients can choose from. Handshakes that begin later follow it. Any
 * thread may call this.
 *
 * Since: 0.1
 */
void
usher_tls_settings_set_advertised_protocols (UsherTlsSettings *self,
                                             const char *const *advertised_protocols)
{
  g_return_if_fail (USHER_IS_TLS_SETTINGS (self));

  g_mutex_lock (&self->lock);
  g_clear_pointer (&self->advertised_protocols, g_strfreev);
  self->advertised_protocols = g_strdupv ((GStrv) advertised_protocols);
  g_mutex_unlock (&self->lock);

  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_ADVERTISED_PROTOCOLS]);
}

/**
 * usher_tls_settings_dup_advertised_protocols: (get-property advertised-protocols)
 * @self: the settings
 *
 * Gets the application's protocols that clients can choose from. Any thread may call this.
 *
 * Returns: (transfer full) (nullable): their names
 *
 * Since: 0.1
 */
GStrv
usher_tls_settings_dup_advertised_protocols (UsherTlsSettings *self)
{
  g_autoptr (GMutexLocker) locker = NULL;

  g_return_val_if_fail (USHER_IS_TLS_SETTINGS (self), NULL);

  locker = g_mutex_locker_new (&self->lock);
  return g_strdupv (self->advertised_protocols);
}

/**
 * usher_tls_settings_set_require_close_notify: (set-property require-close-notify)
 * @self: the settings
 * @require_close_notify: the new value
 *
 * Sets whether a client has to end with `close_notify`. Handshakes that begin later follow it. Any thread may call this.
 *
 * Since: 0.1
 */
void
usher_tls_settings_set_require_close_notify (UsherTlsSettings *self,
                                             gboolean require_close_notify)
{
  g_return_if_fail (USHER_IS_TLS_SETTINGS (self));

  require_close_notify = !!require_close_notify;
  if (g_atomic_int_exchange (&self->require_close_notify, require_close_notify) != require_close_notify)
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_REQUIRE_CLOSE_NOTIFY]);
}

/**
 * usher_tls_settings_get_require_close_notify: (get-property require-close-notify)
 * @self: the settings
 *
 * Gets whether a client has to end with `close_notify`. Any thread may call this.
 *
 * Returns: whether it is so
 *
 * Since: 0.1
 */
gboolean
usher_tls_settings_get_require_close_notify (UsherTlsSettings *self)
{
  g_return_val_if_fail (USHER_IS_TLS_SETTINGS (self), TRUE);

  return g_atomic_int_get (&self->require_close_notify);
}

/**
 * usher_tls_settings_set_handshake_timeout_msec: (set-property handshake-timeout-msec)
 * @self: the settings
 * @handshake_timeout_msec: the new value
 *
 * Sets how long a handshake may take, in milliseconds. Handshakes that begin later follow it. Any thread may call this.
 *
 * Since: 0.1
 */
void
usher_tls_settings_set_handshake_timeout_msec (UsherTlsSettings *self,
                                               guint handshake_timeout_msec)
{
  g_return_if_fail (USHER_IS_TLS_SETTINGS (self));
  g_return_if_fail (handshake_timeout_msec > 0);

  if (g_atomic_int_exchange (&self->handshake_timeout_msec, (int) handshake_timeout_msec) != (int) handshake_timeout_msec)
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_HANDSHAKE_TIMEOUT_MSEC]);
}

/**
 * usher_tls_settings_get_handshake_timeout_msec: (get-property handshake-timeout-msec)
 * @self: the settings
 *
 * Gets how long a handshake may take, in milliseconds. Any thread may call this.
 *
 * Returns: milliseconds
 *
 * Since: 0.1
 */
guint
usher_tls_settings_get_handshake_timeout_msec (UsherTlsSettings *self)
{
  g_return_val_if_fail (USHER_IS_TLS_SETTINGS (self), 0);

  return g_atomic_int_get (&self->handshake_timeout_msec);
}
