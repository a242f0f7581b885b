/* SPDX-License-Identifier: MIT */
/*
 * Interfaces of guests in dom0.  netback makes vifDOMID.N when it sees a backend in the store; the daemon
 * hears of it by netlink, puts it on its bridge, brings it up and tells netback to go on.
 */
#ifndef DAEMON_VIF_H
#define DAEMON_VIF_H

#include "daemon/guest.h"

int vif_init(struct error *err) __must_check;
void vif_rescan(void);			/* look at all interfaces: after a restart */
int vif_check(const struct guest_vif *vif, struct error *err) __must_check;
void vif_name(const struct guest *g, size_t i, char name[16]);
/* On the network whose addresses the daemon gives. */
bool vif_is_home(const struct guest_vif *vif);

#endif
