/* SPDX-License-Identifier: MIT */
/*
 * How much memory dom0 gets (dom0_mem=), and getting it, in pieces as large as they come.
 */
#include "builder/builder.h"
#include "core/log.h"
#include "core/panic.h"
#include "core/softirq.h"
#include "domain/memory.h"
#include "lib/cmdline.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/m2p.h"
#include "mm/page_alloc.h"
#include "builder/dom0_mem.h"

#define CHUNK_ORDER	9u		/* 2 MiB: what a guest's swiotlb and large buffers profit from */

static s64 mem_bytes, mem_min_bytes, mem_max_bytes;	/* negative: all but that */
static bool mem_given;

static int parse_signed_size(const char *text, s64 *out)
{
	bool negative = *text == '-';
	u64 bytes;

	if (cmdline_parse_size(text + negative, &bytes) || bytes >> 62)
		return -EINVAL;
	*out = negative ? -(s64)bytes : (s64)bytes;
	return 0;
}

/* dom0_mem=[SIZE][,min:SIZE][,max:SIZE] */
int dom0_mem_parse(const char *value)
{
	char buf[128], *pos = buf, *item;
	int rc = 0;

	strlcpy(buf, value ? value : "", sizeof(buf));
	while (!rc && (item = cmdline_next_item(&pos, ',')) != NULL) {
		if (!strncmp(item, "min:", 4))
			rc = parse_signed_size(item + 4, &mem_min_bytes);
		else if (!strncmp(item, "max:", 4))
			rc = parse_signed_size(item + 4, &mem_max_bytes);
		else
			rc = parse_signed_size(item, &mem_bytes);
		mem_given = true;
	}
	return rc;
}

static u64 resolve(s64 bytes, u64 available)
{
	u64 pages = (u64)(bytes < 0 ? -bytes : bytes) >> PAGE_SHIFT;

	if (bytes >= 0)
		return pages;
	return pages < available ? available - pages : 0;
}

/* `available`: pages that will be free once the loader's modules are. */
u64 dom0_mem_pages(u64 available)
{
	u64 reserve = MIN(available / 16, MiB(128) >> PAGE_SHIFT), pages;

	/* without an option: all but a little for the hypervisor and the first guest's structures */
	pages = mem_bytes ? resolve(mem_bytes, available) : available - reserve;
	if (mem_max_bytes)
		pages = MIN(pages, resolve(mem_max_bytes, available));
	if (mem_min_bytes)
		pages = MAX(pages, resolve(mem_min_bytes, available));
	if (pages > available) {
		log_warn("dom0_mem: %lu MiB asked for, but only %lu MiB are free: dom0 gets those", pages >> 8,
			 (available - reserve) >> 8);
		pages = available - reserve;
	}
	return pages;
}

u64 dom0_mem_max_pages(u64 pages, u64 available)
{
	if (!mem_given || !mem_max_bytes)
		return mem_given ? pages : ~0ul;
	return MAX(pages, resolve(mem_max_bytes, available));
}

/* The next pfns are these frames, as they are: dom0 may see what the firmware or an earlier system left in them. */
static void add_frames(struct build *b, struct frame *f, u64 count)
{
	u64 m = mfn_x(frame_to_mfn(f)), pfn = b->done_pages;
	u64 *m2p = m2p_table + m, *p2m = b->p2m + pfn;

	UNROLL_BY_8
	for (u64 i = 0; i < count; i++) {
		m2p[i] = pfn + i;
		p2m[i] = m + i;
	}
	b->done_pages += count;
}

void build_populate(struct build *b, u64 until)
{
	while (b->done_pages < until) {
		u32 order = CHUNK_ORDER;
		struct frame *f = NULL;

		/* chunks start anywhere: a pfn needs no alignment to its frame */
		while ((1ul << order) > until - b->done_pages)
			order--;
		while (!f) {
			f = page_alloc(order, 0);
			if (!f && !order--)
				panic("dom0: no memory left after %lu of %lu MiB; lower dom0_mem=", b->done_pages >> 8,
				      b->nr_pages >> 8);
		}
		if (domain_assign_frames(b->d, f, order))
			panic("dom0: its frames cannot be assigned");
		add_frames(b, f, 1ul << order);
	}
}
