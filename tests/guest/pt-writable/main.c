/* SPDX-License-Identifier: MIT */
/*
 * The one rule direct paging rests on: no page table is ever writable by the guest. Were it, the guest would write
 * any frame of the machine into it. Every way to get a writable mapping of a page that is a page table, or to make a
 * page table of a page that is mapped writable, must be refused, and after each attempt the page must still be
 * read-only in fact.
 */
#include "guest.h"

const char test_title[] = "pt-writable: no writable mapping of a page table";

static uint64_t window[512] PAGE, fresh[512] PAGE, alias[512] PAGE;

/* The tables that map `window` now, at each level. */
static void live_tables(void)
{
	for (int level = 1; level <= 4; level++) {
		uint64_t maddr, window_pte;
		volatile uint64_t *pte = pte_of((uint64_t)window, level, &maddr);
		uint64_t mfn = maddr >> 12;

		pte_of((uint64_t)window, 1, &window_pte);
		CHECK(mmu_update_one(window_pte, mfn << 12 | PTE_DATA) < 0, "mmu_update maps a live L%d writable",
		      level);
		CHECK(map_at(window, mfn << 12 | PTE_DATA, UVMF_INVLPG) < 0,
		      "update_va_mapping maps a live L%d writable", level);
		CHECK(map_at((void *)pte, mfn << 12 | PTE_DATA, UVMF_INVLPG) < 0,
		      "an L%d can be made writable in place", level);
		EXPECT(0, map_at(window, mfn << 12 | PTE_RO, UVMF_INVLPG));
		CHECK(window[(uint64_t)pte % 4096 / 8] == *pte, "the read-only alias of an L%d shows something else",
		      level);
		writable(window);
	}
}

/* A page that is mapped writable cannot become a page table of any level. */
static void pin_writable(void)
{
	static const unsigned int pins[] = { MMUEXT_PIN_L1_TABLE, MMUEXT_PIN_L2_TABLE, MMUEXT_PIN_L3_TABLE,
					     MMUEXT_PIN_L4_TABLE };

	memset(fresh, 0, sizeof(fresh));
	for (int i = 0; i < 4; i++)
		CHECK(mmuext_one(pins[i], va_to_mfn(fresh)) < 0, "a writable page is pinned as L%d", i + 1);
	CHECK(mmuext_one(MMUEXT_NEW_BASEPTR, va_to_mfn(fresh)) < 0, "a writable page becomes the base of all");
	CHECK(mmuext_one(MMUEXT_NEW_USER_BASEPTR, va_to_mfn(fresh)) < 0, "a writable page becomes user mode's base");
	CHECK(probe_write(fresh, 1), "a failed pin has made the page read-only");

	/* One of two mappings is writable: still refused. */
	EXPECT(0, map_at(alias, va_to_mfn(fresh) << 12 | PTE_DATA, UVMF_INVLPG));
	read_only(fresh);
	CHECK(mmuext_one(MMUEXT_PIN_L1_TABLE, va_to_mfn(fresh)) < 0, "a page with a writable alias is pinned");
	EXPECT(0, map_at(alias, va_to_mfn(alias) << 12 | PTE_DATA, UVMF_INVLPG));
}

/* A pinned table, and entries written into a table that is in nobody's tree. */
static void pinned(void)
{
	uint64_t mfn = va_to_mfn(fresh);

	writable(fresh);
	memset(fresh, 0, sizeof(fresh));
	read_only(fresh);
	EXPECT(0, mmuext_one(MMUEXT_PIN_L1_TABLE, mfn));
	CHECK(map_at(fresh, mfn << 12 | PTE_DATA, UVMF_INVLPG) < 0, "a pinned L1 is mapped writable");
	CHECK(map_at(alias, mfn << 12 | PTE_DATA, UVMF_INVLPG) < 0, "a pinned L1 is aliased writable");
	CHECK(mmu_update_one(mfn << 12, mfn << 12 | PTE_DATA) < 0, "a pinned L1 maps itself writable");
	CHECK(mmu_update_one(mfn << 12, root_mfn() << 12 | PTE_DATA) < 0, "a pinned L1 maps the L4 writable");
	EXPECT(0, mmu_update_one(mfn << 12, root_mfn() << 12 | PTE_RO));
	EXPECT(-XEN_EINVAL, mmuext_one(MMUEXT_CLEAR_PAGE, root_mfn()));
	EXPECT(-XEN_EINVAL, mmuext_two(MMUEXT_COPY_PAGE, root_mfn(), va_to_mfn(alias)));
	CHECK(mmuext_one(MMUEXT_CLEAR_PAGE, mfn) < 0, "CLEAR_PAGE writes to a page table");
	EXPECT(0, mmu_update_one(mfn << 12, 0));
	EXPECT(0, mmuext_one(MMUEXT_UNPIN_TABLE, mfn));
	EXPECT(0, map_at(fresh, mfn << 12 | PTE_DATA, UVMF_INVLPG));
	CHECK(probe_write(fresh, 1), "an unpinned page cannot be written again");
	CHECK(mmuext_one(MMUEXT_UNPIN_TABLE, mfn) < 0, "a page that is not pinned is unpinned");
}

/* An L1 entry in a table being pinned that maps that very table, or another page table, writable. */
static void pin_with_contents(void)
{
	uint64_t mfn = va_to_mfn(fresh);

	memset(fresh, 0, sizeof(fresh));
	fresh[7] = mfn << 12 | PTE_DATA;
	read_only(fresh);
	CHECK(mmuext_one(MMUEXT_PIN_L1_TABLE, mfn) < 0, "an L1 that maps itself writable is pinned");
	writable(fresh);
	fresh[7] = root_mfn() << 12 | PTE_DATA;
	read_only(fresh);
	CHECK(mmuext_one(MMUEXT_PIN_L1_TABLE, mfn) < 0, "an L1 that maps the L4 writable is pinned");
	writable(fresh);
	fresh[7] = root_mfn() << 12 | PTE_RO;
	read_only(fresh);
	EXPECT(0, mmuext_one(MMUEXT_PIN_L1_TABLE, mfn));
	EXPECT(0, mmuext_one(MMUEXT_UNPIN_TABLE, mfn));
	writable(fresh);
}

void test_main(void)
{
	live_tables();
	pin_writable();
	pinned();
	pin_with_contents();
}
