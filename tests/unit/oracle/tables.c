/* SPDX-License-Identifier: MIT */
/*
 * What page tables stand for. A validated table's present entries hold references, all of them; a half-done one's only
 * up to nr_validated. Entries above hold nothing, and nobody may have such a table loaded.
 */
#include "internal.h"
#include "mm/hostmap.h"
#include "mm/pt.h"

/* Level-1 bits that a guest without devices may not set: they would give one frame two ways of caching. */
#define CACHE_BITS	(PTE_PWT | PTE_PCD | PTE_PAT)

static bool is_device(mfn_t m)
{
	return !mfn_valid(m) || mfn_to_frame(m)->owner == OWNER_IO;
}

static void count_mapping(u64 table, u32 i, u64 e, const struct domain *d)
{
	mfn_t m = pte_mfn(e);

	if ((e & CACHE_BITS) && !d->is_privileged && !rangeset_overlaps(d->iomem, 0, ~0ul))
		oracle_wrong("entry %u of table %#lx is %#lx: odd caching", i, table, e);
	if (!(e & PTE_USER) || (e & PTE_GLOBAL))
		oracle_wrong("entry %u of table %#lx is %#lx: not adjusted", i, table, e);
	if (is_device(m)) {
		if (!rangeset_contains(d->iomem, mfn_x(m), mfn_x(m)))
			oracle_wrong("entry %u of table %#lx is %#lx: a device that domain %u has no right to", i,
				     table, e, d->id);
		return;
	}
	if (e & PTE_WRITE)
		oracle_typed_ref(m, FT_WRITABLE, "a writable entry");
	else
		oracle_ref(m, "a read-only entry");
}

static void count_entry(u64 table, u32 i, u64 e, u32 level, const struct domain *d)
{
	mfn_t m = pte_mfn(e);

	if (!(e & PTE_PRESENT))
		return;
	if (level == 1) {
		count_mapping(table, i, e, d);
		return;
	}
	if ((e & PTE_PSE) || !mfn_valid(m) || mfn_to_frame(m)->owner != d->id) {
		oracle_wrong("entry %u of level-%u table %#lx of domain %u is %#lx", i, level, table, d->id, e);
		return;
	}
	oracle_typed_ref(m, FT_TABLE(level - 1), "a table's entry");
}

/*
 * The hypervisor's slots of a level-4 table that may get loaded. The first, which shows guests the M2P, is empty in
 * what user mode gets of a domain that asked for that (VMASST_TYPE_m2p_strict), perhaps before.
 */
static void check_slots(u64 table, const u64 *t, const struct domain *d)
{
	const u64 *own = maddr_to_virt(hostmap_l4_maddr);

	for (u32 i = HV_SLOT_FIRST; i <= HV_SLOT_LAST; i++) {
		u64 want = i == PERDOMAIN_SLOT ? virt_to_maddr(d->pv.perdomain_l3) | PTE_HV_TABLE : own[i];

		if (t[i] != want && (t[i] || i != HV_SLOT_FIRST))
			oracle_wrong("slot %u of level-4 table %#lx of domain %u is %#lx, not %#lx", i, table, d->id,
				     t[i], want);
	}
}

static void count_table(u64 n, const struct frame *f, const struct domain *d)
{
	const u64 *t = mfn_to_virt(mfn(n));
	bool partial = f->type & FT_PARTIAL;
	u32 level = FT_LEVEL(f->type), end = partial ? f->nr_validated : PT_ENTRIES;

	if (end > PT_ENTRIES)
		oracle_wrong("table %#lx says it has %u entries done", n, end);
	for (u32 i = 0; i < MIN(end, PT_ENTRIES); i++)
		if (level < 4 || i < HV_SLOT_FIRST || i > HV_SLOT_LAST)
			count_entry(n, i, t[i], level, d);
	if (level == 4 && !partial)
		check_slots(n, t, d);
	if (partial)
		oracle_ref(mfn(n), "work half done");
}

void oracle_count_tables(void)
{
	for (u64 n = 0; n < MACHINE_FRAMES; n++) {
		const struct frame *f = &frame_table[n];
		struct domain *d;
		u32 level = FT_LEVEL(f->type);

		if (!f->refs || f->owner >= DOMID_FIRST_RESERVED)
			continue;
		if (f->refs & FRAME_ALLOCATED)
			oracle_ref(mfn(n), "the allocation");
		if (f->type & FT_PINNED)
			oracle_typed_ref(mfn(n), f->type & FT_MASK, "a pin");
		d = domain_lookup(f->owner);
		if (!d)
			oracle_wrong("frame %#lx belongs to domain %u, which does not exist", n, f->owner);
		else if (level >= 1 && level <= 4 && (f->type & (FT_COUNT_MASK | FT_PARTIAL)))
			count_table(n, f, d);
	}
}
