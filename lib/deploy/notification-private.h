/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "usher/service.h"

G_BEGIN_DECLS

/* Tells systemd what the service is doing, from now until it is freed. Does nothing if nobody wants
 * to know, or Usher was built without libsystemd. */
typedef struct _UsherNotification UsherNotification;

UsherNotification *usher_notification_new (UsherService *service);
void usher_notification_free (UsherNotification *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsherNotification, usher_notification_free)

G_END_DECLS
