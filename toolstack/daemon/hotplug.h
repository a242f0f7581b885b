/* SPDX-License-Identifier: MIT */
/*
 * Devices that a script of the administrator's makes and takes away:
 *
 *	disk	published --"add"--> wrote physical-device: UP ... ENDING --backend has closed--> "remove" --> gone
 *	net	published --interface is there--> "online" ... ENDING --backend has closed--> "offline" --> gone
 *
 * The nodes stay until the last call has ended, since it reads there what the first has left.  A call that fails when
 * a device comes is followed by the last one all the same.
 */
#ifndef DAEMON_HOTPLUG_H
#define DAEMON_HOTPLUG_H

#include "daemon/device.h"

/* Disk i has just been published: guest_device_ready() or guest_device_failed() follow. */
int hotplug_add_disk(struct guest *g, size_t i) __must_check;
bool hotplug_is_adding(const struct guest *g);
/* All disks of a guest that is being started, at once. */
int hotplug_add_disks(struct guest *g) __must_check;
/* The interface of net i is there. */
int hotplug_online(struct guest *g, size_t i) __must_check;
/* Its end, whatever the guest does.  False: there is no script to call, the nodes may go at once. */
bool hotplug_end(struct guest *g, enum device_kind kind, size_t i);
/* Its backend has closed. */
void hotplug_closed(struct guest *g, enum device_kind kind, size_t i);

#endif
