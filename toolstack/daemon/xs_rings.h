/* SPDX-License-Identifier: MIT */
/* The store process' side of rings: pages that guests granted, and dom0's own.  The daemon gets them for us. */
#ifndef DAEMON_XS_RINGS_H
#define DAEMON_XS_RINGS_H

#include "store/store.h"

struct event_base;
struct xs_process;

extern const struct store_ring_ops xs_rings_ops;
/* *store is told of signals, once there is one. */
int xs_rings_init(struct event_base *base, const struct xs_process *p, struct store *const *store);

#endif
