/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/* Whether nobody but the caller, who has a reference, knows of an object any more: nobody else has one,
 * weak or not, or has left data with it. Then nobody's signal handlers are left either, and the object can
 * be used again as if it were new. */
gboolean usher_object_is_forgotten (gpointer object);

G_END_DECLS
