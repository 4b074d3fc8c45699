/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/* Using an object again as if it were new. */

/* Whether nobody but the caller, who has a reference, knows of an object any more: nobody else has one,
 * weak or not, or has left data with it. */
gboolean usher_object_is_forgotten (gpointer object);
/* `object` is (nullable). If it is forgotten, it loses its signal handlers, as it would by being freed. Whoever
 * has left them may be called for that, do anything, and so know of the object again. */
void usher_object_drop_handlers (gpointer object);

G_END_DECLS
