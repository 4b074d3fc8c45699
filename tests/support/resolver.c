/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "support/resolver.h"

typedef struct
{
  GResolver parent_instance;
} TestResolver;

typedef GResolverClass TestResolverClass;

static GType test_resolver_get_type (void);
G_DEFINE_TYPE (TestResolver, test_resolver, G_TYPE_RESOLVER)

/* In the order in which they are found; one may be found twice. */
static const struct
{
  const char *name;
  const char *address;
} entries[] = {
  { "two.example", "127.0.0.1" },
  { "two.example", "127.0.0.1" },
  { "two.example", "::1" },
  { "half.example", "127.0.0.1" },
  { "half.example", "192.0.2.1" },
};

static GList *
test_resolver_lookup_by_name (GResolver *resolver,
                              const char *name,
                              GCancellable *cancellable,
                              GError **error)
{
  GList *addresses = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (entries); i++)
    if (g_str_equal (entries[i].name, name))
      addresses = g_list_append (addresses, g_inet_address_new_from_string (entries[i].address));
  if (addresses == NULL)
    g_set_error_literal (error, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND, "nobody knows it");

  return addresses;
}

static void
test_resolver_class_init (TestResolverClass *klass)
{
  klass->lookup_by_name = test_resolver_lookup_by_name;
}

static void
test_resolver_init (TestResolver *self)
{
}

void
test_resolver_install (void)
{
  g_autoptr (GResolver) resolver = g_object_new (test_resolver_get_type (), NULL);

  g_resolver_set_default (resolver);
}
