/* SPDX-License-Identifier: MIT */
/*
 * The insides of grant/.
 *
 *   shared[]   frames that the guest writes: entries {flags, domid, frame}. Hostile: read once, changed by
 *              cmpxchg
 *   active[]   ours, one for each entry: while it is in use, by whom, which frame, how often
 *   track[]    ours, one for each mapping that this domain made of others' grants; its index is the handle
 *
 * An entry in use has GTF_reading (and GTF_writing) set: an honest guest does not take it back. A dishonest
 * one may write what it likes; what is in use is remembered in active[], and the frame is held by references
 * of its own, so that only the guest itself is confused.
 *
 * References for one use: the frame (guest_frame_get) and a pin (active.readers or .writers). The frame's
 * goes back first, then the pin: once the granter sees the flags clear, the frame is its own again in every
 * respect.
 *
 * Locks: `lock` guards shared[], active[] and their growth. `track_lock` guards the free tracks and their growth; it
 * is a leaf. A track in use is guarded by its TRACK_BUSY: who sets it, by cmpxchg, has it alone until flags are stored.
 * Neither is held while page tables are changed, and no two tables are locked at once.
 */
#ifndef GRANT_INTERNAL_H
#define GRANT_INTERNAL_H

#include "core/lock.h"
#include "domain/guest_frame.h"
#include "grant/grant.h"
#include "lib/atomic.h"

#define ENTRIES_PER_FRAME	512u
#define TRACKS_PER_FRAME	256u		/* as many as users of max_maptrack_frames expect */
#define GRANT_FRAMES_DEFAULT	64u
#define GRANT_FRAMES_LIMIT	16384u
#define TRACK_FRAMES_DEFAULT	1024u
#define TRACK_FRAMES_LIMIT	65536u
#define NO_TRACK		0xffffffffu

struct grant_active {
	u32 mfn;		/* while in use */
	u16 domid;
	u16 unused;
	u32 readers, writers;	/* pins */
};

#define MAP_KINDS	(GNTMAP_device_map | GNTMAP_host_map)
#define MAP_FLAGS	(MAP_KINDS | GNTMAP_readonly | GNTMAP_application_map | GNTMAP_contains_pte)

/* flags of a track besides GNTMAP_* */
#define TRACK_BUSY	(1u << 14)	/* being mapped or unmapped by some vCPU */
#define TRACK_USED	(1u << 15)

struct grant_track {
	/* Counted: the entry stays, even if the guest dropped the PTE by other means. */
	struct domain *granter;
	u32 ref;		/* while free: the next free one */
	u32 mfn;
	u32 flags;
};

struct grant_table {
	/* set at creation */
	u32 max_frames, max_track_frames;

	/* lock */
	struct spinlock lock;
	u32 nr_frames;
	bool closed;				/* the domain is going: nothing new */
	struct grant_entry_v1 **shared;		/* max_frames pointers; NULL after the end */
	struct grant_active **active;

	/* track_lock */
	struct spinlock track_lock;
	u32 nr_track_frames;			/* only grows, until the domain ends; read without the lock */
	u32 track_free;				/* head of the free list */
	u32 tracks_used;
	struct grant_track **track;
	u32 search_mfn, search_at;		/* where grant_is_mapped_by() goes on */

	u32 destroy_position, unshare_position;	/* only grant_domain_destroy(): of tracks, and of frames */

	/* a setup_table that was interrupted: its list, and how much of that is written. A hint of the caller's own */
	u64 setup_list;
	u32 setup_at;
};

static inline struct grant_track *grant_track_of(const struct grant_table *gt, u32 handle)
{
	return &gt->track[handle / TRACKS_PER_FRAME][handle % TRACKS_PER_FRAME];
}

/* track_lock is held. */
static inline void grant_track_free(struct grant_table *gt, u32 handle)
{
	struct grant_track *t = grant_track_of(gt, handle);

	t->flags = 0;
	t->ref = gt->track_free;
	gt->track_free = handle;
	gt->tracks_used--;
}

/* For runs over entries of several tables: the lock of `next`'s table (none: NULL) in place of *locked's. */
static inline void grant_lock_next(struct domain **locked, struct domain *next)
{
	if (likely(*locked == next))
		return;
	if (*locked)
		spin_unlock(&(*locked)->grant->lock);
	if (next)
		spin_lock(&next->grant->lock);
	*locked = next;
}

/* entry.c: pins entry `ref` of d for `user` and takes the frame's references. GNTST_*. */
int grant_pin(struct domain *d, u32 ref, domid_t user, bool writable, struct frame **frame);
void grant_unpin(struct domain *d, u32 ref, bool writable);
/* The same with the table locked. */
int grant_pin_locked(struct domain *d, u32 ref, domid_t user, bool writable, struct frame **frame);
void grant_unpin_locked(struct domain *d, u32 ref, bool writable);

/* unmap.c: a bounded piece of letting go of all that d has mapped; -ERESTART for more. */
int grant_release_mappings(struct domain *d);

/* unmap.c: whether some handle of d stands for the frame: 1 or 0. Looks at every handle; -ERESTART for more. */
int grant_is_mapped_by(struct domain *d, u32 mfn);

/*
 * table.c: makes the table at least `frames` long. -ENOSPC, -ENOMEM; -ESRCH when the domain is going; -ERESTART
 * for more. Lock not held.
 */
int grant_table_grow(struct domain *d, u32 frames);

#endif
