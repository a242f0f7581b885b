/* SPDX-License-Identifier: MIT */
/*
 * Validation that fails late, or is interrupted: an L2 whose last entry is bad has taken 511 references by then, and
 * every one must be given back (XSA-299, XSA-310 and others of that family forgot some). Tables full of entries, valid
 * and not, are pinned, unpinned, and at the end each page must be free to be plain data again.
 */
#include "guest.h"

const char test_title[] = "pt-partial: validation that fails late";

static uint64_t l1[8][512] PAGE, l2[4][512] PAGE, l3[512] PAGE, l4[512] PAGE;

static void free_again(const char *what, uint64_t (*page)[512])
{
	long r = map_at(page, va_to_mfn(page) << 12 | PTE_DATA, UVMF_INVLPG);

	CHECK(r == 0, "%s stays a page table: %ld", what, r);
	read_only(page);
}

static void pin(unsigned int level, uint64_t (*page)[512], long want)
{
	long r = mmuext_one(MMUEXT_PIN_L1_TABLE + level - 1, va_to_mfn(page));

	CHECK((r == 0) == (want == 0), "pin as L%u gave %ld", level, r);
}

static void set(uint64_t (*page)[512], unsigned int slot, uint64_t value)
{
	if (map_at(page, va_to_mfn(page) << 12 | PTE_DATA, UVMF_INVLPG))
		test_error("cannot write a table before it is used");
	(*page)[slot] = value;
	read_only(page);
}

static uint64_t table(uint64_t (*page)[512])
{
	return va_to_mfn(page) << 12 | PTE_TABLE;
}

/* Every bad slot in turn: first, middle, last. */
static void bad_l2_entry(void)
{
	static const unsigned int slots[] = { 0, 1, 255, 510, 511 };
	static const uint64_t bad[] = { 0x000ffffff0000000UL | PTE_TABLE, 0x200000UL | PTE_TABLE | PTE_PSE };

	for (size_t s = 0; s < ARRAY_SIZE(slots); s++)
		for (size_t b = 0; b < ARRAY_SIZE(bad); b++) {
			set(&l2[0], slots[s], bad[b]);
			pin(2, &l2[0], -1);
			for (int i = 0; i < 8; i++)
				free_again("an L1", &l1[i]);
			free_again("the L2", &l2[0]);
			set(&l2[0], slots[s], table(&l1[slots[s] % 8]));
		}
}

/* The fault lies two levels down. */
static void bad_grandchild(void)
{
	set(&l1[7], 511, root_mfn() << 12 | PTE_DATA);		/* the live L4, writable */
	pin(3, &l3, -1);
	pin(4, &l4, -1);
	for (int i = 0; i < 8; i++)
		free_again("an L1", &l1[i]);
	for (int i = 0; i < 4; i++)
		free_again("an L2", &l2[i]);
	free_again("the L3", &l3);
	set(&l1[7], 511, 0);
}

/* 4 x 512 L1 references under 512 L2 references: long enough to be interrupted by a timer that fires all the time. */
static void interrupted(void)
{
	uint32_t port = bind_virq(VIRQ_TIMER, 0);
	struct vcpu_set_periodic_timer t = { .period_ns = 1000000 };

	event_unmask(port);
	hypercall(vcpu_op, VCPUOP_set_periodic_timer, 0, &t);
	events_on();
	for (int round = 0; round < 20; round++) {
		pin(4, &l4, 0);
		CHECK(map_at(&l1[3], va_to_mfn(&l1[3]) << 12 | PTE_DATA, UVMF_INVLPG) < 0, "an L1 in use is writable");
		EXPECT(0, mmuext_one(MMUEXT_UNPIN_TABLE, va_to_mfn(&l4)));
	}
	events_off();
	hypercall(vcpu_op, VCPUOP_stop_periodic_timer, 0, NULL);
	for (int i = 0; i < 8; i++)
		free_again("an L1", &l1[i]);
	for (int i = 0; i < 4; i++)
		free_again("an L2", &l2[i]);
	free_again("the L3", &l3);
	free_again("the L4", &l4);
}

/* Tables that name themselves, or each other in a ring: refused or not, they must come apart again. */
static void rings(void)
{
	static uint64_t ring[4][512] PAGE;

	for (unsigned int level = 2; level <= 4; level++)
		for (int size = 1; size <= 4; size++) {
			for (int i = 0; i < size; i++) {
				uint64_t next = va_to_mfn(&ring[(i + 1) % size]) << 12;

				CHECK(map_at(&ring[i], va_to_mfn(&ring[i]) << 12 | PTE_DATA, UVMF_INVLPG) == 0,
				      "after a ring of L%u, table %d stays a page table", level, i);
				memset(&ring[i], 0, PAGE_SIZE);
				ring[i][100] = next | (level & 1 ? PTE_TABLE : PTE_P | PTE_US | PTE_A);
				read_only(&ring[i]);
			}
			if (mmuext_one(MMUEXT_PIN_L1_TABLE + level - 1, va_to_mfn(&ring[0])) == 0) {
				EXPECT(0, mmu_update_one(va_to_mfn(&ring[0]) << 12 | 100 * 8, 0));
				EXPECT(0, mmuext_one(MMUEXT_UNPIN_TABLE, va_to_mfn(&ring[0])));
			}
			for (int i = 0; i < size; i++)
				free_again("a table of a ring", &ring[i]);
		}
}

void test_main(void)
{
	rings();
	for (int i = 0; i < 512; i++) {
		for (int t = 0; t < 4; t++)
			l2[t][i] = table(&l1[(i + t) % 8]);
		l3[i] = table(&l2[i % 4]);
	}
	l4[0] = l4[1] = l4[300] = table(&l3);
	for (int i = 0; i < 8; i++)
		read_only(&l1[i]);
	for (int i = 0; i < 4; i++)
		read_only(&l2[i]);
	read_only(&l3);
	read_only(&l4);
	bad_l2_entry();
	bad_grandchild();
	interrupted();
}
