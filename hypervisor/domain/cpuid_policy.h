/* SPDX-License-Identifier: MIT */
/*
 * CPUID as guests see it: the hardware's answer less what a guest of its kind cannot use, and the hypervisor's own
 * leaves at 0x40000000. A domain may have a policy of its own (XEN_DOMCTL_set_cpu_policy), which only narrows.
 */
#ifndef DOMAIN_CPUID_POLICY_H
#define DOMAIN_CPUID_POLICY_H

#include "domain/domain.h"
#include "x86/cpu_ops.h"

void cpuid_guest(const struct vcpu *v, u32 leaf, u32 subleaf, struct cpuid_regs *out);

#endif
