/* SPDX-License-Identifier: MIT */
/*
 * The iret hypercall takes a whole frame from the guest's stack: selectors of ring 0, non-canonical addresses, flags
 * that are not a guest's to set. The hypervisor must never come to run guest code with more rights than ring 3, and a
 * frame that the CPU refuses must come back to the guest, as the failsafe callback or a fault, not hit the hypervisor.
 */
#include "guest.h"

const char test_title[] = "iret: frames that must not be believed";

extern const char landing[], kernel_stack_top[];
void iret_frame(uint64_t rip, uint64_t cs, uint64_t rflags, uint64_t rsp, uint64_t ss);

/* Returns by iret to a frame of our choice; where that goes, `landing` traps, and the hook below brings us back. */
__asm__(
	".text\n"
	"iret_frame:\n"
	"	push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
	"	mov %rsp, iret_saved(%rip)\n"
	"	push %r8; push %rcx; push %rdx; push %rsi; push %rdi\n"
	"	xor %eax, %eax\n"
	"	push $0\n"
	"	jmp hypercall_page + 23 * 32\n"
	"iret_back:\n"
	"	mov iret_saved(%rip), %rsp\n"
	"	pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
	"	ret\n"
	"landing:\n"
	"	mov %cs, %eax\n"
	"	mov %ss, %ecx\n"
	"	pushfq\n"
	"	pop %rdx\n"
	"	ud2\n"
	"	jmp landing\n"
	".bss\n"
	"iret_saved: .quad 0\n"
	".text\n");
extern const char iret_back[];
extern uint64_t iret_saved;

static struct regs end;

static bool come_back(struct regs *regs)
{
	if (regs->vector == VECTOR_EVENT)
		return false;
	end = *regs;
	regs->rip = (uint64_t)iret_back;
	regs->cs = FRAME_KERNEL_CS;
	regs->ss = FLAT_KERNEL_SS;
	regs->rflags = 0x2;
	regs->rsp = iret_saved;
	return true;
}

static bool landed(void)
{
	return end.vector == X86_UD && end.rip > (uint64_t)landing && end.rip < (uint64_t)landing + 32;
}

static void check_rights(const char *what)
{
	if (!landed()) {
		CHECK(end.vector == VECTOR_FAILSAFE || end.vector == X86_GP || end.vector == X86_SS ||
		      end.vector == X86_PF || end.vector == X86_NP || end.vector == X86_DB || end.vector == X86_UD,
		      "%s: ended by %#lx", what, end.vector);
		return;
	}
	CHECK((end.rax & 3) == 3, "%s: runs with cs %#lx", what, end.rax);
	CHECK((end.rcx & 3) == 3, "%s: runs with ss %#lx", what, end.rcx);
	CHECK(!(end.rdx & EFLAGS_IOPL), "%s: runs with rflags %#lx, an IOPL", what, end.rdx);
	CHECK(end.rdx & EFLAGS_IF, "%s: runs with rflags %#lx, interrupts off", what, end.rdx);
	CHECK(!(end.rdx & 0x20000), "%s: runs with rflags %#lx, VM", what, end.rdx);
}

static uint64_t stack_of(void)
{
	return (uint64_t)kernel_stack_top - 256;
}

static void selectors(void)
{
	static const uint16_t values[] = {
		0, 3, 8, 0x10, 0x1b, 0x23, 0x2b, 0x33, 0xe008, 0xe010, 0xe019, 0xe021, 0xe02b, 0xe030, 0xe033, 0xe038,
		0xe03b, 0xe040, 0xe050, 0xe063, 0xe800, 0xfff8, 0xffff, 0x7, 0xf, 0xfffc, 0xe028, 0xe023,
	};

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		iret_frame((uint64_t)landing, values[i], 0x2, stack_of(), FLAT_KERNEL_SS);
		check_rights("cs");
		iret_frame((uint64_t)landing, FLAT_KERNEL_CS, 0x2, stack_of(), values[i]);
		check_rights("ss");
		iret_frame((uint64_t)landing, values[i], 0x2, stack_of(), values[i]);
		check_rights("cs and ss");
	}
}

static void flags(void)
{
	for (int bit = 0; bit < 22; bit++) {
		if (bit == 8)		/* TF: a debug trap is right */
			continue;
		iret_frame((uint64_t)landing, FLAT_KERNEL_CS, 1UL << bit | 2, stack_of(), FLAT_KERNEL_SS);
		check_rights("flags of user mode");
		iret_frame((uint64_t)landing, FRAME_KERNEL_CS, 1UL << bit | 2, stack_of(), FLAT_KERNEL_SS);
		check_rights("flags of kernel mode");
	}
	iret_frame((uint64_t)landing, FLAT_KERNEL_CS, 0xffffffffffffffff & ~EFLAGS_TF, stack_of(), FLAT_KERNEL_SS);
	check_rights("all flags");
}

static void addresses(void)
{
	static const uint64_t values[] = {
		0x0000800000000000, 0x8000000000000000, 0xffff7fffffffffff, 0xffff82d040200000, 0xffff830000000000,
		0xfffffffffffff000, 0x00007fffffffffff, 0xffff800000000000,
	};

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		for (int user = 0; user < 2; user++) {
			iret_frame(values[i], user ? FLAT_USER_CS : FRAME_KERNEL_CS, 0x2, stack_of(), FLAT_KERNEL_SS);
			CHECK(!landed(), "rip %#lx: landed", values[i]);
			check_rights("rip");
		}
	}
}

void test_main(void)
{
	EXPECT(0, mmuext_one(MMUEXT_NEW_USER_BASEPTR, root_mfn()));
	trap_hook = come_back;
	iret_frame((uint64_t)landing, FRAME_KERNEL_CS, 0x202, stack_of(), FLAT_KERNEL_SS);
	CHECK(landed() && !(end.cs & 3), "a good kernel frame: ended by %#lx at %#lx, cs %#lx", end.vector, end.rip,
	      end.cs);
	check_rights("a good kernel frame");
	iret_frame((uint64_t)landing, FLAT_KERNEL_CS, 0x202, stack_of(), FLAT_KERNEL_SS);
	CHECK(landed(), "a good user frame: ended by %#lx at %#lx", end.vector, end.rip);
	check_rights("a good user frame");
	events_off();
	selectors();
	flags();
	events_off();
	addresses();
	events_off();
}
