/* SPDX-License-Identifier: MIT */
/*
 * Mapping others' frames and unmapping them.
 *
 * A handle may stand for two mappings, one by the CPU (host_map) and one for devices (device_map), which go
 * one by one; each holds references of its own to the frame, and both together hold one pin of the entry.
 * While one vCPU works on a handle it is TRACK_BUSY, and others find it unusable.
 *
 * Order of unmapping: the PTE, then the TLBs of all CPUs, then the references, then the pin, so that the
 * granter sees its entry free only when nobody can reach the frame by it.
 */
#include "core/panic.h"
#include "core/softirq.h"
#include "grant/internal.h"
#include "lib/errno.h"
#include "mm/heap.h"

#define MAP_KINDS	(GNTMAP_device_map | GNTMAP_host_map)
#define MAP_FLAGS	(MAP_KINDS | GNTMAP_readonly | GNTMAP_application_map | GNTMAP_contains_pte)

const struct grant_map_ops *grant_map_ops[2];

static int track_grow(struct grant_table *gt)
{
	struct grant_track *page;
	u32 first = gt->nr_track_frames * TRACKS_PER_FRAME, i;

	if (gt->nr_track_frames >= gt->max_track_frames)
		return -ENOSPC;
	page = heap_alloc_array(TRACKS_PER_FRAME, sizeof(*page));
	if (!page)
		return -ENOMEM;
	for (i = 0; i < TRACKS_PER_FRAME; i++)
		page[i].ref = i + 1 < TRACKS_PER_FRAME ? first + i + 1 : gt->track_free;
	gt->track[gt->nr_track_frames] = page;
	gt->track_free = first;
	store_release(&gt->nr_track_frames, gt->nr_track_frames + 1);
	return 0;
}

/* A handle of one's own, busy; NO_TRACK when there is none left. */
static u32 track_take(struct grant_table *gt)
{
	u32 handle = NO_TRACK;

	spin_lock(&gt->track_lock);
	if (gt->track_free != NO_TRACK || !track_grow(gt)) {
		struct grant_track *t;

		handle = gt->track_free;
		t = grant_track_of(gt, handle);
		gt->track_free = t->ref;
		t->flags = TRACK_USED | TRACK_BUSY;
		gt->tracks_used++;
	}
	spin_unlock(&gt->track_lock);
	return handle;
}

/* Publishes a handle that was busy with the mappings left in `flags`; with none it is free. */
static void track_put(struct grant_table *gt, u32 handle, u32 flags)
{
	struct grant_track *t = grant_track_of(gt, handle);

	if (flags & MAP_KINDS) {
		store_release(&t->flags, TRACK_USED | flags);
		return;
	}
	spin_lock(&gt->track_lock);
	t->flags = 0;
	t->ref = gt->track_free;
	gt->track_free = handle;
	gt->tracks_used--;
	spin_unlock(&gt->track_lock);
}

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

/* References for a second kind of mapping, on top of those that grant_pin() took. */
static int second_reference(struct frame *f, bool writable)
{
	if (!frame_get_more(f))
		return GNTST_general_error;
	if (writable && type_get_writable(f)) {
		frame_put(f);
		return GNTST_general_error;
	}
	return GNTST_okay;
}

/* The entry is pinned and the frame held once: makes the mappings. */
static int map_frame(struct domain *d, struct gnttab_map_grant_ref *op, struct frame *f)
{
	bool writable = !(op->flags & GNTMAP_readonly);
	int rc = GNTST_okay;

	if ((op->flags & MAP_KINDS) == MAP_KINDS) {
		rc = second_reference(f, writable);
		if (rc)
			return rc;
	}
	if (op->flags & GNTMAP_host_map) {
		rc = grant_map_ops[d->kind]->map(d, op->host_addr, frame_to_mfn(f), op->flags, 0);
		if (rc && (op->flags & GNTMAP_device_map))
			guest_frame_put(f, writable);
	}
	return rc;
}

static int map_pinned(struct domain *d, struct domain *granter, struct gnttab_map_grant_ref *op, u32 handle)
{
	bool writable = !(op->flags & GNTMAP_readonly);
	struct grant_track *t = grant_track_of(d->grant, handle);
	struct frame *f;
	int rc = grant_pin(granter, op->ref, d->id, writable, &f);

	if (rc)
		return rc;
	rc = map_frame(d, op, f);
	if (rc) {
		guest_frame_put(f, writable);
		grant_unpin(granter, op->ref, writable);
		return rc;
	}
	/* Busy, so nobody else reads it. */
	t->ref = op->ref;
	t->granter = granter;
	t->mfn = (u32)mfn_x(frame_to_mfn(f));
	op->handle = handle;
	op->dev_bus_addr = (u64)t->mfn << PAGE_SHIFT;
	return GNTST_okay;
}

void grant_map_ref(struct domain *d, struct gnttab_map_grant_ref *op)
{
	struct domain *granter;
	u32 handle;

	if (!(op->flags & MAP_KINDS)) {
		op->status = GNTST_bad_gntref;
		return;
	}
	if (d->kind != DOMAIN_PV &&
	    (op->flags & (GNTMAP_device_map | GNTMAP_application_map | GNTMAP_contains_pte))) {
		op->status = GNTST_general_error;
		return;
	}
	granter = domain_get(op->dom == DOMID_SELF ? d->id : op->dom);
	if (!granter || !granter->grant) {
		op->status = GNTST_bad_domain;
		goto out;
	}
	handle = track_take(d->grant);
	if (handle == NO_TRACK) {
		op->status = GNTST_no_space;
		goto out;
	}
	op->status = (s16)map_pinned(d, granter, op, handle);
	track_put(d->grant, handle, op->status ? 0 : op->flags & MAP_FLAGS);
	if (!op->status)
		return;			/* our reference to the granter is the track's now */
out:
	if (granter)
		domain_put(granter);
}

/* One unmapping on its way. */
struct unmap {
	u64 host_addr, dev_bus_addr, new_addr;
	u32 handle;
	int status;
	u32 gone;			/* GNTMAP_host_map, GNTMAP_device_map: what has been taken away */
	struct grant_track track;	/* as it was */
};

/* First half: the PTE goes. */
static void unmap_begin(struct domain *d, struct unmap *u)
{
	struct grant_track *t = &u->track;
	u64 bus_addr;

	u->gone = 0;
	if (!track_claim(d->grant, u->handle, t)) {
		u->handle = NO_TRACK;
		u->status = GNTST_bad_handle;
		return;
	}
	bus_addr = (u64)t->mfn << PAGE_SHIFT;
	u->status = GNTST_okay;
	if (u->dev_bus_addr && (t->flags & GNTMAP_device_map)) {
		if (u->dev_bus_addr != bus_addr) {
			u->status = GNTST_general_error;
			return;
		}
		u->gone |= GNTMAP_device_map;
	}
	if (u->host_addr && (t->flags & GNTMAP_host_map)) {
		u->status = grant_map_ops[d->kind]->unmap(d, u->host_addr, mfn(t->mfn), t->flags & MAP_FLAGS,
							  u->new_addr);
		if (u->status)
			u->gone = 0;
		else
			u->gone |= GNTMAP_host_map;
	}
}

/* Lets go of mappings `gone` of a handle that said `t`; with the last of them, of the entry. */
static void release(const struct grant_track *t, u32 gone, u32 give_back)
{
	bool writable = !(t->flags & GNTMAP_readonly);
	struct frame *f = mfn_to_frame(mfn(t->mfn));

	if (give_back & GNTMAP_device_map)
		guest_frame_put(f, writable);
	if (give_back & GNTMAP_host_map)
		guest_frame_put(f, writable);
	if (t->flags & MAP_KINDS & ~gone)
		return;
	grant_unpin(t->granter, t->ref, writable);
	domain_put(t->granter);
}

/* Second half, after the flush. */
static void unmap_end(struct domain *d, struct unmap *u)
{
	if (u->handle == NO_TRACK)
		return;
	if (u->gone)
		release(&u->track, u->gone, u->gone);
	track_put(d->grant, u->handle, u->track.flags & MAP_FLAGS & ~u->gone);
}

static void unmap_batch(struct domain *d, struct unmap *u, u32 n)
{
	bool flush = false;
	u32 i;

	for (i = 0; i < n; i++) {
		unmap_begin(d, &u[i]);
		flush |= (u[i].gone & GNTMAP_host_map) != 0;
	}
	if (flush)
		grant_map_ops[d->kind]->flush(d);
	for (i = 0; i < n; i++)
		unmap_end(d, &u[i]);
}

void grant_unmap_refs(struct domain *d, struct gnttab_unmap_grant_ref *ops, u32 n)
{
	struct unmap u[GRANT_UNMAP_BATCH];
	u32 i;

	ASSERT(n <= GRANT_UNMAP_BATCH);
	for (i = 0; i < n; i++) {
		u[i].host_addr = ops[i].host_addr;
		u[i].dev_bus_addr = ops[i].dev_bus_addr;
		u[i].new_addr = 0;
		u[i].handle = ops[i].handle;
	}
	unmap_batch(d, u, n);
	for (i = 0; i < n; i++)
		ops[i].status = (s16)u[i].status;
}

void grant_unmap_and_replace_refs(struct domain *d, struct gnttab_unmap_and_replace *ops, u32 n)
{
	struct unmap u[GRANT_UNMAP_BATCH];
	u32 i;

	ASSERT(n <= GRANT_UNMAP_BATCH);
	for (i = 0; i < n; i++) {
		u[i].host_addr = ops[i].host_addr;
		u[i].dev_bus_addr = 0;
		u[i].new_addr = ops[i].new_addr;
		u[i].handle = ops[i].handle;
	}
	unmap_batch(d, u, n);
	for (i = 0; i < n; i++)
		ops[i].status = (s16)u[i].status;
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
		release(&t, t.flags & MAP_KINDS, t.flags & give_back);
		track_put(gt, handle, 0);
		if (softirq_is_pending())
			return -ERESTART;
	}
	return 0;
}
