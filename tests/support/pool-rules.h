/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "support/pool-fixture.h"
#include "usher/connection-info.h"

G_BEGIN_DECLS

/* A test of a pool, in each execution. */
#define POOL_CASE(path, function)                                                                                                 \
  G_STMT_START                                                                                                                    \
  {                                                                                                                               \
    g_test_add (path "/in-a-thread", PoolFixture, NULL, pool_fixture_set_up_in_thread, function, pool_fixture_tear_down);         \
    g_test_add (path "/on-the-loop", PoolFixture, NULL, pool_fixture_set_up_on_loop, function, pool_fixture_tear_down);           \
    g_test_add (path "/in-two-workers", PoolFixture, NULL, pool_fixture_set_up_in_two_workers, function, pool_fixture_tear_down); \
  }                                                                                                                               \
  G_STMT_END

/* One of acceptors on the loop. */
#define POOL_CASE_ON_LOOP(path, function)                                                                                         \
  G_STMT_START                                                                                                                    \
  {                                                                                                                               \
    g_test_add (path "/on-the-loop", PoolFixture, NULL, pool_fixture_set_up_on_loop, function, pool_fixture_tear_down);           \
    g_test_add (path "/in-two-workers", PoolFixture, NULL, pool_fixture_set_up_in_two_workers, function, pool_fixture_tear_down); \
  }                                                                                                                               \
  G_STMT_END

/* One of blocking acceptors that do as their script says. */
#define POOL_CASE_SCRIPTED(path, function)                                                                                                 \
  G_STMT_START                                                                                                                             \
  {                                                                                                                                        \
    g_test_add (path, PoolFixture, NULL, pool_fixture_set_up_scripted, function, pool_fixture_tear_down);                                  \
    g_test_add (path "/in-two-workers", PoolFixture, NULL, pool_fixture_set_up_scripted_in_two_workers, function, pool_fixture_tear_down); \
  }                                                                                                                                        \
  G_STMT_END

/* A rule of docs/acceptor-pool-rules.md. */
#define RULE(name, function) POOL_CASE ("/acceptor-pool/rules/" name, function)

G_END_DECLS
