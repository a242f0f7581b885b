/* SPDX-License-Identifier: MIT */
/*
 * Twenty thousand random operations on sixteen pages: pinned at random levels, unpinned, mapped, written into each
 * other, granted, used as descriptor tables, given back and taken again. What succeeds is the hypervisor's choice; but
 * after every hundred, no page that it treats as a page table may be writable through any mapping, and it must still be
 * there at the end.
 */
#include "guest.h"

const char test_title[] = "chaos: random operations on a few pages";

#define PAGES	16
#define ROUNDS	20000

static uint64_t pool[PAGES][512] PAGE;		/* their own mappings are made and unmade, too */
static uint64_t windows[PAGES][512] PAGE;
static uint64_t mfns[PAGES];
static struct grant_entry_v1 table[512] PAGE;
static uint32_t seed = 20261122;
static unsigned int succeeded[12], tried[12];

static uint32_t rnd(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

static uint64_t random_entry(void)
{
	static const uint64_t flags[] = { PTE_DATA, PTE_RO, PTE_TABLE, PTE_P, 0, PTE_P | PTE_RW, PTE_DATA | PTE_NX,
					  PTE_TABLE | PTE_PSE, PTE_DATA | PTE_G };
	uint64_t mfn = rnd(20) ? mfns[rnd(PAGES)] : rnd(2) ? root_mfn() : rnd(0x10000);

	return mfn << 12 | flags[rnd(ARRAY_SIZE(flags))];
}

static long step(unsigned int what)
{
	unsigned int i = rnd(PAGES), j = rnd(PAGES);
	uint64_t frame = mfns[i];

	switch (what) {
	case 0:
		return mmuext_one(MMUEXT_PIN_L1_TABLE + rnd(4), mfns[i]);
	case 1:
		return mmuext_one(MMUEXT_UNPIN_TABLE, mfns[i]);
	case 2:
		return map_at(windows[i], random_entry(), UVMF_INVLPG);
	case 3:
		return map_at(pool[i], random_entry(), UVMF_INVLPG);
	case 4:
		return mmu_update_one(mfns[i] << 12 | rnd(512) * 8, random_entry());
	case 5:
		return mmu_update_one(mfns[i] << 12 | rnd(512) * 8 | MMU_PT_UPDATE_PRESERVE_AD, random_entry());
	case 6:
		return probe_write(&windows[i][rnd(512)], random_entry()) ? 0 : -1;
	case 7:
		return hypercall(set_gdt, &frame, rnd(2) ? 512 : 0);
	case 8:
		return mmuext_one(MMUEXT_CLEAR_PAGE, mfns[i]);
	case 9:
		return mmuext_two(MMUEXT_COPY_PAGE, mfns[i], mfns[j]);
	case 10: {
		struct gnttab_map_grant_ref m = { .host_addr = (uint64_t)windows[j],
						  .flags = GNTMAP_host_map | rnd(2) * GNTMAP_readonly, .ref = 20 + i };

		table[20 + i].frame = mfns[i];
		table[20 + i].flags = GTF_permit_access;
		hypercall(grant_table_op, GNTTABOP_map_grant_ref, &m, 1);
		if (m.status == 0) {
			struct gnttab_unmap_grant_ref u = { .host_addr = m.host_addr, .handle = m.handle };

			if (rnd(2))
				hypercall(grant_table_op, GNTTABOP_unmap_grant_ref, &u, 1);
		}
		return m.status;
	}
	default:
		return mmuext_one(MMUEXT_NEW_USER_BASEPTR, mfns[i]);
	}
}

/* A page is a table for the hypervisor if a writable mapping of it is refused. Then no window may write it. */
static void check_tables(unsigned int round)
{
	static uint64_t probe_page[512] PAGE;

	for (int i = 0; i < PAGES; i++) {
		/* An entry that no emulation of page-table stores may let through. */
		uint64_t mark = root_mfn() << 12 | PTE_DATA | (uint64_t)(round & 0x7f) << 52;

		if (map_at(probe_page, mfns[i] << 12 | PTE_DATA, UVMF_INVLPG) == 0)
			continue;
		if (map_at(probe_page, mfns[i] << 12 | PTE_RO, UVMF_INVLPG))
			continue;
		for (int w = 0; w < 2 * PAGES; w++) {
			volatile uint64_t *va = w < PAGES ? &windows[w][511] : &pool[w - PAGES][511];
			uint64_t old = probe_page[511];

			probe_write(va, mark);
			if (*(volatile uint64_t *)&probe_page[511] == mark && old != mark)
				test_failure("round %u: page %d is a page table, and mapping %d writes it", round, i,
					     w);
		}
	}
	map_at(probe_page, 0, UVMF_INVLPG);
}

void test_main(void)
{
	static uint64_t frames[4];
	struct gnttab_setup_table t = { .dom = DOMID_SELF, .nr_frames = 1, .frame_list = (uint64_t)frames };

	hypercall(grant_table_op, GNTTABOP_setup_table, &t, 1);
	if (t.status == 0)
		EXPECT(0, map_at(table, frames[0] << 12 | PTE_DATA, UVMF_INVLPG));
	for (int i = 0; i < PAGES; i++)
		mfns[i] = va_to_mfn(pool[i]);
	for (unsigned int round = 0; round < ROUNDS; round++) {
		unsigned int what = rnd(12);

		tried[what]++;
		succeeded[what] += step(what) == 0;
		if (round % 100 == 99)
			check_tables(round);
	}
	for (unsigned int i = 0; i < 12; i++)
		printk("operation %u: %u of %u succeeded\n", i, succeeded[i], tried[i]);
	CHECK(hypercall(xen_version, XENVER_version, NULL) > 0, "unreachable");
}
