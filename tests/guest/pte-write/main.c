/* SPDX-License-Identifier: MIT */
/*
 * Plain stores to page tables. With the writable_pagetables assist a kernel may write an L1 entry as if the page were
 * writable; the hypervisor emulates the instruction and checks the entry. Each form of store that kernels use must do
 * what it says, no more; stores of bad entries, of odd sizes, across entries, or to tables above L1 must not get
 * through.
 */
#include "guest.h"

const char test_title[] = "pte-write: emulated stores to page tables";

static uint64_t window[512] PAGE, page_a[512] PAGE, page_b[512] PAGE;
static volatile uint64_t *pte;
static uint64_t a, b;

/* Bits that are not the store's: set by the CPU, or added by the hypervisor because kernel mode is ring 3. */
#define OTHERS	(PTE_A | PTE_D | PTE_G | PTE_US)

static void expect_pte(const char *what, uint64_t want)
{
	CHECK(trap_last.vector == -1, "%s met trap %ld, error code %#lx", what, trap_last.vector, trap_last.error_code);
	CHECK((*pte & ~OTHERS) == (want & ~OTHERS), "%s left %#lx, wanted %#lx", what, *pte, want);
}

static void reset(uint64_t value)
{
	if (map_at(window, value, UVMF_INVLPG))
		test_error("cannot set the entry to %#lx", value);
}

static void stores(void)
{
	uint64_t old;

	reset(a);
	PROBE("mov %1, (%0)", : : "r" (pte), "r" (b) : "memory");
	expect_pte("mov", b);
	mmuext_two(MMUEXT_INVLPG_LOCAL, (uint64_t)window, 0);
	CHECK(probe_read(window, &old) && old == 0xb, "the window shows %#lx after the store", old);

	reset(a);
	PROBE("movq $0, (%0)", : : "r" (pte) : "memory");
	expect_pte("mov of an immediate", 0);

	reset(a);
	old = b;
	PROBE("xchg %1, (%0)", : : "r" (pte), "r" (old) : "memory");
	expect_pte("xchg", b);

	reset(a);
	old = b;
	PROBE("xchg %0, (%1)", : "+r" (old) : "r" (pte) : "memory");
	CHECK((old & ~OTHERS) == (a & ~OTHERS), "xchg gave back %#lx, wanted %#lx", old, a);

	reset(a);
	PROBE("lock andq %1, (%0)", : : "r" (pte), "r" (~PTE_RW) : "memory", "cc");
	expect_pte("lock and", a & ~PTE_RW);

	reset(a & ~PTE_RW);
	PROBE("lock orq %1, (%0)", : : "r" (pte), "r" (PTE_RW) : "memory", "cc");
	expect_pte("lock or", a);

	reset(a);
	PROBE("lock btrq $1, (%0)", : : "r" (pte) : "memory", "cc");
	expect_pte("lock btr", a & ~PTE_RW);
}

static void compare_exchange(void)
{
	uint64_t rax;
	uint8_t zero;

	reset(a);
	rax = *pte;
	PROBE("lock cmpxchgq %3, (%2); setz %1", : "+a" (rax), "=q" (zero) : "r" (pte), "r" (b) : "memory", "cc");
	expect_pte("cmpxchg of the right value", b);
	CHECK(zero, "cmpxchg of the right value clears ZF");
	reset(a);
	rax = 0x1234;
	PROBE("lock cmpxchgq %3, (%2); setz %1", : "+a" (rax), "=q" (zero) : "r" (pte), "r" (b) : "memory", "cc");
	expect_pte("cmpxchg of a wrong value", a);
	CHECK(!zero, "cmpxchg of a wrong value sets ZF");
	CHECK((rax & ~OTHERS) == (a & ~OTHERS), "cmpxchg gave back %#lx", rax);
}

/* Whatever comes of these, the entry must not name what it may not. */
static void bad_stores(void)
{
	uint64_t l1_mfn = 0, maddr;
	static const char *const names[] = { "the L4 writable", "the L1 itself writable", "no frame",
					     "the hypervisor" };
	uint64_t bad[4];

	pte_of((uint64_t)window, 1, &maddr);
	l1_mfn = maddr >> 12;
	bad[0] = root_mfn() << 12 | PTE_DATA;
	bad[1] = l1_mfn << 12 | PTE_DATA;
	bad[2] = 0x000ffffff0000000UL | PTE_DATA;
	bad[3] = 0x0000000000200000UL | PTE_DATA;
	for (int i = 0; i < 4; i++) {
		reset(a);
		PROBE("mov %1, (%0)", : : "r" (pte), "r" (bad[i]) : "memory");
		CHECK((*pte & PTE_MFN_MASK) == (a & PTE_MFN_MASK) || !(*pte & PTE_P) || !(*pte & PTE_RW),
		      "a store made the entry name %s: %#lx", names[i], *pte);
	}
	reset(a);
	PROBE("movb $0x67, 1(%0)", : : "r" (pte) : "memory");
	printk("store of a byte: trap %ld, entry %#lx\n", trap_last.vector, *pte);
	reset(a);
	PROBE("movl $0, (%0)", : : "r" (pte) : "memory");
	printk("store of four bytes: trap %ld, entry %#lx\n", trap_last.vector, *pte);
	reset(a);
	PROBE("movq $0, 4(%0)", : : "r" (pte) : "memory");
	CHECK(trap_last.vector == X86_PF || trap_last.vector == -1, "store across two entries met %ld",
	      trap_last.vector);
	reset(a);
}

static void higher_tables(void)
{
	for (int level = 2; level <= 4; level++) {
		volatile uint64_t *e = pte_of((uint64_t)window, level, NULL);
		uint64_t before = *e;

		/* Emulated or refused; but never an entry that was not checked. */
		PROBE("mov %1, (%0)", : : "r" (e), "r" (before) : "memory");
		CHECK(trap_last.vector == X86_PF || trap_last.vector == -1, "store to an L%d met %ld", level,
		      trap_last.vector);
		PROBE("mov %1, (%0)", : : "r" (e), "r" (va_to_mfn(page_a) << 12 | PTE_TABLE) : "memory");
		CHECK(((*e ^ before) & PTE_MFN_MASK) == 0, "the L%d entry now names a data page: %#lx", level, *e);
	}
	{
		volatile uint64_t *root = mfn_to_va(root_mfn());

		PROBE("mov %1, (%0)", : : "r" (root + 256), "r" (0UL) : "memory");
		EXPECT_TRAP("store to the hypervisor's slot", X86_PF, PFEC_W | PFEC_P);
	}
}

void test_main(void)
{
	EXPECT(0, hypercall(vm_assist, VMASST_CMD_enable, VMASST_TYPE_writable_pagetables));
	page_a[0] = 0xa;
	page_b[0] = 0xb;
	a = va_to_mfn(page_a) << 12 | PTE_DATA;
	b = va_to_mfn(page_b) << 12 | PTE_DATA;
	pte = pte_of((uint64_t)window, 1, NULL);
	stores();
	compare_exchange();
	bad_stores();
	higher_tables();
	reset(va_to_mfn(window) << 12 | PTE_DATA);
}
