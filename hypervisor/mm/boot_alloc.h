/* SPDX-License-Identifier: MIT */
/*
 * Memory before the page allocator exists: spans taken from the top of RAM and noted as reserved. Boot CPU only.
 */
#ifndef MM_BOOT_ALLOC_H
#define MM_BOOT_ALLOC_H

#include "lib/types.h"

void boot_reserve(u64 start, u64 end);

/* size bytes, aligned, below `limit`, not cleared; 0 if there is no room. Machine address. */
u64 boot_alloc(u64 size, u64 align, u64 limit);

/* Calls one of the two for each span of RAM. boot_alloc is over. */
void boot_alloc_finish(void (*free)(u64 start, u64 end), void (*reserved)(u64 start, u64 end));

#endif
