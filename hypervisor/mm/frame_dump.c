/* SPDX-License-Identifier: MIT */
/*
 * What RAM is used for, counted from the frame table: for the console. Reads without locks: figures may be off by a
 * few.
 */
#include "core/log.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/page_alloc.h"

#define KINDS	8u

struct counts {
	u64 of[KINDS];			/* by FT_* */
	u64 pinned, partial;
	u64 free, firmware, hypervisor;
};

static void count(const struct frame *f, struct counts *c)
{
	if (f->flags & FRAME_BUSY_FREE) {
		c->free += 1ul << f->type;		/* its order */
	} else if (f->owner == OWNER_IO) {
		c->firmware++;
	} else if (f->owner == OWNER_XEN) {
		c->hypervisor++;
	} else if (f->owner != OWNER_NONE) {
		c->of[f->type >> 28 & 7]++;
		c->pinned += (f->type & FT_PINNED) != 0;
		c->partial += (f->type & FT_PARTIAL) != 0;
	}
}

void frame_dump(void)
{
	static const char *const names[KINDS] = {
		"untyped", "level 1", "level 2", "level 3", "level 4", "descriptors", "writable", "shared",
	};
	struct counts c;

	memset(&c, 0, sizeof(c));
	for (u64 n = 0; n < frame_max; n++)
		if (mfn_valid(mfn(n)))
			count(&frame_table[n], &c);
	log_info("frames: %lu free, %lu the hypervisor's, %lu the firmware's or devices'", c.free, c.hypervisor,
		 c.firmware);
	log_info("frames of domains, by their type:");
	for (u32 i = 0; i < KINDS; i++)
		log_info("  %-12s %lu", names[i], c.of[i]);
	log_info("  pinned %lu, partly checked %lu", c.pinned, c.partial);
}

void memory_dump(void)
{
	u64 total = page_total_count(), free = page_free_count();

	log_info("memory: %lu KiB managed, %lu KiB free, %lu KiB in use; frame numbers up to %#lx", total << 2,
		 free << 2, (total - free) << 2, frame_max);
}
