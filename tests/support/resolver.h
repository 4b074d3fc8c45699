/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Makes these the only names that there are: `two.example` stands for both versions of IP, on the loop
 * interface; `half.example` for an address there, and one on which nobody can listen. */
void test_resolver_install (void);

G_END_DECLS
