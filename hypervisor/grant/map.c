/* SPDX-License-Identifier: MIT */
/*
 * Mapping others' frames, in batches: each step is done for all of a batch before the next one, so that a lock is taken
 * once for many. Nobody sees a mapping before the last step, since its handle is TRACK_BUSY until then.
 *
 * A handle may stand for two mappings, one by the CPU (host_map) and one for devices (device_map), which go
 * one by one; each holds references of its own to the frame, and both together hold one pin of the entry.
 */
#include "core/panic.h"
#include "grant/internal.h"
#include "lib/errno.h"
#include "mm/heap.h"

const struct grant_map_ops *grant_map_ops[2];

/* One mapping on its way; whether it still is says its element's status. */
struct mapping {
	struct domain *granter;		/* a reference; NULL: refused */
	struct frame *frame;		/* pinned, and held once; NULL: not pinned */
	u32 handle;			/* busy; NO_TRACK: none */
};

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

static int check(const struct domain *d, const struct gnttab_map_grant_ref *op)
{
	if (!(op->flags & MAP_KINDS))
		return GNTST_bad_gntref;
	if (d->kind != DOMAIN_PV &&
	    (op->flags & (GNTMAP_device_map | GNTMAP_application_map | GNTMAP_contains_pte)))
		return GNTST_general_error;
	return GNTST_okay;
}

/* A reference to who grants; most often the one before, of which we have one. NULL: there is none. */
static struct domain *find_granter(const struct domain *d, domid_t id, struct domain *last)
{
	struct domain *granter;

	if (id == DOMID_SELF)
		id = d->id;
	if (likely(last) && likely(last->id == id)) {
		atomic_inc(&last->refs);
		return last;
	}
	granter = domain_get(id);
	if (granter && !granter->grant) {
		domain_put(granter);
		return NULL;
	}
	return granter;
}

static void find_granters(const struct domain *d, struct gnttab_map_grant_ref *ops, struct mapping *m, u32 n)
{
	struct domain *last = NULL;

	for (u32 i = 0; i < n; i++) {
		m[i] = (struct mapping){ .handle = NO_TRACK };
		ops[i].status = (s16)check(d, &ops[i]);
		if (unlikely(ops[i].status))
			continue;
		m[i].granter = find_granter(d, ops[i].dom, last);
		if (likely(m[i].granter))
			last = m[i].granter;
		else
			ops[i].status = GNTST_bad_domain;
	}
}

/* A handle for each. */
static void take_handles(struct grant_table *gt, struct gnttab_map_grant_ref *ops, struct mapping *m, u32 n)
{
	struct grant_track *t;

	spin_lock(&gt->track_lock);
	for (u32 i = 0; i < n; i++) {
		if (unlikely(ops[i].status))
			continue;
		if (unlikely(gt->track_free == NO_TRACK) && track_grow(gt)) {
			ops[i].status = GNTST_no_space;
			continue;
		}
		m[i].handle = gt->track_free;
		t = grant_track_of(gt, m[i].handle);
		gt->track_free = t->ref;
		t->flags = TRACK_USED | TRACK_BUSY;
		gt->tracks_used++;
	}
	spin_unlock(&gt->track_lock);
}

static void pin_entries(const struct domain *d, struct gnttab_map_grant_ref *ops, struct mapping *m, u32 n)
{
	struct domain *locked = NULL;

	for (u32 i = 0; i < n; i++) {
		if (unlikely(ops[i].status))
			continue;
		grant_lock_next(&locked, m[i].granter);
		ops[i].status = (s16)grant_pin_locked(locked, ops[i].ref, d->id, !(ops[i].flags & GNTMAP_readonly),
						      &m[i].frame);
		if (unlikely(ops[i].status))
			m[i].frame = NULL;
	}
	grant_lock_next(&locked, NULL);
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
static int map_frame(struct domain *d, struct grant_cursor *c, const struct gnttab_map_grant_ref *op, struct frame *f)
{
	bool writable = !(op->flags & GNTMAP_readonly);
	int rc = GNTST_okay;

	if (unlikely((op->flags & MAP_KINDS) == MAP_KINDS)) {
		rc = second_reference(f, writable);
		if (rc)
			return rc;
	}
	if (op->flags & GNTMAP_host_map) {
		rc = grant_map_ops[d->kind]->map(d, c, op->host_addr, frame_to_mfn(f), op->flags);
		if (unlikely(rc) && (op->flags & GNTMAP_device_map))
			guest_frame_put(f, writable);
	}
	return rc;
}

/* Busy until the last line, so nobody else reads it. The reference to the granter is the track's from now on. */
static inline void publish(struct grant_table *gt, struct gnttab_map_grant_ref *op, const struct mapping *m)
{
	struct grant_track *t = grant_track_of(gt, m->handle);
	u32 mfn = (u32)mfn_x(frame_to_mfn(m->frame));

	t->ref = op->ref;
	t->granter = m->granter;
	t->mfn = mfn;
	op->handle = m->handle;
	op->dev_bus_addr = (u64)mfn << PAGE_SHIFT;
	store_release(&t->flags, TRACK_USED | (op->flags & MAP_FLAGS));
}

static void give_up(struct domain *d, const struct gnttab_map_grant_ref *op, const struct mapping *m)
{
	bool writable = !(op->flags & GNTMAP_readonly);

	if (m->frame) {
		guest_frame_put(m->frame, writable);
		grant_unpin(m->granter, op->ref, writable);
	}
	if (m->handle != NO_TRACK) {
		spin_lock(&d->grant->track_lock);
		grant_track_free(d->grant, m->handle);
		spin_unlock(&d->grant->track_lock);
	}
	if (m->granter)
		domain_put(m->granter);
}

/* *failed: how many were refused, here or before. -ERESTART: all are given up. */
static int map_frames(struct domain *d, struct gnttab_map_grant_ref *ops, const struct mapping *m, u32 n, u32 *failed)
{
	struct grant_cursor cursor;
	int rc = grant_map_ops[d->kind]->begin(d, &cursor);

	*failed = 0;
	if (unlikely(rc))
		return rc;
	for (u32 i = 0; i < n; i++) {
		if (likely(!ops[i].status))
			ops[i].status = (s16)map_frame(d, &cursor, &ops[i], m[i].frame);
		if (likely(!ops[i].status))
			publish(d->grant, &ops[i], &m[i]);
		else
			++*failed;
	}
	grant_map_ops[d->kind]->end(d);
	return 0;
}

int grant_map_refs(struct domain *d, struct gnttab_map_grant_ref *ops, u32 n)
{
	struct mapping m[GRANT_BATCH];
	u32 failed;
	int rc;

	ASSERT(n <= GRANT_BATCH);
	find_granters(d, ops, m, n);
	take_handles(d->grant, ops, m, n);
	pin_entries(d, ops, m, n);
	rc = map_frames(d, ops, m, n, &failed);
	if (likely(!rc && !failed))
		return 0;
	for (u32 i = 0; i < n; i++)
		if (rc || ops[i].status)
			give_up(d, &ops[i], &m[i]);
	return rc;
}
