/* SPDX-License-Identifier: MIT */
/*
 * Page tables of a PV guest at its start.  One routine numbers the tables of a stretch of addresses, one
 * fills a table of any level; level and format are parameters.
 *
 *	level 4 (root)   one entry a 512 GiB
 *	level 3          1 GiB      (32-bit PAE: this is the root, with four entries)
 *	level 2          2 MiB
 *	level 1          4 KiB      read-only where the page is itself a page table
 *
 * The hypervisor refuses tables that map page tables writable, so pv_map_fill() knows both sets.
 */
#include <string.h>

#include "build/pv.h"

#define PTE_PRESENT 0x001ull
#define PTE_RW 0x002ull
#define PTE_USER 0x004ull
#define PTE_ACCESSED 0x020ull
#define PTE_DIRTY 0x040ull
#define VA_MASK ((1ull << 48) - 1)

/* Bits of address that one table of a level covers. */
static unsigned int table_shift(unsigned int level)
{
	return HV_PAGE_SHIFT + 9 * level;
}

void pv_map_count(struct pv_map *map, unsigned int levels, bool root, uint64_t *pfn)
{
	for (unsigned int level = root ? levels : levels - 1; level >= 1; level--) {
		unsigned int shift = table_shift(level);
		uint64_t first = (map->from & VA_MASK) >> shift, last = ((map->to - 1) & VA_MASK) >> shift;

		map->n_tables[level] = level == levels ? 1 : last - first + 1;
		map->table_pfn[level] = *pfn;
		*pfn += map->n_tables[level];
	}
}

static bool is_table(const struct pv_plan *plan, uint64_t pfn)
{
	uint64_t p2m_tables = plan->p2m + plan->n_p2m;

	return (pfn >= plan->tables && pfn < plan->tables + plan->n_tables) ||
	       (pfn >= p2m_tables && pfn < plan->p2m + plan->n_p2m_all);
}

static uint64_t leaf_entry(const struct pv_plan *plan, uint64_t pfn, const xen_pfn_t *mfns)
{
	uint64_t flags = PTE_PRESENT | PTE_ACCESSED | (is_table(plan, pfn) ? 0 : PTE_RW);

	return mfns[pfn] << HV_PAGE_SHIFT | flags;
}

void pv_map_fill(const struct pv_plan *plan, const struct pv_map *map, unsigned int level, uint64_t i,
		 const xen_pfn_t *mfns, uint64_t *table)
{
	unsigned int shift = table_shift(level), slot_shift = table_shift(level - 1);
	uint64_t from = map->from & VA_MASK, last = (map->to - 1) & VA_MASK;
	uint64_t base = level == plan->levels ? 0 : ((from >> shift) + i) << shift;
	uint64_t flags = PTE_PRESENT;

	/* PAE top-level entries have no other bits. */
	if (!(plan->levels == 3 && level == 3))
		flags |= PTE_RW | PTE_ACCESSED | PTE_DIRTY | (plan->levels == 4 ? PTE_USER : 0);
	for (unsigned int slot = 0; slot < 512; slot++) {
		uint64_t lo = base + ((uint64_t)slot << slot_shift), hi = lo + (1ull << slot_shift) - 1;

		if (hi < from || lo > last)
			continue;
		if (level == 1) {
			table[slot] = leaf_entry(plan, map->pfn + ((lo - from) >> HV_PAGE_SHIFT), mfns);
		} else {
			uint64_t child = (lo >> slot_shift) - (from >> slot_shift);

			table[slot] = mfns[map->table_pfn[level - 1] + child] << HV_PAGE_SHIFT | flags;
		}
	}
}
