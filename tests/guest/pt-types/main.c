/* SPDX-License-Identifier: MIT */
/*
 * Type confusion: a page has one type at a time. A table of one level used as another, a data page as a table, a
 * descriptor page as either, tables inside each other in the wrong order: all must be refused, and refusing must
 * leave every count as it was, which the last step shows by taking all of it apart again.
 */
#include "guest.h"

const char test_title[] = "pt-types: one type a page";

static uint64_t l1[512] PAGE, l2[512] PAGE, l3[512] PAGE, l4[512] PAGE, data[512] PAGE;
static uint64_t *const tables[] = { l1, l2, l3, l4 };
static const unsigned int pins[] = { MMUEXT_PIN_L1_TABLE, MMUEXT_PIN_L2_TABLE, MMUEXT_PIN_L3_TABLE,
				     MMUEXT_PIN_L4_TABLE };

static uint64_t table_entry(const void *va)
{
	return va_to_mfn(va) << 12 | PTE_TABLE;
}

static void pin_all(void)
{
	for (int i = 0; i < 4; i++) {
		writable(tables[i]);
		memset(tables[i], 0, PAGE_SIZE);
		read_only(tables[i]);
		check_result("pin", mmuext_one(pins[i], va_to_mfn(tables[i])), 0);
	}
}

static void unpin_all(void)
{
	for (int i = 3; i >= 0; i--)
		check_result("unpin", mmuext_one(MMUEXT_UNPIN_TABLE, va_to_mfn(tables[i])), 0);
	for (int i = 0; i < 4; i++)
		check_result("map writable again",
			     map_at(tables[i], va_to_mfn(tables[i]) << 12 | PTE_DATA, UVMF_INVLPG), 0);
}

static void pins_of_another_level(void)
{
	for (int i = 0; i < 4; i++)
		for (int j = 0; j < 4; j++) {
			long r = mmuext_one(pins[j], va_to_mfn(tables[i]));

			CHECK(r < 0, "a pinned L%d is pinned as L%d", i + 1, j + 1);
		}
}

/* An entry of a level i table may only name a table of level i - 1. */
static void wrong_children(void)
{
	for (int i = 1; i < 4; i++)
		for (int j = 0; j < 4; j++) {
			uint64_t slot = va_to_mfn(tables[i]) << 12;
			long r;

			if (j == i - 1)
				continue;
			r = mmu_update_one(slot, table_entry(tables[j]));
			if (j == i && r == 0) {		/* a linear map is read-only and may be allowed */
				check_result("undo", mmu_update_one(slot, 0), 0);
				continue;
			}
			CHECK(r < 0, "an L%d entry takes an L%d", i + 1, j + 1);
		}
	for (int i = 1; i < 4; i++) {
		CHECK(mmu_update_one(va_to_mfn(tables[i]) << 12, table_entry(data)) < 0,
		      "an L%d entry takes a writable page", i + 1);
		CHECK(mmu_update_one(va_to_mfn(tables[i]) << 12, start_info->shared_info | PTE_TABLE) < 0,
		      "an L%d entry takes the shared info page", i + 1);
		CHECK(mmu_update_one(va_to_mfn(tables[i]) << 12, 0x000ffffff0000000UL | PTE_TABLE) < 0,
		      "an L%d entry takes no frame at all", i + 1);
	}
}

static void right_children(void)
{
	EXPECT(0, mmu_update_one(va_to_mfn(l2) << 12, table_entry(l1)));
	EXPECT(0, mmu_update_one(va_to_mfn(l3) << 12, table_entry(l2)));
	EXPECT(0, mmu_update_one(va_to_mfn(l4) << 12, table_entry(l3)));
	/* Unpinned while a parent names them: still tables. */
	EXPECT(0, mmuext_one(MMUEXT_UNPIN_TABLE, va_to_mfn(l1)));
	EXPECT(0, mmuext_one(MMUEXT_UNPIN_TABLE, va_to_mfn(l2)));
	CHECK(map_at(l1, va_to_mfn(l1) << 12 | PTE_DATA, UVMF_INVLPG) < 0, "an L1 in use is writable once unpinned");
	CHECK(map_at(l2, va_to_mfn(l2) << 12 | PTE_DATA, UVMF_INVLPG) < 0, "an L2 in use is writable once unpinned");
	EXPECT(0, mmuext_one(MMUEXT_PIN_L1_TABLE, va_to_mfn(l1)));
	EXPECT(0, mmuext_one(MMUEXT_PIN_L2_TABLE, va_to_mfn(l2)));
	EXPECT(0, mmu_update_one(va_to_mfn(l4) << 12, 0));
	EXPECT(0, mmu_update_one(va_to_mfn(l3) << 12, 0));
	EXPECT(0, mmu_update_one(va_to_mfn(l2) << 12, 0));
}

/* mmu_update must write page tables and nothing else that matters. */
static void updates_of_others(void)
{
	CHECK(mmu_update_one(start_info->shared_info, 0) <= 0, "shared info page: positive result");
	CHECK(mmu_update_one(0x000ffffff0000000UL, 0) < 0, "mmu_update writes to no frame at all");
	CHECK(mmu_update_one(0x000fffffffffff38UL, 0) < 0, "mmu_update writes to the last frame of all");
}

/* Descriptor pages are a type too. */
static void descriptors(void)
{
	uint64_t frame = va_to_mfn(l1);

	EXPECT(-XEN_EINVAL, hypercall(set_gdt, &frame, 1));
	read_only(data);
	frame = va_to_mfn(data);
	memset(l1, 0, 0);
	EXPECT(0, hypercall(set_gdt, &frame, 512));
	CHECK(mmuext_one(MMUEXT_PIN_L1_TABLE, frame) < 0, "a GDT page is pinned as L1");
	CHECK(map_at(data, frame << 12 | PTE_DATA, UVMF_INVLPG) < 0, "a GDT page is mapped writable");
	EXPECT(0, hypercall(set_gdt, &frame, 0));
	writable(data);
}

void test_main(void)
{
	pin_all();
	pins_of_another_level();
	wrong_children();
	right_children();
	updates_of_others();
	descriptors();
	unpin_all();
}
