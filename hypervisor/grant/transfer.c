/* SPDX-License-Identifier: MIT */
/*
 * GNTTABOP_transfer: a domain gives a frame of its own away for good, into an entry of the receiver that
 * accepts one. As published, a frame once taken from the giver is gone for it even if the receiver does not
 * get it.
 *
 * Lock: the receiver's table for marking the entry; the frame changes hands by domain/memory.
 */
#include "core/lock.h"
#include "domain/memory.h"
#include "grant/internal.h"
#include "lib/errno.h"
#include "mm/m2p.h"
#include "mm/page_alloc.h"

#define TRIES	4

/* Marks the entry as committed: the guest leaves it alone until it is completed. NULL: it does not accept. */
static struct grant_entry_v1 *entry_commit(struct domain *to, u32 ref, domid_t from)
{
	struct grant_table *gt = to->grant;
	struct grant_entry_v1 *e = NULL;
	u32 seen, want = GTF_accept_transfer | (u32)from << 16;
	int i;

	spin_lock(&gt->lock);
	if (!gt->closed && ref / ENTRIES_PER_FRAME < gt->nr_frames)
		e = &gt->shared[ref / ENTRIES_PER_FRAME][ref % ENTRIES_PER_FRAME];
	seen = e ? READ_ONCE(*(u32 *)e) : 0;
	for (i = 0; e && i < TRIES; i++) {
		if (seen != want) {
			e = NULL;
			break;
		}
		if (try_cmpxchg((u32 *)e, &seen, want | GTF_transfer_committed))
			break;
	}
	if (i == TRIES)
		e = NULL;
	spin_unlock(&gt->lock);
	return e;
}

/* Says what became of it: the frame's number, or that the entry is as before. */
static void entry_complete(struct domain *to, struct grant_entry_v1 *e, struct frame *f)
{
	struct grant_table *gt = to->grant;

	spin_lock(&gt->lock);
	if (!gt->closed && f) {
		WRITE_ONCE(e->frame, (u32)mfn_x(frame_to_mfn(f)));
		(void)atomic_fetch_or(&e->flags, GTF_transfer_completed);
	} else if (!gt->closed) {
		(void)atomic_fetch_and(&e->flags, (u16)~GTF_transfer_committed);
	}
	spin_unlock(&gt->lock);
}

static int transfer_to(struct domain *d, struct domain *to, u32 ref, struct frame *f)
{
	struct grant_entry_v1 *e;

	if (READ_ONCE(to->tot_pages) >= READ_ONCE(to->max_pages))
		return GNTST_general_error;
	e = entry_commit(to, ref, d->id);
	if (!e)
		return GNTST_bad_gntref;
	if (domain_assign_frame(to, f)) {
		entry_complete(to, e, NULL);
		return GNTST_general_error;
	}
	entry_complete(to, e, f);
	return GNTST_okay;
}

void grant_transfer(struct domain *d, struct gnttab_transfer *op)
{
	struct domain *to = NULL;
	struct frame *f;
	int rc;

	if (d->kind != DOMAIN_PV || op->mfn >= frame_max || domain_steal_frame(d, mfn(op->mfn))) {
		op->status = GNTST_bad_page;
		return;
	}
	f = mfn_to_frame(mfn(op->mfn));
	m2p_set(mfn(op->mfn), M2P_INVALID);	/* whoever gets it, or nobody */
	frame_flush_old_use(FT_WRITABLE, f->tlb_stamp);
	to = domain_get(op->domid == DOMID_SELF ? d->id : op->domid);
	if (!to || !to->grant)
		rc = GNTST_bad_domain;
	else
		rc = transfer_to(d, to, op->ref, f);
	if (rc)
		page_free(f, 0);
	if (to)
		domain_put(to);
	op->status = (s16)rc;
}
