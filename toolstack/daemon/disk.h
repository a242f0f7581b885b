/* SPDX-License-Identifier: MIT */
/*
 * Disks of guests: from a path to a block device that blkback can open.  Files go through a loop device;
 * block devices (LVM volumes, partitions) are used as they are.
 */
#ifndef DAEMON_DISK_H
#define DAEMON_DISK_H

#include "daemon/guest.h"

/* Is it there, can it be used this way, and does nobody else use it?  Takes nothing. */
int disk_check(const struct guest *g, const struct guest_disk *disk, struct error *err) __must_check;
/* Make it a block device; fills d.  In a worker. */
int disk_attach(const struct guest *g, const struct guest_disk *disk, struct guest_device *d,
		struct error *err) __must_check;
/* A worker's word about disk i, and the daemon taking it down. */
json_t *disk_to_json(size_t i, const struct guest_device *d);
void disk_from_json(struct guest *g, const json_t *msg);
/* Give the loop device back. */
void disk_release(const struct guest *g, struct guest_device *d);

#endif
