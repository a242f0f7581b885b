/* SPDX-License-Identifier: MIT */
/* What a vCPU finds in the CPU's registers when it runs again: its own, whoever ran meanwhile. */
#include "machine.h"
#include "oracle/oracle.h"
#include "pv/pv.h"
#include "unit.h"
#include "x86/cpu_ops.h"

static struct machine_guest *g, *other;

#define V	(g->d->vcpu[0])
#define OTHER	(other->d->vcpu[0])

static void start(void)
{
	g = machine_guest(1, false, 2);
	other = machine_guest(2, false, 1);
}

static void end(void)
{
	CHECK(oracle_check());
	machine_guest_end(g);
	machine_guest_end(other);
	CHECK(machine_is_clean());
}

static long set_dr(struct vcpu *v, u32 reg, u64 value)
{
	return machine_call(v, __HYPERVISOR_set_debugreg, reg, value, 0, 0);
}

#define WATCH_WRITES	0x000d0001ul	/* of 4 bytes, DR0 */

TEST(a_breakpoint_prepared_before_a_switch)
{
	start();
	for (u32 reg = 0; reg < 4; reg++) {
		CHECK_EQ(set_dr(V, reg, guest_va(4 + reg)), 0);
		CHECK_EQ(set_dr(OTHER, reg, guest_va(9)), 0);
	}
	CHECK_EQ(set_dr(OTHER, 6, 0xffff0ff1), 0);
	CHECK_EQ(set_dr(OTHER, 7, WATCH_WRITES), 0);
	CHECK_EQ(host_cpu.dr[0], guest_va(9));
	machine_run(V);
	CHECK_EQ(host_cpu.dr[7] & 0xff, 0);
	CHECK_EQ(set_dr(V, 7, WATCH_WRITES), 0);
	for (u32 reg = 0; reg < 4; reg++)
		CHECK_EQ(host_cpu.dr[reg], guest_va(4 + reg));
	CHECK(!(host_cpu.dr[6] & 0xf));
	machine_run(OTHER);
	for (u32 reg = 0; reg < 4; reg++)
		CHECK_EQ(host_cpu.dr[reg], guest_va(9));
	machine_idle();
	CHECK_EQ(host_cpu.dr[7] & 0xff, 0);
	end();
}

/* Poisoned by the one, different for the other, and back as they were. */
TEST(segments_and_their_bases)
{
	start();
	machine_run(V);
	host_cpu.ds = 0x1b, host_cpu.es = 0x2b, host_cpu.fs = 0x33, host_cpu.gs = 0x3b;
	host_cpu.fs_base = 0x1111, host_cpu.gs_base = 0x2222;
	machine_run(OTHER);
	CHECK_EQ(host_cpu.ds | host_cpu.es | host_cpu.fs | host_cpu.gs, 0);
	CHECK(host_cpu.fs_base != 0x1111 && host_cpu.gs_base != 0x2222);
	host_cpu.ds = host_cpu.fs = 0x43, host_cpu.fs_base = 0x3333;
	machine_run(V);
	CHECK_EQ(host_cpu.ds, 0x1b);
	CHECK_EQ(host_cpu.es, 0x2b);
	CHECK_EQ(host_cpu.fs, 0x33);
	CHECK_EQ(host_cpu.gs, 0x3b);
	CHECK_EQ(host_cpu.fs_base, 0x1111);
	CHECK_EQ(host_cpu.gs_base, 0x2222);
	CHECK_EQ(read_cr0() & CR0_TS, 0);
	CHECK_EQ(machine_call(V, __HYPERVISOR_fpu_taskswitch, 1, 0, 0, 0), 0);
	machine_run(OTHER);
	CHECK_EQ(read_cr0() & CR0_TS, 0);
	machine_run(V);
	CHECK_EQ(read_cr0() & CR0_TS, CR0_TS);
	end();
}

int main(void)
{
	machine_start();
	RUN(a_breakpoint_prepared_before_a_switch);
	RUN(segments_and_their_bases);
	return unit_end();
}
