/* SPDX-License-Identifier: MIT */
/*
 * GNTTABOP_copy: the hypervisor copies between two frames, each either the caller's own or granted to it.
 * Both are pinned for the time of the copy like for a mapping, so no page table and nobody else's frame is
 * ever written. Hot: the network runs over this. A run of copies keeps its two ends while they stay the same.
 */
#include "grant/internal.h"
#include "lib/string.h"

static void end_drop(struct grant_copy_end *e)
{
	if (!e->frame)
		return;
	guest_frame_put(e->frame, e->writable);
	if (e->is_ref)
		grant_unpin(e->domain, (u32)e->number, e->writable);
	e->frame = NULL;
}

static void end_release(struct grant_copy_end *e)
{
	end_drop(e);
	if (e->domain)
		domain_put(e->domain);
	e->domain = NULL;
}

/* The other side of one copy is most often that of the next. */
static int end_domain(struct domain *d, struct grant_copy_end *e, domid_t domid)
{
	if (likely(e->domain && e->domid == domid))
		return GNTST_okay;
	end_release(e);
	e->domain = domain_get(domid == DOMID_SELF ? d->id : domid);
	e->domid = domid;
	if (e->domain && e->domain->grant)
		return GNTST_okay;
	end_release(e);
	return GNTST_bad_domain;
}

static int end_take(struct domain *d, struct grant_copy_end *e, domid_t domid, bool is_ref, u64 number,
		    bool writable)
{
	struct frame *f;
	int rc;

	if (!is_ref && domid != DOMID_SELF)
		return GNTST_permission_denied;		/* frames by number: one's own only */
	rc = end_domain(d, e, domid);
	if (rc)
		return rc;
	if (is_ref)
		rc = grant_pin(e->domain, (u32)number, d->id, writable, &f);
	else
		rc = guest_frame_get(e->domain, number, writable, &f) ? GNTST_bad_page : GNTST_okay;
	if (rc)
		return rc;
	e->frame = f;
	e->number = number;
	e->is_ref = is_ref;
	e->writable = writable;
	return GNTST_okay;
}

static inline int end_need(struct domain *d, struct grant_copy_end *e, const struct gnttab_copy_ptr *p,
			   bool is_ref,
			   bool writable)
{
	u64 number = is_ref ? p->u.ref : p->u.gmfn;

	if (e->frame && e->number == number && e->domid == p->domid && e->is_ref == is_ref)
		return GNTST_okay;
	end_drop(e);
	return end_take(d, e, p->domid, is_ref, number, writable);
}

void grant_copy_begin(struct grant_copier *c, struct domain *d)
{
	c->d = d;
	c->source.domain = c->dest.domain = NULL;
	c->source.frame = c->dest.frame = NULL;
}

void grant_copy(struct grant_copier *c, struct gnttab_copy *op)
{
	const u8 *from;
	u8 *to;
	int rc;

	if (op->source.offset + op->len > (int)PAGE_SIZE || op->dest.offset + op->len > (int)PAGE_SIZE) {
		op->status = GNTST_bad_copy_arg;
		return;
	}
	rc = end_need(c->d, &c->source, &op->source, op->flags & GNTCOPY_source_gref, false);
	if (!rc)
		rc = end_need(c->d, &c->dest, &op->dest, op->flags & GNTCOPY_dest_gref, true);
	if (!rc) {
		from = (const u8 *)mfn_to_virt(frame_to_mfn(c->source.frame)) + op->source.offset;
		to = (u8 *)mfn_to_virt(frame_to_mfn(c->dest.frame)) + op->dest.offset;
		memmove(to, from, op->len);
	}
	op->status = (s16)rc;
}

void grant_copy_finish(struct grant_copier *c)
{
	end_release(&c->source);
	end_release(&c->dest);
}
