/* SPDX-License-Identifier: MIT */
/*
 * Disks of guests: from a path to a block device that blkback can open.  Files go through a loop device;
 * block devices (LVM volumes, partitions) are used as they are.
 */
#ifndef DAEMON_DISK_H
#define DAEMON_DISK_H

#include "daemon/guest.h"

/* Is it there, can it be used this way, and does nobody else use it?  Takes nothing. */
int disk_check(const struct guest_disk *disk, struct error *err) __must_check;
/* Make it a block device; fills d.  In a worker. */
int disk_attach(const struct guest *g, const struct guest_disk *disk, struct guest_device *d,
		struct error *err) __must_check;
/* In the daemon: what a worker has taken is disk i's from now on, even if another guest has come first: -EBUSY. */
int disk_claim(struct guest *g, size_t i, const struct guest_device *taken, struct error *err) __must_check;
/* ... and what its script has made. */
int disk_claim_number(struct guest *g, size_t i, unsigned int maj, unsigned int min, struct error *err) __must_check;
/* Give the loop device back. */
void disk_release(const uint8_t uuid[16], struct guest_device *d);
/* Give back all loop devices of a guest (NULL: of any) that no guest knows of. */
void disk_sweep(const uint8_t *uuid);

#endif
