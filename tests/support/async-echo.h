/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "usher/async-acceptor.h"

G_BEGIN_DECLS

/* An acceptor class for the echo on the loop: an object for each connection. */
#define TEST_TYPE_ASYNC_ECHO (test_async_echo_get_type ())

G_DECLARE_FINAL_TYPE (TestAsyncEcho, test_async_echo, TEST, ASYNC_ECHO, GObject)

G_END_DECLS
