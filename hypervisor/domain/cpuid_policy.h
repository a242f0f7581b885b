/* SPDX-License-Identifier: MIT */
/*
 * CPUID as guests see it: the hardware's answer less what a guest of its kind cannot use, and the hypervisor's own
 * leaves at 0x40000000. A domain may have a policy of its own (XEN_DOMCTL_set_cpu_policy), which only narrows.
 */
#ifndef DOMAIN_CPUID_POLICY_H
#define DOMAIN_CPUID_POLICY_H

#include "abi/arch_x86_64.h"
#include "domain/domain.h"
#include "x86/cpu_ops.h"

/* What tools set: leaves, in no particular order. */
struct cpu_policy {
	u32 nr_leaves, pad;
	xen_cpuid_leaf_t leaves[];
};

void cpuid_guest(const struct vcpu *v, u32 leaf, u32 subleaf, struct cpuid_regs *out);

/*
 * The policy as tools see it: a list of leaves (xen_cpuid_leaf_t) at a guest address, 0 to ask only for the number.
 * d == NULL: what a new PV guest gets. 0, -EFAULT, -ENOBUFS.
 */
int cpuid_policy_export(struct domain *d, u64 leaves, u32 *count);
int cpuid_host_export(u64 leaves, u32 *count);		/* the hardware's own */
#define CPUID_POLICY_MAX	96u
/* Narrows d's policy to the list. -EINVAL names the leaf that asks for what the host has not. */
int cpuid_policy_import(struct domain *d, u64 leaves, u32 count, u32 *err_leaf, u32 *err_subleaf);

/*
 * The registers of a policy: as above, with xen_msr_entry_t. Those of PV guests are all zero (none of the features in
 * them is for guests), and a policy must say so too; the host's are read (host: true).
 */
#define CPUID_POLICY_MSRS	2u
int cpuid_msrs_export(bool host, u64 msrs, u32 *count);
int cpuid_msrs_check(u64 msrs, u32 count, u32 *err_msr);

/* Words of the published feature set, in its order, of the host (false) or of a PV guest (true). */
#define CPUID_FEATURE_WORDS	19u
void cpuid_featureset(bool guest, u32 *words);

#endif
