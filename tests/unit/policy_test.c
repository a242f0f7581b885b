/* SPDX-License-Identifier: MIT */
/* What guests see of the CPU: leaves of CPUID, registers, policies set by tools, ports. */
#include "abi/cpuid.h"
#include "domain/cpuid_policy.h"
#include "domain/msr_policy.h"
#include "machine.h"
#include "mm/pt.h"
#include "oracle/oracle.h"
#include "pv/priv_op.h"
#include "pv/pv.h"
#include "unit.h"
#include "x86/features.h"
#include "x86/fpu.h"
#include "x86/msr.h"

static struct machine_guest *lord, *g;

#define LORD	(lord->d->vcpu[0])
#define V	(g->d->vcpu[0])

static void start(void)
{
	lord = machine_guest(1, true, 1);
	g = machine_guest(2, false, 1);
	machine_run(V);
}

static void end(void)
{
	machine_guest_end(lord);
	machine_guest_end(g);
	CHECK(oracle_check());
	CHECK(machine_is_clean());
}

TEST(the_hypervisors_leaves)
{
	struct cpuid_regs r;

	start();
	cpuid_guest(V, 0x40000000, 0, &r);
	CHECK(r.eax >= 0x40000002 && r.eax <= 0x400000ff);
	CHECK(!memcmp(&r.ebx, "XenVMMXenVMM", 12));
	cpuid_guest(V, 0x40000001, 0, &r);
	CHECK_EQ(r.eax, 4 << 16 | 17);
	cpuid_guest(V, 1, 0, &r);
	CHECK(r.ecx >> 31);			/* a hypervisor is there */
	CHECK(!(r.ecx & BIT(5)));		/* VMX */
	CHECK(!(r.edx & (BIT(12) | BIT(3))));	/* MTRR, PSE */
	cpuid_guest(V, 7, 0, &r);
	CHECK(!(r.ebx & (BIT(7) | BIT(20) | BIT(10))));	/* SMEP, SMAP, INVPCID */
	cpuid_guest(V, 0x80000001, 0, &r);
	CHECK(!(r.ecx & BIT(2)));		/* SVM */
	cpuid_guest(V, 0x12345678, 0, &r);
	end();
}

/* A processor with everything. */
static void new_cpu(u32 leaf, u32 subleaf, struct cpuid_regs *r)
{
	if (leaf == 0)
		r->eax = 0x20;
	else if (leaf == 7)
		*r = (struct cpuid_regs){ subleaf ? ~0u : 2, ~0u, ~0u, ~0u };
	else if (leaf == 0xd && subleaf == 1)
		*r = (struct cpuid_regs){ ~0u, 4096, ~0u, ~0u };
	else if (leaf == 0xd && subleaf > 1)
		*r = (struct cpuid_regs){ subleaf == 2 ? 256 : 72, 9999, subleaf == 6 ? 2 : 0, 0 };
}

TEST(a_processor_with_everything)
{
	bool xsave = cpu_features.xsave;
	u32 max_leaf = cpu_features.max_leaf;
	struct cpuid_regs r;

	start();
	host_cpu.cpuid = new_cpu;
	cpu_features.xsave = true;
	cpu_features.max_leaf = 0x20;
	V->xcr0 = 0x67;
	cpuid_guest(V, 0xd, 1, &r);
	CHECK_EQ(r.eax, 7);			/* XSAVEC, no XSAVES: no supervisor states */
	CHECK_EQ(r.ebx, 832 + 72 + 56 + 72);	/* of the compact form, which Linux checks against its own sum */
	CHECK_EQ(r.ecx | r.edx, 0);
	cpuid_guest(V, 7, 1, &r);
	CHECK(r.eax & BIT(4));			/* AVX-VNNI */
	CHECK(!(r.eax & (BIT(17) | BIT(18) | BIT(19) | BIT(22) | BIT(26) | BIT(27))));	/* FRED to MSRLIST: ring 0's */
	CHECK_EQ(r.ebx | r.ecx | r.edx, 0);
	cpuid_guest(V, 7, 0, &r);
	/* CET, AMX, controls */
	CHECK(!(r.edx & (BIT(20) | BIT(22) | BIT(24) | BIT(25) | BIT(26) | BIT(27) | BIT(29) | BIT(31))));
	host_cpu.cpuid = NULL;
	cpu_features.xsave = xsave;
	cpu_features.max_leaf = max_leaf;
	end();
}

static void all_ones(u32 leaf, u32 subleaf, struct cpuid_regs *r)
{
	*r = (struct cpuid_regs){ ~0u, ~0u, ~0u, ~0u };
}

/* Without a place for YMM or ZMM registers nobody is told of instructions that use them. */
TEST(instructions_go_with_their_state)
{
	u64 all = fpu_xcr0_all;
	struct cpuid_regs r;

	start();
	host_cpu.cpuid = all_ones;
	for (u32 i = 0; i < 3; i++) {
		bool ymm = i > 0, zmm = i > 1;

		fpu_xcr0_all = XCR0_X87 | XCR0_SSE | (ymm ? XCR0_YMM : 0) | (zmm ? XCR0_ZMM : 0);
		cpuid_guest(V, 1, 0, &r);
		CHECK_EQ(r.ecx & (BIT(12) | BIT(28) | BIT(29)), ymm ? BIT(12) | BIT(28) | BIT(29) : 0);
		CHECK(r.ecx & BIT(25));			/* AES */
		cpuid_guest(V, 7, 0, &r);
		CHECK_EQ(r.ebx & (BIT(5) | BIT(16) | BIT(31)), (ymm ? BIT(5) : 0) | (zmm ? BIT(16) | BIT(31) : 0));
		CHECK_EQ(r.ecx & (BIT(9) | BIT(11)), (ymm ? BIT(9) : 0) | (zmm ? BIT(11) : 0));
		CHECK_EQ(r.edx & (BIT(4) | BIT(23)), BIT(4) | (zmm ? BIT(23) : 0));
		CHECK(r.ebx & BIT(29));			/* SHA */
		cpuid_guest(V, 7, 1, &r);
		CHECK_EQ(r.eax & (BIT(4) | BIT(5) | BIT(10)), (ymm ? BIT(4) : 0) | (zmm ? BIT(5) : 0) | BIT(10));
		cpuid_guest(V, 0x80000001, 0, &r);
		CHECK_EQ(r.ecx & (BIT(6) | BIT(11)), BIT(6) | (ymm ? BIT(11) : 0));
	}
	fpu_xcr0_all = all;
	host_cpu.cpuid = NULL;
	end();
}

TEST(no_leaf_is_wild)
{
	struct cpuid_regs r;

	start();
	for (u32 leaf = 0; leaf < 0x40; leaf++)
		for (u32 sub = 0; sub < 70; sub++) {
			cpuid_guest(V, leaf, sub, &r);
			cpuid_guest(V, 0x80000000 + leaf, sub, &r);
			cpuid_guest(LORD, 0x40000000 + leaf, sub, &r);
		}
	end();
}

TEST(the_kernels_cpuid_is_forced)
{
	static const u8 forced[] = { 0x0f, 0x0b, 'x', 'e', 'n', 0x0f, 0xa2, 0x90, 0, 0, 0, 0, 0, 0, 0, 0 };

	start();
	CHECK(!machine_store(V, guest_va(2), forced, sizeof(forced)));
	V->regs.rip = guest_va(2);
	V->regs.cs = PV_CS64;
	V->regs.rax = 0x40000000;
	pv_invalid_opcode(V);
	CHECK_EQ(V->regs.rip, guest_va(2) + 7);
	CHECK_EQ((u32)V->regs.rbx, 0x566e6558);
	end();
}

static void cpu_with_xsave(u32 leaf, u32 subleaf, struct cpuid_regs *r)
{
	if (leaf == 1)
		r->ecx |= BIT(26) | BIT(27);
}

/* OSXSAVE as the forced CPUID tells it. */
static bool forced_osxsave(bool kernel)
{
	static const u8 forced[16] = { 0x0f, 0x0b, 'x', 'e', 'n', 0x0f, 0xa2 };

	CHECK(!machine_store(V, guest_va(2), forced, sizeof(forced)));
	V->regs.rip = guest_va(2);
	V->regs.cs = PV_CS64;
	V->regs.rax = 1;
	V->regs.rcx = 0;
	V->pv.kernel_mode = kernel;
	pv_invalid_opcode(V);
	V->pv.kernel_mode = true;
	CHECK_EQ(V->regs.rip, guest_va(2) + 7);
	return V->regs.rcx & BIT(27);
}

/* A kernel is told that the hypervisor has switched XSAVE on; its processes, whether the kernel has. */
TEST(xsave_is_there_for_kernels)
{
	bool xsave = cpu_features.xsave;

	start();
	host_cpu.cpuid = cpu_with_xsave;
	cpu_features.xsave = true;
	CHECK(forced_osxsave(true));
	CHECK(!forced_osxsave(false));
	CHECK_EQ(pv_set_cr4(V, V->pv.cr4 | CR4_OSXSAVE), 0);
	CHECK(forced_osxsave(false));
	cpu_features.xsave = false;
	CHECK(!forced_osxsave(true));
	host_cpu.cpuid = NULL;
	cpu_features.xsave = xsave;
	end();
}

TEST(registers)
{
	u64 value;

	start();
	CHECK_EQ(msr_guest_read(V, MSR_EFER, &value), 0);
	CHECK_EQ(msr_guest_write(V, MSR_EFER, value), 0);
	CHECK(msr_guest_write(V, MSR_EFER, value ^ EFER_NXE) < 0);
	CHECK_EQ(msr_guest_read(V, MSR_PAT, &value), 0);
	CHECK_EQ(value, PAT_HYPERVISOR);
	CHECK(msr_guest_write(V, MSR_PAT, 0) < 0);
	CHECK_EQ(msr_guest_write(V, MSR_FS_BASE, 0x1234), 0);
	CHECK_EQ(msr_guest_read(V, MSR_FS_BASE, &value), 0);
	CHECK_EQ(value, 0x1234);
	CHECK(msr_guest_write(V, MSR_GS_BASE, 0x800000000000) < 0);
	CHECK(msr_guest_write(V, MSR_KERNEL_GS_BASE, 0x1234567812345678) < 0);
	CHECK(msr_guest_write(V, MSR_LSTAR, 0) < 0);
	CHECK(msr_guest_read(V, 0x12345, &value) < 0);
	for (u32 msr = 0; msr < 0x2000; msr++) {
		(void)!msr_guest_read(V, msr, &value);
		(void)!msr_guest_read(V, 0xc0000000 + msr, &value);
		(void)!msr_guest_read(V, 0xc0010000 + msr, &value);
	}
	end();
}

static u32 port_seen;

static u32 port_in(u16 port, u32 bytes)
{
	port_seen = port;
	return 0x5a5a5a5a;
}

/* `in (%dx),%al` at page 2. */
static bool in_al(struct vcpu *v, u16 port)
{
	static const u8 code[16] = { 0xec };

	machine_run(v);
	CHECK(!machine_store(v, guest_va(2), code, sizeof(code)));
	v->regs.rip = guest_va(2);
	v->regs.cs = PV_CS64;
	v->regs.rdx = port;
	v->regs.rax = 0;
	port_seen = ~0u;
	return pv_emulate_privileged(v);
}

TEST(ports)
{
	start();
	host_cpu.port_in = port_in;
	CHECK(!in_al(V, 0x60));			/* no IOPL */
	V->pv.iopl = 1;
	CHECK(in_al(V, 0x60));			/* but no right to it either: reads all ones */
	CHECK_EQ(port_seen, ~0u);
	CHECK_EQ(V->regs.rax, 0xff);
	machine_run(LORD);
	host_cpu.port_in = port_in;
	LORD->pv.iopl = 1;
	CHECK(in_al(LORD, 0x60));
	CHECK_EQ(port_seen, 0x60);
	CHECK_EQ(LORD->regs.rax, 0x5a);
	CHECK(in_al(LORD, 0x400));
	CHECK_EQ(port_seen, ~0u);
	host_cpu.port_in = NULL;
	end();
}

/* `outsb %fs:(%rsi),(%dx)` from memory that is not there: the fault is where the segment leads. */
TEST(strings_with_a_segment)
{
	static const u8 code[16] = { 0x64, 0x6e };

	start();
	machine_run(V);
	CHECK(!machine_store(V, guest_va(2), code, sizeof(code)));
	V->pv.iopl = 1;
	V->pv.traps[X86_VEC_PF] = (struct pv_trap){ .address = guest_va(3), .cs = PV_CS64 };
	host_cpu.fs_base = 0x5000;
	V->regs.rip = guest_va(2);
	V->regs.cs = PV_CS64;
	V->regs.rsp = guest_va(6);
	V->regs.rsi = 0x77;
	CHECK(pv_emulate_privileged(V));
	CHECK_EQ(V->regs.rip, guest_va(3));
	CHECK_EQ(V->pv.cr2, 0x5077);
	end();
}

static bool msr(u8 second, u32 number, u64 value)
{
	const u8 code[16] = { 0x0f, second };

	CHECK(!machine_store(V, guest_va(2), code, sizeof(code)));
	V->regs.rip = guest_va(2);
	V->regs.cs = PV_CS64;
	V->regs.rcx = number;
	V->regs.rax = (u32)value;
	V->regs.rdx = value >> 32;
	return pv_emulate_privileged(V);
}

/* CPUID says that writing a frame's number there makes a hypercall page of it. */
TEST(a_hypercall_page_by_msr)
{
	struct cpuid_regs r;
	u8 page[64];

	start();
	machine_run(V);
	cpuid_guest(V, 0x40000002, 0, &r);
	CHECK_EQ(r.eax, 1);
	CHECK(msr(0x30, r.ebx, mfn_x(g->page[5]) << PAGE_SHIFT));
	CHECK(!machine_load(V, page, guest_va(5), sizeof(page)));
	CHECK_EQ(page[0], 0x51);			/* push %rcx */
	CHECK_EQ(page[32 + 4], 1);			/* the second entry's number */
	CHECK(msr(0x32, r.ebx, ~0ul));			/* reads as 0 */
	CHECK_EQ(V->regs.rax, 0);
	CHECK(!msr(0x30, r.ebx, (mfn_x(g->page[6]) << PAGE_SHIFT) + 1));	/* there is only the first */
	CHECK(!msr(0x30, r.ebx, mfn_x(g->l1) << PAGE_SHIFT));
	CHECK(!msr(0x30, r.ebx, mfn_x(lord->page[6]) << PAGE_SHIFT));
	CHECK(!msr(0x30, r.ebx, ~0ul & PAGE_MASK));
	end();
}

/* Tools narrow a policy and never widen it. */
TEST(policies)
{
	xen_cpuid_leaf_t leaves[CPUID_POLICY_MAX];
	u32 n = 0, err_leaf, err_sub;

	start();
	machine_run(LORD);
	CHECK_EQ(cpuid_policy_export(NULL, 0, &n), 0);
	CHECK(n > 10 && n <= CPUID_POLICY_MAX);
	CHECK_EQ(cpuid_policy_export(NULL, guest_va(4), &n), 0);
	CHECK(!machine_load(LORD, leaves, guest_va(4), n * sizeof(leaves[0])));
	CHECK_EQ(cpuid_policy_import(g->d, guest_va(4), n, &err_leaf, &err_sub), 0);
	for (u32 i = 0; i < n; i++)
		if (leaves[i].leaf == 7 && !leaves[i].subleaf)
			leaves[i].b = ~0u;
	CHECK(!machine_store(LORD, guest_va(4), leaves, n * sizeof(leaves[0])));
	CHECK_EQ(cpuid_policy_import(g->d, guest_va(4), n, &err_leaf, &err_sub), -EINVAL);
	CHECK_EQ(err_leaf, 7);
	CHECK_EQ(cpuid_policy_import(g->d, HV_VIRT_START, n, &err_leaf, &err_sub), -EFAULT);
	CHECK(cpuid_policy_import(g->d, guest_va(4), CPUID_POLICY_MAX * 2 + 1, &err_leaf, &err_sub) < 0);
	n = 1;
	CHECK_EQ(cpuid_policy_export(NULL, guest_va(4), &n), -ENOBUFS);
	end();
}

int main(void)
{
	machine_start();
	RUN(the_hypervisors_leaves);
	RUN(a_processor_with_everything);
	RUN(instructions_go_with_their_state);
	RUN(no_leaf_is_wild);
	RUN(the_kernels_cpuid_is_forced);
	RUN(xsave_is_there_for_kernels);
	RUN(registers);
	RUN(ports);
	RUN(strings_with_a_segment);
	RUN(a_hypercall_page_by_msr);
	RUN(policies);
	return unit_end();
}
