/* SPDX-License-Identifier: MIT */
/*
 * Numbers that mean something: frames of one's own and of others, tables, what is lent, what is the hypervisor's,
 * device memory, nothing at all; addresses and entries made of them. Mostly what works, so that sequences get far.
 */
#include "fuzz.h"
#include "grant/internal.h"
#include "mm/pt.h"

static mfn_t pick_table(const struct machine_guest *g)
{
	const mfn_t tables[] = { g->l4, g->l3, g->l2, g->l1, g->user_l4 };

	return tables[in_below(ARRAY_SIZE(tables))];
}

static mfn_t pick_lent(const struct domain *d)
{
	const struct grant_table *gt = d->grant;
	u32 i = in_below(3);

	if (i < 2 && gt && i < gt->nr_frames && gt->shared[i])
		return virt_to_mfn(gt->shared[i]);
	return d->shared_info_mfn;
}

static const struct machine_guest *pick_guest(void)
{
	return slots[in_below(SLOTS)].g;
}

static mfn_t pick_odd(void)
{
	static const u64 odd[] = {
		0, 1, 15, MACHINE_IO_FIRST, MACHINE_IO_FIRST + 3, MACHINE_IO_LAST, MACHINE_MMIO_FIRST,
		MACHINE_MMIO_LAST, MACHINE_MMIO_LAST + 1, MACHINE_FRAMES - 1, MACHINE_FRAMES, 0xffffffff, 1ul << 40,
		~0ul >> 12, ~0ul,
	};
	u32 i = in_byte();

	if (i < 128)
		return mfn(odd[i % ARRAY_SIZE(odd)]);
	return mfn((i << 8 | in_byte()) % MACHINE_FRAMES);
}

/* Few of the guest's pages are chosen much more often, so that they meet again in another role. */
mfn_t pick_mfn(void)
{
	u32 b = in_byte();

	if (b < 160)
		return self->g->page[8 + b % 12];
	if (b < 176)
		return self->g->page[b % GUEST_PAGES];
	if (b < 208)
		return pick_table(self->g);
	if (b < 216)
		return pick_lent(self->g->d);
	if (b < 228)
		return pick_guest()->page[8 + b % 12];
	if (b < 234)
		return pick_table(pick_guest());
	if (b < 238)
		return pick_lent(pick_guest()->d);
	return pick_odd();
}

u64 pick_va(void)
{
	static const u64 odd[] = {
		0, 0x1000, 0x7ffffffff000, 0x800000000000, 0xffff7fffffffffff, HV_VIRT_START, M2P_VIRT_START + 0x1000,
		PERDOMAIN_VIRT_START, PERDOMAIN_VIRT_START + 0x10008, DIRECTMAP_VIRT_START, HV_VIRT_END - 8,
		HV_VIRT_END, GUEST_BASE + (1ul << 21), GUEST_BASE + (1ul << 30), ~0ul, ~0xffful,
	};
	u32 b = in_byte();

	if (b < 160)
		return guest_va(8 + b % 12);
	if (b < 200)
		return guest_va(8 + b % 12) + in_byte() * 8;
	if (b < 220)
		return guest_va(b % GUEST_PAGES);
	if (b < 236)
		return guest_va(GUEST_PAGES + b % GUEST_TABLES) + in_below(64) * 8;
	return odd[in_below(ARRAY_SIZE(odd))];
}

u64 pick_pte(void)
{
	static const u64 flags[] = {
		PTE_PRESENT | PTE_WRITE | PTE_USER, PTE_PRESENT | PTE_USER, PTE_PRESENT, PTE_PRESENT | PTE_WRITE,
		PTE_PRESENT | PTE_WRITE | PTE_USER | PTE_ACCESSED | PTE_DIRTY, PTE_PRESENT | PTE_USER | PTE_NX,
		PTE_PRESENT | PTE_PCD | PTE_PWT, PTE_PRESENT | PTE_PSE, PTE_PRESENT | PTE_WRITE | PTE_GLOBAL,
		PTE_PRESENT | PTE_WRITE | PTE_AVAIL | (0x7ful << 52), PTE_WRITE, 0,
	};
	u32 b = in_byte();

	if (b < 40)
		return 0;
	return pte_make(mfn(mfn_x(pick_mfn()) & (PTE_MFN_MASK >> PAGE_SHIFT)),
			b < 160 ? flags[b % 2] : flags[b % ARRAY_SIZE(flags)]);
}

/* An entry of a table: those in use, the borders, and some free ones. */
static u32 pick_index(void)
{
	static const u16 index[] = {
		0, 1, 2, 3, 8, 9, 10, 11, 12, 19, 48, 49, 50, 51, 52, 53, 100, 255, 256, 260, 261, 271, 272, 273, 511,
	};

	return index[in_below(ARRAY_SIZE(index))];
}

u64 pick_pte_maddr(void)
{
	return (mfn_x(pick_mfn()) << PAGE_SHIFT) + pick_index() * 8;
}

domid_t pick_domid(void)
{
	static const domid_t odd[] = { 0, DOMID_IO, DOMID_XEN, DOMID_INVALID, DOMID_IDLE, 77, 0xffff };
	u32 b = in_byte();

	if (b < 100)
		return DOMID_SELF;
	if (b < 220)
		return slots[b % SLOTS].g->d->id;
	return odd[b % ARRAY_SIZE(odd)];
}

u64 pick_any(void)
{
	u32 b = in_byte();

	switch (b % 8) {
	case 0 ... 2:
		return in_below(16);
	case 3:
		return mfn_x(pick_mfn());
	case 4:
		return pick_va();
	case 5:
		return pick_domid();
	case 6:
		return b & 8 ? ~0ul : 1ul << in_below(64);
	}
	return (u64)in_word() << 32 | in_word();
}
