/* SPDX-License-Identifier: MIT */
/*
 * Small allocations for the hypervisor's own structures: slabs of a few size classes, larger ones straight from the
 * page allocator. heap_alloc returns zeroed memory, aligned to 16 bytes (to a page from 2,017 bytes on), or NULL.
 * Any context but interrupt handlers; RANK_HEAP.
 */
#ifndef MM_HEAP_H
#define MM_HEAP_H

#include "lib/types.h"

void *heap_alloc(size_t size) __must_check;
void *heap_alloc_array(size_t n, size_t size) __must_check;	/* NULL on overflow too */
void heap_free(void *p);					/* NULL is fine; the memory is poisoned */

u64 heap_bytes_used(void);	/* for leak counts */
void heap_init(void);

#define heap_new(type)	((type *)heap_alloc(sizeof(type)))

#endif
