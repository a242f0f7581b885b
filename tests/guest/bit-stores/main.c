/* SPDX-License-Identifier: MIT */
/*
 * Emulated stores whose address is not the operand's: bit instructions with an offset beyond the word (XSA-195), stores
 * through segments with a base, string stores over several entries, and stores from
 * user mode. The word that the CPU would write is the one that must change.
 */
#include "guest.h"

const char test_title[] = "bit-stores: stores to page tables by odd instructions";

static uint64_t windows[16][512] PAGE;
static volatile uint64_t *pte;			/* of windows[0]; the others follow it */

static bool contiguous(void)
{
	for (int i = 0; i < 16; i++)
		if (pte_of((uint64_t)windows[i], 1, NULL) != pte + i)
			return false;
	return true;
}

static void bits(void)
{
	uint64_t before[16];

	for (int i = 0; i < 16; i++)
		before[i] = pte[i];
	/* Bit 9 of the entry three further, free for software. */
	PROBE("lock btsq %1, (%0)", : : "r" (pte), "r" (3 * 64 + 9UL) : "memory", "cc");
	if (trap_last.vector == -1)
		CHECK(pte[3] & 0x200, "bts with an offset: entry 3 is %#lx", pte[3]);
	CHECK(((pte[0] ^ before[0]) & ~(PTE_A | PTE_D)) == 0, "bts with an offset changed entry 0: %#lx", pte[0]);
	EXPECT(0, map_at(windows[3], va_to_mfn(windows[3]) << 12 | PTE_DATA, UVMF_INVLPG));
	PROBE("lock btsq %1, (%0)", : : "r" (pte + 8), "r" (-4 * 64 + 9L) : "memory", "cc");
	if (trap_last.vector == -1)
		CHECK(pte[4] & 0x200, "bts with a negative offset: entry 4 is %#lx", pte[4]);
	CHECK(((pte[8] ^ before[8]) & ~(PTE_A | PTE_D)) == 0, "bts with a negative offset changed entry 8: %#lx",
	      pte[8]);
	EXPECT(0, map_at(windows[4], va_to_mfn(windows[4]) << 12 | PTE_DATA, UVMF_INVLPG));
	PROBE("lock btsq %1, (%0)", : : "r" (pte), "r" (0x7fffffffffffffffL) : "memory", "cc");
	CHECK(trap_last.vector != -1, "bts with a huge offset succeeds");
	PROBE("lock btsq %1, (%0)", : : "r" (pte), "r" (-0x7fffffffffffffffL) : "memory", "cc");
	CHECK(trap_last.vector != -1, "bts with a huge negative offset succeeds");
}

static void segment(void)
{
	uint64_t value = va_to_mfn(windows[1]) << 12 | PTE_DATA | 0x200;

	EXPECT(0, hypercall(set_segment_base, SEGBASE_FS, pte));
	PROBE("mov %0, %%fs:8", : : "r" (value) : "memory");
	if (trap_last.vector == -1)
		CHECK((pte[1] & ~(PTE_A | PTE_D | PTE_G)) == (value & ~(PTE_A | PTE_D | PTE_G)), "store by fs: %#lx",
		      pte[1]);
	else
		CHECK(trap_last.vector == X86_PF && trap_last.cr2 == (uint64_t)(pte + 1), "store by fs met %ld at %#lx",
		      trap_last.vector, trap_last.cr2);
	EXPECT(0, hypercall(set_segment_base, SEGBASE_FS, 0));
	EXPECT(0, map_at(windows[1], va_to_mfn(windows[1]) << 12 | PTE_DATA, UVMF_INVLPG));
}

/* rep stos over entries: emulated one by one, or refused; the bad one stops it either way. */
static void strings(void)
{
	uint64_t rdi = (uint64_t)(pte + 5), rcx = 4, bad = root_mfn() << 12 | PTE_DATA;

	PROBE("rep stosq", : "+D" (rdi), "+c" (rcx) : "a" (bad) : "memory");
	for (int i = 5; i < 9; i++)
		CHECK(((pte[i] & PTE_MFN_MASK) >> 12) != root_mfn() || !(pte[i] & PTE_RW) || !(pte[i] & PTE_P),
		      "rep stos made entry %d %#lx", i, pte[i]);
	for (int i = 5; i < 9; i++)
		map_at(windows[i], va_to_mfn(windows[i]) << 12 | PTE_DATA, UVMF_INVLPG);
}

static USER_FN void user_store(uint64_t arg)
{
	*(volatile uint64_t *)arg = 0;
	__asm__ volatile("ud2");
}

/* User mode has no business there, whatever the assist. */
static void from_user(void)
{
	uint64_t before = pte[2];
	struct regs end;

	user_run(user_store, (uint64_t)(pte + 2), &end);
	CHECK(end.vector == X86_PF, "user mode's store to a page table met %ld", end.vector);
	CHECK(((pte[2] ^ before) & ~(PTE_A | PTE_D)) == 0, "user mode changed a page table: %#lx", pte[2]);
}

void test_main(void)
{
	hypercall(vm_assist, VMASST_CMD_enable, VMASST_TYPE_writable_pagetables);
	pte = pte_of((uint64_t)windows[0], 1, NULL);
	if (!contiguous())
		test_skip("the windows' entries lie in two tables");
	bits();
	segment();
	strings();
	from_user();
}
