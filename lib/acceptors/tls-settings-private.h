/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "usher/connection.h"
#include "usher/tls-settings.h"

G_BEGIN_DECLS

/* Called in the connection's context; they call the user. */

/* Whether there could be a certificate at all. */
gboolean usher_tls_settings_has_certificate (UsherTlsSettings *self);
/* (transfer full) (nullable): for a client that asks for `server_name` (nullable). */
GTlsCertificate *usher_tls_settings_choose_certificate (UsherTlsSettings *self,
                                                        UsherConnection *connection,
                                                        const char *server_name);
/* Whether that may be the client's. */
gboolean usher_tls_settings_accept_certificate (UsherTlsSettings *self,
                                                UsherConnection *connection,
                                                GTlsCertificate *certificate,
                                                GTlsCertificateFlags errors);

G_END_DECLS
