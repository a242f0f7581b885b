/* SPDX-License-Identifier: MIT */
/*
 * What one page-table entry of a PV guest is worth: the reference it takes when it becomes present, and gives back
 * when it goes; which bits it may have; how it looks once it is in force.
 */
#ifndef PV_ENTRY_REF_H
#define PV_ENTRY_REF_H

#include "domain/domain.h"
#include "mm/pt.h"

/*
 * Takes the references of entry `e` at `level` for a table of `pt_owner`; level 1 may map frames of `pg_owner`.
 * Holds pt_owner's mmu_lock. 0, -EINVAL, -EPERM, -EBUSY, -ERESTART (levels 2 to 4).
 */
int entry_get(u64 e, u32 level, struct domain *pt_owner, struct domain *pg_owner);
/* Gives them back. -ERESTART: the child is PARTIAL (levels 2 to 4). */
int entry_put(u64 e, u32 level, struct domain *pt_owner);

/*
 * The entry as the hardware gets it: everything a guest maps is reachable from ring 3, where its kernel runs, and
 * nothing is global, since kernel and user mode have different tables under one address.
 */
static inline u64 entry_adjust(u64 e, u32 level)
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
