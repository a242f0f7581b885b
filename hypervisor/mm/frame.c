/* SPDX-License-Identifier: MIT */
/*
 * The frame table's storage and the slow ends of its reference count.
 */
#include "mm/frame.h"

#include "mm/page_alloc.h"
#include "x86/tlb.h"

struct frame *frame_table;
u64 frame_max;
const u8 *frame_valid_map;
void (*frame_release_hook)(struct frame *f);

bool frame_get_more(struct frame *f)
{
	u32 r = atomic_read(&f->refs);

	do {
		if (r == 0 || (r & FRAME_REFS_MASK) >= FRAME_REFS_LIMIT)
			return false;
	} while (!try_cmpxchg(&f->refs, &r, r + 1));
	return true;
}

bool frame_get_reserved(struct frame *f, u16 owner)
{
	u32 r = atomic_read(&f->refs);

	do {
		if (r == 0 || (r & FRAME_REFS_MASK) == FRAME_REFS_MASK || f->owner != owner)
			return false;
	} while (!try_cmpxchg(&f->refs, &r, r + 1));
	if (READ_ONCE(f->owner) == owner)
		return true;
	frame_put(f);
	return false;
}

void frame_free_last(struct frame *f)
{
	if (frame_release_hook && f->owner != OWNER_XEN && f->owner != OWNER_NONE)
		frame_release_hook(f);
	page_free(f, 0);
}

void frame_flush_old_use(u32 old, u32 stamp)
{
	cpumask_t mask;

	if ((old & FT_MASK) == FT_NONE)
		return;
	mask = cpu_started_mask;
	tlb_filter(&mask, stamp);
	if (!cpumask_empty(&mask))
		tlb_flush_mask(&mask, TLB_ALL);
}

u32 frame_type_settled(const struct frame *f)
{
	u32 x;

	while (unlikely((x = atomic_read(&f->type)) == FT_CHANGING)) {
		tlb_poll();
		cpu_relax();
	}
	return x;
}

int type_get_writable_slow(struct frame *f)
{
	u32 x = frame_type_settled(f), nx;

	for (;;) {
		if (likely((x & FT_MASK) == FT_WRITABLE || (x & FT_MASK) == FT_SHARED)) {
			if (unlikely((x & FT_COUNT_MASK) == FT_COUNT_MASK))
				return -EBUSY;
			nx = x + 1;
		} else if (x & (FT_COUNT_MASK | FT_PARTIAL)) {
			return x & FT_PARTIAL ? -EBUSY : -EINVAL;
		} else {
			nx = (x & FT_MASK) == FT_NONE ? FT_WRITABLE | 1 : FT_CHANGING;
		}
		if (likely(try_cmpxchg(&f->type, &x, nx)))
			break;
		x = frame_type_settled(f);
	}
	if (unlikely(nx == FT_CHANGING)) {
		/* before anybody writes: some CPU may still walk it as the table that it was */
		frame_flush_old_use(x, f->tlb_stamp);
		store_release(&f->type, FT_WRITABLE | 1);
	}
	return 0;
}
