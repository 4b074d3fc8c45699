/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <gio/gio.h>

#define USHER_INSIDE

#include <usher/acceptor-pool.h>
#include <usher/acceptor.h>
#include <usher/async-acceptor.h>
#include <usher/await.h>
#include <usher/child-info.h>
#include <usher/child-spec.h>
#include <usher/child.h>
#include <usher/connection-info.h>
#include <usher/connection.h>
#include <usher/error.h>
#include <usher/execution.h>
#include <usher/exit.h>
#include <usher/handover.h>
#include <usher/listen-socket.h>
#include <usher/pool-statistics.h>
#include <usher/report.h>
#include <usher/service.h>
#include <usher/supervisor.h>
#include <usher/task.h>
#include <usher/tls-settings.h>
#include <usher/version.h>

#undef USHER_INSIDE
