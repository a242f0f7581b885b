/* SPDX-License-Identifier: MIT */
/*
 * Small questions that kernels ask and believe the answer to: operations that do not exist, facts that hold for bound
 * vCPUs only, machine checks to fetch when there are none, registers that only say "nothing here". Each answer is the
 * published one, where words and Xen 4.17 agree.
 */
#include "guest.h"
#include "abi/mca.h"
#include "abi/nmi.h"

const char test_title[] = "answers: small questions, published answers";

static uint8_t buffer[PAGE_SIZE] PAGE;

static long mca_fetch(uint32_t flags)
{
	struct xen_mc mc = { .cmd = XEN_MC_fetch, .interface_version = XEN_MCA_INTERFACE_VERSION };

	mc.u.mc_fetch.flags = flags;
	return hypercall(arch_0, &mc);
}

static void unknown_operations(void)
{
	struct xen_mc mc = { .cmd = 99, .interface_version = XEN_MCA_INTERFACE_VERSION };

	EXPECT(-XEN_EINVAL, hypercall(arch_0, &mc));
	EXPECT(-XEN_EINVAL, mca_fetch(0));
	EXPECT(-XEN_ENOSYS, hypercall(console_io, 7, 4, 0xffff830000000000));
	EXPECT(-XEN_ENOSYS, hypercall(callback_op, 2, buffer));
	EXPECT(-XEN_ENOSYS, hypercall(nmi_op, 2, buffer));
	EXPECT(-XEN_ENOSYS, hypercall(sched_op, 8, buffer));
	EXPECT(-XEN_ENOSYS, hypercall(sched_op_compat, 7, 0));
	EXPECT(-XEN_ENOSYS, hypercall(vcpu_op, 99, 0, buffer));
	EXPECT(-XEN_ENOSYS, hypercall(event_channel_op, 99, buffer));
	EXPECT(-XEN_ENOSYS, hypercall(physdev_op, 99, buffer));
	EXPECT(-XEN_ENOSYS, hypercall(grant_table_op, 99, buffer, 1));
	EXPECT(-XEN_ENOSYS, hypercall(memory_op, 63, buffer));
	EXPECT(-XEN_ENOSYS, hypercall(xen_version, 99, buffer));
	EXPECT(-XEN_ENOSYS, mmuext_one(99, 0));
}

static void vcpu_facts(void)
{
	struct vcpu_get_physid id = { 0 };
	struct vcpu_set_periodic_timer t = { 0 };

	/* dom0's vCPUs are not bound unless dom0_vcpus_pin says so, or there is but one CPU */
	EXPECT(-XEN_EINVAL, hypercall(vcpu_op, VCPUOP_get_physid, 0, &id));
	EXPECT(-XEN_ENOENT, hypercall(vcpu_op, VCPUOP_is_up, 100000, NULL));
	EXPECT(1, hypercall(vcpu_op, VCPUOP_is_up, 0, NULL));
	EXPECT(-XEN_EINVAL, hypercall(vcpu_op, VCPUOP_set_periodic_timer, 0, &t));
}

/* MSRs that read as nothing: Linux and others look without asking CPUID first. */
static void quiet_registers(void)
{
	static const uint32_t msrs[] = { 0x0, 0x1, 0xce, 0x140, 0x400 };

	for (size_t i = 0; i < ARRAY_SIZE(msrs); i++) {
		uint32_t lo = 0, hi = 0;

		PROBE("rdmsr", : "=a" (lo), "=d" (hi) : "c" (msrs[i]));
		CHECK(trap_last.vector == -1, "MSR %#x cannot be read", msrs[i]);
		PROBE("wrmsr", : : "a" (~lo), "d" (hi), "c" (0x140));
		EXPECT_TRAP("switching CPUID faulting on, which is not there", X86_GP, 0);
	}
}

void test_main(void)
{
	unknown_operations();
	vcpu_facts();
	quiet_registers();
}
