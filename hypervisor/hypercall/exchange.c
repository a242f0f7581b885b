/* SPDX-License-Identifier: MIT */
/*
 * memory_exchange: a domain trades frames for others, contiguous or low ones. In each round one chunk of input frames
 * (as many as one output extent, or one input extent if that is larger) is stolen once there are fresh extents; these
 * are assigned and their numbers written out. A failed round gives everything back as it was.
 */
#include "core/percpu.h"
#include "core/softirq.h"
#include "domain/extent.h"
#include "domain/guest_copy.h"
#include "domain/memory.h"
#include "hypercall/hypercall.h"
#include "hypercall/memory.h"
#include "lib/errno.h"
#include "mm/heap.h"
#include "mm/m2p.h"
#include "mm/page_alloc.h"

struct round {
	struct xen_memory_exchange e;
	struct domain *d;
	u32 order;		/* of a chunk */
	u64 in_extents, out_extents;	/* in a chunk */
	u64 *numbers;		/* frames taken; then those that the guest is told */
	u32 block_order;	/* of the frames for the output: one block a chunk, or one an extent */
	u64 blocks;
	struct frame **out;	/* of each block */
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
				r->numbers[n++] = m + k;
		}
	}
	while (rc && n--)
		if (domain_assign_frame(r->d, mfn_to_frame(mfn(r->numbers[n]))))
			page_free(mfn_to_frame(mfn(r->numbers[n])), 0);
	return rc;
}

static void free_output(struct round *r, u64 block)
{
	for (u64 k = 0; k < 1ul << r->block_order; k++)
		m2p_set(mfn(mfn_x(frame_to_mfn(r->out[block])) + k), M2P_INVALID);
	page_free(r->out[block], r->block_order);
}

static void free_outputs(struct round *r, u64 blocks)
{
	while (blocks--)
		free_output(r, blocks);
}

/*
 * Cleared blocks for a chunk: one that is cut, or, where memory is in small pieces, one for each. -ENOMEM, -ERESTART.
 */
static int allocate_outputs(struct round *r)
{
	u32 flags = PAGE_BELOW_BITS(XENMEMF_get_address_bits(r->e.out.mem_flags));
	int rc;

	r->blocks = 1;
	r->block_order = r->order;
	rc = extent_get(r->d, r->order, flags, &r->out[0]);
	if (rc != -ENOMEM || r->out_extents == 1)
		return rc;
	r->blocks = r->out_extents;
	r->block_order = r->e.out.extent_order;
	rc = extents_prepare(r->d, r->block_order, flags, r->blocks);
	for (u64 i = 0; i < r->blocks && !rc; i++) {
		rc = extent_take(r->d, r->block_order, flags, &r->out[i]);
		if (rc)
			free_outputs(r, i);
	}
	return rc;
}

/* The frames that were taken are nobody's any more: whole extents at once where the guest's were aligned. */
static void free_inputs(struct round *r)
{
	u32 order = r->e.in.extent_order;

	for (u64 n = 0; n < 1ul << r->order; n += 1ul << order) {
		bool aligned = !(r->numbers[n] & ((1ul << order) - 1));

		for (u64 k = 0; k < 1ul << order; k++) {
			m2p_set(mfn(r->numbers[n + k]), M2P_INVALID);
			if (!aligned)
				page_free(mfn_to_frame(mfn(r->numbers[n + k])), 0);
		}
		if (aligned)
			page_free(mfn_to_frame(mfn(r->numbers[n])), order);
	}
}

static u64 output_mfn(const struct round *r, u64 i)
{
	u64 first = i << r->e.out.extent_order;

	return mfn_x(frame_to_mfn(r->out[first >> r->block_order])) + (first & ((1ul << r->block_order) - 1));
}

/* The new extents of chunk `c` take the places of old frames in the guest's own numbering. */
static int name_outputs(struct round *r, u64 c)
{
	u64 bytes = r->out_extents * sizeof(u64), va = r->e.out.extent_start + c * bytes;

	if (guest_copy_from(r->numbers, va, bytes))
		return -EFAULT;
	for (u64 i = 0; i < r->out_extents; i++) {
		u64 m = output_mfn(r, i), pfn = r->numbers[i];

		for (u64 k = 0; k < 1ul << r->e.out.extent_order; k++)
			m2p_set(mfn(m + k), pfn + k);
		r->numbers[i] = m;
	}
	return guest_copy_to(va, r->numbers, bytes) ? -EFAULT : 0;
}

/* Until all are named they are nobody's; what the guest does not get, by its own fault, is freed. */
static int hand_over(struct round *r, u64 c)
{
	int rc = name_outputs(r, c);

	for (u64 i = 0; i < r->blocks; i++) {
		if (!rc)
			rc = domain_assign_frames(r->d, r->out[i], r->block_order);
		if (rc)
			free_output(r, i);
	}
	return rc;
}

static int exchange_chunk(struct round *r, u64 c)
{
	int rc = allocate_outputs(r);

	if (rc)
		return rc;
	rc = take_inputs(r, c);
	if (rc) {
		free_outputs(r, r->blocks);
		return rc;
	}
	free_inputs(r);
	return hand_over(r, c);
}

static int prepare(struct round *r, u64 arg)
{
	struct xen_memory_reservation *in = &r->e.in, *out = &r->e.out;

	if (guest_get(&r->e, arg))
		return -EFAULT;
	if (MAX(in->extent_order, out->extent_order) > EXTENT_ORDER_MAX)
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
	r.numbers = heap_alloc_array(1ul << r.order, sizeof(*r.numbers));
	r.out = heap_alloc_array(r.out_extents, sizeof(*r.out));
	rc = r.numbers && r.out ? run(&r, arg) : -ENOMEM;
	heap_free(r.numbers);
	heap_free(r.out);
	domain_put(r.d);
	return rc;
}
