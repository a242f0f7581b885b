/* SPDX-License-Identifier: MIT */
/*
 * A trap from user mode when the kernel's stack is not mapped: the hypervisor cannot write the frame. The guest is
 * beyond help and is killed with a reason; the hypervisor lives.
 */
#include "guest.h"

const char test_title[] = "crash-no-stack: a trap without a kernel stack";

static USER_FN void user_ud(uint64_t arg)
{
	(void)arg;
	__asm__ volatile("ud2");
}

void test_main(void)
{
	struct regs end;

	EXPECT(0, hypercall(stack_switch, FLAT_KERNEL_SS, 0x0000600000000000));
	user_run(user_ud, 0, &end);
}
