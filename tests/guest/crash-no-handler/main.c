/* SPDX-License-Identifier: MIT */
/* A trap for which the guest has no handler, in kernel mode: it is killed with a reason; the hypervisor lives. */
#include "guest.h"

const char test_title[] = "crash-no-handler: a trap without a handler";

void test_main(void)
{
	EXPECT(0, hypercall(set_trap_table, 0));	/* NULL: take all away */
	__asm__ volatile("ud2");
}
