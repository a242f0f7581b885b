/* SPDX-License-Identifier: MIT */
/*
 * Kernels that were unpacked lately, so that the next guest with the same kernel starts without unpacking it
 * again.  An entry is good as long as the file's device, inode, size and time of change are what they were.
 */
#ifndef DAEMON_KERNELS_H
#define DAEMON_KERNELS_H

#include <jansson.h>

#include "build/image.h"

const struct image *kernels_find(const char *path);	/* NULL: not there; valid until kernels_take() */

/* An image as a message from a worker, and what the daemon does with it; the descriptor is taken over. */
json_t *kernels_message(const struct image *img);
void kernels_take(const char *path, const json_t *msg, int fd);

#endif
