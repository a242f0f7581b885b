/* SPDX-License-Identifier: MIT */
/*
 * What domains and their vCPUs stand for: base pointers, descriptor frames, areas shared with the guest, event pages,
 * mappings of grants for devices; and their lists of frames.
 */
#include "domain/extent.h"
#include "event/internal.h"
#include "grant/internal.h"
#include "internal.h"
#include "mm/pt.h"
#include "pv/desc.h"

/* The window's entry for a page, by a walk of our own. */
static u64 window_entry(const struct domain *d, u64 va)
{
	const u64 *t = d->pv.perdomain_l3;

	for (u32 level = 3; level > 1; level--) {
		u64 e = t[pt_index(va, level)];

		if (!(e & PTE_PRESENT))
			return 0;
		t = maddr_to_virt(e & PTE_MFN_MASK);
	}
	return t[pt_index(va, 1)];
}

static void count_descriptors(const struct vcpu *v)
{
	const struct domain *d = v->domain;

	for (u32 i = 0; i < DESC_GDT_FRAMES; i++) {
		mfn_t m = v->pv.gdt_frames[i];
		u64 e = window_entry(d, desc_gdt_va(v) + i * PAGE_SIZE);

		if (mfn_x(m))
			oracle_typed_ref(m, FT_DESC, "a GDT");
		if (mfn_x(m) ? !(e & PTE_PRESENT) || !mfn_eq(pte_mfn(e), m) : e & PTE_PRESENT)
			oracle_wrong("GDT page %u of d%uv%u is %#lx, its window %#lx", i, d->id, v->id, mfn_x(m), e);
	}
	for (u32 i = 0; i < 16; i++) {
		u64 e = window_entry(d, desc_ldt_va(v) + i * PAGE_SIZE);
		bool mapped = v->pv.ldt_mapped >> i & 1;

		if (mapped != (bool)(e & PTE_PRESENT))
			oracle_wrong("LDT page %u of d%uv%u: mapped %d, its window %#lx", i, d->id, v->id, mapped, e);
		else if (mapped)
			oracle_typed_ref(pte_mfn(e), FT_DESC, "an LDT");
	}
}

static void count_vcpu(const struct vcpu *v)
{
	if (mfn_x(v->pv.kernel_l4))
		oracle_typed_ref(v->pv.kernel_l4, FT_L4, "a kernel's base");
	if (mfn_x(v->pv.user_l4))
		oracle_typed_ref(v->pv.user_l4, FT_L4, "a user base");
	if (!mfn_eq(v->info_mfn, INVALID_MFN))
		oracle_typed_ref(v->info_mfn, FT_WRITABLE, "a vcpu_info");
	count_descriptors(v);
}

static void count_fifo(const struct domain *d)
{
	const struct event_fifo *fifo = d->event ? d->event->fifo : NULL;

	if (!fifo)
		return;
	for (u32 i = 0; i < d->max_vcpus; i++)
		if (fifo->vcpu[i].control)
			oracle_typed_ref(frame_to_mfn(fifo->vcpu[i].control_frame), FT_WRITABLE,
					 "an event control block");
	for (u32 i = 0; i < fifo->nr_words / FIFO_WORDS_PER_PAGE; i++)
		oracle_typed_ref(frame_to_mfn(fifo->frame[i]), FT_WRITABLE, "an event page");
}

static void each_track(const struct domain *d, void (*fn)(const struct domain *d, const struct grant_track *t))
{
	const struct grant_table *gt = d->grant;
	u32 used = 0;

	for (u32 i = 0; i < gt->nr_track_frames * TRACKS_PER_FRAME; i++) {
		const struct grant_track *t = grant_track_of(gt, i);

		if (!(t->flags & TRACK_USED))
			continue;
		used++;
		if (t->flags & TRACK_BUSY)
			oracle_wrong("handle %u of domain %u is busy", i, d->id);
		else
			fn(d, t);
	}
	if (used != gt->tracks_used)
		oracle_wrong("domain %u uses %u handles, and says %u", d->id, used, gt->tracks_used);
}

/* A mapping by the CPU is its entry's; one for devices has no other place. */
static void count_track(const struct domain *d, const struct grant_track *t)
{
	if (!(t->flags & GNTMAP_device_map))
		return;
	if (t->flags & GNTMAP_readonly)
		oracle_ref(mfn(t->mfn), "a grant mapped for devices");
	else
		oracle_typed_ref(mfn(t->mfn), FT_WRITABLE, "a grant mapped for devices");
}

static void walk_list(const struct domain *d, u32 first, u64 length, bool shared)
{
	u32 prev = FRAME_NONE;
	u64 n = 0;

	for (u32 at = first; at != FRAME_NONE; prev = at, at = frame_table[at].next, n++) {
		const struct frame *f = &frame_table[at];

		if (n >= length || at >= MACHINE_FRAMES) {
			oracle_wrong("domain %u: a list goes on after %lu frames, at %#x", d->id, length, at);
			return;
		}
		if (f->owner != d->id || !f->refs || !(f->flags & FRAME_SHARED) != !shared)
			oracle_wrong("domain %u lists frame %#x: owner %u refs %#x flags %#x", d->id, at, f->owner,
				     f->refs, f->flags);
		if (f->prev != prev || expected[at].listed)
			oracle_wrong("domain %u: frame %#x has prev %#x, not %#x, or is listed twice", d->id, at,
				     f->prev, prev);
		expected[at].listed = true;
	}
	if (n != length)
		oracle_wrong("domain %u: %lu frames on a list, %lu counted", d->id, n, length);
}

/* Blocks that are cleared for the domain: nobody's, and listed here alone. */
static void walk_extents(const struct domain *d)
{
	u32 pages = 0;

	for (const struct extent *e = d->extents; e; e = e->next) {
		u64 first = mfn_x(frame_to_mfn(e->first));

		pages += 1u << e->order;
		if (e->cleared > 1u << e->order)
			oracle_wrong("domain %u: %u of %u pages of a block are cleared", d->id, e->cleared,
				     1u << e->order);
		for (u64 n = first; n < first + (1u << e->order); n++) {
			if (frame_table[n].owner != OWNER_NONE || frame_table[n].refs != (FRAME_ALLOCATED | 1) ||
			    expected[n].listed)
				oracle_wrong("domain %u has frame %#lx cleared: owner %u refs %#x", d->id, n,
					     frame_table[n].owner, frame_table[n].refs);
			expected[n].listed = true;
		}
	}
	if (pages != d->extent_pages)
		oracle_wrong("domain %u: %u pages in blocks being cleared, %u counted", d->id, pages, d->extent_pages);
}

void oracle_count_domain(struct domain *d)
{
	struct vcpu *v;
	u32 i;

	for_each_vcpu(d, v, i)
		count_vcpu(v);
	if (d->pirq_eoi_map)
		oracle_typed_ref(d->arch_pirq_eoi_mfn, FT_WRITABLE, "an EOI map");
	count_fifo(d);
	if (d->grant)
		each_track(d, count_track);
	walk_list(d, d->page_first, d->tot_pages, false);
	walk_list(d, d->shared_first, d->shared_pages, true);
	walk_extents(d);
}

static u32 pins_found;

static void find_pin(const struct domain *d, const struct grant_track *t)
{
	const struct grant_active *a;

	pins_found++;
	a = &t->granter->grant->active[t->ref / ENTRIES_PER_FRAME][t->ref % ENTRIES_PER_FRAME];
	if (a->mfn != t->mfn || a->domid != d->id || !(t->flags & GNTMAP_readonly ? a->readers : a->writers))
		oracle_wrong("domain %u maps grant %u of domain %u: frame %#x; the entry says %#x for domain %u, %u+%u",
			     d->id, t->ref, t->granter->id, t->mfn, a->mfn, a->domid, a->readers, a->writers);
}

/* Pins that mappings of d stand for are found; those of its entries are the result. */
static u32 count_pins(const struct domain *d)
{
	u32 pins = 0;

	if (!d->grant)
		return 0;
	each_track(d, find_pin);
	for (u32 i = 0; i < d->grant->nr_frames * ENTRIES_PER_FRAME; i++) {
		const struct grant_active *page = d->grant->active[i / ENTRIES_PER_FRAME];

		/* the pages without pins go while a domain ends */
		if (page)
			pins += page[i % ENTRIES_PER_FRAME].readers + page[i % ENTRIES_PER_FRAME].writers;
	}
	return pins;
}

void oracle_check_grants(void)
{
	struct domain *d;
	u32 pins = 0;

	pins_found = 0;
	for_each_machine_domain(d)
		pins += count_pins(d);
	if (pins != pins_found)
		oracle_wrong("%u grants are pinned, %u mapped", pins, pins_found);
}
