/* SPDX-License-Identifier: MIT */
/*
 * Page-table changes of PV guests. Every change goes through mmu_write_entry, under the table owner's mmu_lock, taken
 * by mmu_begin.
 *
 * Taking a table down may be interrupted: what is left hangs on pv.undo of its owner, and mmu_begin finishes it
 * before anything else happens to that domain's tables.
 */
#ifndef PV_MMU_H
#define PV_MMU_H

#include "domain/domain.h"

/* Locks d's page tables. -ERESTART (not locked): earlier work must go on first, repeat the hypercall. */
int mmu_settle(struct domain *d);		/* what is left in pv.undo; unlocks if it fails */

static inline int __must_check mmu_begin(struct domain *d)
{
	spin_lock(&d->mmu_lock);
	return unlikely(mfn_x(d->pv.undo)) ? mmu_settle(d) : 0;
}

static inline void mmu_end(struct domain *d)
{
	spin_unlock(&d->mmu_lock);
}

/* Remembers a PARTIAL frame on its way down. Lock held. */
void mmu_defer_undo(struct domain *d, mfn_t m);

/*
 * Writes one entry, wherever it lies in a frame of pt_owner: into a page table with all checks, or into a writable
 * frame as plain data. Lock held. 0, -EINVAL, -EPERM, -EBUSY, -ERESTART (nothing changed).
 */
int mmu_write_entry(struct domain *pt_owner, struct domain *pg_owner, u64 maddr, u64 val, bool preserve_ad);

/*
 * Writes entry p of a validated table at `level`. Lock held; same results, and -EAGAIN if the entry no longer holds
 * *expect (the hardware sets accessed and dirty bits at any time).
 */
int mmu_write_table(struct domain *pt_owner, struct domain *pg_owner, u64 *p, u64 val, u32 level, const u64 *expect);

/* The level of the table that frame m is now, counted and validated, of domain d; 0 if it is none. Lock held. */
u32 mmu_table_level(const struct domain *d, mfn_t m);

/*
 * Level-1 entry for va in the current address space of v (its kernel's tables); NULL if a level is missing. Lock held.
 */
u64 *mmu_find_l1(const struct vcpu *v, u64 va);

/*
 * What the level-1 entry for va below `base` holds, for those who cannot take the lock: 0 if it is not present, without
 * PTE_WRITE if some level forbids writing. Tables may change and go meanwhile, so it may be anything, but was read from
 * the domain's own memory.
 */
u64 mmu_peek_l1(const struct vcpu *v, mfn_t base, u64 va);

/* update_va_mapping without its flush. Takes the lock. */
int mmu_update_va(struct vcpu *v, struct domain *pg_owner, u64 va, u64 val);

/* The base pointers, for v == current or a vCPU being built. Takes the lock. */
int mmu_new_kernel_base(struct vcpu *v, mfn_t m);
int mmu_new_user_base(struct vcpu *v, mfn_t m);	/* mfn 0 takes the user tables away */
int mmu_drop_bases(struct vcpu *v);		/* of a vCPU that runs no more; -ERESTART */

/* Loads CR3 for the mode v is in. */
void mmu_load_cr3(const struct vcpu *v);

/* v has just been loaded: its kernel's tables, for what is written to its kernel, and those of its mode again. */
static inline void mmu_show_kernel(const struct vcpu *v)
{
	if (!v->pv.kernel_mode)
		write_cr3(mfn_x(v->pv.kernel_l4) << PAGE_SHIFT);
}

static inline void mmu_show_again(const struct vcpu *v)
{
	if (!v->pv.kernel_mode)
		mmu_load_cr3(v);
}

#endif
