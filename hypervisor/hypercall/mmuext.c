/* SPDX-License-Identifier: MIT */
/*
 * mmuext_op: pins, base pointers, flushes, LDT, clearing and copying pages. A list of operations, stopped between two
 * when the CPU has other work, or inside one that is resumable by itself (pins).
 */
#include "core/log.h"
#include "core/softirq.h"
#include "domain/guest_copy.h"
#include "hypercall/flush.h"
#include "hypercall/foreign.h"
#include "hypercall/hypercall.h"
#include "hypercall/progress.h"
#include "mm/page_alloc.h"
#include "pv/desc.h"
#include "pv/mmu.h"
#include "pv/type.h"
#include "x86/cpu_ops.h"
#include "x86/tlb.h"

static int op_pin(struct domain *d, const struct mmuext_op *op)
{
	int rc = mmu_begin(d);

	if (rc)
		return rc;
	/* nobody would take the pin of a dying domain away again */
	rc = d->dying != DOMDYING_ALIVE ? -EINVAL :
	     type_pin(mfn(op->arg1.mfn), op->cmd - MMUEXT_PIN_L1_TABLE + 1, d);
	mmu_end(d);
	return rc;
}

static int op_unpin(struct domain *d, const struct mmuext_op *op)
{
	int rc = mmu_begin(d);

	if (rc)
		return rc;
	rc = type_unpin(mfn(op->arg1.mfn), d);
	if (rc == -ERESTART) {
		mmu_defer_undo(d, mfn(op->arg1.mfn));
		rc = 0;
	}
	mmu_end(d);
	return rc;
}

static int op_new_base(struct domain *d, const struct mmuext_op *op)
{
	return d == current->domain ? mmu_new_kernel_base(current, mfn(op->arg1.mfn)) : -EPERM;
}

static int op_new_user_base(struct domain *d, const struct mmuext_op *op)
{
	return d == current->domain ? mmu_new_user_base(current, mfn(op->arg1.mfn)) : -EPERM;
}

static int op_flush_local(struct domain *d, const struct mmuext_op *op)
{
	return d == current->domain ? flush_guest(UVMF_LOCAL, FLUSH_EVERYTHING) : -EPERM;
}

static int op_invlpg_local(struct domain *d, const struct mmuext_op *op)
{
	return d == current->domain ? flush_guest(UVMF_LOCAL, op->arg1.linear_addr) : -EPERM;
}

static int op_flush_multi(struct domain *d, const struct mmuext_op *op)
{
	return d == current->domain ? flush_vcpus(op->arg2.vcpumask, FLUSH_EVERYTHING) : -EPERM;
}

static int op_invlpg_multi(struct domain *d, const struct mmuext_op *op)
{
	return d == current->domain ? flush_vcpus(op->arg2.vcpumask, op->arg1.linear_addr) : -EPERM;
}

static int op_flush_all(struct domain *d, const struct mmuext_op *op)
{
	flush_domain(d, FLUSH_EVERYTHING);
	return 0;
}

static int op_invlpg_all(struct domain *d, const struct mmuext_op *op)
{
	flush_domain(d, op->arg1.linear_addr);
	return 0;
}

static int op_flush_cache(struct domain *d, const struct mmuext_op *op)
{
	if (d != current->domain || !d->is_privileged)
		return -EACCES;
	wbinvd();
	return 0;
}

static int op_set_ldt(struct domain *d, const struct mmuext_op *op)
{
	return d == current->domain ? desc_set_ldt_guest(current, op->arg1.linear_addr, op->arg2.nr_ents) : -EPERM;
}

/* A frame of d's that the caller could write itself; held until put_writable(). */
static struct frame *get_writable(struct domain *d, mfn_t m)
{
	struct frame *f;

	if (!mfn_valid(m))
		return NULL;
	f = mfn_to_frame(m);
	if (!frame_get(f, d->id))
		return NULL;
	if (!type_get_writable(f))
		return f;
	frame_put(f);
	return NULL;
}

static void put_writable(struct frame *f)
{
	type_put_writable(f);
	frame_put(f);
}

static int op_clear_page(struct domain *d, const struct mmuext_op *op)
{
	struct frame *f = get_writable(d, mfn(op->arg1.mfn));

	if (!f)
		return -EINVAL;
	page_clear(mfn_to_virt(mfn(op->arg1.mfn)));
	put_writable(f);
	return 0;
}

static int op_copy_page(struct domain *d, const struct mmuext_op *op)
{
	mfn_t to = mfn(op->arg1.mfn), from = mfn(op->arg2.src_mfn);
	struct frame *f, *source;

	if (!mfn_valid(from) || !frame_get(mfn_to_frame(from), d->id))
		return -EINVAL;
	source = mfn_to_frame(from);
	f = get_writable(d, to);
	if (f) {
		page_copy(mfn_to_virt(to), mfn_to_virt(from));
		put_writable(f);
	}
	frame_put(source);
	return f ? 0 : -EINVAL;
}

static int (*const ops[])(struct domain *d, const struct mmuext_op *op) = {
	[MMUEXT_PIN_L1_TABLE] = op_pin,
	[MMUEXT_PIN_L2_TABLE] = op_pin,
	[MMUEXT_PIN_L3_TABLE] = op_pin,
	[MMUEXT_PIN_L4_TABLE] = op_pin,
	[MMUEXT_UNPIN_TABLE] = op_unpin,
	[MMUEXT_NEW_BASEPTR] = op_new_base,
	[MMUEXT_NEW_USER_BASEPTR] = op_new_user_base,
	[MMUEXT_TLB_FLUSH_LOCAL] = op_flush_local,
	[MMUEXT_INVLPG_LOCAL] = op_invlpg_local,
	[MMUEXT_TLB_FLUSH_MULTI] = op_flush_multi,
	[MMUEXT_INVLPG_MULTI] = op_invlpg_multi,
	[MMUEXT_TLB_FLUSH_ALL] = op_flush_all,
	[MMUEXT_INVLPG_ALL] = op_invlpg_all,
	[MMUEXT_FLUSH_CACHE] = op_flush_cache,
	[MMUEXT_FLUSH_CACHE_GLOBAL] = op_flush_cache,
	[MMUEXT_SET_LDT] = op_set_ldt,
	[MMUEXT_CLEAR_PAGE] = op_clear_page,
	[MMUEXT_COPY_PAGE] = op_copy_page,
};

static __always_inline int run_ops(struct domain *d, u64 list, u32 count, u32 *n)
{
	struct mmuext_op op;
	int rc;

	while (*n < count) {
		if (unlikely(guest_get(&op, list)))
			return -EFAULT;
		if (unlikely(op.cmd >= ARRAY_SIZE(ops) || !ops[op.cmd]))
			return -ENOSYS;
		rc = ops[op.cmd](d, &op);
		if (unlikely(rc))
			return rc;
		++*n;
		if (unlikely(mfn_x(d->pv.undo) || (*n < count && softirq_is_pending())))
			return -ERESTART;
		list += sizeof(op);
	}
	return 0;
}

/* Called again with nothing but work left over from a table on its way down. */
static int settle_only(struct domain *d)
{
	int rc = mmu_begin(d);

	if (!rc)
		mmu_end(d);
	return rc;
}

/* On behalf of d, or of nobody if that is an error: callers look at *done after any of them. */
static __always_inline long mmuext(struct domain *d, long error, u64 list, u32 count, u64 done_p, u32 foreign)
{
	u32 n = 0, before = 0;
	long rc = error;

	if (unlikely(count & MMU_PREEMPTED) && done_before(&count, done_p, &before))
		return -EFAULT;
	if (unlikely(!guest_range_ok(list, (u64)count * sizeof(struct mmuext_op))))
		return -EFAULT;
	if (likely(!rc))
		rc = likely(count) ? run_ops(d, list, count, &n) : settle_only(d);
	if (done_p && report_done(done_p, before + n))
		return -EFAULT;
	if (unlikely(rc == -ERESTART))
		return progress_restart(__HYPERVISOR_mmuext_op, list + n * sizeof(struct mmuext_op), count - n,
					done_p, foreign);
	return rc;
}

static __noinline long mmuext_foreign(u64 list, u32 count, u64 done_p, u32 foreign)
{
	struct foreign_pair who;
	long error = foreign_get(foreign & 0xffff, &who);
	long rc = mmuext(error ? NULL : who.pg_owner, error, list, count, done_p, foreign);

	if (!error)
		foreign_put(&who);
	return rc;
}

/* Apart, so that the quick way keeps no registers. */
static __noinline long mmuext_own(u64 list, u32 count, u64 done_p, u32 foreign)
{
	return mmuext(current->domain, 0, list, count, done_p, foreign);
}

/*
 * A page of the caller's own forgotten on this CPU: Linux's commonest flush, one call a page. False: it is another
 * operation, or not so quickly read.
 */
static __always_inline bool quick_invlpg(u64 list)
{
	u32 cmd;
	u64 va;

	if (unlikely(!guest_small_range_ok(list, sizeof(struct mmuext_op))))
		return false;
	guest_open();
	guest_load(cmd, list, out);
	if (cmd != MMUEXT_INVLPG_LOCAL)
		goto out;
	guest_load(va, list + offsetof(struct mmuext_op, arg1), out);
	guest_close();
	if (likely(guest_small_range_ok(va, 1)))
		tlb_flush_page_local(va);
	return true;
out:
	guest_close();
	return false;
}

/* Hot: a guest's flushes of its own. INVLPG_LOCAL alone shall cost 140 instructions, there and back. */
long do_mmuext_op(u64 list, u32 count, u64 done_p, u32 foreign)
{
	if (unlikely((foreign & 0xffff) != DOMID_SELF))
		return mmuext_foreign(list, count, done_p, foreign);
	if (likely(count == 1 && !done_p) && quick_invlpg(list))
		return 0;
	return mmuext_own(list, count, done_p, foreign);
}
