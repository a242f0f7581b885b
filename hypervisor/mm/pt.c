/* SPDX-License-Identifier: MIT */
/*
 * The walker of the hypervisor's own page tables. The caller serialises changes; nothing here flushes a TLB.
 */
#include "mm/pt.h"

#include "lib/errno.h"
#include "mm/frame.h"

u64 *pt_walk(u64 *l4, u64 va, u32 level, u64 (*alloc)(void))
{
	u64 *table = l4;

	for (u32 l = 4; l > level; l--) {
		u64 *e = &table[pt_index(va, l)];

		if (!(*e & PTE_PRESENT)) {
			u64 page = alloc ? alloc() : 0;

			if (!page)
				return NULL;
			*e = page | PTE_HV_TABLE;
		} else if (l < 4 && (*e & PTE_PSE)) {
			return NULL;
		}
		table = maddr_to_virt(*e & PTE_MFN_MASK);
	}
	return &table[pt_index(va, level)];
}

int pt_map(u64 *l4, u64 va, u64 maddr, u64 size, u64 flags, u32 large_levels, u64 (*alloc)(void))
{
	while (size) {
		u32 level = large_levels;
		u64 *e;

		while (level > 1 && (((va | maddr) & (PT_LEVEL_SIZE(level) - 1)) || size < PT_LEVEL_SIZE(level)))
			level--;
		e = pt_walk(l4, va, level, alloc);
		if (!e)
			return -ENOMEM;
		*e = maddr | flags | (level > 1 ? PTE_PSE : 0);
		va += PT_LEVEL_SIZE(level);
		maddr += PT_LEVEL_SIZE(level);
		size -= PT_LEVEL_SIZE(level);
	}
	return 0;
}
