/* SPDX-License-Identifier: MIT */
/*
 * Paths of the store. Inside, a path is always absolute and canonical: "/", or "/a/b" of allowed characters
 * with no empty component. A client of domain N may leave out "/local/domain/N/". A path that starts with
 * '@' names a special event and no node.
 */
#ifndef STORE_PATH_H
#define STORE_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "store/wire.h"

#define STORE_PATH_BUF	(XENSTORE_ABS_PATH_MAX + 1)

/* Makes the canonical form of what a client of domid sent. 0, or -EINVAL. buf has STORE_PATH_BUF bytes. */
int store_path_resolve(const char *given, unsigned int domid, char *buf);

/* Length of the parent's path: 1 for children of the root and for the root itself. */
size_t store_path_parent_len(const char *path, size_t len);

/* The next component at *at (which is advanced past it): its start, with *len; NULL at the end. */
const char *store_path_next(const char **at, size_t *len);

/* Levels between top and path, which lies below it. */
unsigned int store_path_depth(const char *path, const char *top);

/* "/local/domain/N" into buf. */
void store_path_home(unsigned int domid, char *buf, size_t size);

#endif
