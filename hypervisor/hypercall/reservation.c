/* SPDX-License-Identifier: MIT */
/*
 * Memory to and from a domain: increase_reservation and populate_physmap allocate, decrease_reservation gives back.
 * The result is how many extents were done. A long list is taken up again from the extent, or frame, in the command's
 * high bits.
 */
#include "core/percpu.h"
#include "core/softirq.h"
#include "domain/extent.h"
#include "domain/guest_copy.h"
#include "domain/memory.h"
#include "hypercall/memory.h"
#include "lib/errno.h"
#include "mm/m2p.h"
#include "mm/page_alloc.h"

struct work {
	struct xen_memory_reservation r;
	struct domain *d;
	u32 memflags;
};

/*
 * The domain gets a block when its number has been written: a list that cannot be written costs nothing. Until then
 * nobody can use the number.
 */
static int extent_give(const struct work *w, u64 i, struct frame **f)
{
	int rc = domain_has_room(w->d, w->r.extent_order) ?
		 extent_get(w->d, w->r.extent_order, w->memflags, f) : -ENOMEM;
	u64 m;

	if (rc)
		return rc;
	m = mfn_x(frame_to_mfn(*f));
	rc = w->r.extent_start ? guest_put_nth(w->r.extent_start, i, &m) : 0;
	if (!rc)
		rc = domain_assign_frames(w->d, *f, w->r.extent_order);
	if (rc)
		page_free(*f, w->r.extent_order);
	return rc;
}

/* Each: 0; -ERESTART to do it again when other work is done; any other error ends the list. */

static int extent_increase(const struct work *w, u64 i)
{
	struct frame *f;

	return extent_give(w, i, &f);
}

static int extent_populate(const struct work *w, u64 i)
{
	struct frame *f;
	u64 pfn;
	int rc = guest_get_nth(&pfn, w->r.extent_start, i);

	if (!rc)
		rc = extent_give(w, i, &f);
	for (u64 n = 0; !rc && n < 1ul << w->r.extent_order; n++)
		m2p_set(mfn(mfn_x(frame_to_mfn(f)) + n), pfn + n);
	return rc;
}

/* One frame of an extent: `i` counts frames. */
static int frame_decrease(const struct work *w, u64 i)
{
	u32 order = w->r.extent_order;
	u64 m;

	if (guest_get_nth(&m, w->r.extent_start, i >> order))
		return -EFAULT;
	return domain_drop_frame(w->d, mfn(m + (i & ((1ul << order) - 1))));
}

static const struct {
	int (*step)(const struct work *w, u64 i);
	bool by_frame;		/* a step is a frame, not an extent */
} ways[] = {
	[XENMEM_increase_reservation] = { extent_increase, false },
	[XENMEM_decrease_reservation] = { frame_decrease, true },
	[XENMEM_populate_physmap] = { extent_populate, false },
};

static int prepare(u32 cmd, u64 arg, struct work *w)
{
	u32 bits;

	if (guest_get(&w->r, arg))
		return -EFAULT;
	if (w->r.nr_extents > ~0ul >> (MEMOP_EXTENT_SHIFT + PAGE_ORDER_MAX) || w->r.extent_order > PAGE_ORDER_MAX)
		return -EINVAL;
	if (!guest_range_ok(w->r.extent_start, w->r.nr_extents * sizeof(u64)))
		return -EFAULT;
	if (w->r.mem_flags & XENMEMF_populate_on_demand)
		return -EOPNOTSUPP;
	if (w->r.extent_order > EXTENT_ORDER_MAX)
		return -EPERM;
	bits = XENMEMF_get_address_bits(w->r.mem_flags);
	if (bits && bits < PAGE_SHIFT + 1)
		return -EINVAL;
	w->memflags = PAGE_BELOW_BITS(bits);
	w->d = domain_get_for_caller(w->r.domid);
	return w->d ? 0 : -ESRCH;
}

static long reservation(u32 cmd, u64 start, u64 arg)
{
	struct work w;
	int rc = prepare(cmd, arg, &w);
	u32 shift = !rc && ways[cmd].by_frame ? w.r.extent_order : 0;
	u64 i = start;

	if (rc)
		return start ? (long)start : rc;
	while (!rc && i < w.r.nr_extents << shift) {
		rc = ways[cmd].step(&w, i);
		if (!rc && ++i < w.r.nr_extents << shift && softirq_is_pending())
			rc = -ERESTART;
	}
	domain_put(w.d);
	return rc == -ERESTART ? memory_restart(cmd, i, arg) : (long)(i >> shift);
}

long memory_increase(u64 start, u64 arg)
{
	return reservation(XENMEM_increase_reservation, start, arg);
}

long memory_decrease(u64 start, u64 arg)
{
	return reservation(XENMEM_decrease_reservation, start, arg);
}

long memory_populate(u64 start, u64 arg)
{
	return reservation(XENMEM_populate_physmap, start, arg);
}
