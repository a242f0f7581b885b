/* SPDX-License-Identifier: MIT */
/*
 * mca and xenpmu: machine checks end in the hypervisor's own report (see CAVEATS.md), so there is nothing to fetch;
 * dom0 is told which CPUs there are. Performance counters are not given to guests.
 */
#include "abi/mca.h"

#include "core/ipi.h"
#include "domain/guest_copy.h"
#include "hypercall/hypercall.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "platform/machine.h"
#include "x86/cpu_ops.h"
#include "x86/features.h"

static void describe_cpu(u32 cpu, struct mcinfo_logical_cpu *out)
{
	struct cpuid_regs id = cpuid(0);

	memset(out, 0, sizeof(*out));
	out->mc_cpunr = cpu;
	out->mc_chipid = 0;
	out->mc_coreid = cpu;
	out->mc_apicid = out->mc_clusterid = cpu_apic_id(cpu);
	out->mc_ncores = out->mc_ncores_active = cpu_online_count;
	out->mc_nthreads = 1;
	out->mc_family = cpu_features.family;
	out->mc_model = cpu_features.model;
	out->mc_step = cpu_features.stepping;
	out->mc_cpuid_level = cpu_features.max_leaf;
	memcpy(out->mc_vendorid, &id.ebx, 4);
	memcpy(out->mc_vendorid + 4, &id.edx, 4);
	memcpy(out->mc_vendorid + 8, &id.ecx, 4);
	strlcpy((char *)out->mc_brandid, cpu_features.name, sizeof(out->mc_brandid));
}

static long physcpuinfo(struct xen_mc *mc, u64 arg)
{
	struct xen_mc_physcpuinfo *info = &mc->u.mc_physcpuinfo;
	struct mcinfo_logical_cpu one;
	u32 n = 0, cpu;

	if (!info->info) {
		info->ncpus = cpu_online_count;
		return guest_put(arg, mc);
	}
	for_each_online_cpu(cpu) {
		if (n == info->ncpus)
			break;
		describe_cpu(cpu, &one);
		if (guest_put_nth(info->info, n, &one))
			return -EFAULT;
		n++;
	}
	info->ncpus = n;
	return guest_put(arg, mc);
}

static long fetch(struct xen_mc *mc, u64 arg)
{
	if (!(mc->u.mc_fetch.flags & (XEN_MC_NONURGENT | XEN_MC_URGENT)))
		return -EINVAL;
	mc->u.mc_fetch.flags = XEN_MC_NODATA;
	mc->u.mc_fetch.fetch_id = 0;
	return guest_put(arg, mc);
}

long do_mca(u64 arg)
{
	struct xen_mc mc;

	if (guest_get(&mc, arg))
		return -EFAULT;
	if (mc.interface_version != XEN_MCA_INTERFACE_VERSION)
		return -EACCES;
	switch (mc.cmd) {
	case XEN_MC_fetch:
		return fetch(&mc, arg);
	case XEN_MC_physcpuinfo:
		return physcpuinfo(&mc, arg);
	case XEN_MC_notifydomain:
		return -EINVAL;
	}
	return -EINVAL;
}

long do_xenpmu_op(u32 cmd, u64 arg)
{
	return -EOPNOTSUPP;
}
