/* SPDX-License-Identifier: MIT */
/*
 * Flags in page-table entries that would give more than the frame number does: superpages over frames that were
 * never checked one by one, PAT and cache bits on RAM, reserved bits, global entries. Refused or harmless, but never
 * a fault in the hypervisor's name.
 */
#include "guest.h"

const char test_title[] = "pt-flags: superpages, reserved bits, cache bits";

static uint64_t window[512] PAGE, l1[512] PAGE, l2[512] PAGE, l3[512] PAGE;

static void superpages(void)
{
	uint64_t l2_slot = va_to_mfn(l2) << 12, l3_slot = va_to_mfn(l3) << 12;

	EXPECT(-XEN_EINVAL, mmu_update_one(l2_slot, 0UL | PTE_DATA | PTE_PSE));
	CHECK(mmu_update_one(l2_slot, (va_to_mfn(window) & ~511UL) << 12 | PTE_DATA | PTE_PSE) < 0,
	      "a 2 MiB page is taken");
	CHECK(mmu_update_one(l2_slot, (va_to_mfn(window) & ~511UL) << 12 | PTE_RO | PTE_PSE) < 0,
	      "a read-only 2 MiB page is taken");
	CHECK(mmu_update_one(l3_slot, 0UL | PTE_DATA | PTE_PSE) < 0, "a 1 GiB page is taken");
	CHECK(mmu_update_one(l2_slot, va_to_mfn(l1) << 12 | PTE_TABLE | PTE_PSE) < 0, "PSE on a table entry is taken");
}

static void high_bits(void)
{
	uint64_t maddr, frame = va_to_mfn(window) << 12;

	pte_of((uint64_t)window, 1, &maddr);
	for (int bit = 46; bit < 52; bit++)
		CHECK(mmu_update_one(maddr, frame | 1UL << bit | PTE_DATA) < 0, "frame bit %d is taken", bit);
	EXPECT(0, mmu_update_one(maddr, frame | PTE_DATA | PTE_NX));
	EXPECT(0, mmu_update_one(maddr, frame | PTE_DATA | 0x0e00));	/* for software */
	EXPECT(0, mmu_update_one(maddr, frame | PTE_DATA));
}

static void low_bits(void)
{
	uint64_t frame = va_to_mfn(window) << 12, value;
	long r;

	/* Write-through and uncached are the guest's to choose. */
	EXPECT(0, map_at(window, frame | PTE_DATA | 0x8, UVMF_INVLPG));
	EXPECT(0, map_at(window, frame | PTE_DATA | 0x18, UVMF_INVLPG));
	CHECK(probe_read(window, &value), "an uncached page cannot be read");
	r = map_at(window, frame | PTE_DATA | PTE_G, UVMF_INVLPG);
	CHECK(r == 0 || r == -XEN_EINVAL, "global: %ld", r);
	r = map_at(window, frame | PTE_DATA | 0x80, UVMF_INVLPG);	/* PAT in an L1 entry */
	CHECK(r == 0 || r == -XEN_EINVAL, "PAT bit: %ld", r);
	/* Without the user bit the page is still the kernel's: both modes of a PV guest are ring 3. */
	EXPECT(0, map_at(window, frame | PTE_P | PTE_RW | PTE_A | PTE_D, UVMF_INVLPG));
	CHECK(probe_read(window, &value), "a page without the user bit cannot be read by the kernel");
	EXPECT(0, map_at(window, frame | PTE_DATA, UVMF_INVLPG));
}

void test_main(void)
{
	memset(l1, 0, sizeof(l1));
	memset(l2, 0, sizeof(l2));
	memset(l3, 0, sizeof(l3));
	read_only(l1);
	read_only(l2);
	read_only(l3);
	EXPECT(0, mmuext_one(MMUEXT_PIN_L1_TABLE, va_to_mfn(l1)));
	EXPECT(0, mmuext_one(MMUEXT_PIN_L2_TABLE, va_to_mfn(l2)));
	EXPECT(0, mmuext_one(MMUEXT_PIN_L3_TABLE, va_to_mfn(l3)));
	superpages();
	high_bits();
	low_bits();
	EXPECT(0, mmuext_one(MMUEXT_UNPIN_TABLE, va_to_mfn(l1)));
	EXPECT(0, mmuext_one(MMUEXT_UNPIN_TABLE, va_to_mfn(l2)));
	EXPECT(0, mmuext_one(MMUEXT_UNPIN_TABLE, va_to_mfn(l3)));
}
