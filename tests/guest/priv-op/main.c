/* SPDX-License-Identifier: MIT */
/*
 * Privileged instructions in the guest's kernel: some are emulated, because kernels use them, the rest must be #GP as
 * on a real CPU in ring 3. None may take effect beyond the guest. From user mode all of them must be #GP.
 */
#include "guest.h"

const char test_title[] = "priv-op: privileged instructions";

static void must_fault(void)
{
	static uint8_t table[16];

	PROBE("lgdt (%0)", : : "r" (table));
	EXPECT_TRAP("lgdt", X86_GP, 0);
	PROBE("lidt (%0)", : : "r" (table));
	EXPECT_TRAP("lidt", X86_GP, 0);
	PROBE("lldt %w0", : : "r" (0));
	EXPECT_TRAP("lldt", X86_GP, 0);
	PROBE("ltr %w0", : : "r" (0xe040));
	EXPECT_TRAP("ltr", X86_GP, 0);
	PROBE("hlt");
	CHECK(trap_last.vector == X86_GP || trap_last.vector == -1, "hlt met %ld", trap_last.vector);
	PROBE("swapgs");
	EXPECT_TRAP("swapgs", X86_GP, 0);
	PROBE("sysretq", : : : "rcx", "r11");
	EXPECT_TRAP("sysret", X86_GP, 0);
	PROBE("vmrun", : : "a" (0));
	CHECK(trap_last.vector == X86_GP || trap_last.vector == X86_UD, "vmrun met %ld", trap_last.vector);
	PROBE("vmcall");
	CHECK(trap_last.vector == X86_UD || trap_last.vector == X86_GP, "vmcall met %ld", trap_last.vector);
	PROBE("mov %0, %%cr8", : : "r" (0UL));
	CHECK(trap_last.vector == X86_GP || trap_last.vector == X86_UD, "mov to CR8 met %ld", trap_last.vector);
}

static void control_registers(void)
{
	uint64_t cr0, cr2, cr3, cr4;

	PROBE("mov %%cr0, %0", : "=r" (cr0));
	EXPECT_TRAP("mov from CR0", -1, -1);
	CHECK((cr0 & 0x80000001) == 0x80000001, "CR0 %#lx", cr0);
	PROBE("mov %%cr3, %0", : "=r" (cr3));
	EXPECT_TRAP("mov from CR3", -1, -1);
	CHECK(cr3 >> 12 == root_mfn(), "CR3 %#lx, the L4 is frame %#lx", cr3, root_mfn());
	PROBE("mov %%cr2, %0", : "=r" (cr2));
	EXPECT_TRAP("mov from CR2", -1, -1);
	PROBE("mov %%cr4, %0", : "=r" (cr4));
	EXPECT_TRAP("mov from CR4", -1, -1);
	CHECK(cr4 & 0x20, "CR4 %#lx without PAE", cr4);
	PROBE("mov %0, %%cr3", : : "r" (root_mfn() << 12) : "memory");
	EXPECT_TRAP("mov of the same L4 to CR3", -1, -1);
	PROBE("mov %0, %%cr3", : : "r" (start_info->shared_info) : "memory");
	EXPECT_TRAP("mov of no page table to CR3", X86_GP, 0);
	PROBE("mov %0, %%cr0", : : "r" (cr0 & ~0x80000000UL));
	EXPECT_TRAP("CR0 without paging", X86_GP, 0);
	PROBE("mov %0, %%cr0", : : "r" (cr0 & ~0x10000UL));
	printk("CR0 without write protection: trap %ld\n", trap_last.vector);
	PROBE("mov %0, %%cr4", : : "r" (cr4 | 1UL << 13));	/* VMXE */
	PROBE("mov %%cr4, %0", : "=r" (cr4));
	CHECK(!(cr4 & 1UL << 13), "CR4 shows VMXE: %#lx", cr4);
	PROBE("mov %0, %%cr4", : : "r" (cr4 & ~0x20UL));
	PROBE("mov %%cr4, %0", : "=r" (cr4));
	CHECK(cr4 & 0x20, "PAE could be taken out of CR4");
	PROBE("clts");
	EXPECT_TRAP("clts", -1, -1);
	PROBE("invlpg (%0)", : : "r" (0x1000));
	CHECK(trap_last.vector == -1 || trap_last.vector == X86_GP, "invlpg met %ld", trap_last.vector);
	PROBE("wbinvd");
	EXPECT_TRAP("wbinvd", -1, -1);
}

/* Whatever happens to these, read-only pages and page tables must stay so: no write protection was lost. */
static void still_protected(void)
{
	static uint8_t page[PAGE_SIZE] PAGE;

	read_only(page);
	CHECK(!probe_write(page, 1), "read-only pages can be written");
	writable(page);
	CHECK(!probe_write((void *)0xffff830000000000, 0), "the hypervisor can be written");
}

/* cli, sti and the flags: the guest's own interrupt flag is a byte in memory, the CPU's is out of reach. */
static void interrupt_flag(void)
{
	uint64_t flags;

	PROBE("cli");
	CHECK(trap_last.vector == -1 || trap_last.vector == X86_GP, "cli met %ld", trap_last.vector);
	PROBE("sti");
	CHECK(trap_last.vector == -1 || trap_last.vector == X86_GP, "sti met %ld", trap_last.vector);
	__asm__ volatile("pushfq; andq $~0x200, (%%rsp); popfq; pushfq; pop %0" : "=r" (flags) : : "cc");
	CHECK(flags & EFLAGS_IF, "popf turns interrupts off: rflags %#lx", flags);
	CHECK(!(flags & EFLAGS_IOPL), "rflags %#lx have an IOPL", flags);
	__asm__ volatile("pushfq; orq $0x3000, (%%rsp); popfq; pushfq; pop %0" : "=r" (flags) : : "cc");
	CHECK(!(flags & EFLAGS_IOPL), "popf sets IOPL: rflags %#lx", flags);
}

#define USER(name, insn) \
	static USER_FN void name(uint64_t arg) \
	{ \
		__asm__ volatile(insn : : "a" (arg), "d" (0), "c" (0x1b)); \
		__asm__ volatile("ud2"); \
	}
USER(user_cli, "cli")
USER(user_hlt, "hlt")
USER(user_cr0, "mov %%cr0, %%rbx")
USER(user_cr3, "mov %%rax, %%cr3")
USER(user_rdmsr, "rdmsr")
USER(user_wrmsr, "wrmsr")
USER(user_in, "inb %%dx, %%al")
USER(user_out, "outb %%al, %%dx")
USER(user_invlpg, "invlpg (%%rax)")
USER(user_clts, "clts")
USER(user_lgdt, "lgdt (%%rsp)")
USER(user_wbinvd, "wbinvd")
USER(user_dr, "mov %%rax, %%dr0")

static void from_user(void)
{
	static const struct {
		const char *what;
		void (*fn)(uint64_t arg);
	} all[] = {
		{ "cli", user_cli }, { "hlt", user_hlt }, { "mov from CR0", user_cr0 }, { "mov to CR3", user_cr3 },
		{ "rdmsr", user_rdmsr }, { "wrmsr", user_wrmsr }, { "in", user_in }, { "out", user_out },
		{ "invlpg", user_invlpg }, { "clts", user_clts }, { "lgdt", user_lgdt }, { "wbinvd", user_wbinvd },
		{ "mov to DR0", user_dr },
	};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		struct regs end;

		user_run(all[i].fn, 0, &end);
		CHECK(end.vector == X86_GP && end.error_code == 0, "%s in user mode: trap %ld, error code %#lx",
		      all[i].what, end.vector, end.error_code);
	}
}

void test_main(void)
{
	must_fault();
	control_registers();
	still_protected();
	interrupt_flag();
	from_user();
}
