/* SPDX-License-Identifier: MIT */
/*
 * mmu_update and update_va_mapping: requests come in, are copied once and handed to pv/mmu. A batch holds the table
 * owner's lock throughout and stops between two requests when the CPU has other work; MMU_PREEMPTED in the count then
 * says that *done already counts earlier ones.
 */
#include "core/softirq.h"
#include "domain/guest_copy.h"
#include "hypercall/flush.h"
#include "hypercall/foreign.h"
#include "hypercall/hypercall.h"
#include "hypercall/progress.h"
#include "mm/m2p.h"
#include "mm/pt.h"
#include "pv/mmu.h"

/* Writes m2p[mfn] for a frame of the page owner's. */
static int machphys_update(struct domain *pg_owner, const struct mmu_update *req)
{
	mfn_t m = mfn(req->ptr >> PAGE_SHIFT);
	struct frame *f;

	if (!mfn_valid(m))
		return -EINVAL;
	f = mfn_to_frame(m);
	if (!frame_get(f, pg_owner->id))
		return -EINVAL;
	m2p_set(m, req->val);
	frame_put(f);
	return 0;
}

static __always_inline int update_one(struct domain *pt_owner, struct domain *pg_owner, const struct mmu_update *req)
{
	u32 cmd = req->ptr & 3;

	if (likely(cmd != MMU_MACHPHYS_UPDATE))
		return mmu_write_entry(pt_owner, pg_owner, req->ptr & ~3ul, req->val, cmd == MMU_PT_UPDATE_PRESERVE_AD);
	return machphys_update(pg_owner, req);
}

/* As many requests as go in one turn; *n counts them. Lock of pt_owner held. */
static __always_inline int update_batch(struct domain *pt_owner, struct domain *pg_owner, u64 reqs, u32 count, u32 *n)
{
	struct mmu_update req;
	int rc = 0;

	while (*n < count) {
		if (unlikely(guest_get(&req, reqs)))
			return -EFAULT;
		rc = update_one(pt_owner, pg_owner, &req);
		if (unlikely(rc))
			return rc;
		++*n;
		if (unlikely(mfn_x(pt_owner->pv.undo) || (*n < count && softirq_is_pending())))
			return -ERESTART;
		reqs += sizeof(req);
	}
	return 0;
}

static __always_inline long mmu_update(struct domain *pt_owner, struct domain *pg_owner, u64 reqs, u32 count,
				       u64 done_p, u32 foreign)
{
	u32 n = 0, before = 0;
	int rc;

	if (unlikely(count & MMU_PREEMPTED) && done_before(&count, done_p, &before))
		return -EFAULT;
	if (unlikely(!guest_range_ok(reqs, (u64)count * sizeof(struct mmu_update))))
		return -EFAULT;
	rc = mmu_begin(pt_owner);
	if (likely(!rc)) {
		rc = update_batch(pt_owner, pg_owner, reqs, count, &n);
		mmu_end(pt_owner);
	}
	if (done_p && report_done(done_p, before + n))
		return -EFAULT;
	if (unlikely(rc == -ERESTART))
		return progress_restart(__HYPERVISOR_mmu_update, reqs + n * sizeof(struct mmu_update), count - n,
					done_p, foreign);
	return rc;
}

static __noinline long update_foreign(u64 reqs, u32 count, u64 done_p, u32 foreign)
{
	struct foreign_pair who;
	long rc = foreign_get(foreign, &who);

	/* callers look at *done after any error: Linux advances by it */
	if (rc && !(count & MMU_PREEMPTED) && done_p && report_done(done_p, 0))
		return -EFAULT;
	if (rc)
		return rc;
	rc = mmu_update(who.pt_owner, who.pg_owner, reqs, count, done_p, foreign);
	foreign_put(&who);
	return rc;
}

/* Hot: a guest's own tables. */
long do_mmu_update(u64 reqs, u32 count, u64 done_p, u32 foreign)
{
	struct domain *d = current->domain;

	if (unlikely(foreign != DOMID_SELF))
		return update_foreign(reqs, count, done_p, foreign);
	return mmu_update(d, d, reqs, count, done_p, foreign);
}

static int flush_after_update(u64 va, u64 flags)
{
	switch (flags & UVMF_FLUSHTYPE_MASK) {
	case UVMF_NONE:
		return 0;
	case UVMF_TLB_FLUSH:
		return flush_guest(flags & ~UVMF_FLUSHTYPE_MASK, FLUSH_EVERYTHING);
	case UVMF_INVLPG:
		return flush_guest(flags & ~UVMF_FLUSHTYPE_MASK, va & PAGE_MASK);
	}
	return -EINVAL;
}

long do_update_va_mapping(u64 va, u64 val, u64 flags)
{
	struct vcpu *v = current;
	int rc = mmu_update_va(v, v->domain, va, val);

	if (unlikely(rc == -ERESTART))
		return hypercall_restart(__HYPERVISOR_update_va_mapping, 3, va, val, flags);
	return rc || !flags ? rc : flush_after_update(va, flags);
}

long do_update_va_mapping_otherdomain(u64 va, u64 val, u64 flags, u32 domid)
{
	struct foreign_pair who;
	int rc = foreign_get(domid, &who);

	if (rc)
		return rc;
	rc = mmu_update_va(current, who.pg_owner, va, val);
	foreign_put(&who);
	if (rc == -ERESTART)
		return hypercall_restart(__HYPERVISOR_update_va_mapping_otherdomain, 4, va, val, flags, HC_ARG(domid));
	return rc ? rc : flush_after_update(va, flags);
}
