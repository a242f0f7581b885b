/* SPDX-License-Identifier: MIT */
/*
 * The FPU and vector registers: contents survive hypercalls, traps, events and other vCPUs' turns; fpu_taskswitch makes
 * the next use trap, once; faults of the FPU arrive; and a control word with reserved bits is the guest's fault alone.
 */
#include "guest.h"

const char test_title[] = "fpu: contents, #NM, faults";

#define LOAD(reg, v)	__asm__ volatile("movq %0, %%" reg : : "r" ((uint64_t)(v)))
#define STORE(reg, v)	__asm__ volatile("movq %%" reg ", %0" : "=r" (v))

static void expect_contents(const char *when)
{
	uint64_t a, b;

	STORE("xmm0", a);
	STORE("xmm7", b);
	CHECK(a == 0x1122334455667788 && b == 0x99aabbccddeeff00, "%s: xmm0 %#lx, xmm7 %#lx", when, a, b);
}

static void contents(void)
{
	struct sched_poll p = { .timeout = 0 };

	LOAD("xmm0", 0x1122334455667788);
	LOAD("xmm7", 0x99aabbccddeeff00);
	hypercall(xen_version, XENVER_version, NULL);
	expect_contents("after a hypercall");
	PROBE("ud2");
	expect_contents("after a trap");
	for (int i = 0; i < 20; i++)
		hypercall(sched_op, SCHEDOP_yield, NULL);
	expect_contents("after yielding");
	p.timeout = system_time() + 3000000;
	hypercall(sched_op, SCHEDOP_poll, &p);
	expect_contents("after sleeping");
}

static void task_switch(void)
{
	EXPECT(0, hypercall(fpu_taskswitch, 1));
	PROBE("movq %%xmm0, %%rax", : : : "rax");
	EXPECT_TRAP("use of the FPU after fpu_taskswitch(1)", X86_NM, 0);
	PROBE("movq %%xmm0, %%rax", : : : "rax");		/* the trap has cleared it */
	EXPECT_TRAP("use of the FPU after #NM", -1, -1);
	expect_contents("after #NM");
	EXPECT(0, hypercall(fpu_taskswitch, 1));
	EXPECT(0, hypercall(fpu_taskswitch, 0));
	PROBE("movq %%xmm0, %%rax", : : : "rax");
	EXPECT_TRAP("use of the FPU after fpu_taskswitch(0)", -1, -1);
	EXPECT(0, hypercall(fpu_taskswitch, 1));
	PROBE("clts");
	EXPECT_TRAP("clts", -1, -1);
	PROBE("movq %%xmm0, %%rax", : : : "rax");
	EXPECT_TRAP("use of the FPU after clts", -1, -1);
	expect_contents("after clts");
}

static void faults(void)
{
	uint32_t bad = 0xffffffff, plain = 0x1f80, unmasked = 0x1f80 & ~0x200;
	uint16_t cw = 0x37b;		/* division by zero unmasked */

	PROBE("ldmxcsr %0", : : "m" (bad));
	CHECK(trap_last.vector == X86_GP || trap_last.vector == -1, "ldmxcsr of reserved bits met %ld",
	      trap_last.vector);
	__asm__ volatile("ldmxcsr %0" : : "m" (plain));
	__asm__ volatile("ldmxcsr %0" : : "m" (unmasked));
	LOAD("xmm1", 0x3ff0000000000000);
	LOAD("xmm2", 0);
	PROBE("divsd %%xmm2, %%xmm1", : );
	CHECK(trap_last.vector == X86_XM || trap_last.vector == -1, "SIMD division by zero met %ld", trap_last.vector);
	__asm__ volatile("ldmxcsr %0" : : "m" (plain));
	__asm__ volatile("fninit; fldcw %0; fld1; fldz; fdivrp" : : "m" (cw));
	PROBE("fwait");
	CHECK(trap_last.vector == X86_MF || trap_last.vector == -1, "x87 division by zero met %ld", trap_last.vector);
	__asm__ volatile("fnclex; fninit");
	PROBE("xsetbv", : : "a" (0), "d" (0), "c" (0));
	CHECK(trap_last.vector == X86_GP || trap_last.vector == X86_UD, "xsetbv of 0 met %ld", trap_last.vector);
	PROBE("xsetbv", : : "a" (0xffffffff), "d" (0xffffffff), "c" (0));
	CHECK(trap_last.vector == X86_GP || trap_last.vector == X86_UD, "xsetbv of all ones met %ld", trap_last.vector);
}

void test_main(void)
{
	contents();
	task_switch();
	faults();
	contents();
}
