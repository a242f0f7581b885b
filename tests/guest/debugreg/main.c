/* SPDX-License-Identifier: MIT */
/*
 * Debug registers are the guest's, but a breakpoint on the hypervisor's own code or data would trap there. Addresses in
 * its half, I/O breakpoints, and general detect must be refused; what is taken must work for the guest itself, and
 * single-stepping over a hypercall must not step the hypervisor.
 */
#include "guest.h"

const char test_title[] = "debugreg: breakpoints of the guest, none for the hypervisor";

static volatile uint64_t watched;
static volatile int hits;
static volatile uint64_t hit_dr6;

static uint64_t get(unsigned int reg)
{
	return (uint64_t)hypercall(get_debugreg, reg);
}

static void refusals(void)
{
	for (unsigned int reg = 0; reg < 4; reg++) {
		EXPECT(-XEN_EPERM, hypercall(set_debugreg, reg, 0xffff82d040200000));
		EXPECT(-XEN_EPERM, hypercall(set_debugreg, reg, 0xffff830000000000));
		CHECK(hypercall(set_debugreg, reg, 0x0000800000000000) < 0, "DR%u takes a non-canonical address", reg);
		CHECK(get(reg) == 0, "DR%u reads %#lx", reg, get(reg));
	}
	EXPECT(-XEN_ENODEV, hypercall(set_debugreg, 8, 0));
	EXPECT(-XEN_ENODEV, hypercall(set_debugreg, 99, 0));
	EXPECT(-XEN_ENODEV, hypercall(get_debugreg, 8));
	EXPECT(-XEN_EINVAL, hypercall(set_debugreg, 6, 1UL << 32));
	EXPECT(-XEN_EINVAL, hypercall(set_debugreg, 7, 1UL << 32));
	CHECK((long)get(8) < 0, "DR8 reads %#lx", get(8));
	CHECK(hypercall(set_debugreg, 7, 0x20003) < 0, "an I/O breakpoint is taken");
	hypercall(set_debugreg, 7, 0x2000);		/* general detect: refused or dropped */
	CHECK(!(get(7) & 0x2000), "DR7 has general detect: %#lx", get(7));
	hypercall(set_debugreg, 7, 0);
}

static bool hook(struct regs *regs)
{
	if (regs->vector != X86_DB)
		return false;
	hits++;
	hit_dr6 = get(6);
	hypercall(set_debugreg, 6, 0xffff0ff0);
	return true;
}

static void data_breakpoint(void)
{
	EXPECT(0, hypercall(set_debugreg, 0, &watched));
	EXPECT(0, hypercall(set_debugreg, 7, 0x000d0001));	/* local, write, 4 bytes */
	CHECK(get(0) == (uint64_t)&watched, "DR0 reads %#lx", get(0));
	watched = 1;
	CHECK(hits == 1 && (hit_dr6 & 1), "%d hits, DR6 %#lx", hits, hit_dr6);
	EXPECT(0, hypercall(set_debugreg, 7, 0));
	watched = 2;
	CHECK(hits == 1, "hit after the breakpoint was taken away");
	/* By instructions, which are emulated. */
	__asm__ volatile("mov %0, %%dr1" : : "r" (&watched));
	CHECK(get(1) == (uint64_t)&watched, "mov to DR1 did not take: %#lx", get(1));
	{
		uint64_t v;

		__asm__ volatile("mov %%dr1, %0" : "=r" (v));
		CHECK(v == (uint64_t)&watched, "mov from DR1 gives %#lx", v);
	}
	PROBE("mov %0, %%dr2", : : "r" (0xffff830000000000));
	EXPECT_TRAP("mov of an address of the hypervisor to DR2", X86_GP, 0);
	hypercall(set_debugreg, 0, 0);
	hypercall(set_debugreg, 1, 0);
}

/* The hypervisor reads `watched` in a hypercall; the breakpoint must not fire inside it. */
static void not_in_the_hypervisor(void)
{
	int before = hits;

	EXPECT(0, hypercall(set_debugreg, 0, &watched));
	EXPECT(0, hypercall(set_debugreg, 7, 0x000f0001));	/* read or write */
	hypercall(event_channel_op, EVTCHNOP_send, &watched);
	EXPECT(0, hypercall(set_debugreg, 7, 0));
	printk("%d debug traps for an access made by the hypervisor\n", hits - before);
	hypercall(set_debugreg, 0, 0);
}

static void single_step(void)
{
	int before = hits;

	__asm__ volatile(
		"pushfq; orq $0x100, (%%rsp); popfq\n"
		"nop\n"
		"mov $17, %%eax; xor %%edi, %%edi; xor %%esi, %%esi\n"
		"syscall\n"
		"nop\n"
		"pushfq; andq $~0x100, (%%rsp); popfq\n"
		: : : "rax", "rcx", "rdi", "rsi", "r11", "memory", "cc");
	CHECK(hits - before >= 5 && hits - before <= 12, "%d steps over nine instructions", hits - before);
}

void test_main(void)
{
	refusals();
	trap_hook = hook;
	data_breakpoint();
	not_in_the_hypervisor();
	single_step();
}
