/* SPDX-License-Identifier: MIT */
/*
 * memory_exchange: a domain trades frames for others, contiguous or low ones. In each round one chunk of input frames
 * (as many as one output extent, or one input extent if that is larger) is stolen, fresh extents are assigned and
 * their numbers written out; only then are the old frames freed. A failed round gives everything back as it was.
 */
#include "core/percpu.h"
#include "core/softirq.h"
#include "domain/guest_copy.h"
#include "domain/memory.h"
#include "hypercall/hypercall.h"
#include "hypercall/memory.h"
#include "lib/errno.h"
#include "mm/heap.h"
#include "mm/m2p.h"
#include "mm/page_alloc.h"

#define MAX_CHUNK_ORDER		10u

struct round {
	struct xen_memory_exchange e;
	struct domain *d;
	u32 order;		/* of a chunk */
	u64 in_extents, out_extents;	/* in a chunk */
	u64 *in;		/* frames taken, one an entry */
	struct frame **out;
};

/* The frames of chunk `c`, off the domain's list. On failure none is taken. */
static int take_inputs(struct round *r, u64 c)
{
	u32 order = r->e.in.extent_order;
	u64 n = 0;
	int rc = 0;

	for (u64 i = 0; i < r->in_extents && !rc; i++) {
		u64 m;

		if (guest_get_nth(&m, r->e.in.extent_start, c * r->in_extents + i))
			rc = -EFAULT;
		for (u64 k = 0; k < 1ul << order && !rc; k++) {
			rc = domain_steal_frame(r->d, mfn(m + k));
			if (!rc)
				r->in[n++] = m + k;
		}
	}
	while (rc && n--)
		if (domain_assign_frame(r->d, mfn_to_frame(mfn(r->in[n]))))
			page_free(mfn_to_frame(mfn(r->in[n])), 0);
	return rc;
}

static void return_inputs(struct round *r)
{
	for (u64 n = 0; n < 1ul << r->order; n++)
		if (domain_assign_frame(r->d, mfn_to_frame(mfn(r->in[n]))))
			page_free(mfn_to_frame(mfn(r->in[n])), 0);
}

static int allocate_outputs(struct round *r)
{
	u32 flags = PAGE_BELOW_BITS(XENMEMF_get_address_bits(r->e.out.mem_flags));

	for (u64 i = 0; i < r->out_extents; i++) {
		r->out[i] = page_alloc(r->e.out.extent_order, flags);
		if (r->out[i])
			continue;
		while (i--)
			page_free(r->out[i], r->e.out.extent_order);
		return -ENOMEM;
	}
	return 0;
}

/* A new extent takes the place of old frames in the guest's own numbering. On failure it is still ours. */
static int hand_over_one(struct round *r, u64 at, struct frame *f)
{
	u32 order = r->e.out.extent_order;
	u64 m = mfn_x(frame_to_mfn(f)), pfn;

	if (guest_get_nth(&pfn, r->e.out.extent_start, at) || guest_put_nth(r->e.out.extent_start, at, &m))
		return -EFAULT;
	for (u64 k = 0; k < 1ul << order; k++) {
		page_clear(mfn_to_virt(mfn(m + k)));
		m2p_set(mfn(m + k), pfn + k);
	}
	return domain_assign_frames(r->d, f, order);
}

/* All new extents of chunk `c`; those that the guest does not get, by its own fault, are freed. */
static int hand_over(struct round *r, u64 c)
{
	int rc = 0;

	for (u64 i = 0; i < r->out_extents; i++) {
		if (!rc)
			rc = hand_over_one(r, c * r->out_extents + i, r->out[i]);
		if (rc)
			page_free(r->out[i], r->e.out.extent_order);
	}
	return rc;
}

static int exchange_chunk(struct round *r, u64 c)
{
	int rc = take_inputs(r, c);

	if (rc)
		return rc;
	rc = allocate_outputs(r);
	if (rc) {
		return_inputs(r);
		return rc;
	}
	for (u64 n = 0; n < 1ul << r->order; n++) {
		m2p_set(mfn(r->in[n]), M2P_INVALID);
		page_free(mfn_to_frame(mfn(r->in[n])), 0);
	}
	return hand_over(r, c);
}

static int prepare(struct round *r, u64 arg)
{
	struct xen_memory_reservation *in = &r->e.in, *out = &r->e.out;

	if (guest_get(&r->e, arg))
		return -EFAULT;
	if (in->extent_order > MAX_CHUNK_ORDER || out->extent_order > MAX_CHUNK_ORDER ||
	    (!current->domain->is_privileged && MAX(in->extent_order, out->extent_order) > 9))
		return -EPERM;
	if (in->domid != out->domid || in->nr_extents > ~0ul >> 16 || out->nr_extents > ~0ul >> 16 ||
	    in->nr_extents << in->extent_order != out->nr_extents << out->extent_order ||
	    r->e.nr_exchanged > in->nr_extents)
		return -EINVAL;
	if (!guest_range_ok(in->extent_start, in->nr_extents * sizeof(u64)) ||
	    !guest_range_ok(out->extent_start, out->nr_extents * sizeof(u64)))
		return -EFAULT;
	r->order = MAX(in->extent_order, out->extent_order);
	r->in_extents = 1ul << (r->order - in->extent_order);
	r->out_extents = 1ul << (r->order - out->extent_order);
	if (r->e.nr_exchanged & (r->in_extents - 1))
		return -EINVAL;
	return 0;
}

/* All chunks that fit in this turn. nr_exchanged counts input extents, in the caller's memory too. */
static long run(struct round *r, u64 arg)
{
	u64 chunk = r->e.nr_exchanged / r->in_extents;
	long rc = 0;

	while (r->e.nr_exchanged < r->e.in.nr_extents && !rc) {
		rc = exchange_chunk(r, chunk++);
		if (!rc)
			r->e.nr_exchanged += r->in_extents;
		if (!rc && r->e.nr_exchanged < r->e.in.nr_extents && softirq_is_pending())
			rc = -ERESTART;
	}
	if (guest_copy_to(arg + offsetof(struct xen_memory_exchange, nr_exchanged), &r->e.nr_exchanged, sizeof(u64)))
		return -EFAULT;
	return rc == -ERESTART ? memory_restart(XENMEM_exchange, 0, arg) : rc;
}

long memory_exchange(u64 arg)
{
	struct round r;
	long rc = prepare(&r, arg);

	if (rc)
		return rc;
	r.d = domain_get_for_caller(r.e.in.domid);
	if (!r.d)
		return -ESRCH;
	r.in = heap_alloc_array(1ul << r.order, sizeof(*r.in));
	r.out = heap_alloc_array(r.out_extents, sizeof(*r.out));
	rc = r.in && r.out ? run(&r, arg) : -ENOMEM;
	heap_free(r.in);
	heap_free(r.out);
	domain_put(r.d);
	return rc;
}
