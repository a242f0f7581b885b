/* SPDX-License-Identifier: MIT */
/*
 * What a hypercall does to registers: through the page only rax changes; by bare syscall rcx and r11 too, as the
 * instruction has it. Nothing of the hypervisor may be left in any of them, flags stay, and call numbers out of range
 * or with high bits set are refused.
 */
#include "guest.h"

const char test_title[] = "hypercall-regs: registers over a hypercall";

struct snapshot {
	uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15, rflags;
};

void call_with_marks(struct snapshot *out, uint64_t nr, const void *how);
extern const char hypercall_page[], bare_syscall[];

__asm__(
	".text\n"
	"bare_syscall: syscall\n"
	"	ret\n"
	"call_with_marks:\n"
	"	push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
	"	push %rdi; push %rdx\n"
	"	mov %rsi, %rax\n"
	"	mov $0xb1, %ebx; mov $0xc1, %ecx; mov $0xd1, %edx; xor %esi, %esi; xor %edi, %edi; mov $0xbb, %ebp\n"
	"	mov $0x81, %r8d; mov $0x91, %r9d; mov $0xa1, %r10d; mov $0x11, %r11d; mov $0x12, %r12d;\n"
	"	mov $0x13, %r13d; mov $0x14, %r14d; mov $0x15, %r15d\n"
	/* carry, parity, adjust, zero, sign; interrupts; direction off */
	"	pushq $0x2d7; popfq\n"
	"	call *(%rsp)\n"
	"	pushfq\n"
	"	xchg %rbp, 16(%rsp)\n"			/* rbp: where to; its own value in its place */
	"	mov %rax, 0(%rbp); mov %rbx, 8(%rbp); mov %rcx, 16(%rbp); mov %rdx, 24(%rbp); mov %rsi, 32(%rbp)\n"
	"	mov %rdi, 40(%rbp); mov %r8, 56(%rbp); mov %r9, 64(%rbp); mov %r10, 72(%rbp); mov %r11, 80(%rbp)\n"
	"	mov %r12, 88(%rbp); mov %r13, 96(%rbp); mov %r14, 104(%rbp); mov %r15, 112(%rbp)\n"
	"	popq 120(%rbp)\n"
	"	pop %rdx\n"
	"	popq 48(%rbp)\n"
	"	pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
	"	ret\n");

static void compare(const char *how, const struct snapshot *s, bool page)
{
	CHECK(s->rax >> 16 == 4, "%s: rax %#lx", how, s->rax);
	CHECK(s->rbx == 0xb1 && s->rbp == 0xbb && s->r12 == 0x12 && s->r13 == 0x13 && s->r14 == 0x14 && s->r15 == 0x15,
	      "%s: rbx %#lx rbp %#lx r12 %#lx r13 %#lx r14 %#lx r15 %#lx", how, s->rbx, s->rbp, s->r12, s->r13,
	      s->r14, s->r15);
	CHECK(s->rdx == 0xd1 && s->rsi == 0 && s->rdi == 0 && s->r8 == 0x81 && s->r9 == 0x91 && s->r10 == 0xa1,
	      "%s: rdx %#lx rsi %#lx rdi %#lx r8 %#lx r9 %#lx r10 %#lx", how, s->rdx, s->rsi, s->rdi, s->r8, s->r9,
	      s->r10);
	CHECK((s->rflags & 0xcd5) == 0xd5, "%s: rflags %#lx", how, s->rflags);
	if (page)
		CHECK(s->rcx == 0xc1 && s->r11 == 0x11, "%s: rcx %#lx, r11 %#lx", how, s->rcx, s->r11);
	else
		CHECK(s->rcx < 0x800000000000 && s->r11 < 0x1000000, "%s: rcx %#lx, r11 %#lx", how, s->rcx, s->r11);
}

void test_main(void)
{
	static struct snapshot s;

	call_with_marks(&s, __HYPERVISOR_xen_version, hypercall_page + 32 * __HYPERVISOR_xen_version);
	compare("hypercall page", &s, true);
	call_with_marks(&s, __HYPERVISOR_xen_version, bare_syscall);
	compare("bare syscall", &s, false);
	for (long nr = 43; nr < 48; nr++) {
		call_with_marks(&s, nr, bare_syscall);
		CHECK((long)s.rax == -XEN_ENOSYS, "call %ld gave %ld", nr, (long)s.rax);
	}
	for (int bit = 6; bit < 64; bit++) {
		call_with_marks(&s, 1UL << bit | 17, bare_syscall);
		CHECK((long)s.rax == -XEN_ENOSYS || (bit >= 32 && s.rax >> 16 == 4), "call number with bit %d gave %ld",
		      bit, (long)s.rax);
	}
}
