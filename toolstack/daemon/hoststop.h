/* SPDX-License-Identifier: MIT */
/* The guests' shutdown with the host: see hoststop.c. */
#ifndef DAEMON_HOSTSTOP_H
#define DAEMON_HOSTSTOP_H

#include "daemon/server.h"

handler_fn host_stop_request;

#endif
