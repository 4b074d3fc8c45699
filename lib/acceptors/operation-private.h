/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <gio/gio.h>

#include "acceptors/transport-private.h"

G_BEGIN_DECLS

/* An asynchronous read or write of a stream, and the GAsyncResult that its callback is given. It
 * does what a GTask would do, and can be used again, so that a connection needs only one for as long
 * as it lives, or two, if it reads while it writes. */
#define USHER_TYPE_OPERATION (usher_operation_get_type ())

G_DECLARE_FINAL_TYPE (UsherOperation, usher_operation, USHER, OPERATION, GObject)

/* Moves what `transfer` says, and then calls `callback` in the thread-default context of the
 * caller, never before this has returned. Takes a reference on `source`. */
void usher_operation_begin (gpointer source,
                            UsherTransport *transport,
                            const UsherTransfer *transfer,
                            GAsyncReadyCallback callback,
                            gpointer user_data);

/* Once; the operation may begin anew then. */
gssize usher_operation_finish (UsherOperation *self,
                               GError **error);

G_END_DECLS
