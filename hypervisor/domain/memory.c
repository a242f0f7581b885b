/* SPDX-License-Identifier: MIT */
/*
 * A domain's list of frames. A frame is on the list from its assignment until its last reference goes, or until it is
 * stolen. Invariant: tot_pages is the length of the list; while it is not zero the domain structure stays.
 */
#include "domain/memory.h"

#include "core/panic.h"
#include "core/softirq.h"
#include "lib/errno.h"
#include "mm/m2p.h"
#include "mm/page_alloc.h"
#include "x86/tlb.h"

static u64 claimed_pages;	/* sum of all outstanding claims; atomic */

static void list_insert(u32 *head, struct frame *f)
{
	u32 n = mfn_x(frame_to_mfn(f));

	f->prev = FRAME_NONE;
	f->next = *head;
	if (*head != FRAME_NONE)
		frame_table[*head].prev = n;
	*head = n;
}

/* Frames side by side, without flags, become d's, the first at the head of its list. Hot when dom0 is built. */
static void take_run(struct domain *d, struct frame *f, u64 count)
{
	u32 n = mfn_x(frame_to_mfn(f)), next = d->page_first;
	u16 owner = d->id;

	UNROLL_BY_8
	for (u64 i = 0; i < count; i++) {
		f[i].prev = n + i - 1;
		f[i].next = n + i + 1;
		WRITE_ONCE(f[i].owner, owner);
	}
	f->prev = FRAME_NONE;
	f[count - 1].next = next;
	if (next != FRAME_NONE)
		frame_table[next].prev = n + count - 1;
	d->page_first = n;
}

static void list_remove(u32 *head, struct frame *f)
{
	if (f->prev != FRAME_NONE)
		frame_table[f->prev].next = f->next;
	else
		*head = f->next;
	if (f->next != FRAME_NONE)
		frame_table[f->next].prev = f->prev;
	f->next = f->prev = FRAME_NONE;
}

int domain_assign_frames(struct domain *d, struct frame *f, u32 order)
{
	u64 n = 1ul << order;

	spin_lock(&d->page_lock);
	if (d->dying != DOMDYING_ALIVE || d->tot_pages + n > d->max_pages) {
		int rc = d->dying != DOMDYING_ALIVE ? -ESRCH : -ENOSPC;

		spin_unlock(&d->page_lock);
		return rc;
	}
	if (!d->tot_pages && !d->shared_pages)
		atomic_inc(&d->refs);
	d->tot_pages += n;
	if (d->outstanding_claim) {
		u64 served = MIN(n, d->outstanding_claim);

		d->outstanding_claim -= served;
		atomic_sub(&claimed_pages, served);
	}
	take_run(d, f, n);
	spin_unlock(&d->page_lock);
	return 0;
}

int domain_assign_frame(struct domain *d, struct frame *f)
{
	return domain_assign_frames(d, f, 0);
}

bool domain_has_room(const struct domain *d, u32 order)
{
	return READ_ONCE(d->tot_pages) + (1ul << order) <= READ_ONCE(d->max_pages);
}

struct frame *domain_alloc_unassigned(struct domain *d, u32 order, u32 memflags)
{
	u64 free = page_free_count(), all = atomic_read(&claimed_pages), own = READ_ONCE(d->outstanding_claim);
	u64 claimed = all > own ? all - own : 0;	/* read without the lock: d's may be changing */

	if (claimed && (claimed > free || free - claimed < 1ul << order))
		return NULL;
	return page_alloc(order, memflags);
}

/* Under page_lock: one frame less; true if the domain's reference for having any must go too. */
static bool account_removed(struct domain *d, struct frame *f, bool shared)
{
	list_remove(shared ? &d->shared_first : &d->page_first, f);
	if (shared)
		d->shared_pages--;
	else
		d->tot_pages--;
	return !d->tot_pages && !d->shared_pages;
}

/* The last reference of a frame went: see frame_release_hook. */
static void release_frame(struct frame *f)
{
	struct domain *d = domain_lookup(f->owner);
	bool shared = f->flags & FRAME_SHARED, last;

	if (!d)
		panic("frame %#lx: owner %u does not exist", mfn_x(frame_to_mfn(f)), f->owner);
	m2p_set(frame_to_mfn(f), M2P_INVALID);
	spin_lock(&d->page_lock);
	last = account_removed(d, f, shared);
	spin_unlock(&d->page_lock);
	if (last)
		domain_put(d);
}

int domain_steal_frame(struct domain *d, mfn_t m)
{
	struct frame *f;
	u32 x = FRAME_ALLOCATED | 1;
	bool last;

	if (!mfn_valid(m))
		return -EINVAL;
	f = mfn_to_frame(m);
	spin_lock(&d->page_lock);
	if (f->owner != d->id || (f->flags & FRAME_SHARED) || !(f->refs & FRAME_ALLOCATED)) {
		spin_unlock(&d->page_lock);
		return -EINVAL;
	}
	/* with the count at zero nobody can take a reference any more */
	if ((f->type & (FT_COUNT_MASK | FT_PARTIAL)) || !try_cmpxchg(&f->refs, &x, 0)) {
		spin_unlock(&d->page_lock);
		return -EBUSY;
	}
	f->owner = OWNER_NONE;
	f->tlb_stamp = tlb_stamp_now();
	last = account_removed(d, f, false);
	/* what it was last stays known: if it comes back to d, TLBs may still hold d's old mappings (TRICKS 17) */
	f->type &= FT_MASK;
	f->flags = 0;
	store_release(&f->refs, FRAME_ALLOCATED | 1);
	spin_unlock(&d->page_lock);
	if (last)
		domain_put(d);
	return 0;
}

int domain_drop_frame(struct domain *d, mfn_t m)
{
	struct frame *f;
	bool had;

	if (!mfn_valid(m))
		return -EINVAL;
	f = mfn_to_frame(m);
	if (!frame_get(f, d->id))
		return -EINVAL;
	had = !(f->flags & FRAME_SHARED) && (atomic_fetch_and(&f->refs, ~FRAME_ALLOCATED) & FRAME_ALLOCATED);
	if (had)
		frame_put(f);
	frame_put(f);
	return had ? 0 : -EINVAL;
}

void domain_share_page(struct domain *d, struct frame *f, bool writable)
{
	spin_lock(&d->page_lock);
	if (!d->tot_pages && !d->shared_pages)
		atomic_inc(&d->refs);
	d->shared_pages++;
	f->flags = FRAME_SHARED;
	f->type = writable ? FT_SHARED : FT_DESC | FT_VALIDATED | 1;
	m2p_set(frame_to_mfn(f), M2P_INVALID);
	WRITE_ONCE(f->owner, d->id);
	list_insert(&d->shared_first, f);
	spin_unlock(&d->page_lock);
}

void domain_unshare_page(struct frame *f)
{
	atomic_fetch_and(&f->refs, ~FRAME_ALLOCATED);
	frame_put(f);
}

int domain_each_frame(struct domain *d, int (*fn)(struct domain *d, struct frame *f))
{
	u32 n = d->relinquish_at ? d->relinquish_at : d->page_first;
	u32 done = 0;
	int rc = 0;

	/* The list only shrinks now, and only by frames whose last reference goes; the cursor holds one. */
	while (n != FRAME_NONE && !rc) {
		struct frame *f = &frame_table[n];

		if (!frame_get_reserved(f, d->id)) {
			n = d->page_first;
			continue;
		}
		rc = fn(d, f);
		if (!rc) {
			n = f->next;
			if (++done % 256 == 0 && softirq_is_pending())
				rc = -ERESTART;
		}
		frame_put(f);
		d->relinquish_at = n;
	}
	if (!rc)
		d->relinquish_at = FRAME_NONE;
	return rc;
}

int domain_release_frames(struct domain *d)
{
	u32 n = d->release_at ? d->release_at : d->page_first;
	u32 done = 0;

	while (n != FRAME_NONE) {
		struct frame *f = &frame_table[n];

		/* held, it stays where it is; gone meanwhile, it may be somebody else's */
		if (!frame_get_reserved(f, d->id)) {
			n = d->page_first;
			continue;
		}
		if (atomic_fetch_and(&f->refs, ~FRAME_ALLOCATED) & FRAME_ALLOCATED)
			frame_put(f);
		n = f->next;
		frame_put(f);
		d->release_at = n;
		if (++done % 256 == 0 && softirq_is_pending())
			return -ERESTART;
	}
	return 0;
}

/* In one step, since another domain's claim holds another lock. False: there are not so many left. */
static bool claim_more(u64 pages)
{
	u64 claimed = atomic_read(&claimed_pages), free = page_free_count();

	do {
		if (pages > free - MIN(claimed, free))
			return false;
	} while (!try_cmpxchg(&claimed_pages, &claimed, claimed + pages));
	return true;
}

int domain_claim_pages(struct domain *d, u64 pages)
{
	int rc = 0;

	spin_lock(&d->page_lock);
	if (!pages) {
		atomic_sub(&claimed_pages, d->outstanding_claim);
		d->outstanding_claim = 0;
	} else if (d->dying != DOMDYING_ALIVE || d->outstanding_claim || pages > d->max_pages ||
		   pages <= d->tot_pages) {
		rc = -EINVAL;
	} else if (!claim_more(pages - d->tot_pages)) {
		rc = -ENOMEM;
	} else {
		d->outstanding_claim = pages - d->tot_pages;
	}
	spin_unlock(&d->page_lock);
	return rc;
}

u64 domain_claimed_pages(void)
{
	return atomic_read(&claimed_pages);
}

void domain_memory_init(void)
{
	frame_release_hook = release_frame;
}
