/* SPDX-License-Identifier: MIT */
/*
 * L4 slots 256 to 271 are the hypervisor's. A guest that could change one in its table would map its own memory over
 * the hypervisor's code. Writes there must be refused, whatever the value, in live and in pinned tables; and a new
 * L4 must work although the guest left those slots empty, or full of nonsense.
 */
#include "guest.h"

const char test_title[] = "pt-l4-slots: the hypervisor's slots of an L4";

static uint64_t l4[512] PAGE, l3[512] PAGE;

static void write_slots(uint64_t mfn, const char *what)
{
	for (unsigned int slot = 256; slot < 272; slot++) {
		CHECK(mmu_update_one(mfn << 12 | slot * 8, va_to_mfn(l3) << 12 | PTE_TABLE) < 0,
		      "slot %u of %s can be written", slot, what);
		CHECK(mmu_update_one(mfn << 12 | slot * 8, 0) < 0, "slot %u of %s can be cleared", slot, what);
	}
}

static void build(uint64_t filler)
{
	volatile uint64_t *live = mfn_to_va(root_mfn());

	writable(l4);
	for (unsigned int slot = 0; slot < 512; slot++)
		l4[slot] = slot >= 256 && slot < 272 ? filler : live[slot];
	read_only(l4);
}

void test_main(void)
{
	uint64_t mfn = va_to_mfn(l4);

	memset(l3, 0, sizeof(l3));
	read_only(l3);
	EXPECT(0, mmuext_one(MMUEXT_PIN_L3_TABLE, va_to_mfn(l3)));
	write_slots(root_mfn(), "the live L4");
	for (int i = 0; i < 2; i++) {
		build(i ? 0xffffffffffffffffUL : 0);
		EXPECT(0, mmuext_one(MMUEXT_PIN_L4_TABLE, mfn));
		write_slots(mfn, "a pinned L4");
		EXPECT(0, mmuext_one(MMUEXT_NEW_BASEPTR, mfn));
		CHECK(probe_read((void *)MACH2PHYS_VIRT_START, NULL), "no M2P with the new L4");
		CHECK(!probe_read((void *)0xffff830000000000UL, NULL), "the hypervisor's memory can be read");
		EXPECT(0, mmuext_one(MMUEXT_NEW_BASEPTR, root_mfn()));
		EXPECT(0, mmuext_one(MMUEXT_UNPIN_TABLE, mfn));
	}
	writable(l4);
	EXPECT(0, mmuext_one(MMUEXT_UNPIN_TABLE, va_to_mfn(l3)));
	writable(l3);
}
