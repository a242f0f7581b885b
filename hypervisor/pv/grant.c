/* SPDX-License-Identifier: MIT */
/*
 * Grant mappings in the page tables of a PV guest. The references that such an entry stands for were taken by grant/,
 * and go back there; what is done here is to put the entry in place of another one, and to find it again.
 */
#include "pv/grant.h"

#include "core/percpu.h"
#include "grant/grant.h"
#include "mm/pt.h"
#include "pv/entry_ref.h"
#include "pv/mmu.h"
#include "x86/tlb.h"

#define AVAIL_SHIFT	9	/* software bits of an entry */
#define L1_SPAN		(PAGE_SIZE * PT_ENTRIES)

static u64 grant_entry(mfn_t frame, u32 flags)
{
	u64 e = PTE_PRESENT | PTE_ACCESSED | PTE_DIRTY | PTE_USER;

	if (!(flags & GNTMAP_readonly))
		e |= PTE_WRITE;
	e |= (u64)(flags >> _GNTMAP_guest_avail0 & 7) << AVAIL_SHIFT;
	return pte_make(frame, e);
}

static int pv_grant_begin(struct domain *d, struct grant_cursor *c)
{
	c->table = NULL;
	return mmu_begin(d);
}

static void pv_grant_end(struct domain *d)
{
	mmu_end(d);
}

static u64 *find_table(struct domain *d, struct grant_cursor *c, u64 va)
{
	u64 *p = d == current->domain ? mmu_find_l1(current, va) : NULL;

	if (p) {
		c->base = va & ~(L1_SPAN - 1);
		c->table = p - pt_index(va, 1);
	}
	return p;
}

/* By virtual address: often in the table of the one before, which stands as long as the lock is held. */
static inline u64 *find_by_va(struct domain *d, struct grant_cursor *c, u64 va)
{
	if (likely(c->table && c->base == (va & ~(L1_SPAN - 1))))
		return c->table + pt_index(va, 1);
	return find_table(d, c, va);
}

/* The level-1 entry that `addr` means; NULL if it is none of d's. */
static inline u64 *find_entry(struct domain *d, struct grant_cursor *c, u64 addr, u32 flags)
{
	mfn_t m = mfn(addr >> PAGE_SHIFT);

	if (likely(!(flags & GNTMAP_contains_pte)))
		return find_by_va(d, c, addr);
	if ((addr & 7) || !mfn_valid(m) || mmu_table_level(d, m) != 1)
		return NULL;
	return maddr_to_virt(addr);
}

static int pv_grant_map(struct domain *d, struct grant_cursor *c, u64 addr, mfn_t frame, u32 flags)
{
	u64 *p = find_entry(d, c, addr, flags), old;

	if (unlikely(!p))
		return GNTST_bad_virt_addr;
	old = xchg(p, grant_entry(frame, flags));
	if (old & PTE_PRESENT)
		(void)!entry_put(old, 1, d);
	return GNTST_okay;
}

/*
 * The entry that shall stand at `at` afterwards: moved from new_addr, or none. False if new_addr has none, or is `at`
 * itself, where the old entry would stay without the references it is about to lose.
 */
static bool take_replacement(struct domain *d, struct grant_cursor *c, const u64 *at, u64 new_addr, u64 *e)
{
	u64 *p;

	*e = 0;
	if (!new_addr)
		return true;
	p = find_entry(d, c, new_addr, 0);
	if (!p || p == at)
		return false;
	*e = xchg(p, 0);
	return true;
}

static int pv_grant_unmap(struct domain *d, struct grant_cursor *c, u64 addr, mfn_t frame, u32 flags, u64 new_addr)
{
	u64 care = PTE_PRESENT | PTE_WRITE | PTE_MFN_MASK, replacement;
	u64 *p = find_entry(d, c, addr, flags);

	if (unlikely(!p))
		return GNTST_bad_virt_addr;
	if (((*p ^ grant_entry(frame, flags)) & care) || !take_replacement(d, c, p, new_addr, &replacement))
		return GNTST_general_error;
	WRITE_ONCE(*p, replacement);
	return GNTST_okay;
}

static void pv_grant_flush(struct domain *d)
{
	cpumask_t mask = domain_dirty_cpus(d);

	tlb_flush_mask(&mask, TLB_ALL);
}

static const struct grant_map_ops ops = {
	.begin = pv_grant_begin, .end = pv_grant_end, .map = pv_grant_map, .unmap = pv_grant_unmap,
	.flush = pv_grant_flush,
};

void pv_grant_init(void)
{
	grant_map_ops[DOMAIN_PV] = &ops;
}
