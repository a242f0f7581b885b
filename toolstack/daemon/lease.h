/* SPDX-License-Identifier: MIT */
/*
 * Leases of the default network are given back when the guest that has them ceases to exist, or its interface is
 * unplugged: a network of 190 addresses would else be used up by as many guests within the time of a lease.  A guest
 * that is defined keeps its own over its stops.
 */
#ifndef DAEMON_LEASE_H
#define DAEMON_LEASE_H

#include <stddef.h>

struct guest;

/* One interface, or all that it has and is to have.  What still belongs to a guest a moment later is kept. */
void lease_release_vif(const struct guest *g, size_t i);
void lease_release_guest(const struct guest *g);

#endif
