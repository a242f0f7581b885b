/* SPDX-License-Identifier: MIT */
/*
 * The buddy allocator. A free block of 2^n frames is on the list of its zone and order; its first frame carries
 * FRAME_BUSY_FREE, the order (in `type`, unused while free) and the latest TLB stamp of the block. Blocks never cross a
 * zone's border, since the borders are more aligned than the largest block.
 *
 * Invariant: a frame on a list has refs 0 and owner OWNER_NONE. Lock: page_alloc_lock for the lists and counts.
 */
#include "mm/page_alloc.h"

#include "core/ipi.h"
#include "core/lock.h"
#include "core/panic.h"
#include "lib/string.h"
#include "x86/tlb.h"

enum zone { ZONE_DMA, ZONE_LOW, ZONE_HIGH, ZONES };	/* below 16 MiB, below 4 GiB, the rest */

#define SCAN_LIMIT	256	/* blocks looked at for an address limit inside a zone */

static DEFINE_SPINLOCK(page_alloc_lock, RANK_PAGEALLOC);
static u32 free_list[ZONES][PAGE_ORDER_MAX + 1];
static u32 have_orders[ZONES];		/* bit per list that is not empty */
static bool lists_ready;
static u64 free_count, total_count;

static enum zone zone_of(u64 n)
{
	return n < (MiB(16) >> PAGE_SHIFT) ? ZONE_DMA : n < (GiB(4) >> PAGE_SHIFT) ? ZONE_LOW : ZONE_HIGH;
}

static void list_push(u64 n, u32 order, u32 stamp)
{
	enum zone z = zone_of(n);
	u32 *head = &free_list[z][order];
	struct frame *f = &frame_table[n];

	f->flags = FRAME_BUSY_FREE;
	f->type = order;
	f->tlb_stamp = stamp;
	f->prev = FRAME_NONE;
	f->next = *head;
	if (*head != FRAME_NONE)
		frame_table[*head].prev = n;
	*head = n;
	have_orders[z] |= 1u << order;
}

static void list_remove(u64 n, u32 order)
{
	struct frame *f = &frame_table[n];
	enum zone z = zone_of(n);

	if (f->next != FRAME_NONE)
		frame_table[f->next].prev = f->prev;
	if (f->prev != FRAME_NONE) {
		frame_table[f->prev].next = f->next;
	} else {
		free_list[z][order] = f->next;
		if (f->next == FRAME_NONE)
			have_orders[z] &= ~(1u << order);
	}
	f->flags = 0;
	f->type = 0;
}

static bool buddy_is_free(u64 n, u32 order)
{
	return mfn_valid(mfn(n)) && frame_table[n].flags == FRAME_BUSY_FREE && frame_table[n].type == order;
}

/* Of two uses that ended, when the later one did. What is longer ago than the clock's range looks young: no harm. */
static u32 later_stamp(u32 a, u32 b)
{
	u32 now = tlb_stamp_now();

	return now - a < now - b ? a : b;
}

static void free_block(u64 n, u32 order, u32 stamp)
{
	free_count += 1ul << order;
	while (order < PAGE_ORDER_MAX) {
		u64 buddy = n ^ (1ul << order);

		if (zone_of(buddy) != zone_of(n) || !buddy_is_free(buddy, order))
			break;
		stamp = later_stamp(stamp, frame_table[buddy].tlb_stamp);
		list_remove(buddy, order);
		n &= ~(1ul << order);
		order++;
	}
	list_push(n, order, stamp);
}

/* Takes a block of 2^order out of a larger free one at n, giving back the halves not needed (the high ones). */
static u64 split_block(u64 n, u32 have, u32 order)
{
	list_remove(n, have);
	free_count -= 1ul << order;
	while (have > order) {
		have--;
		list_push(n + (1ul << have), have, frame_table[n].tlb_stamp);
	}
	return n;
}

static u64 take_from_zone(enum zone z, u32 order, u64 limit)
{
	for (u32 orders = have_orders[z] >> order << order; orders; orders &= orders - 1) {
		u32 have = bit_lowest(orders), n = free_list[z][have];

		for (u32 i = 0; n != FRAME_NONE && i < SCAN_LIMIT; i++, n = frame_table[n].next)
			if (n + (1ul << order) <= limit)
				return split_block(n, have, order);
	}
	return FRAME_NONE;
}
static_assert(PAGE_ORDER_MAX < 32, "have_orders has a bit for each");

/* Stale TLB entries of the last owner must be gone before the next one gets the frames. */
static void flush_stale(u32 stamp)
{
	cpumask_t mask = cpu_started_mask;

	tlb_filter(&mask, stamp);
	if (unlikely(!cpumask_empty(&mask)))
		tlb_flush_mask(&mask, TLB_ALL);
}

struct frame *page_alloc(u32 order, u32 memflags)
{
	u32 bits = memflags & 0xff;
	u64 limit = bits && bits < 52 ? (1ul << bits) >> PAGE_SHIFT : ~0ul;
	u16 owner = memflags & PAGE_HEAP ? OWNER_XEN : OWNER_NONE, frame_flags = memflags & PAGE_HEAP ? FRAME_HEAP : 0;
	u64 n = FRAME_NONE;
	u64 flags;
	struct frame *f;

	if (order > PAGE_ORDER_MAX)
		return NULL;
	flags = spin_lock_irqsave(&page_alloc_lock);
	for (int z = ZONE_HIGH; z >= ZONE_DMA && n == FRAME_NONE; z--)
		n = take_from_zone(z, order, limit);
	spin_unlock_irqrestore(&page_alloc_lock, flags);
	if (n == FRAME_NONE)
		return NULL;

	f = &frame_table[n];
	UNROLL_BY_8
	for (u64 i = 0; i < 1ul << order; i++) {
		f[i].flags = frame_flags;
		f[i].owner = owner;
		store_release(&f[i].counts, FRAME_ALLOCATED | 1);	/* type 0 */
	}
	flush_stale(f->tlb_stamp);
	return f;
}

/*
 * The allocation's own reference goes, unless it has gone already. frame_get() holds one more for the moment in which
 * it finds that the frame has changed hands: that must not be given back to a free frame.
 */
static void refs_end(struct frame *f)
{
	u32 own = FRAME_ALLOCATED | 1;

	while (!try_cmpxchg(&f->refs, &own, 0) && own) {
		cpu_relax();
		own = FRAME_ALLOCATED | 1;
	}
}

void page_free(struct frame *f, u32 order)
{
	u64 flags;

	for (u64 i = 0; i < 1ul << order; i++) {
		refs_end(&f[i]);
		f[i].type = 0;
		f[i].flags = 0;
		f[i].owner = OWNER_NONE;
	}
	flags = spin_lock_irqsave(&page_alloc_lock);
	free_block(mfn_x(frame_to_mfn(f)), order, tlb_stamp_now());
	spin_unlock_irqrestore(&page_alloc_lock, flags);
}

static void init_lists(void)
{
	for (u32 z = 0; z < ZONES; z++)
		for (u32 o = 0; o <= PAGE_ORDER_MAX; o++)
			free_list[z][o] = FRAME_NONE;
	lists_ready = true;
}

void page_alloc_init_region(u64 start, u64 end)
{
	u64 n = ROUNDUP(start, PAGE_SIZE) >> PAGE_SHIFT, last = end >> PAGE_SHIFT;

	if (!lists_ready)
		init_lists();
	while (n < last) {
		u32 order = 0;

		while (order < PAGE_ORDER_MAX && !(n & (1ul << order)) && n + (2ul << order) <= last &&
		       zone_of(n) == zone_of(n + (2ul << order) - 1))
			order++;
		total_count += 1ul << order;
		free_block(n, order, tlb_stamp_now());
		n += 1ul << order;
	}
}

void page_alloc_reclaim_region(u64 start, u64 end)
{
	for (u64 n = ROUNDUP(start, PAGE_SIZE) >> PAGE_SHIFT; n < end >> PAGE_SHIFT; n++) {
		frame_table[n].owner = OWNER_NONE;
		frame_table[n].refs = 0;
	}
	page_alloc_init_region(start, end);
}

void *pages_alloc_zeroed(u32 order)
{
	struct frame *f = page_alloc(order, PAGE_HEAP);
	u8 *va;

	if (!f)
		return NULL;
	va = mfn_to_virt(frame_to_mfn(f));
	for (u64 i = 0; i < 1ul << order; i++)
		page_clear(va + i * PAGE_SIZE);
	return va;
}

void *page_alloc_zeroed(void)
{
	return pages_alloc_zeroed(0);
}

u64 page_alloc_table(void)
{
	void *page = page_alloc_zeroed();

	return page ? virt_to_maddr(page) : 0;
}

void pages_free_virt(void *va, u32 order)
{
	if (va)
		page_free(virt_to_frame(va), order);
}

void page_free_virt(void *va)
{
	pages_free_virt(va, 0);
}

u64 page_free_count(void)
{
	return READ_ONCE(free_count);
}

u64 page_total_count(void)
{
	return total_count;
}

void page_clear(void *page)
{
	memset(page, 0, PAGE_SIZE);
}

void page_copy(void *to, const void *from)
{
	memcpy(to, from, PAGE_SIZE);
}
