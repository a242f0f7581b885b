/* SPDX-License-Identifier: MIT */
/*
 * Writing entries and base pointers. See pv/mmu.h for the rules, pv/type.c for what a table is worth.
 */
#include "pv/mmu.h"

#include "core/log.h"
#include "domain/guest_copy.h"
#include "mm/hostmap.h"
#include "pv/desc.h"
#include "pv/entry_ref.h"
#include "pv/type.h"
#include "x86/cpu_ops.h"
#include "x86/tlb.h"

int mmu_settle(struct domain *d)
{
	struct frame *f = mfn_to_frame(d->pv.undo);
	int rc = f->owner == d->id ? type_undo(f, d) : 0;

	if (rc == -ERESTART) {
		spin_unlock(&d->mmu_lock);
		return rc;
	}
	d->pv.undo = mfn(0);
	return 0;
}

void mmu_defer_undo(struct domain *d, mfn_t m)
{
	d->pv.undo = m;
}

/* True if the two entries hold the very same references, so that a change between them is one of flags only. */
static __always_inline bool same_target(u64 old, u64 new, u32 level)
{
	u64 care = PTE_PRESENT | PTE_MFN_MASK;

	care |= level == 1 ? PTE_WRITE | PTE_PWT | PTE_PCD | PTE_PAT : PTE_PSE | PTE_PWT | PTE_PCD;
	return (old & PTE_PRESENT) && !((old ^ new) & care);
}

static inline void write_preserving(u64 *p, u64 old, u64 new)
{
	u64 keep = PTE_ACCESSED | PTE_DIRTY;

	while (!try_cmpxchg(p, &old, (new & ~keep) | (old & keep)))
		;
}

static __always_inline int write_table(struct domain *pt_owner, struct domain *pg_owner, u64 *p, u64 val, u32 level,
				       bool preserve_ad, const u64 *expect)
{
	u64 old = READ_ONCE(*p), new = entry_adjust(val, level);
	bool same = same_target(old, new, level);
	int rc;

	if (level == 4 && unlikely(!l4_slot_is_guest(((u64)p & ~PAGE_MASK) / sizeof(*p))))
		return -EINVAL;
	if ((new & PTE_PRESENT) && !same) {
		rc = entry_get(new, level, pt_owner, pg_owner);
		if (unlikely(rc))
			return rc;
	}
	if (unlikely(expect)) {
		if (cmpxchg(p, *expect, new) != *expect) {
			if ((new & PTE_PRESENT) && !same && entry_put(new, level, pt_owner) == -ERESTART)
				mmu_defer_undo(pt_owner, pte_mfn(new));
			return -EAGAIN;
		}
	} else if (preserve_ad) {
		write_preserving(p, old, new);
	} else {
		WRITE_ONCE(*p, new);
	}
	if ((old & PTE_PRESENT) && !same && entry_put(old, level, pt_owner) == -ERESTART)
		mmu_defer_undo(pt_owner, pte_mfn(old));
	return 0;
}

static __noinline int write_table_any(struct domain *pt_owner, struct domain *pg_owner, u64 *p, u64 val, u32 level,
				      bool preserve_ad, const u64 *expect)
{
	return write_table(pt_owner, pg_owner, p, val, level, preserve_ad, expect);
}

/* Hot: stores at level 1 get copies of their own from the compiler. */
static __always_inline int write_table_hot(struct domain *pt_owner, struct domain *pg_owner, u64 *p, u64 val, u32 level,
					   bool preserve_ad)
{
	if (unlikely(level != 1))
		return write_table_any(pt_owner, pg_owner, p, val, level, preserve_ad, NULL);
	if (likely(!preserve_ad))
		return write_table(pt_owner, pg_owner, p, val, 1, false, NULL);
	return write_table(pt_owner, pg_owner, p, val, 1, true, NULL);
}

int mmu_write_table(struct domain *pt_owner, struct domain *pg_owner, u64 *p, u64 val, u32 level, const u64 *expect)
{
	if (likely(level == 1 && expect))
		return write_table(pt_owner, pg_owner, p, val, 1, false, expect);
	return write_table_any(pt_owner, pg_owner, p, val, level, false, expect);
}

/* A frame that is no page table: the guest may write it, so it may also have us write it. */
static __noinline int write_plain(struct frame *f, struct domain *pt_owner, u64 *p, u64 val)
{
	int rc;

	if (!frame_get(f, pt_owner->id))
		return -EINVAL;
	rc = type_get_writable(f);
	if (!rc) {
		WRITE_ONCE(*p, val);
		type_put_writable(f);
	}
	frame_put(f);
	return rc;
}

static __always_inline u32 table_level(const struct domain *d, mfn_t m)
{
	const struct frame *f = mfn_to_frame(m);
	u32 type = atomic_read(&f->type);

	/* a counted table stays one while we hold the lock */
	if (unlikely(f->owner != d->id || !(type & FT_COUNT_MASK)))
		return 0;
	if (likely((type & (FT_MASK | FT_BUSY)) == (FT_L1 | FT_VALIDATED)))
		return 1;
	return (type & FT_BUSY) == FT_VALIDATED && FT_LEVEL(type) <= 4 ? FT_LEVEL(type) : 0;
}

u32 mmu_table_level(const struct domain *d, mfn_t m)
{
	return table_level(d, m);
}

int mmu_write_entry(struct domain *pt_owner, struct domain *pg_owner, u64 maddr, u64 val, bool preserve_ad)
{
	mfn_t m = mfn(maddr >> PAGE_SHIFT);
	u64 *p = maddr_to_virt(maddr & ~7ul);
	u32 level;

	if (unlikely(!mfn_valid(m)))
		return -EINVAL;
	level = table_level(pt_owner, m);
	if (likely(level))
		return write_table_hot(pt_owner, pg_owner, p, val, level, preserve_ad);
	return write_plain(mfn_to_frame(m), pt_owner, p, val);
}

u64 *mmu_find_l1(const struct vcpu *v, u64 va)
{
	u64 e = mfn_x(v->pv.kernel_l4) << PAGE_SHIFT;

	if (unlikely(!e || !guest_small_range_ok(va, 1)))
		return NULL;
	UNROLL_BY_8
	for (u32 level = 4; level > 1; level--) {
		e = READ_ONCE(((u64 *)maddr_to_virt(e & PTE_MFN_MASK))[pt_index(va, level)]);
		if (unlikely(!(e & PTE_PRESENT)))
			return NULL;
	}
	return (u64 *)maddr_to_virt(e & PTE_MFN_MASK) + pt_index(va, 1);
}

u64 mmu_peek_l1(const struct vcpu *v, mfn_t base, u64 va)
{
	u64 e = pte_make(base, PTE_PRESENT | PTE_WRITE);

	if (!l4_slot_is_guest(pt_index(va, 4)) || !va_is_canonical(va))
		return 0;
	for (u32 level = 4; level >= 1 && (e & PTE_PRESENT); level--) {
		u64 rights = e | ~PTE_WRITE;
		mfn_t m = pte_mfn(e);

		if (!mfn_valid(m) || mfn_to_frame(m)->owner != v->domain->id)
			return 0;
		e = READ_ONCE(((u64 *)mfn_to_virt(m))[pt_index(va, level)]) & rights;
	}
	return e & PTE_PRESENT ? e : 0;
}

int mmu_update_va(struct vcpu *v, struct domain *pg_owner, u64 va, u64 val)
{
	struct domain *d = v->domain;
	u64 *p;
	int rc = mmu_begin(d);

	if (unlikely(rc))
		return rc;
	p = mmu_find_l1(v, va);
	rc = likely(p) ? write_table_hot(d, pg_owner, p, val, 1, false) : -EINVAL;
	mmu_end(d);
	return rc;
}

void mmu_load_cr3(const struct vcpu *v)
{
	mfn_t m = v->pv.kernel_mode ? v->pv.kernel_l4 : v->pv.user_l4;

	tlb_switch_cr3(mfn_x(m) << PAGE_SHIFT);
}

/* VMASST_TYPE_m2p_strict: the M2P is the kernel's alone to see. */
static void show_m2p(const struct vcpu *v, mfn_t l4, bool kernel)
{
	const u64 *own = maddr_to_virt(hostmap_l4_maddr);
	bool strict = v->domain->pv.vm_assist & BIT(VMASST_TYPE_m2p_strict);

	((u64 *)mfn_to_virt(l4))[HV_SLOT_FIRST] = kernel || !strict ? own[HV_SLOT_FIRST] : 0;
}

/* Puts `m` (0: none) into *base; the old value gives its references back once CR3 no longer holds it. Lock held. */
static int replace_base(struct vcpu *v, mfn_t *base, mfn_t m, bool load)
{
	mfn_t old = *base;
	int rc = mfn_x(m) ? type_get_frame(m, FT_L4, v->domain) : 0;

	if (rc)
		return rc;
	*base = m;
	if (mfn_x(m))
		show_m2p(v, m, base == &v->pv.kernel_l4);
	if (load)
		mmu_load_cr3(v);
	if (mfn_x(old) && type_put_frame(mfn_to_frame(old), v->domain) == -ERESTART)
		mmu_defer_undo(v->domain, old);
	return 0;
}

static int new_base(struct vcpu *v, mfn_t *base, mfn_t m, bool load)
{
	int rc;

	if (mfn_eq(*base, m)) {
		if (load)
			mmu_load_cr3(v);
		return 0;
	}
	rc = mmu_begin(v->domain);
	if (rc)
		return rc;
	rc = replace_base(v, base, m, load);
	mmu_end(v->domain);
	return rc;
}

int mmu_new_kernel_base(struct vcpu *v, mfn_t m)
{
	if (!mfn_x(m))
		return -EINVAL;
	if (v == current)
		desc_ldt_unmap(v);	/* its address means something else in the new space */
	return new_base(v, &v->pv.kernel_l4, m, v == current && v->pv.kernel_mode);
}

int mmu_new_user_base(struct vcpu *v, mfn_t m)
{
	return new_base(v, &v->pv.user_l4, m, false);
}

int mmu_drop_bases(struct vcpu *v)
{
	int rc = mmu_begin(v->domain);

	if (rc)
		return rc;
	(void)!replace_base(v, &v->pv.kernel_l4, mfn(0), false);
	if (mfn_x(v->domain->pv.undo))
		rc = -ERESTART;
	else
		(void)!replace_base(v, &v->pv.user_l4, mfn(0), false);
	mmu_end(v->domain);
	return rc;
}
