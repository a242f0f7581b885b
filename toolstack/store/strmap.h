/* SPDX-License-Identifier: MIT */
/*
 * A hash table from strings to pointers, for watches by path and for the paths a transaction touched.
 * Chains, with a seed drawn once a process so that a guest cannot choose paths that collide.
 */
#ifndef STORE_STRMAP_H
#define STORE_STRMAP_H

#include <stddef.h>
#include <stdint.h>

struct strmap_entry;

struct strmap {
	struct strmap_entry **bucket;
	size_t nbuckets;	/* a power of two, or 0 before first use */
	size_t count;
};

void store_strmap_init(struct strmap *m);

/* Frees the table; the pointers stored are the caller's. */
void store_strmap_clear(struct strmap *m);

/* The slot of the first `len` bytes of `key`, or NULL. */
void **store_strmap_find(const struct strmap *m, const char *key, size_t len);

/* The slot of `key`, added with value NULL where it was absent. */
void **store_strmap_add(struct strmap *m, const char *key);

void store_strmap_del(struct strmap *m, const char *key);

#endif
