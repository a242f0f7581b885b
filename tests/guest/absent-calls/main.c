/* SPDX-License-Identifier: MIT */
/*
 * Hypercalls that belong to features a hypervisor need not have, and privileged ones with rubbish: an error, promptly,
 * and no trace. Each known number is called with six sets of arguments, so nothing here may hang or print without end.
 * kexec_op is left out: where it is offered, dom0 is trusted with the image it loads (Xen 4.17 dies of rubbish there).
 */
#include "guest.h"

const char test_title[] = "absent-calls: optional features, arguments of rubbish";

static uint8_t buffer[2][PAGE_SIZE] PAGE;

void test_main(void)
{
	static const uint8_t numbers[] = {
		__HYPERVISOR_tmem_op, __HYPERVISOR_xsm_op, __HYPERVISOR_xenoprof_op, __HYPERVISOR_hvm_op,
		__HYPERVISOR_argo_op, __HYPERVISOR_xenpmu_op, __HYPERVISOR_dm_op, __HYPERVISOR_arch_1,
		__HYPERVISOR_arch_2, __HYPERVISOR_arch_3, __HYPERVISOR_arch_4, __HYPERVISOR_arch_5, __HYPERVISOR_arch_6,
		__HYPERVISOR_arch_7, __HYPERVISOR_event_channel_op_compat, __HYPERVISOR_physdev_op_compat,
		11, 43, 44, 45, 46, 47,
	};

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		for (uint64_t cmd = 0; cmd < 40; cmd++) {
			memset(buffer, cmd & 1 ? 0xff : 0, sizeof(buffer));
			hypercall_page_call(numbers[i], cmd, (uint64_t)buffer, 1, 0, 0);
			hypercall_page_call(numbers[i], (uint64_t)buffer, cmd, 1, 0, 0);
			hypercall_page_call(numbers[i], 0, cmd, (uint64_t)buffer, 1, 0);
			hypercall_page_call(numbers[i], ~cmd, (uint64_t)buffer, ~0UL, ~0UL, ~0UL);
			hypercall_page_call(numbers[i], cmd, 0xffff830000000000, 1, 0, 0);
		}
	EXPECT(-XEN_ENOSYS, HC2(__HYPERVISOR_tmem_op, buffer, 0));
	CHECK(hypercall(xen_version, XENVER_version, NULL) > 0, "unreachable");
}
