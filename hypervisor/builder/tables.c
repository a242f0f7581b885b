/* SPDX-License-Identifier: MIT */
/*
 * The first page tables of a PV guest: its kernel's map from VIRT_BASE, and the p2m at INIT_P2M. Tables are pages of
 * the guest like any other, mapped read-only where they show in the map; then the level 4 is pinned through the
 * ordinary validation, which proves that what was built here is what a guest could have built itself.
 */
#include "builder/builder.h"
#include "core/panic.h"
#include "core/softirq.h"
#include "mm/pt.h"
#include "pv/mmu.h"
#include "pv/type.h"

#define PTE_GUEST	(PTE_PRESENT | PTE_WRITE | PTE_USER | PTE_ACCESSED | PTE_DIRTY)

/* Tables below level 4 that mapping [va, va + pages) needs. */
u64 build_count_tables(u64 va, u64 pages)
{
	u64 end = va + pages * PAGE_SIZE - 1, n = 0;

	for (u32 level = 2; level <= 4; level++)
		n += (end >> PT_LEVEL_SHIFT(level)) - (va >> PT_LEVEL_SHIFT(level)) + 1;
	return n;
}

static u64 *entry(struct build *b, u64 *l4, u64 va)
{
	u64 *table = l4;

	for (u32 level = 4; level > 1; level--) {
		u64 *e = &table[pt_index(va, level)];

		if (!(*e & PTE_PRESENT))
			*e = pte_make(mfn(b->p2m[b->next_table++]), PTE_GUEST);
		table = maddr_to_virt(*e & PTE_MFN_MASK);
	}
	return &table[pt_index(va, 1)];
}

/* Tables must not be writable to the guest, under any of their addresses. */
static bool is_table(const struct build *b, u64 pfn)
{
	return (pfn >= b->pt_pfn && pfn < b->pt_pfn + b->pt_pages) ||
	       (pfn >= b->p2m_pfn + b->p2m_pages && pfn < b->p2m_pfn + b->p2m_pages + b->p2m_table_pages);
}

static void map(struct build *b, u64 *l4, u64 va, u64 pfn, u64 pages)
{
	u64 *e = NULL;

	for (u64 i = 0; i < pages; i++, va += PAGE_SIZE, e++) {
		if (!e || !(va & (PT_LEVEL_SIZE(2) - 1)))
			e = entry(b, l4, va);
		*e = pte_make(mfn(b->p2m[pfn + i]), is_table(b, pfn + i) ? PTE_GUEST & ~PTE_WRITE : PTE_GUEST);
	}
}

static void pin(struct domain *d, mfn_t l4)
{
	int rc;

	do {
		rc = mmu_begin(d);
		if (!rc) {
			rc = type_pin(l4, 4, d);
			mmu_end(d);
		}
		if (rc == -ERESTART)
			softirq_run();
	} while (rc == -ERESTART);
	if (rc)
		panic("dom0: its first page tables are refused (error %d)", rc);
}

mfn_t build_page_tables(struct build *b)
{
	mfn_t l4_mfn = mfn(b->p2m[b->pt_pfn]);
	u64 *l4 = mfn_to_virt(l4_mfn);

	b->next_table = b->pt_pfn + 1;
	map(b, l4, b->k.virt_base, 0, b->map_end_pfn);
	if (b->next_table != b->pt_pfn + b->pt_pages)
		panic("dom0: page tables miscounted");
	if (b->k.has_init_p2m) {
		b->next_table = b->p2m_pfn + b->p2m_pages;
		map(b, l4, b->k.init_p2m, b->p2m_pfn, b->p2m_pages);
	}
	pin(b->d, l4_mfn);
	return l4_mfn;
}
