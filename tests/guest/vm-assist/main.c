/* SPDX-License-Identifier: MIT */
/* vm_assist: what can be switched on and off, and what is unknown. With m2p_strict, user mode must not see the M2P. */
#include "guest.h"

const char test_title[] = "vm-assist: assists on and off";

static USER_FN void user_read(uint64_t arg)
{
	(void)*(volatile uint64_t *)arg;
	__asm__ volatile("ud2");
}

static void both_ways(unsigned int type)
{
	check_result("enable", hypercall(vm_assist, VMASST_CMD_enable, type), 0);
	check_result("enable again", hypercall(vm_assist, VMASST_CMD_enable, type), 0);
	check_result("disable", hypercall(vm_assist, VMASST_CMD_disable, type), 0);
	check_result("disable again", hypercall(vm_assist, VMASST_CMD_disable, type), 0);
}

/* User mode has an L4 of its own, with the same contents; only there the M2P goes away. */
static void strict(void)
{
	static uint64_t user_l4[512] PAGE;
	volatile uint64_t *live = mfn_to_va(root_mfn());
	struct regs end;

	user_run(user_read, MACH2PHYS_VIRT_START, &end);
	for (int i = 0; i < 512; i++)
		user_l4[i] = i >= 256 && i < 272 ? 0 : live[i];
	read_only(user_l4);
	EXPECT(0, hypercall(vm_assist, VMASST_CMD_enable, VMASST_TYPE_m2p_strict));
	EXPECT(0, mmuext_one(MMUEXT_PIN_L4_TABLE, va_to_mfn(user_l4)));
	EXPECT(0, mmuext_one(MMUEXT_NEW_USER_BASEPTR, va_to_mfn(user_l4)));
	user_run(user_read, MACH2PHYS_VIRT_START, &end);
	CHECK(end.vector == X86_PF, "user mode's read of the M2P met %ld", end.vector);
	CHECK(probe_read((void *)MACH2PHYS_VIRT_START, NULL), "kernel mode cannot read the M2P");
	EXPECT(0, hypercall(vm_assist, VMASST_CMD_disable, VMASST_TYPE_m2p_strict));
	CHECK(probe_read((void *)MACH2PHYS_VIRT_START, NULL), "kernel mode cannot read the M2P without the assist");
	EXPECT(0, mmuext_one(MMUEXT_NEW_USER_BASEPTR, 0));
	EXPECT(0, mmuext_one(MMUEXT_UNPIN_TABLE, va_to_mfn(user_l4)));
	writable(user_l4);
}

void test_main(void)
{
	both_ways(VMASST_TYPE_writable_pagetables);
	both_ways(VMASST_TYPE_architectural_iopl);
	both_ways(VMASST_TYPE_runstate_update_flag);
	CHECK(hypercall(vm_assist, VMASST_CMD_enable, 60) < 0, "assist 60 is switched on");
	CHECK(hypercall(vm_assist, VMASST_CMD_enable, 0xffffffff) < 0, "assist 2^32 - 1 is switched on");
	CHECK(hypercall(vm_assist, 9, VMASST_TYPE_writable_pagetables) < 0, "command 9");
	strict();
}
