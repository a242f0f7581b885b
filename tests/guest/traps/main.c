/* SPDX-License-Identifier: MIT */
/*
 * Exceptions of the guest's own making, from kernel and from user mode: each must reach the handler registered
 * for its vector with the frame the interface promises: right rip, selectors, flags, stack, and an error code
 * exactly where the architecture has one. An off-by-one here corrupts every guest kernel.
 */
#include "guest.h"

const char test_title[] = "traps: delivery and frames";

extern const char after_bp[], at_ud[], at_de[], at_gp[];

static void check_rip(const char *what, const char *want)
{
	CHECK(trap_last.rip == (uint64_t)want, "%s: rip %#lx, wanted %p", what, trap_last.rip, want);
}

/* QEMU 7.2 gives n * 16 + 2 for `int $n` through a gate that is not open; hardware n * 8 + 2. */
static bool idt_error(uint64_t code, unsigned int n)
{
	return code == n * 8 + 2 || code == n * 16 + 2;
}

static void from_kernel(void)
{
	uint64_t rsp;

	__asm__ volatile("mov %%rsp, %0" : "=r" (rsp));
	PROBE("at_ud: ud2");
	EXPECT_TRAP("ud2", X86_UD, 0);
	check_rip("ud2", at_ud);
	CHECK((uint16_t)trap_last.cs == FRAME_KERNEL_CS,
	      "cs %#lx in kernel mode", trap_last.cs);
	CHECK(trap_last.rsp <= rsp && rsp - trap_last.rsp < 512, "rsp %#lx, ours is %#lx", trap_last.rsp, rsp);
	CHECK(!(trap_last.rflags & EFLAGS_IF), "rflags %#lx show events on, but they are masked", trap_last.rflags);

	PROBE("int3; after_bp:");
	EXPECT_TRAP("int3", X86_BP, 0);
	check_rip("int3", after_bp);

	PROBE("at_de: div %%ecx", : : "a" (1), "d" (0), "c" (0) : "cc");
	EXPECT_TRAP("division by zero", X86_DE, 0);
	check_rip("division", at_de);

	PROBE("at_gp: mov %0, %%es", : : "r" (0xfff8));
	EXPECT_TRAP("load of a selector beyond the GDT", X86_GP, 0xfff8);
	check_rip("bad selector", at_gp);

	PROBE("int $77");
	EXPECT_TRAP("int of a vector without handler", X86_GP, -1);
	CHECK(idt_error(trap_last.error_code, 77), "int $77: error code %#lx", trap_last.error_code);

	PROBE("mov (%0), %%al", : : "r" (0x8000000000000000UL) : "eax");
	EXPECT_TRAP("read of a non-canonical address", X86_GP, 0);
}

static USER_FN void user_ud(uint64_t arg)
{
	(void)arg;
	__asm__ volatile("ud2");
}

static USER_FN void user_bp(uint64_t arg)
{
	(void)arg;
	__asm__ volatile("int3");
}

static USER_FN void user_de(uint64_t arg)
{
	__asm__ volatile("div %%ecx" : : "a" (1), "d" (0), "c" (arg) : "cc");
}

static USER_FN void user_gp(uint64_t arg)
{
	__asm__ volatile("mov %0, %%ds" : : "r" (arg));
}

static USER_FN void user_hlt(uint64_t arg)
{
	(void)arg;
	__asm__ volatile("hlt");
}

static USER_FN void user_int128(uint64_t arg)
{
	(void)arg;
	__asm__ volatile("int $128");
}

static USER_FN void user_int32(uint64_t arg)
{
	(void)arg;
	__asm__ volatile("int $32");
}

static void from_user(void)
{
	static const struct {
		const char *what;
		void (*fn)(uint64_t arg);
		uint64_t arg;
		uint64_t vector, error_code;
	} cases[] = {
		{ "ud2", user_ud, 0, X86_UD, 0 },
		{ "int3", user_bp, 0, X86_BP, 0 },
		{ "division by zero", user_de, 0, X86_DE, 0 },
		{ "bad selector", user_gp, 0xfff8, X86_GP, 0xfff8 },
		{ "hlt", user_hlt, 0, X86_GP, 0 },
		{ "int $128, open to user mode", user_int128, 0, 128, 0 },
		{ "int $32, for the kernel alone", user_int32, 0, X86_GP, 32 * 8 + 2 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct regs end;

		user_run(cases[i].fn, cases[i].arg, &end);
		CHECK(end.vector == cases[i].vector, "user %s: trap %ld, wanted %ld", cases[i].what, end.vector,
		      cases[i].vector);
		CHECK(end.error_code == cases[i].error_code ||
		      (cases[i].fn == user_int32 && idt_error(end.error_code, 32)),
		      "user %s: error code %#lx, wanted %#lx", cases[i].what, end.error_code, cases[i].error_code);
		CHECK((uint16_t)end.cs == FLAT_USER_CS, "user %s: cs %#lx", cases[i].what, end.cs);
		CHECK((uint16_t)end.ss == FLAT_USER_SS, "user %s: ss %#lx", cases[i].what, end.ss);
		CHECK(end.rflags & EFLAGS_IF, "user %s: rflags %#lx without IF", cases[i].what, end.rflags);
	}
}

/* Registers must survive a trap and the return from it. */
static void registers(void)
{
	uint64_t got[14];

	__asm__ volatile(
		"push %%rbp; push %%rbx\n"
		"mov %0, %%rax\n push %%rax\n"
		"mov $1, %%rbx; mov $2, %%rcx; mov $3, %%rdx; mov $4, %%rsi; mov $5, %%rdi; mov $6, %%rbp\n"
		"mov $8, %%r8; mov $9, %%r9; mov $10, %%r10; mov $11, %%r11; mov $12, %%r12; mov $13, %%r13\n"
		"mov $14, %%r14; mov $15, %%r15; mov $7, %%rax\n"
		"1: ud2\n"
		"2: .pushsection .ex_table, \"a\"; .quad 1b, 2b; .popsection\n"
		"xchg %%rax, (%%rsp)\n"
		"mov %%rbx, 0(%%rax); mov %%rcx, 8(%%rax); mov %%rdx, 16(%%rax); mov %%rsi, 24(%%rax)\n"
		"mov %%rdi, 32(%%rax); mov %%rbp, 40(%%rax); mov %%r8, 56(%%rax); mov %%r9, 64(%%rax)\n"
		"mov %%r10, 72(%%rax); mov %%r11, 80(%%rax); mov %%r12, 88(%%rax); mov %%r13, 96(%%rax)\n"
		"mov %%r14, 104(%%rax)\n"
		"pop %%rbx; mov %%rbx, 48(%%rax)\n"
		"pop %%rbx; pop %%rbp\n"
		: : "r" (got)
		: "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "memory");
	for (int i = 0; i < 14; i++)
		CHECK(got[i] == (uint64_t)i + 1, "register %d came back as %#lx", i + 1, got[i]);
}

void test_main(void)
{
	from_kernel();
	from_user();
	registers();
}
