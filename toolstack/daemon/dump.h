/* SPDX-License-Identifier: MIT */
/* Core dumps: on request, and of guests that crash when their configuration says so. */
#ifndef DAEMON_DUMP_H
#define DAEMON_DUMP_H

#include "daemon/guest.h"
#include "daemon/server.h"

/* Dump a crashed guest below LOG_DIR/dumps, keep the newest few, then stop it as g->why says.  0: begun. */
int dump_crashed(struct guest *g);

handler_fn dump_request;

#endif
