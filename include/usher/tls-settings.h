/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#if !defined(USHER_INSIDE) && !defined(USHER_COMPILATION)
#error "Only <usher/usher.h> can be included directly."
#endif

#include <gio/gio.h>
#include <usher/version.h>

G_BEGIN_DECLS

#define USHER_TYPE_TLS_SETTINGS (usher_tls_settings_get_type ())

USHER_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (UsherTlsSettings, usher_tls_settings, USHER, TLS_SETTINGS, GObject)

USHER_AVAILABLE_IN_0_1
UsherTlsSettings *usher_tls_settings_new (GTlsCertificate *certificate);
USHER_AVAILABLE_IN_0_1
void usher_tls_settings_set_certificate (UsherTlsSettings *self,
                                         GTlsCertificate *certificate);
USHER_AVAILABLE_IN_0_1
GTlsCertificate *usher_tls_settings_dup_certificate (UsherTlsSettings *self);
USHER_AVAILABLE_IN_0_1
void usher_tls_settings_set_database (UsherTlsSettings *self,
                                      GTlsDatabase *database);
USHER_AVAILABLE_IN_0_1
GTlsDatabase *usher_tls_settings_dup_database (UsherTlsSettings *self);
USHER_AVAILABLE_IN_0_1
void usher_tls_settings_set_authentication_mode (UsherTlsSettings *self,
                                                 GTlsAuthenticationMode authentication_mode);
USHER_AVAILABLE_IN_0_1
GTlsAuthenticationMode usher_tls_settings_get_authentication_mode (UsherTlsSettings *self);
USHER_AVAILABLE_IN_0_1
void usher_tls_settings_set_advertised_protocols (UsherTlsSettings *self,
                                                  const char *const *advertised_protocols);
USHER_AVAILABLE_IN_0_1
GStrv usher_tls_settings_dup_advertised_protocols (UsherTlsSettings *self);
USHER_AVAILABLE_IN_0_1
void usher_tls_settings_set_require_close_notify (UsherTlsSettings *self,
                                                  gboolean require_close_notify);
USHER_AVAILABLE_IN_0_1
gboolean usher_tls_settings_get_require_close_notify (UsherTlsSettings *self);
USHER_AVAILABLE_IN_0_1
void usher_tls_settings_set_handshake_timeout_msec (UsherTlsSettings *self,
                                                    guint handshake_timeout_msec);
USHER_AVAILABLE_IN_0_1
guint usher_tls_settings_get_handshake_timeout_msec (UsherTlsSettings *self);

G_END_DECLS
