/* SPDX-License-Identifier: MIT */
/* A cleared frame for a domain, as memory_op would give it: NULL if there is none, or the domain may have no more. */
#ifndef GIVE_FRAME_H
#define GIVE_FRAME_H

#include "domain/memory.h"
#include "mm/page_alloc.h"

static inline struct frame *give_frame(struct domain *d)
{
	struct frame *f = domain_has_room(d, 0) ? domain_alloc_unassigned(d, 0, 0) : NULL;

	if (!f)
		return NULL;
	page_clear(mfn_to_virt(frame_to_mfn(f)));
	if (!domain_assign_frame(d, f))
		return f;
	page_free(f, 0);
	return NULL;
}

#endif
