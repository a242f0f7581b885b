/* SPDX-License-Identifier: MIT */
/*
 * Debug registers with every bit that is reserved: loading those on the CPU is a #GP in ring 0 (XSA-12 and its kin).
 * And debug traps in the shadow of a load of ss, where an entry to the hypervisor follows at once (XSA-260): int3, ud2,
 * syscall.
 */
#include "guest.h"

const char test_title[] = "dr-values: reserved bits, traps in the shadow of mov ss";

static volatile int debugs, others;
static uint64_t selector = FLAT_KERNEL_SS;

static bool hook(struct regs *regs)
{
	if (regs->vector == X86_DB) {
		debugs++;
		return true;
	}
	if (regs->vector == X86_BP) {
		others++;
		return true;
	}
	return false;
}

static void reserved_bits(void)
{
	for (int bit = 0; bit < 64; bit++) {
		hypercall(set_debugreg, 7, 1UL << bit);
		hypercall(set_debugreg, 6, 1UL << bit);
		PROBE("mov %0, %%dr7", : : "r" (1UL << bit));
		PROBE("mov %0, %%dr6", : : "r" (1UL << bit));
		hypercall(sched_op, SCHEDOP_yield, NULL);
	}
	hypercall(set_debugreg, 7, ~0UL);
	hypercall(set_debugreg, 6, ~0UL);
	PROBE("mov %0, %%dr7", : : "r" (~0UL));
	PROBE("mov %0, %%dr4", : : "r" (0UL));
	PROBE("mov %0, %%dr5", : : "r" (0UL));
	hypercall(set_debugreg, 7, 0);
	EXPECT(0, hypercall(set_debugreg, 6, 0xffff0ff0));
	CHECK((hypercall(get_debugreg, 7) & 0xff) == 0, "DR7 reads %#lx", hypercall(get_debugreg, 7));
}

static void shadow_of_ss(void)
{
	trap_hook = hook;
	hypercall(set_debugreg, 0, &selector);
	hypercall(set_debugreg, 7, 0x00030001 | 0x00040000);	/* read or write, 2 bytes */
	__asm__ volatile("mov %0, %%ss; int3" : : "m" (selector) : "rcx", "r11", "memory");
	CHECK(others == 1, "int3 after mov ss: %d breakpoint traps", others);
	__asm__ volatile("mov $17, %%eax; xor %%edi, %%edi; xor %%esi, %%esi; mov %0, %%ss; syscall"
			 : : "m" (selector) : "rax", "rdi", "rsi", "rcx", "r11", "memory");
	__asm__ volatile("mov %0, %%ss; .byte 0x0f, 0x0b, 0x78, 0x65, 0x6e, 0x0f, 0xa2"	/* emulated cpuid */
			 : : "m" (selector), "a" (0), "c" (0) : "rbx", "rdx", "r11", "memory");
	hypercall(set_debugreg, 7, 0);
	printk("%d debug traps\n", debugs);
	CHECK(debugs >= 1, "no debug trap at all");
	CHECK(hypercall(xen_version, XENVER_version, NULL) > 0, "hypercalls no longer work");
}

void test_main(void)
{
	reserved_bits();
	shadow_of_ss();
}
