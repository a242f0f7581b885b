/* SPDX-License-Identifier: MIT */
/*
 * One grant entry: taking it into use and letting it go. The guest may rewrite the entry at any moment; each
 * step works on one read of it and takes effect by one cmpxchg, or not at all.
 *
 * Lock: the granter's table.
 */
#include "core/log.h"
#include "grant/internal.h"

#define TRIES		4
#define PINS_MAX	0x7fffffffu

/* flags and domid of an entry as one word, so that both are read and changed together. */
union entry_word {
	u32 word;
	struct {
		u16 flags;
		u16 domid;
	};
};

static inline u32 *entry_word(struct grant_entry_v1 *e)
{
	return (u32 *)e;
}

static_assert(offsetof(struct grant_entry_v1, domid) == 2 && offsetof(struct grant_entry_v1, flags) == 0,
	      "one word");

/* Marks the entry as being read (and written), if it gives `user` that right. */
static inline int entry_mark(struct grant_entry_v1 *e, domid_t user, bool writable)
{
	union entry_word seen = { .word = READ_ONCE(*entry_word(e)) }, new;
	int i;

	for (i = 0; i < TRIES; i++) {
		if ((seen.flags & (GTF_type_mask | GTF_sub_page)) != GTF_permit_access || seen.domid != user)
			return GNTST_general_error;
		if (writable && (seen.flags & GTF_readonly))
			return GNTST_general_error;
		new = seen;
		new.flags |= GTF_reading | (writable ? GTF_writing : 0);
		if (try_cmpxchg(entry_word(e), &seen.word, new.word))
			return GNTST_okay;
	}
	return GNTST_general_error;		/* the guest keeps changing it */
}

static void entry_unmark(struct grant_entry_v1 *e, const struct grant_active *a)
{
	u16 over = a->writers ? 0 : a->readers ? GTF_writing : GTF_writing | GTF_reading;

	if (over)
		(void)atomic_fetch_and(&e->flags, (u16)~over);
}

/*
 * Holds the lock. At the first use the frame is what the entry says now; in use it stays the same, and only the right
 * to write may be new.
 */
static inline int pin(struct domain *d, struct grant_entry_v1 *e, struct grant_active *a, domid_t user, bool writable,
		      struct frame **frame)
{
	bool in_use = a->readers | a->writers;
	int rc;

	if (in_use && (a->domid != user || a->readers + a->writers >= PINS_MAX))
		return GNTST_general_error;
	if (!in_use || (writable && !a->writers)) {
		rc = entry_mark(e, user, writable);
		if (unlikely(rc))
			return rc;
	}
	if (unlikely(guest_frame_get(d, in_use ? a->mfn : READ_ONCE(e->frame), writable, frame))) {
		entry_unmark(e, a);
		return GNTST_bad_page;
	}
	if (!in_use) {
		a->mfn = (u32)mfn_x(frame_to_mfn(*frame));
		a->domid = user;
	}
	if (writable)
		a->writers++;
	else
		a->readers++;
	return GNTST_okay;
}

int grant_pin_locked(struct domain *d, u32 ref, domid_t user, bool writable, struct frame **frame)
{
	struct grant_table *gt = d->grant;
	u32 page = ref / ENTRIES_PER_FRAME, i = ref % ENTRIES_PER_FRAME;

	if (unlikely(gt->closed || page >= gt->nr_frames))
		return GNTST_bad_gntref;
	return pin(d, &gt->shared[page][i], &gt->active[page][i], user, writable, frame);
}

int grant_pin(struct domain *d, u32 ref, domid_t user, bool writable, struct frame **frame)
{
	int rc;

	spin_lock(&d->grant->lock);
	rc = grant_pin_locked(d, ref, user, writable, frame);
	spin_unlock(&d->grant->lock);
	return rc;
}

/* The references to the frame have been given back, or passed to a PTE that no CPU uses any more. */
void grant_unpin_locked(struct domain *d, u32 ref, bool writable)
{
	struct grant_table *gt = d->grant;
	struct grant_active *a = &gt->active[ref / ENTRIES_PER_FRAME][ref % ENTRIES_PER_FRAME];
	struct grant_entry_v1 *shared = gt->shared[ref / ENTRIES_PER_FRAME];

	if (writable)
		a->writers--;
	else
		a->readers--;
	if (shared)
		entry_unmark(&shared[ref % ENTRIES_PER_FRAME], a);
}

void grant_unpin(struct domain *d, u32 ref, bool writable)
{
	spin_lock(&d->grant->lock);
	grant_unpin_locked(d, ref, writable);
	spin_unlock(&d->grant->lock);
}
