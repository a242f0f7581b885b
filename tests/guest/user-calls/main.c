/* SPDX-License-Identifier: MIT */
/*
 * User mode of a PV guest runs in the same ring as its kernel, so every way to call the hypervisor must be closed to
 * it: syscall goes to the guest kernel's own handler, with the frame that kernel expects; the hypercall page is no back
 * door; `int` reaches only gates the kernel opened; 32-bit code has its own callback or a fault.
 */
#include "guest.h"

const char test_title[] = "user-calls: user mode cannot call the hypervisor";

extern const char hypercall_page[], user_stack_top[];

static USER_FN void user_syscall(uint64_t arg)
{
	__asm__ volatile(
		"mov %0, %%rax; mov $0x1111, %%rdi; mov $0x2222, %%rsi\n"
		".globl user_syscall_at\n"
		"user_syscall_at: syscall\n"
		".globl user_syscall_after\n"
		"user_syscall_after: ud2\n"
		: : "r" (arg) : "rax", "rdi", "rsi", "rcx", "r11");
}
extern const char user_syscall_after[];

static USER_FN void user_page(uint64_t arg)
{
	__asm__ volatile("mov $2, %%rdi; xor %%esi, %%esi; call *%0; ud2" : : "r" (arg) : "rdi", "rsi", "rax", "rcx",
			 "r11");
}

static USER_FN void user_int82(uint64_t arg)
{
	(void)arg;
	__asm__ volatile("int $0x82; ud2");
}

static USER_FN void user_sysenter(uint64_t arg)
{
	(void)arg;
	__asm__ volatile("sysenter; ud2");
}

static USER_FN void user_vmcall(uint64_t arg)
{
	(void)arg;
	__asm__ volatile("mov $17, %%eax; vmmcall; ud2" : : : "rax");
}

static void syscalls(void)
{
	struct regs end;

	user_run(user_syscall, 29, &end);			/* 29 is sched_op of the hypervisor */
	CHECK(end.vector == VECTOR_SYSCALL, "syscall met %#lx", end.vector);
	CHECK(end.rip == (uint64_t)user_syscall_after, "rip %#lx, wanted %p", end.rip, user_syscall_after);
	CHECK((end.cs & 0xffff) == FLAT_USER_CS, "cs %#lx", end.cs);
	CHECK((end.ss & 0xffff) == FLAT_USER_SS, "ss %#lx", end.ss);
	CHECK(end.rax == 29 && end.rdi == 0x1111 && end.rsi == 0x2222, "rax %#lx, rdi %#lx, rsi %#lx", end.rax, end.rdi,
	      end.rsi);
	CHECK(end.rflags & EFLAGS_IF, "rflags %#lx", end.rflags);
	CHECK(end.rsp <= (uint64_t)user_stack_top && end.rsp > (uint64_t)user_stack_top - 256, "rsp %#lx", end.rsp);
	CHECK(shared_info->vcpu_info[0].evtchn_upcall_mask == 1,
	      "events are not masked in the handler, as was asked for");
	for (unsigned int nr = 0; nr < 64; nr++) {
		if (nr == __HYPERVISOR_iret)
			continue;
		user_run(user_page, (uint64_t)hypercall_page + nr * 32, &end);
		CHECK(end.vector == VECTOR_SYSCALL, "stub %u of the hypercall page in user mode met %#lx", nr,
		      end.vector);
	}
	user_run(user_page, (uint64_t)hypercall_page + __HYPERVISOR_iret * 32, &end);
	CHECK(end.vector == VECTOR_SYSCALL, "the iret stub in user mode met %#lx", end.vector);
}

static void others(void)
{
	struct regs end;

	user_run(user_int82, 0, &end);
	/* QEMU 7.2 gives the error code of another gate (n * 16 + 2), one that is open: #OF. */
	CHECK(end.vector == X86_GP || end.vector == X86_OF, "int 0x82 in user mode met %#lx", end.vector);
	user_run(user_sysenter, 0, &end);
	CHECK(end.vector == X86_GP || end.vector == X86_UD, "sysenter in user mode met %#lx", end.vector);
	user_run(user_vmcall, 0, &end);
	CHECK(end.vector == X86_GP || end.vector == X86_UD, "vmmcall in user mode met %#lx", end.vector);
}

/* 32-bit user code at an address that 32 bits reach. */
__asm__(
	".section .text.user, \"ax\"\n"
	".code32\n"
	"user32_syscall: mov $29, %eax\n"
	"	syscall\n"
	"	ud2\n"
	"user32_int80: int $0x80\n"
	"	ud2\n"
	"user32_plain: mov $0x12345678, %ecx\n"
	"	ud2\n"
	".code64\n"
	".text\n");
extern const char user32_syscall[], user32_int80[], user32_plain[], syscall32_stub[];

static void run32(const char *at, struct regs *end)
{
	user_run_at((uint64_t)at, FLAT_USER_CS32, FLAT_USER_SS32, EFLAGS_IF, 0, end);
}

static void compat_mode(void)
{
	struct callback_register cb = { .type = CALLBACKTYPE_syscall32, .address = (uint64_t)syscall32_stub };
	struct regs end;

	run32(user32_plain, &end);
	CHECK(end.vector == X86_UD && end.rcx == 0x12345678, "32-bit code met %#lx, ecx %#lx", end.vector, end.rcx);
	CHECK((end.cs & 0xffff) == FLAT_USER_CS32, "32-bit code: cs %#lx", end.cs);
	run32(user32_syscall, &end);
	CHECK(end.vector == X86_GP || end.vector == X86_UD || end.vector == VECTOR_SYSCALL,
	      "32-bit syscall without a callback met %#lx", end.vector);
	printk("32-bit syscall without a callback: %#lx\n", end.vector);
	EXPECT(0, hypercall(callback_op, CALLBACKOP_register, &cb));
	run32(user32_syscall, &end);
	CHECK(end.vector == VECTOR_SYSCALL32 || end.vector == X86_UD, "32-bit syscall met %#lx", end.vector);
	run32(user32_int80, &end);
	CHECK(end.vector == 128, "32-bit int 0x80 met %#lx", end.vector);
}

void test_main(void)
{
	syscalls();
	others();
	compat_mode();
}
