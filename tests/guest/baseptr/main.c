/* SPDX-License-Identifier: MIT */
/*
 * Changing the base of all page tables: to another L4 and back, by hypercall and by CR3; user mode with tables of its
 * own that do not map the kernel; and everything that is no L4 refused, with the old base still in force.
 */
#include "guest.h"

const char test_title[] = "baseptr: L4s of kernel and user mode";

static uint64_t l4[512] PAGE, user_l4[512] PAGE, l1[512] PAGE, data[512] PAGE;

static void refused(void)
{
	static const struct {
		const char *what;
		uint64_t *page;
	} cases[] = { { "a data page", data }, { "an L1", l1 } };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t mfn = va_to_mfn(cases[i].page);

		CHECK(mmuext_one(MMUEXT_NEW_BASEPTR, mfn) < 0, "%s is the new base", cases[i].what);
		CHECK(mmuext_one(MMUEXT_NEW_USER_BASEPTR, mfn) < 0, "%s is user mode's base", cases[i].what);
	}
	CHECK(mmuext_one(MMUEXT_NEW_BASEPTR, 0xfffffff) < 0, "no frame is the new base");
	CHECK(mmuext_one(MMUEXT_NEW_BASEPTR, 0) < 0, "frame 0 is the new base");
	CHECK(mmuext_one(MMUEXT_NEW_BASEPTR, start_info->shared_info >> 12) < 0,
	      "the shared info page is the new base");
	CHECK(hypercall(xen_version, XENVER_version, NULL) > 0, "unreachable");
}

static void switch_over(void)
{
	uint64_t mfn = va_to_mfn(l4), cr3, old = root_mfn();
	volatile uint64_t *live = mfn_to_va(old);

	for (int i = 0; i < 512; i++)
		l4[i] = i >= 256 && i < 272 ? 0 : live[i];
	read_only(l4);
	EXPECT(0, mmuext_one(MMUEXT_NEW_BASEPTR, mfn));		/* needs no pin: being in use is a reference */
	__asm__ volatile("mov %%cr3, %0" : "=r" (cr3));
	CHECK(cr3 >> 12 == mfn, "CR3 reads %#lx, the base is %#lx", cr3, mfn);
	CHECK(map_at(l4, mfn << 12 | PTE_DATA, UVMF_INVLPG) < 0, "the L4 in use is mapped writable");
	__asm__ volatile("mov %0, %%cr3" : : "r" (old << 12) : "memory");
	__asm__ volatile("mov %%cr3, %0" : "=r" (cr3));
	CHECK(cr3 >> 12 == old, "CR3 reads %#lx after mov to CR3", cr3);
	writable(l4);
}

static USER_FN void user_nothing(uint64_t arg)
{
	(void)arg;
	__asm__ volatile("ud2");
}

/*
 * User mode whose tables map nothing: its first fetch is a page fault, delivered to the kernel with the kernel's
 * tables.
 */
static void separate_user(void)
{
	struct regs end;

	read_only(user_l4);
	EXPECT(0, mmuext_one(MMUEXT_PIN_L4_TABLE, va_to_mfn(user_l4)));
	user_run(user_nothing, 0, &end);
	CHECK(end.vector == X86_UD, "shared tables: trap %ld", end.vector);
	EXPECT(0, mmuext_one(MMUEXT_NEW_USER_BASEPTR, va_to_mfn(user_l4)));
	user_run(user_nothing, 0, &end);
	CHECK(end.vector == X86_PF && trap_last.cr2 == (uint64_t)user_nothing, "empty tables: trap %ld, cr2 %#lx",
	      end.vector, trap_last.cr2);
	CHECK((end.error_code & ~PFEC_I) == PFEC_U, "empty tables: error code %#lx", end.error_code);
	CHECK(mmuext_one(MMUEXT_UNPIN_TABLE, va_to_mfn(user_l4)) == 0, "cannot unpin");
	CHECK(map_at(user_l4, va_to_mfn(user_l4) << 12 | PTE_DATA, UVMF_INVLPG) < 0,
	      "user mode's L4 in use is mapped writable");
	EXPECT(0, mmuext_one(MMUEXT_NEW_USER_BASEPTR, 0));
	writable(user_l4);
}

/* The root unpinned: still in use, still no data page. */
static void unpin_live(void)
{
	uint64_t maddr;

	CHECK(mmuext_one(MMUEXT_UNPIN_TABLE, root_mfn()) == 0, "the builder did not pin the L4");
	pte_of((uint64_t)data, 1, &maddr);
	CHECK(map_at(data, root_mfn() << 12 | PTE_DATA, UVMF_INVLPG) < 0, "the unpinned L4 in use is mapped writable");
	EXPECT(0, mmuext_one(MMUEXT_PIN_L4_TABLE, root_mfn()));
}

void test_main(void)
{
	read_only(l1);
	EXPECT(0, mmuext_one(MMUEXT_PIN_L1_TABLE, va_to_mfn(l1)));
	refused();
	switch_over();
	separate_user();
	unpin_live();
}
