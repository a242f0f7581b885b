/* SPDX-License-Identifier: MIT */
/*
 * A syscall instruction in the last two bytes below the canonical hole returns to 0x0000800000000000, which is not
 * canonical. Intel's sysret then faults in ring 0 on the guest's stack (XSA-7, CVE-2012-0217); a hypervisor must see
 * it coming. Done here both as a hypercall from kernel mode and as a system call from user mode, which the guest
 * kernel sends back with its return address unchanged.
 */
#include "guest.h"

const char test_title[] = "sysret-edge: syscall at the end of the lower half";

#define LAST_PAGE	0x00007ffffffff000UL

static uint64_t l1[512] PAGE, l2[512] PAGE, l3[512] PAGE;
static uint8_t code[PAGE_SIZE] PAGE;
extern const char edge_back[];
extern uint64_t edge_saved;

void edge_jump(uint64_t to);
__asm__(
	".text\n"
	"edge_jump:\n"
	"	push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
	"	mov %rsp, edge_saved(%rip)\n"
	"	mov $17, %eax\n"		/* xen_version(XENVER_version) */
	"	mov %rdi, %rcx\n"
	"	xor %edi, %edi\n"
	"	xor %esi, %esi\n"
	"	jmp *%rcx\n"
	"edge_back:\n"
	"	mov edge_saved(%rip), %rsp\n"
	"	pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
	"	ret\n"
	".bss\n"
	"edge_saved: .quad 0\n"
	".text\n");

/* The same in user mode, entered by the iret hypercall. */
void edge_user(uint64_t rip);
__asm__(
	"edge_user:\n"
	"	push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
	"	mov %rsp, edge_saved(%rip)\n"
	"	lea user_stack_top - 64(%rip), %rax\n"
	"	push $0xe02b; push %rax; push $0x202; push $0xe033; push %rdi\n"
	"	xor %eax, %eax\n"
	"	push $0\n"
	"	jmp hypercall_page + 23 * 32\n");

static struct regs end;
static int syscalls;

static bool hook(struct regs *regs)
{
	if (regs->vector == VECTOR_EVENT)
		return false;
	if (regs->vector == VECTOR_SYSCALL && syscalls++ == 0) {
		end = *regs;
		return true;			/* straight back to where it says it came from */
	}
	end = *regs;
	regs->rip = (uint64_t)edge_back;
	regs->cs = FRAME_KERNEL_CS;
	regs->ss = FLAT_KERNEL_SS;
	regs->rflags = 0x2;
	regs->rsp = edge_saved;
	return true;
}

static void map_last_page(void)
{
	static uint64_t *const tables[] = { l1, l2, l3 };

	memset(code, 0x90, sizeof(code));
	code[4094] = 0x0f;
	code[4095] = 0x05;
	l1[511] = va_to_mfn(code) << 12 | PTE_RO;
	l2[511] = va_to_mfn(l1) << 12 | PTE_TABLE;
	l3[511] = va_to_mfn(l2) << 12 | PTE_TABLE;
	for (int i = 0; i < 3; i++)
		read_only(tables[i]);
	EXPECT(0, mmu_update_one(root_mfn() << 12 | 255 * 8, va_to_mfn(l3) << 12 | PTE_TABLE));
}

void test_main(void)
{
	map_last_page();
	trap_hook = hook;
	edge_jump(LAST_PAGE + 4094);
	CHECK(end.vector == VECTOR_FAILSAFE || end.vector == X86_GP || end.vector == X86_PF,
	      "hypercall: ended by %#lx at %#lx", end.vector, end.rip);
	printk("hypercall at the edge: ended by %#lx, error code %#lx, rip %#lx\n", end.vector, end.error_code,
	       end.rip);

	EXPECT(0, mmuext_one(MMUEXT_NEW_USER_BASEPTR, root_mfn()));
	syscalls = 0;
	edge_user(LAST_PAGE + 4094);
	CHECK(syscalls >= 1, "the system call did not reach the kernel");
	CHECK(end.vector == VECTOR_FAILSAFE || end.vector == X86_GP || end.vector == X86_PF || syscalls >= 2,
	      "system call: ended by %#lx at %#lx", end.vector, end.rip);
	printk("system call at the edge: ended by %#lx, error code %#lx, rip %#lx, cs %#lx\n", end.vector,
	       end.error_code, end.rip, end.cs);
}
