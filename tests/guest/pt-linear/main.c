/* SPDX-License-Identifier: MIT */
/*
 * Recursive ("linear") page tables: an entry that names a table of its own level. Read-only ones are an old feature
 * that a hypervisor may offer; a writable one makes every page table writable at once (XSA-182), and long chains of
 * them have led to endless recursion while counts are dropped (XSA-240). Neither must be possible, and if read-only
 * ones are taken, taking tables apart must work in any order.
 */
#include "guest.h"

const char test_title[] = "pt-linear: recursive page tables";

#define CHAIN	24

static uint64_t tables[CHAIN][512] PAGE;

static void self_map(void)
{
	uint64_t root = root_mfn() << 12, slot = root | 300 * 8;
	long r = mmu_update_one(slot, root | PTE_P | PTE_US | PTE_A);

	printk("read-only self-map of the L4: %ld\n", r);
	if (r == 0) {
		uint64_t va = 0xffffUL << 48 | 300UL << 39 | 300UL << 30 | 300UL << 21 | 300UL << 12;
		uint64_t value = 0;

		CHECK(probe_read((void *)(va + 300 * 8), &value), "the self-map cannot be read");
		CHECK((value & PTE_MFN_MASK) == root, "the self-map reads %#lx", value);
		CHECK(!probe_write((void *)(va + 301 * 8), 0x1000), "the self-map can be written");
		CHECK(mmu_update_one(slot, root | PTE_TABLE) < 0, "a self-map can be made writable (XSA-182)");
		probe_write((void *)(va + 301 * 8), 0);
		EXPECT_TRAP("write through the self-map", X86_PF, -1);
		EXPECT(0, mmu_update_one(slot, 0));
	}
	CHECK(mmu_update_one(slot, root | PTE_TABLE) < 0, "a writable self-map of the L4 is taken");
	CHECK(mmu_update_one(slot | MMU_PT_UPDATE_PRESERVE_AD, root | PTE_TABLE) < 0,
	      "a writable self-map of the L4 is taken with PRESERVE_AD");
}

/* L2 n names L2 n + 1, and the last the first; then they are dropped from the middle. */
static void chain(void)
{
	long r = 0;
	int made = 0;

	for (int i = 0; i < CHAIN; i++) {
		memset(tables[i], 0, PAGE_SIZE);
		read_only(tables[i]);
		EXPECT(0, mmuext_one(MMUEXT_PIN_L2_TABLE, va_to_mfn(tables[i])));
	}
	for (int i = 0; i < CHAIN && r == 0; i++) {
		uint64_t next = va_to_mfn(tables[(i + 1) % CHAIN]) << 12;

		r = mmu_update_one(va_to_mfn(tables[i]) << 12 | 8, next | PTE_P | PTE_US | PTE_A);
		made += r == 0;
		CHECK(mmu_update_one(va_to_mfn(tables[i]) << 12 | 16, next | PTE_TABLE) < 0,
		      "a writable linear L2 entry is taken");
	}
	printk("chain of linear L2 entries: %d of %d made, last result %ld\n", made, CHAIN, r);
	for (int i = 0; i < CHAIN; i++) {
		int j = (i * 7 + 5) % CHAIN;

		EXPECT(0, mmuext_one(MMUEXT_UNPIN_TABLE, va_to_mfn(tables[j])));
	}
	for (int i = 0; i < CHAIN; i++)
		mmu_update_one(va_to_mfn(tables[i]) << 12 | 8, 0);
	for (int i = 0; i < CHAIN; i++) {
		r = map_at(tables[i], va_to_mfn(tables[i]) << 12 | PTE_DATA, UVMF_INVLPG);
		if (r)
			printk("table %d stays a page table: %ld\n", i, r);
	}
}

void test_main(void)
{
	self_map();
	chain();
}
