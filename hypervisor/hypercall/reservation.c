/* SPDX-License-Identifier: MIT */
/*
 * Memory to and from a domain: increase_reservation and populate_physmap allocate, decrease_reservation gives back.
 * Each extent is done whole or not at all; the result is how many were. A long list is taken up again from the
 * extent in the command's high bits.
 */
#include "core/percpu.h"
#include "core/softirq.h"
#include "domain/guest_copy.h"
#include "domain/memory.h"
#include "hypercall/memory.h"
#include "lib/errno.h"
#include "mm/m2p.h"
#include "mm/page_alloc.h"

#define MAX_ORDER_GUEST		9u	/* 2 MiB, for a domain without devices */

struct work {
	struct xen_memory_reservation r;
	struct domain *d;
	u32 memflags;
};

static bool extent_increase(const struct work *w, u64 i)
{
	struct frame *f = domain_alloc_frames(w->d, w->r.extent_order, w->memflags);
	u64 m;

	if (!f)
		return false;
	m = mfn_x(frame_to_mfn(f));
	if (!w->r.extent_start || !guest_put_nth(w->r.extent_start, i, &m))
		return true;
	for (u64 n = 0; n < 1ul << w->r.extent_order; n++)
		(void)!domain_drop_frame(w->d, mfn(m + n));
	return false;
}

static bool extent_populate(const struct work *w, u64 i)
{
	struct frame *f;
	u64 pfn, m;

	if (guest_get_nth(&pfn, w->r.extent_start, i))
		return false;
	f = domain_alloc_frames(w->d, w->r.extent_order, w->memflags);
	if (!f)
		return false;
	m = mfn_x(frame_to_mfn(f));
	for (u64 n = 0; n < 1ul << w->r.extent_order; n++)
		m2p_set(mfn(m + n), pfn + n);
	return !guest_put_nth(w->r.extent_start, i, &m);
}

static bool extent_decrease(const struct work *w, u64 i)
{
	u64 m;

	if (guest_get_nth(&m, w->r.extent_start, i))
		return false;
	for (u64 n = 0; n < 1ul << w->r.extent_order; n++)
		if (domain_drop_frame(w->d, mfn(m + n)))
			return false;
	return true;
}

static int prepare(u32 cmd, u64 arg, struct work *w)
{
	u32 bits;

	if (guest_get(&w->r, arg))
		return -EFAULT;
	if (w->r.nr_extents > ~0ul >> MEMOP_EXTENT_SHIFT || w->r.extent_order > PAGE_ORDER_MAX)
		return -EINVAL;
	if (!guest_range_ok(w->r.extent_start, w->r.nr_extents * sizeof(u64)))
		return -EFAULT;
	if (w->r.mem_flags & XENMEMF_populate_on_demand)
		return -EOPNOTSUPP;
	if (w->r.extent_order > MAX_ORDER_GUEST && !current->domain->is_privileged)
		return -EPERM;
	bits = XENMEMF_get_address_bits(w->r.mem_flags);
	if (bits && bits < PAGE_SHIFT + 1)
		return -EINVAL;
	w->memflags = PAGE_BELOW_BITS(bits);
	w->d = domain_get_for_caller(w->r.domid);
	return w->d ? 0 : -ESRCH;
}

long memory_reservation(u32 cmd, u64 start, u64 arg)
{
	bool (*extent)(const struct work *w, u64 i) = cmd == XENMEM_increase_reservation ? extent_increase :
		cmd == XENMEM_decrease_reservation ? extent_decrease : extent_populate;
	struct work w;
	int rc = prepare(cmd, arg, &w);
	u64 i = start;

	if (rc)
		return start ? (long)start : rc;
	while (i < w.r.nr_extents && extent(&w, i)) {
		i++;
		if (i < w.r.nr_extents && softirq_is_pending()) {
			domain_put(w.d);
			return memory_restart(cmd, i, arg);
		}
	}
	domain_put(w.d);
	return i;
}
