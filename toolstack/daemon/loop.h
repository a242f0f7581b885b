/* SPDX-License-Identifier: MIT */
/*
 * Loop devices for disks that are files.  Each carries the tag LOOP_TAG DOMAIN-UUID in its name field, so that
 * none is given back that is not ours, and none of ours is lost when the daemon dies.
 */
#ifndef DAEMON_LOOP_H
#define DAEMON_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define LOOP_TAG "xend:"

/* Its number or -errno; *dev is the block device. */
int loop_attach(int file_fd, bool readonly, const uint8_t uuid[16], dev_t *dev);
int loop_detach(int nr, const uint8_t uuid[16]);
/* Give back all of a guest's (uuid NULL: of all guests') for which in_use() says no. */
void loop_sweep(const uint8_t *uuid, bool (*in_use)(int nr));

#endif
