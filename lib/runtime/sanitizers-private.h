/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

/* GCC says by macros of its own, and clang by features, which sanitizers it compiles for. */

#ifndef __has_feature
#define __has_feature(feature) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define USHER_ADDRESS_SANITIZER
#endif

#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
#define USHER_THREAD_SANITIZER
#endif
