/* SPDX-License-Identifier: MIT */
/*
 * Special mappings of the running hypervisor: MMIO through the vmap window, guard pages. The L3 tables of the window
 * exist from boot on, so that every guest's level 4, which copies our slots once, sees later mappings too.
 *
 * Lock: hostmap_lock guards the window's bump pointer and the tables below it.
 */
#include "mm/hostmap.h"

#include "core/ipi.h"
#include "core/lock.h"
#include "lib/errno.h"
#include "mm/layout.h"
#include "mm/page_alloc.h"
#include "mm/pt.h"
#include "x86/tlb.h"

static DEFINE_SPINLOCK(hostmap_lock, RANK_HOSTMAP);
static u64 vmap_next = VMAP_VIRT_START;

u64 hostmap_l4_maddr;

static u64 *hostmap_l4(void)
{
	return maddr_to_virt(hostmap_l4_maddr);
}

static u64 cache_bits(enum hostmap_cache cache)
{
	return cache == HOSTMAP_UC ? PTE_CACHE_UC : cache == HOSTMAP_WC ? PTE_CACHE_WC : 0;
}

void *hostmap_mmio(u64 maddr, u64 size, enum hostmap_cache cache)
{
	u64 start = maddr & PAGE_MASK, span = ROUNDUP(maddr + size, PAGE_SIZE) - start;
	u64 flags, va;
	int rc;

	flags = spin_lock_irqsave(&hostmap_lock);
	va = vmap_next;
	if (!size || maddr + size < maddr || span >= VMAP_VIRT_END - va) {
		spin_unlock_irqrestore(&hostmap_lock, flags);
		return NULL;
	}
	vmap_next += span + PAGE_SIZE;
	rc = pt_map(hostmap_l4(), va, start, span, PTE_HV_RW | cache_bits(cache), 1, page_alloc_table);
	spin_unlock_irqrestore(&hostmap_lock, flags);
	return rc ? NULL : (void *)(va + (maddr - start));
}

void hostmap_unmap(void *p, u64 size)
{
	u64 va = (u64)p & PAGE_MASK, end = ROUNDUP((u64)p + size, PAGE_SIZE);
	u64 flags = spin_lock_irqsave(&hostmap_lock);

	for (u64 at = va; at < end; at += PAGE_SIZE) {
		u64 *e = pt_walk(hostmap_l4(), at, 1, NULL);

		if (e)
			*e = 0;
	}
	if (end + PAGE_SIZE == vmap_next)
		vmap_next = va;
	spin_unlock_irqrestore(&hostmap_lock, flags);
	tlb_flush_mask(&cpu_started_mask, TLB_ALL);
}

/* Replaces the large page that covers va by a table of the next smaller size with the same mappings. */
static int split_large(u64 va, u32 level)
{
	u64 *e = pt_walk(hostmap_l4(), va, level, NULL);
	u64 old, table;
	u64 *t;

	if (!e || !(*e & PTE_PRESENT) || !(*e & PTE_PSE))
		return 0;
	table = page_alloc_table();
	if (!table)
		return -ENOMEM;
	old = *e;
	t = maddr_to_virt(table);
	for (u32 i = 0; i < PT_ENTRIES; i++)
		t[i] = (old & ~(level == 2 ? PTE_PSE : 0)) + i * PT_LEVEL_SIZE(level - 1);
	*e = table | PTE_HV_TABLE;
	return 0;
}

int hostmap_guard_page(void *page)
{
	u64 va = (u64)page;
	u64 flags = spin_lock_irqsave(&hostmap_lock);
	int rc = split_large(va, 3);
	u64 *e;

	if (!rc)
		rc = split_large(va, 2);
	e = rc ? NULL : pt_walk(hostmap_l4(), va, 1, NULL);
	if (e)
		*e = 0;
	spin_unlock_irqrestore(&hostmap_lock, flags);
	tlb_flush_page_local(va);
	return e ? 0 : rc ? rc : -EINVAL;
}

void hostmap_drop_boot_mappings(void)
{
	u64 *l4 = hostmap_l4();

	for (u32 i = 0; i < HV_SLOT_FIRST; i++)
		l4[i] = 0;
	tlb_flush_mask(&cpu_started_mask, TLB_ALL);
}
