/* SPDX-License-Identifier: MIT */
/*
 * The vector of 32-bit system calls has a way of its own into many hypervisors. Without a handler of the guest it must
 * be a #GP like any other (XSA-259 made it a fault in ring 0).
 */
#include "guest.h"

const char test_title[] = "int80-none: int 0x80 without a handler";

static USER_FN void user_int80(uint64_t arg)
{
	(void)arg;
	__asm__ volatile("int $0x80; ud2");
}

void test_main(void)
{
	extern const char trap_stub_6[], trap_stub_13[];
	static struct trap_info t[3];
	struct regs end;

	EXPECT(0, hypercall(set_trap_table, 0));
	t[0] = (struct trap_info) { X86_UD, 0, FLAT_KERNEL_CS, (uint64_t)trap_stub_6 };
	t[1] = (struct trap_info) { X86_GP, 0, FLAT_KERNEL_CS, (uint64_t)trap_stub_13 };
	EXPECT(0, hypercall(set_trap_table, t));
	user_run(user_int80, 0, &end);
	CHECK(end.vector == X86_GP && (end.error_code == 0x80 * 8 + 2 || end.error_code == 0x80 * 16 + 2),
	      "user mode met %#lx, error code %#lx", end.vector, end.error_code);
	PROBE("int $0x80");
	CHECK(trap_last.vector == X86_GP, "kernel mode met %#lx", trap_last.vector);
}
