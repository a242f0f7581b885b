/* SPDX-License-Identifier: MIT */
/*
 * An iret inside a multicall changes mode and page tables under the entries that follow (XSA-213): it must be the last
 * that is done. The registers are the frame's then, and no entry after it has run or got a result.
 */
#include "guest.h"

const char test_title[] = "multicall-iret: iret among other calls";

static struct multicall_entry list[3];
static uint64_t window[512] PAGE;
static struct regs end;
extern uint64_t mi_saved;
extern const char mi_back[], mi_user[];

void multicall_iret(void *entries, uint64_t n, uint64_t cs);
__asm__(
	".text\n"
	"multicall_iret:\n"
	"	push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
	"	mov %rsp, mi_saved(%rip)\n"
	"	lea user_stack_top - 64(%rip), %rax\n"
	"	push $0xe02b; push %rax; push $0x202; push %rdx\n"
	"	lea mi_user(%rip), %rax\n"
	"	push %rax; push $0; push $0; push $0; push $0x1e7\n"	/* rip, flags, rcx, r11, rax */
	"	mov $13, %eax\n"
	"	syscall\n"
	"	ud2\n"
	"mi_back:\n"
	"	mov mi_saved(%rip), %rsp\n"
	"	pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
	"	ret\n"
	"mi_user:\n"
	"	mov %cs, %ebx\n"
	"	ud2\n"
	".bss\n"
	"mi_saved: .quad 0\n"
	".text\n");

static bool hook(struct regs *regs)
{
	if (regs->vector == VECTOR_EVENT)
		return false;
	end = *regs;
	regs->rip = (uint64_t)mi_back;
	regs->cs = FRAME_KERNEL_CS;
	regs->ss = FLAT_KERNEL_SS;
	regs->rflags = 2;
	regs->rsp = mi_saved;
	return true;
}

static void once(uint64_t cs)
{
	struct mmu_update u = { .val = va_to_mfn(window) << 12 | PTE_DATA };
	static struct mmu_update update;

	pte_of((uint64_t)window, 1, &u.ptr);
	update = u;
	list[0] = (struct multicall_entry) { .op = __HYPERVISOR_iret };
	list[1] = (struct multicall_entry) { .op = __HYPERVISOR_mmu_update,
					     .args = { (uint64_t)&update, 1, 0, DOMID_SELF }, .result = 0x55 };
	list[2] = (struct multicall_entry) { .op = __HYPERVISOR_iret };
	multicall_iret(list, 3, cs);
	CHECK(end.vector == X86_UD, "ended by %#lx at %#lx", end.vector, end.rip);
	CHECK(end.rip != (uint64_t)mi_user + 2 || (end.rbx & 3) == 3, "ran with cs %#lx", end.rbx);
	CHECK(end.rip == (uint64_t)mi_user + 2, "the iret has not been the last: at %#lx", end.rip);
	CHECK(end.rax == 0x1e7, "rax is %#lx, not the frame's", end.rax);
	CHECK(list[1].result == 0x55, "the entry after the iret has a result: %#lx", (long)list[1].result);
	CHECK(hypercall(xen_version, XENVER_version, NULL) > 0, "hypercalls no longer work");
	CHECK(probe_write(window, 1), "the kernel's memory is gone");
}

void test_main(void)
{
	EXPECT(0, mmuext_one(MMUEXT_NEW_USER_BASEPTR, root_mfn()));
	trap_hook = hook;
	once(FLAT_USER_CS);
	once(FRAME_KERNEL_CS);
}
