/* SPDX-License-Identifier: MIT */
/*
 * What one page-table entry of a PV guest is worth: the reference it takes when it becomes present, and gives back
 * when it goes; which bits it may have; how it looks once it is in force.
 */
#ifndef PV_ENTRY_REF_H
#define PV_ENTRY_REF_H

#include "domain/domain.h"
#include "mm/frame.h"
#include "mm/pt.h"

/* A level-1 entry that chooses how its page is cached: for those with devices only. */
#define L1_CACHE_BITS	(PTE_PWT | PTE_PCD | PTE_PAT)

int l1_get_slow(u64 e, struct domain *pt_owner, struct domain *pg_owner);
int table_entry_get(u64 e, u32 level, struct domain *pt_owner);
int table_entry_put(u64 e, struct domain *pt_owner);

/* Hot: plain memory of the page owner, as most entries map. Anything else goes the slow way from the start. */
static __always_inline int l1_get(u64 e, struct domain *pt_owner, struct domain *pg_owner)
{
	mfn_t m = pte_mfn(e);
	struct frame *f = mfn_to_frame(m);

	if (unlikely((e & L1_CACHE_BITS) || !mfn_valid(m)))
		return l1_get_slow(e, pt_owner, pg_owner);
	if (likely(e & PTE_WRITE ? frame_get_writable(f, pg_owner->id) : frame_get(f, pg_owner->id)))
		return 0;
	return l1_get_slow(e, pt_owner, pg_owner);
}

static __always_inline void l1_put(u64 e)
{
	mfn_t m = pte_mfn(e);
	struct frame *f = mfn_to_frame(m);

	if (unlikely(!mfn_valid(m) || f->owner == OWNER_IO))
		return;
	if (e & PTE_WRITE)
		frame_put_writable(f);
	else
		frame_put(f);
}

/*
 * Takes the references of entry `e` at `level` for a table of `pt_owner`; level 1 may map frames of `pg_owner`.
 * Holds pt_owner's mmu_lock. 0, -EINVAL, -EPERM, -EBUSY, -ERESTART (levels 2 to 4).
 */
static __always_inline int entry_get(u64 e, u32 level, struct domain *pt_owner, struct domain *pg_owner)
{
	return likely(level == 1) ? l1_get(e, pt_owner, pg_owner) : table_entry_get(e, level, pt_owner);
}

/* Gives them back. -ERESTART: the child is PARTIAL (levels 2 to 4). */
static __always_inline int entry_put(u64 e, u32 level, struct domain *pt_owner)
{
	if (unlikely(level > 1))
		return table_entry_put(e, pt_owner);
	l1_put(e);
	return 0;
}

/*
 * The entry as the hardware gets it: everything a guest maps is reachable from ring 3, where its kernel runs, and
 * nothing is global, since kernel and user mode have different tables under one address.
 */
static __always_inline u64 entry_adjust(u64 e, u32 level)
{
	if (!(e & PTE_PRESENT))
		return e;
	return (level > 1 ? e : e & ~PTE_GLOBAL) | PTE_USER;
}

static inline bool l4_slot_is_guest(u32 slot)
{
	return slot < HV_SLOT_FIRST || slot > HV_SLOT_LAST;
}

/* Puts the hypervisor's own slots into a level-4 table of d. */
void l4_fill_hv_slots(u64 *l4, const struct domain *d);

#endif
