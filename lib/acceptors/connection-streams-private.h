/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <gio/gio.h>

#include "acceptors/transport-private.h"

G_BEGIN_DECLS

/* The two halves of a connection, over one transport. */
#define USHER_TYPE_CONNECTION_INPUT (usher_connection_input_get_type ())
#define USHER_TYPE_CONNECTION_OUTPUT (usher_connection_output_get_type ())

G_DECLARE_FINAL_TYPE (UsherConnectionInput, usher_connection_input, USHER, CONNECTION_INPUT, GInputStream)
G_DECLARE_FINAL_TYPE (UsherConnectionOutput, usher_connection_output, USHER, CONNECTION_OUTPUT, GOutputStream)

GInputStream *usher_connection_input_new (UsherTransport *transport);
GOutputStream *usher_connection_output_new (UsherTransport *transport);

/* (transfer none) */
UsherTransport *usher_connection_input_get_transport (UsherConnectionInput *self);
UsherTransport *usher_connection_output_get_transport (UsherConnectionOutput *self);

void usher_connection_input_pollable_iface_init (GPollableInputStreamInterface *iface);
void usher_connection_output_pollable_iface_init (GPollableOutputStreamInterface *iface);

G_END_DECLS
