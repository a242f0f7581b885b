/* SPDX-License-Identifier: MIT */
/* The store's rings: pages that guests granted, and dom0's own. */
#ifndef DAEMON_RINGS_H
#define DAEMON_RINGS_H

#include "store/store.h"

extern const struct store_ring_ops rings_ops;

#endif
