/* SPDX-License-Identifier: MIT */
/*
 * Returns and calls that change the code segment, within ring 3, with SMAP on: they use the guest's own stack, which
 * QEMU before 8 reads as the supervisor would and refuses. The guest must not notice. A fault that the guest brings
 * about itself, with SMAP or without, is still its own.
 */
#include "guest.h"

const char test_title[] = "far-returns: IRET, far RET and far CALL in ring 3, with SMAP";

/* `insn` with the stack that `pushes` made; both ways lead to label 2. */
#define FAR(name, pushes, insn)						\
static void name(void)							\
{									\
	trap_last.vector = -1;						\
	__asm__ volatile("mov %%rsp, %%rbx\n"				\
			 "mov %%ss, %%ecx\n"				\
			 "mov %%cs, %%edx\n"				\
			 "lea 2f(%%rip), %%rax\n"			\
			 pushes						\
			 "1: " insn "\n"				\
			 "2: mov %%rbx, %%rsp\n"			\
			 ".pushsection .ex_table, \"a\"\n"		\
			 ".quad 1b, 2b\n"				\
			 ".popsection"					\
			 : : : "rax", "rbx", "rcx", "rdx", "memory");	\
}

FAR(iret, "push %%rcx\n push %%rbx\n pushfq\n push %%rdx\n push %%rax\n", "iretq")
FAR(far_ret, "push %%rdx\n push %%rax\n", "lretq")
FAR(far_call, "mov %%eax, far_pointer(%%rip)\n mov %%dx, 4+far_pointer(%%rip)\n", "lcall *far_pointer(%%rip)")

struct { uint32_t offset; uint16_t selector; } __attribute__((packed)) far_pointer;

static uint8_t nothing[PAGE_SIZE] PAGE;

static void all_three(void)
{
	for (int i = 0; i < 3; i++) {
		iret();
		CHECK(trap_last.vector == -1, "iretq meets %ld, error code %#lx", trap_last.vector,
		      trap_last.error_code);
		far_ret();
		CHECK(trap_last.vector == -1, "lretq meets %ld, error code %#lx", trap_last.vector,
		      trap_last.error_code);
		far_call();
		CHECK(trap_last.vector == -1, "lcall meets %ld, error code %#lx", trap_last.vector,
		      trap_last.error_code);
	}
}

void test_main(void)
{
	uint64_t value;

	all_three();
	unmapped(nothing);
	CHECK(!probe_read(nothing, &value), "a page that is not there can be read");
	EXPECT_TRAP("a read of nothing", X86_PF, 0);
	read_only(nothing);
	CHECK(!probe_write(nothing, 1), "a read-only page can be written");
	EXPECT_TRAP("a write to a read-only page", X86_PF, 3);
	all_three();
}
