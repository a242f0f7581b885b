/* SPDX-License-Identifier: MIT */
/*
 * A frame that a guest names by its number, held for as long as the hypervisor uses it: one reference, and a
 * writable type reference if it will be written, so that it cannot be or become a page table meanwhile.
 * Lock-free.
 */
#ifndef DOMAIN_GUEST_FRAME_H
#define DOMAIN_GUEST_FRAME_H

#include "domain/domain.h"
#include "lib/errno.h"

static inline void guest_frame_put(struct frame *f, bool writable)
{
	if (writable)
		frame_put_writable(f);
	else
		frame_put(f);
}

/* -EINVAL: not RAM of d's own; -EBUSY: in use as what must not be written. Frames lent to d do not count. */
static inline int __must_check guest_frame_get(struct domain *d, u64 gfn, bool writable, struct frame **out)
{
	struct frame *f;
	bool both;
	int rc = 0;

	if (gfn >= frame_max || !mfn_valid(mfn(gfn)))	/* a PV guest's gfn is the mfn */
		return -EINVAL;
	f = mfn_to_frame(mfn(gfn));
	both = writable && likely(frame_get_writable(f, d->id));
	if (!both && !frame_get(f, d->id))
		return -EINVAL;
	if (unlikely(f->flags & FRAME_SHARED))
		rc = -EINVAL;
	else if (writable && !both)
		rc = type_get_writable(f);
	if (rc) {
		guest_frame_put(f, both);
		return rc;
	}
	*out = f;
	return 0;
}

#endif
