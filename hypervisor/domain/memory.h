/* SPDX-License-Identifier: MIT */
/*
 * Frames coming to a domain and going from it. A frame's allocation reference belongs to its domain, which gives it
 * back when it lets the frame go; the frame is freed when the last other reference is gone too. Locks: page_lock.
 */
#ifndef DOMAIN_MEMORY_H
#define DOMAIN_MEMORY_H

#include "domain/domain.h"

/*
 * Gives a fresh frame (from page_alloc, contents cleared by the caller) to d. -ENOSPC beyond max_pages, -ESRCH dying.
 */
int domain_assign_frame(struct domain *d, struct frame *f);
int domain_assign_frames(struct domain *d, struct frame *f, u32 order);
/* d may have so much more; frames as they come (`memflags` as page_alloc), but not those that others have claimed. */
bool domain_has_room(const struct domain *d, u32 order);
struct frame *domain_alloc_unassigned(struct domain *d, u32 order, u32 memflags);

/*
 * Takes a frame from d for good: nobody else may hold it. On success the caller owns the allocation reference, and
 * the frame is on no list. -EINVAL: not d's; -EBUSY: still mapped or typed.
 */
int domain_steal_frame(struct domain *d, mfn_t m);
/* d gives back its allocation reference of a frame; others may still hold it. -EINVAL: not d's, or given back. */
int domain_drop_frame(struct domain *d, mfn_t m);

/* Lends one of the hypervisor's own pages (allocated with PAGE_HEAP) to d, which may map it from now on. */
void domain_share_page(struct domain *d, struct frame *f, bool writable);
/* The hypervisor lets go of it: freed as soon as d has no mapping left. */
void domain_unshare_page(struct frame *f);

/* Calls fn for every frame on the list of d, which is dying, until fn fails or other work waits (-ERESTART): then again
 * from the frame where it stopped. */
int domain_each_frame(struct domain *d, int (*fn)(struct domain *d, struct frame *f));
/* Gives back the allocation reference of all frames; -ERESTART for more. */
int domain_release_frames(struct domain *d);

/* Sets `pages` in all aside for d while it is built; 0 gives the claim up. -EINVAL, -ENOMEM. */
int domain_claim_pages(struct domain *d, u64 pages);
u64 domain_claimed_pages(void);

void domain_memory_init(void);

#endif
