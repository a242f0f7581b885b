/* SPDX-License-Identifier: MIT */
/*
 * Sets of numbers kept as sorted ranges: the I/O ports, machine frames and interrupts that a domain may use.
 * Each set has its own lock (leaf).
 */
#ifndef DOMAIN_RANGESET_H
#define DOMAIN_RANGESET_H

#include "lib/types.h"

struct rangeset;

struct rangeset *rangeset_new(const char *name);
void rangeset_free(struct rangeset *r);			/* NULL is fine */
int rangeset_add(struct rangeset *r, u64 first, u64 last);	/* inclusive; -ENOMEM, -EINVAL */
int rangeset_remove(struct rangeset *r, u64 first, u64 last);
bool rangeset_contains(const struct rangeset *r, u64 first, u64 last);	/* all of it */
bool rangeset_overlaps(const struct rangeset *r, u64 first, u64 last);	/* any of it */

#endif
