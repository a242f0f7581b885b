/* SPDX-License-Identifier: MIT */
/*
 * Page-table entries of x86-64, and the one walker of the hypervisor's own tables. Entries of guests are checked in
 * pv/ with the same names. Manual: SDM 3A 4.5, APM 2 5.3.
 *
 *   63 NX | 62..52 software | 51..12 frame | 11..9 software |
 *   8 G | 7 PS/PAT | 6 D | 5 A | 4 PCD | 3 PWT | 2 U | 1 W | 0 P
 */
#ifndef MM_PT_H
#define MM_PT_H

#include "lib/typesafe.h"

#define PTE_PRESENT	(1ul << 0)
#define PTE_WRITE	(1ul << 1)
#define PTE_USER	(1ul << 2)
#define PTE_PWT		(1ul << 3)
#define PTE_PCD		(1ul << 4)
#define PTE_ACCESSED	(1ul << 5)
#define PTE_DIRTY	(1ul << 6)
#define PTE_PSE		(1ul << 7)	/* level 2 and 3: a large page */
#define PTE_PAT		(1ul << 7)	/* level 1 */
#define PTE_GLOBAL	(1ul << 8)
#define PTE_AVAIL	(7ul << 9)
#define PTE_NX		(1ul << 63)
#define PTE_MFN_MASK	0x000ffffffffff000ul

#define PTE_HV_RW	(PTE_PRESENT | PTE_WRITE | PTE_ACCESSED | PTE_DIRTY | PTE_NX | PTE_GLOBAL)
#define PTE_HV_RO	(PTE_PRESENT | PTE_ACCESSED | PTE_NX | PTE_GLOBAL)
#define PTE_HV_RX	(PTE_PRESENT | PTE_ACCESSED | PTE_GLOBAL)
#define PTE_HV_TABLE	(PTE_PRESENT | PTE_WRITE | PTE_ACCESSED | PTE_DIRTY)

/* In PAT_HYPERVISOR (x86/msr.h), by PAT:PCD:PWT. */
#define PTE_CACHE_UC	(PTE_PCD | PTE_PWT)
#define PTE_CACHE_WC	PTE_PAT		/* level 1 only */

#define PT_ENTRIES	512u
#define PT_LEVEL_SHIFT(level)	(PAGE_SHIFT + 9 * ((level) - 1))
#define PT_LEVEL_SIZE(level)	(1ul << PT_LEVEL_SHIFT(level))

static inline u32 pt_index(u64 va, u32 level)
{
	return va >> PT_LEVEL_SHIFT(level) & 511;
}

static inline mfn_t pte_mfn(u64 pte)
{
	return mfn((pte & PTE_MFN_MASK) >> PAGE_SHIFT);
}

static inline u64 pte_make(mfn_t m, u64 flags)
{
	return mfn_x(m) << PAGE_SHIFT | flags;
}

/* Bits 63..47 all alike. */
static inline bool va_is_canonical(u64 va)
{
	return (u64)((s64)(va << 16) >> 16) == va;
}

/*
 * The entry for `va` at `level` in the tables under `l4`; missing tables are made with `alloc` (a zeroed page's
 * machine address, 0 if there is none). NULL if a table is missing, or a large page stands in the way.
 */
u64 *pt_walk(u64 *l4, u64 va, u32 level, u64 (*alloc)(void));

/* Maps a span with the largest pages that fit (large_levels: 1 = 4 KiB only, 2, 3). 0 or -ENOMEM. */
int pt_map(u64 *l4, u64 va, u64 maddr, u64 size, u64 flags, u32 large_levels, u64 (*alloc)(void));

#endif
