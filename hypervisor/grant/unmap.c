/* SPDX-License-Identifier: MIT */
/*
 * Unmapping others' frames, in batches as they are mapped (map.c), and letting go of all when a domain ends.
 *
 * While one vCPU works on a handle it is TRACK_BUSY, and others find it unusable.
 *
 * Order of unmapping: the PTE, then the TLBs of all CPUs, then the references, then the pin, so that the
 * granter sees its entry free only when nobody can reach the frame by it.
 */
#include "core/panic.h"
#include "core/softirq.h"
#include "grant/internal.h"
#include "lib/errno.h"

#define SAME_PLACE(field) \
	(offsetof(struct gnttab_unmap_grant_ref, field) == offsetof(struct gnttab_unmap_and_replace, field))

static_assert(SAME_PLACE(host_addr) && SAME_PLACE(handle) && SAME_PLACE(status), "union grant_unmap_op");

/* One unmapping on its way. */
struct unmapping {
	struct grant_track track;	/* as it was */
	u32 gone;			/* GNTMAP_host_map, GNTMAP_device_map: what has been taken away */
	bool claimed;			/* the handle is ours for the moment */
};

/* Makes a handle busy and copies what it says; false if it is no handle, or busy. */
static bool track_claim(struct grant_table *gt, u32 handle, struct grant_track *copy)
{
	struct grant_track *t;
	u32 flags;

	if (handle / TRACKS_PER_FRAME >= load_acquire(&gt->nr_track_frames))
		return false;
	t = grant_track_of(gt, handle);
	flags = atomic_read(&t->flags);
	do {
		if ((flags & (TRACK_USED | TRACK_BUSY)) != TRACK_USED)
			return false;
	} while (!try_cmpxchg(&t->flags, &flags, flags | TRACK_BUSY));
	*copy = (struct grant_track){ .granter = t->granter, .ref = t->ref, .mfn = t->mfn, .flags = flags };
	return true;
}

/* Nothing is left that the handle stood for. */
static inline bool is_last(const struct unmapping *u)
{
	return u->gone && !(u->track.flags & MAP_KINDS & ~u->gone);
}

static int take_away_host(struct domain *d, struct grant_cursor *c, const union grant_unmap_op *op,
			  const struct grant_track *t, bool replace)
{
	return grant_map_ops[d->kind]->unmap(d, c, op->unmap.host_addr, mfn(t->mfn), t->flags & MAP_FLAGS,
					     replace ? op->replace.new_addr : 0);
}

/* First half: the PTE goes. */
static int take_away(struct domain *d, struct grant_cursor *c, const union grant_unmap_op *op, struct unmapping *u,
		     bool replace)
{
	const struct grant_track *t = &u->track;
	u64 bus_addr = replace ? 0 : op->unmap.dev_bus_addr;
	int rc;

	u->gone = 0;
	u->claimed = track_claim(d->grant, op->unmap.handle, &u->track);
	if (unlikely(!u->claimed))
		return GNTST_bad_handle;
	if (unlikely(bus_addr) && (t->flags & GNTMAP_device_map)) {
		if (bus_addr != (u64)t->mfn << PAGE_SHIFT)
			return GNTST_general_error;
		u->gone = GNTMAP_device_map;
	}
	if (likely(op->unmap.host_addr && (t->flags & GNTMAP_host_map))) {
		rc = take_away_host(d, c, op, t, replace);
		u->gone = likely(!rc) ? u->gone | GNTMAP_host_map : 0;
		return rc;
	}
	return GNTST_okay;
}

static int take_all_away(struct domain *d, union grant_unmap_op *ops, struct unmapping *u, u32 n, bool replace)
{
	struct grant_cursor cursor;
	int rc = grant_map_ops[d->kind]->begin(d, &cursor);
	u32 gone = 0;

	if (unlikely(rc))
		return rc;
	for (u32 i = 0; i < n; i++) {
		ops[i].unmap.status = (s16)take_away(d, &cursor, &ops[i], &u[i], replace);
		gone |= u[i].gone;
	}
	grant_map_ops[d->kind]->end(d);
	if (gone & GNTMAP_host_map)
		grant_map_ops[d->kind]->flush(d);
	return 0;
}

/* The frame's references that mappings `gone` had. */
static void put_frame(const struct grant_track *t, u32 gone)
{
	bool writable = !(t->flags & GNTMAP_readonly);
	struct frame *f = mfn_to_frame(mfn(t->mfn));

	if (unlikely(gone & GNTMAP_device_map))
		guest_frame_put(f, writable);
	if (gone & GNTMAP_host_map)
		guest_frame_put(f, writable);
}

/* Second half, after the flush: the frames, and the pins of those of which nothing is left. */
static void put_frames(const struct unmapping *u, u32 n)
{
	struct domain *locked = NULL;

	for (u32 i = 0; i < n; i++) {
		const struct grant_track *t = &u[i].track;

		if (unlikely(!u[i].gone))
			continue;
		put_frame(t, u[i].gone);
		if (unlikely(!is_last(&u[i])))
			continue;
		grant_lock_next(&locked, t->granter);
		grant_unpin_locked(locked, t->ref, !(t->flags & GNTMAP_readonly));
	}
	grant_lock_next(&locked, NULL);
}

/* Handles are free, or say what is left. */
static void put_handles(struct grant_table *gt, const union grant_unmap_op *ops, const struct unmapping *u, u32 n)
{
	spin_lock(&gt->track_lock);
	for (u32 i = 0; i < n; i++) {
		u32 handle = ops[i].unmap.handle;

		if (likely(is_last(&u[i])))
			grant_track_free(gt, handle);
		else if (u[i].claimed)
			store_release(&grant_track_of(gt, handle)->flags,
				      TRACK_USED | (u[i].track.flags & MAP_FLAGS & ~u[i].gone));
	}
	spin_unlock(&gt->track_lock);
}

int grant_unmap_refs(struct domain *d, union grant_unmap_op *ops, u32 n, bool replace)
{
	struct unmapping u[GRANT_BATCH];
	int rc;

	ASSERT(n <= GRANT_BATCH);
	rc = take_all_away(d, ops, u, n, replace);
	if (unlikely(rc))
		return rc;
	put_frames(u, n);
	put_handles(d->grant, ops, u, n);
	for (u32 i = 0; i < n; i++)
		if (likely(is_last(&u[i])))
			domain_put(u[i].track.granter);
	return 0;
}

int grant_is_mapped_by(struct domain *d, u32 mfn)
{
	struct grant_table *gt = d->grant;
	u32 h;
	int rc = 0;

	spin_lock(&gt->track_lock);
	h = gt->search_mfn == mfn ? gt->search_at : 0;
	while (!rc && h < gt->nr_track_frames * TRACKS_PER_FRAME) {
		const struct grant_track *t = grant_track_of(gt, h++);

		if ((load_acquire(&t->flags) & (TRACK_USED | TRACK_BUSY)) == TRACK_USED && t->mfn == mfn)
			rc = 1;
		else if (h % TRACKS_PER_FRAME == 0 && softirq_is_pending())
			rc = -ERESTART;
	}
	gt->search_mfn = mfn;
	gt->search_at = rc == -ERESTART ? h : 0;
	spin_unlock(&gt->track_lock);
	return rc;
}

/*
 * The domain is going: lets go of all it has mapped. A PV guest's PTEs still stand; the references of the
 * host mappings are theirs and go with its page tables, which no CPU uses any more.
 */
int grant_release_mappings(struct domain *d)
{
	struct grant_table *gt = d->grant;
	u32 give_back = d->kind == DOMAIN_PV ? GNTMAP_device_map : MAP_KINDS;
	struct grant_track t;

	while (gt->destroy_position < gt->nr_track_frames * TRACKS_PER_FRAME && gt->tracks_used) {
		u32 handle = gt->destroy_position++;

		if (!track_claim(gt, handle, &t))
			continue;
		put_frame(&t, t.flags & give_back);
		grant_unpin(t.granter, t.ref, !(t.flags & GNTMAP_readonly));
		domain_put(t.granter);
		spin_lock(&gt->track_lock);
		grant_track_free(gt, handle);
		spin_unlock(&gt->track_lock);
		if (softirq_is_pending())
			return -ERESTART;
	}
	return 0;
}
