/* SPDX-License-Identifier: MIT */
/*
 * What guests may send: from their own hardware address, and from no IP address that is another's.  See guard.c
 * for the rules; which interfaces they hold for is said by antispoof= of vif and by the network it is on.
 */
#ifndef DAEMON_GUARD_H
#define DAEMON_GUARD_H

#include "daemon/guest.h"

/* An interface that is on its bridge: netback is told to go on once the rules have it, or at once if there are none. */
void guard_vif(struct guest *g, size_t i);
/* Addresses have changed hands: the rules are made anew. */
void guard_update(void);

#endif
