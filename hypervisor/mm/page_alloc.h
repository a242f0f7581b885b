/* SPDX-License-Identifier: MIT */
/*
 * The page allocator: a buddy system over all RAM, in three zones (below 16 MiB, below 4 GiB, the rest) so that memory
 * which old devices can address is not used up first. Frames come out with refs = FRAME_ALLOCATED | 1 and type zero,
 * owner OWNER_NONE; their contents are old data: whoever gives a frame to a guest clears it (page_clear) first.
 * Any context but an NMI; takes RANK_PAGEALLOC.
 */
#ifndef MM_PAGE_ALLOC_H
#define MM_PAGE_ALLOC_H

#include "mm/frame.h"

#define PAGE_ORDER_MAX		18	/* 1 GiB */

/* memflags */
#define PAGE_BELOW_BITS(n)	((n) & 0xff)	/* maddr < 2^n; 0: anywhere, high first */
#define PAGE_HEAP		(1u << 8)	/* for the hypervisor: FRAME_HEAP, owner OWNER_XEN */

/* 2^order contiguous frames, naturally aligned; NULL if there are none. */
struct frame *page_alloc(u32 order, u32 memflags);
void page_free(struct frame *f, u32 order);

/* One zeroed page of the hypervisor's, as an address in the direct map, or NULL. */
void *page_alloc_zeroed(void);
u64 page_alloc_table(void);	/* the same by its machine address, for pt_walk() and pt_map(); 0: none */
void *pages_alloc_zeroed(u32 order);
void page_free_virt(void *va);
void pages_free_virt(void *va, u32 order);

void page_clear(void *page);
void page_copy(void *to, const void *from);

u64 page_free_count(void);	/* frames free now */
u64 page_total_count(void);	/* frames of RAM that the allocator ever had, free or not */

/*
 * Boot only: gives [start, end) (machine addresses; whole pages of it) to the allocator. The frames are as free ones.
 */
void page_alloc_init_region(u64 start, u64 end);
/* The same for frames that have been the hypervisor's until now. */
void page_alloc_reclaim_region(u64 start, u64 end);

#endif
