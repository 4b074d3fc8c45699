/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "usher/acceptor-pool.h"

G_BEGIN_DECLS

typedef struct _Script Script;

/* What the acceptors of a test do. Set it while none of them looks at it. */
struct _Script
{
  UsherAcceptorInit init_answer;
  GQuark init_error_domain; /* 0 is G_IO_ERROR */
  int init_error_code;
  int accept_timeout_msec;
  gboolean is_polite;             /* leaves when it is told to */
  gboolean is_stubborn;           /* does not leave before script_let_go() */
  UsherHandler handler;           /* in threads */
  UsherTlsSettings *tls;          /* (unowned) (nullable): for those who obey */
  void (*in_init) (Script *self); /* (nullable) */

  int n_inits;           /* (atomic) */
  int n_terminates;      /* (atomic) */
  int n_stubborn;        /* (atomic): who will not leave until the script lets go */
  int n_serving;         /* (atomic): acceptors in acceptor_continue */
  int max_serving;       /* (atomic): the most there have been at once */
  int n_alive;           /* (atomic): acceptors that have not been freed */
  GPtrArray *stubborn;   /* (owned) (element-type GTask): what they wait for */
  UsherExit *terminated; /* (owned) (nullable): the latest reason; read when n_terminates has changed */
};

void script_init (Script *self);
void script_clear (Script *self);

/* Blocks, in a thread or a fiber, until the script lets go, if it is stubborn. */
void script_stay (Script *self);

/* Those who are stubborn leave, and so do those who come later. */
void script_let_go (Script *self);

/* Factories; the user data is a Script. */
UsherAcceptor *script_make_in_thread (gpointer pool,
                                      gpointer script,
                                      GError **error);
UsherAcceptor *script_make_on_loop (gpointer pool,
                                    gpointer script,
                                    GError **error);

/* An UsherHandler: echoes until the end. */
gboolean scripted_echo (UsherConnection *connection,
                        gpointer user_data,
                        GError **error);

/* What acceptors on the loop do, and those in threads whose handler is `scripted_obey`: echo, but
 * for “quit”, after which they exit normally, and “crash”, after which they fail. */
gboolean scripted_obey (UsherConnection *connection,
                        gpointer script,
                        GError **error);

G_END_DECLS
