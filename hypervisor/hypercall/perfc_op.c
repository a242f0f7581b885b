/* SPDX-License-Identifier: MIT */
/*
 * sysctl perfc_op: the performance counters of x86/perfc.h, one value for each CPU that is online, and how often each
 * hypercall was made, by number: of the vCPUs there are and of those that have been.
 */
#include "x86/perfc.h"

#include "core/ipi.h"
#include "domain/domain.h"
#include "domain/guest_copy.h"
#include "hypercall/domctl.h"
#include "hypercall/sysctl.h"
#include "hypercall/table.h"
#include "lib/errno.h"
#include "lib/string.h"

#ifndef HOST_TEST
u32 perfc_counts[MAX_CPUS][PERFC_NR];
#else
static u32 perfc_counts[MAX_CPUS][PERFC_NR];
#endif

static const char *const names[PERFC_NR] = {
#define PERFC_TEXT(name, text) [PERFC_##name] = text,
	PERFC_LIST(PERFC_TEXT)
#undef PERFC_TEXT
};

static bool add_calls(struct domain *d, void *arg)
{
	u32 *sum = arg, i;
	struct vcpu *v;

	for_each_vcpu(d, v, i)
		for (u32 nr = 0; nr < HYPERCALLS; nr++)
			sum[nr] += READ_ONCE(v->hypercalls[nr]);
	return true;
}

static bool forget_calls(struct domain *d, void *arg)
{
	struct vcpu *v;
	u32 i;

	for_each_vcpu(d, v, i)
		memset(v->hypercalls, 0, sizeof(v->hypercalls));
	return true;
}

static void reset(void)
{
	memset(perfc_counts, 0, sizeof(perfc_counts));
	memset(vcpu_hypercalls_gone, 0, sizeof(vcpu_hypercalls_gone));
	domain_each(0, forget_calls, NULL);
}

static int put_descriptions(u64 to, u32 cpus)
{
	struct xen_sysctl_perfc_desc desc;

	for (u32 i = 0; i <= PERFC_NR; i++) {
		memset(&desc, 0, sizeof(desc));
		strlcpy(desc.name, i < PERFC_NR ? names[i] : "hypercalls", sizeof(desc.name));
		desc.nr_vals = i < PERFC_NR ? cpus : HYPERCALLS;
		if (guest_put_nth(to, i, &desc))
			return -EFAULT;
	}
	return 0;
}

static int put_values(u64 to)
{
	u32 sum[HYPERCALLS], cpu;
	u64 at = 0;

	for (u32 i = 0; i < PERFC_NR; i++)
		for_each_online_cpu(cpu)
			if (guest_put_nth(to, at++, &perfc_counts[cpu][i]))
				return -EFAULT;
	memcpy(sum, vcpu_hypercalls_gone, sizeof(sum));
	domain_each(0, add_calls, sum);
	return guest_copy_to(to + at * sizeof(u32), sum, sizeof(sum)) ? -EFAULT : 0;
}

int sysctl_perfc_op(struct xen_sysctl *op)
{
	struct xen_sysctl_perfc_op *p = &op->u.perfc_op;
	u32 cpus = cpu_online_count;
	int rc = 0;

	if (p->cmd == XEN_SYSCTL_PERFCOP_reset)
		reset();
	else if (p->cmd != XEN_SYSCTL_PERFCOP_query)
		return -EINVAL;
	p->nr_counters = PERFC_NR + 1;
	p->nr_vals = PERFC_NR * cpus + HYPERCALLS;
	if (p->desc)
		rc = put_descriptions(p->desc, cpus);
	if (!rc && p->val)
		rc = put_values(p->val);
	return rc ? rc : SYSCTL_COPY_BACK;
}
