/* SPDX-License-Identifier: MIT */
/*
 * Bits of CR4 that a guest sets for itself: what it has not switched on must not work. FSGSBASE on behind the back of a
 * kernel that does not know it lets its processes choose the kernel's GS base (XSA-293); TSD keeps user mode from the
 * clock; DE makes breakpoints on ports possible, which the hypervisor must strike itself, since it makes the access.
 */
#include "guest.h"

const char test_title[] = "cr4: FSGSBASE, TSD, DE";

#define CR4_TSD		(1UL << 2)
#define CR4_DE		(1UL << 3)
#define CR4_SMEP	(1UL << 20)
#define CR4_FSGSBASE	(1UL << 16)
#define DR7_IO_BYTE	(1UL << 1 | 2UL << 16)		/* breakpoint 0, global, ports, one byte */

static uint64_t cr4_read(void)
{
	uint64_t v = 0;

	PROBE("mov %%cr4, %0", : "=r" (v));
	EXPECT_TRAP("reading CR4", -1, 0);
	return v;
}

/* What it holds afterwards; whether a refusal traps is the hypervisor's choice. */
static uint64_t cr4_write(uint64_t v)
{
	PROBE("mov %0, %%cr4", : : "r" (v));
	return cr4_read();
}

static void try_fsgsbase(long vector)
{
	uint64_t base = 0;

	PROBE("rdfsbase %0", : "=r" (base));
	EXPECT_TRAP("RDFSBASE", vector, -1);
	PROBE("rdgsbase %0", : "=r" (base));
	EXPECT_TRAP("RDGSBASE", vector, -1);
	PROBE("wrfsbase %0", : : "r" (0x1234000UL));
	EXPECT_TRAP("WRFSBASE", vector, -1);
	PROBE("wrgsbase %0", : : "r" (0UL));
	EXPECT_TRAP("WRGSBASE", vector, -1);
}

static void fsgsbase(uint64_t cr4)
{
	uint32_t a = 7, b, c = 0, d;
	uint64_t base = 0;

	__asm__ volatile("ud2; .ascii \"xen\"; cpuid" : "+a" (a), "=b" (b), "+c" (c), "=d" (d));
	CHECK(!(cr4 & CR4_FSGSBASE), "FSGSBASE is on at start");
	try_fsgsbase(X86_UD);
	EXPECT(0, hypercall(set_segment_base, SEGBASE_FS, 0x5678000));
	cr4 = cr4_write(cr4 | CR4_FSGSBASE);
	if (!(b & 1)) {
		CHECK(!(cr4 & CR4_FSGSBASE), "FSGSBASE can be set without the feature");
		return;
	}
	CHECK(cr4 & CR4_FSGSBASE, "FSGSBASE cannot be set");
	PROBE("rdfsbase %0", : "=r" (base));
	CHECK(base == 0x5678000, "FS base was set to 0x5678000, but is %#lx", base);
	try_fsgsbase(-1);
	EXPECT(0, hypercall(sched_op, SCHEDOP_yield, NULL));
	PROBE("rdfsbase %0", : "=r" (base));
	CHECK(base == 0x1234000, "FS base was set to 0x1234000, but is %#lx", base);
	cr4_write(cr4 & ~CR4_FSGSBASE);
	try_fsgsbase(X86_UD);
}

USER_FN static void user_rdtsc(uint64_t arg)
{
	(void)arg;
	__asm__ volatile("rdtsc; ud2" : : : "eax", "edx");
}

static void tsd(uint64_t cr4)
{
	struct regs end;
	uint32_t lo = 0, hi = 0;

	user_run(user_rdtsc, 0, &end);
	CHECK(end.vector == X86_UD, "RDTSC in user mode without TSD met trap %#lx", end.vector);
	CHECK(cr4_write(cr4 | CR4_TSD) & CR4_TSD, "TSD cannot be set");
	user_run(user_rdtsc, 0, &end);
	CHECK(end.vector == X86_GP, "RDTSC in user mode with TSD met trap %#lx", end.vector);
	PROBE("rdtsc", : "=a" (lo), "=d" (hi));
	EXPECT_TRAP("RDTSC in the kernel with TSD", -1, 0);
	CHECK(lo | hi, "RDTSC gave 0");
	CHECK(!(cr4_write(cr4) & CR4_TSD), "TSD stays");
	user_run(user_rdtsc, 0, &end);
	CHECK(end.vector == X86_UD, "RDTSC in user mode after TSD met trap %#lx", end.vector);
}

static void port_in(uint16_t port, long vector)
{
	uint8_t v;

	trap_last.vector = -1;
	/* #DB comes after the instruction: its address is the next one's */
	__asm__ volatile("inb %1, %0\n1: nop\n2:\n.pushsection .ex_table, \"a\"\n.quad 1b, 2b\n.popsection"
			 : "=a" (v) : "d" (port) : "memory");
	EXPECT_TRAP("IN", vector, -1);
}

static void io_breakpoint(uint64_t cr4)
{
	struct physdev_set_iopl iopl = { 1 };

	EXPECT(0, hypercall(physdev_op, PHYSDEVOP_set_iopl, &iopl));
	EXPECT(0, hypercall(set_debugreg, 0, 0x80));
	EXPECT(-XEN_EPERM, hypercall(set_debugreg, 7, DR7_IO_BYTE));
	if (!(cr4_write(cr4 | CR4_DE) & CR4_DE)) {
		printk("no CR4.DE here\n");
		return;
	}
	EXPECT(0, hypercall(set_debugreg, 7, DR7_IO_BYTE));
	EXPECT((long)(DR7_IO_BYTE | 0x400), hypercall(get_debugreg, 7));
	port_in(0x80, X86_DB);
	EXPECT(1, hypercall(get_debugreg, 6) & 0xf);
	port_in(0x81, -1);
	EXPECT(0, hypercall(set_debugreg, 7, 0));
	port_in(0x80, -1);
	cr4_write(cr4);
}

void test_main(void)
{
	uint64_t cr4 = cr4_read();

	CHECK(!(cr4_write(cr4 | CR4_SMEP) & CR4_SMEP) || (cr4 & CR4_SMEP), "SMEP can be set");
	CHECK(cr4_write(cr4) == cr4, "CR4 does not take its own value");
	fsgsbase(cr4);
	tsd(cr4);
	io_breakpoint(cr4);
}
