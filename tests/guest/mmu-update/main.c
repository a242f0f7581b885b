/* SPDX-License-Identifier: MIT */
/*
 * mmu_update and update_va_mapping used rightly: entries change, batches stop at the first error and tell how far
 * they came, accessed and dirty bits survive when asked to, and the M2P takes updates for own frames.
 */
#include "guest.h"

const char test_title[] = "mmu-update: page tables through hypercalls";

static uint64_t page_a[512] PAGE, page_b[512] PAGE, window[512] PAGE;

static void remap(void)
{
	uint64_t maddr;
	volatile uint64_t *pte = pte_of((uint64_t)window, 1, &maddr);
	uint64_t value = 0;

	page_a[0] = 0xa;
	page_b[0] = 0xb;
	EXPECT(0, mmu_update_one(maddr | MMU_NORMAL_PT_UPDATE, va_to_mfn(page_a) << 12 | PTE_DATA));
	mmuext_one(MMUEXT_TLB_FLUSH_LOCAL, 0);
	CHECK(probe_read(window, &value) && value == 0xa, "window shows %#lx, wanted page a", value);
	EXPECT(0, mmu_update_one(maddr | MMU_NORMAL_PT_UPDATE, va_to_mfn(page_b) << 12 | PTE_DATA));
	mmuext_two(MMUEXT_INVLPG_LOCAL, (uint64_t)window, 0);
	CHECK(probe_read(window, &value) && value == 0xb, "window shows %#lx, wanted page b", value);
	CHECK((*pte & PTE_MFN_MASK) >> 12 == va_to_mfn(page_b), "the entry reads %#lx", *pte);
	EXPECT(0, mmu_update_one(maddr, 0));
	mmuext_two(MMUEXT_INVLPG_LOCAL, (uint64_t)window, 0);
	CHECK(!probe_read(window, NULL), "window is still mapped");
	CHECK(*pte == 0, "the entry reads %#lx, wanted 0", *pte);
	EXPECT(0, mmu_update_one(maddr, 0x1230));		/* absent entries may hold anything */
	CHECK(*pte == 0x1230, "an absent entry reads %#lx", *pte);
}

static void batches(void)
{
	uint64_t maddr;
	struct mmu_update u[4];
	uint32_t done = 77;
	uint64_t a = va_to_mfn(page_a) << 12 | PTE_DATA, b = va_to_mfn(page_b) << 12 | PTE_DATA;

	pte_of((uint64_t)window, 1, &maddr);
	u[0] = (struct mmu_update) { maddr, a };
	u[1] = (struct mmu_update) { maddr, b };
	u[2] = (struct mmu_update) { maddr, 0 };
	u[3] = (struct mmu_update) { maddr, a };
	EXPECT(0, hypercall(mmu_update, u, 4, &done, DOMID_SELF));
	CHECK(done == 4, "%u of 4 done", done);
	u[2].val = 0x000fffff00000000UL | PTE_DATA;		/* no such frame */
	CHECK(hypercall(mmu_update, u, 4, &done, DOMID_SELF) < 0, "a batch with a bad frame succeeds");
	CHECK(done == 2, "%u done before the bad one, wanted 2", done);
	EXPECT(0, hypercall(mmu_update, u, 0, &done, DOMID_SELF));
	CHECK(done == 0, "%u of 0 done", done);
	u[0].ptr = maddr | 3;
	CHECK(hypercall(mmu_update, u, 1, NULL, 0x7ff8) < 0, "an unknown foreign domain is taken");
}

static void preserve_ad(void)
{
	uint64_t maddr, frame = va_to_mfn(page_a) << 12;
	volatile uint64_t *pte = pte_of((uint64_t)window, 1, &maddr);

	EXPECT(0, mmu_update_one(maddr, frame | PTE_P | PTE_RW | PTE_US));
	mmuext_one(MMUEXT_TLB_FLUSH_LOCAL, 0);
	CHECK(!(*pte & (PTE_A | PTE_D)), "accessed or dirty before use: %#lx", *pte);
	probe_write(window, 1);
	CHECK((*pte & (PTE_A | PTE_D)) == (PTE_A | PTE_D), "not accessed and dirty after use: %#lx", *pte);
	EXPECT(0, mmu_update_one(maddr | MMU_PT_UPDATE_PRESERVE_AD, frame | PTE_P | PTE_US));
	CHECK((*pte & (PTE_A | PTE_D | PTE_RW)) == (PTE_A | PTE_D), "PRESERVE_AD left %#lx", *pte);
	EXPECT(0, mmu_update_one(maddr, frame | PTE_P | PTE_US));
	CHECK(!(*pte & (PTE_A | PTE_D)), "a normal update left %#lx", *pte);
}

static void m2p_update(void)
{
	uint64_t mfn = va_to_mfn(page_a), pfn = (uint64_t)page_a >> 12;

	EXPECT(0, mmu_update_one(mfn << 12 | MMU_MACHPHYS_UPDATE, 0x12345));
	CHECK(m2p[mfn] == 0x12345, "M2P reads %#lx", m2p[mfn]);
	EXPECT(0, mmu_update_one(mfn << 12 | MMU_MACHPHYS_UPDATE, pfn));
	CHECK(m2p[mfn] == pfn, "M2P reads %#lx", m2p[mfn]);
	CHECK(mmu_update_one(0x000ffffffff00000UL | MMU_MACHPHYS_UPDATE, 1) < 0, "M2P of no frame can be set");
	CHECK(mmu_update_one(0UL | MMU_MACHPHYS_UPDATE, 1) < 0, "M2P of a frame not ours can be set");
}

static void va_mapping(void)
{
	uint64_t value;

	EXPECT(0, map_at(window, va_to_mfn(page_a) << 12 | PTE_DATA, UVMF_TLB_FLUSH | UVMF_ALL));
	page_a[0] = 0x55;
	CHECK(probe_read(window, &value) && value == 0x55, "window shows %#lx", value);
	EXPECT(0, map_at(window, va_to_mfn(page_b) << 12 | PTE_DATA, UVMF_INVLPG | UVMF_LOCAL));
	page_b[0] = 0x66;
	CHECK(probe_read(window, &value) && value == 0x66, "window shows %#lx", value);
	EXPECT(0, map_at(window, 0, UVMF_INVLPG | UVMF_ALL));
	CHECK(!probe_read(window, NULL), "window is still mapped");
	CHECK(map_at((void *)0x123456789000, va_to_mfn(page_b) << 12 | PTE_DATA, 0) < 0,
	      "no L1 there, yet it succeeds");
}

void test_main(void)
{
	remap();
	batches();
	preserve_ad();
	m2p_update();
	va_mapping();
	EXPECT(0, map_at(window, va_to_mfn(window) << 12 | PTE_DATA, UVMF_INVLPG));
}
