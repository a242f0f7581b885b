/* SPDX-License-Identifier: MIT */
/*
 * When an entry keeps its frame and only its flags change, a hypervisor is tempted to skip the check. Then a small-page
 * entry becomes a superpage (XSA-148), a read-only linear entry a writable one (XSA-182), or a read-only mapping of a
 * page table a writable one. Each flag change on each level, by each way to make it.
 */
#include "guest.h"

const char test_title[] = "pt-fast-path: flags changed, frame kept";

static uint64_t window[512] PAGE, l1[512] PAGE, l2[512] PAGE, l3[512] PAGE, l4[512] PAGE;

static void no_superpage(const char *what, uint64_t slot, uint64_t entry)
{
	EXPECT(0, mmu_update_one(slot, entry));
	CHECK(mmu_update_one(slot, entry | PTE_PSE) < 0, "%s: PSE is added (XSA-148)", what);
	CHECK(mmu_update_one(slot, (entry & ~PTE_RW) | PTE_PSE) < 0, "%s: PSE is added, read-only", what);
	CHECK(mmu_update_one(slot | MMU_PT_UPDATE_PRESERVE_AD, entry | PTE_PSE) < 0,
	      "%s: PSE is added with PRESERVE_AD", what);
	CHECK(mmu_update_one(slot | MMU_PT_UPDATE_NO_TRANSLATE, entry | PTE_PSE) < 0,
	      "%s: PSE is added with NO_TRANSLATE", what);
	EXPECT(0, mmu_update_one(slot, entry & ~PTE_A));
	EXPECT(0, mmu_update_one(slot, entry | 0x200));
	EXPECT(0, mmu_update_one(slot, 0));
}

static void no_writable_table(uint64_t mfn, const char *what)
{
	uint64_t slot, ro = mfn << 12 | PTE_RO;

	pte_of((uint64_t)window, 1, &slot);
	EXPECT(0, mmu_update_one(slot, ro));
	CHECK(mmu_update_one(slot, ro | PTE_RW) < 0, "%s becomes writable by mmu_update", what);
	CHECK(mmu_update_one(slot | MMU_PT_UPDATE_PRESERVE_AD, ro | PTE_RW) < 0, "%s becomes writable with PRESERVE_AD",
	      what);
	CHECK(map_at(window, ro | PTE_RW, UVMF_INVLPG) < 0, "%s becomes writable by update_va_mapping", what);
	CHECK(mmu_update_one(slot, (ro & ~PTE_US) | PTE_RW) < 0, "%s becomes writable without the user bit", what);
	PROBE("lock orq $2, (%0)", : : "r" (pte_of((uint64_t)window, 1, NULL)) : "memory", "cc");
	mmuext_two(MMUEXT_INVLPG_LOCAL, (uint64_t)window, 0);
	CHECK(!(*pte_of((uint64_t)window, 1, NULL) & PTE_RW), "%s becomes writable by a store", what);
	EXPECT(0, mmu_update_one(slot, 0));			/* whatever stands there, out */
}

void test_main(void)
{
	static uint64_t *const tables[] = { l1, l2, l3, l4 };

	for (int i = 0; i < 4; i++) {
		read_only(tables[i]);
		EXPECT(0, mmuext_one(MMUEXT_PIN_L1_TABLE + i, va_to_mfn(tables[i])));
	}
	no_superpage("L2", va_to_mfn(l2) << 12, va_to_mfn(l1) << 12 | PTE_TABLE);
	no_superpage("L3", va_to_mfn(l3) << 12, va_to_mfn(l2) << 12 | PTE_TABLE);
	no_superpage("L4", va_to_mfn(l4) << 12, va_to_mfn(l3) << 12 | PTE_TABLE);
	no_writable_table(va_to_mfn(l1), "an L1");
	no_writable_table(va_to_mfn(l4), "an L4");
	no_writable_table(root_mfn(), "the live L4");
	for (int i = 3; i >= 0; i--) {
		EXPECT(0, mmuext_one(MMUEXT_UNPIN_TABLE, va_to_mfn(tables[i])));
		writable(tables[i]);
	}
}
