/* SPDX-License-Identifier: MIT */
/*
 * sysctl get_pmstat and pm_op: power management as xenpm shows it. A CPU has two states, running (C0) and halted (C1);
 * frequencies are the firmware's, so whatever is about them answers -ENODEV.
 */
#include "core/ipi.h"
#include "core/time.h"
#include "domain/domain.h"
#include "domain/guest_copy.h"
#include "hypercall/sysctl.h"
#include "lib/errno.h"
#include "sched/sched.h"
#include "x86/perfc.h"

#define CSTATES	2u

static int put_cxstat(u32 cpu, struct pm_cx_stat *s)
{
	u64 idle = sched_vcpu_time_ns(domain_idle->vcpu[cpu]), now = time_now_ns();
	u64 entered = sched_idle_entries(cpu);
	u64 triggers[CSTATES] = { entered, entered }, residencies[CSTATES] = { now > idle ? now - idle : 0, idle };

	s->nr = CSTATES;
	s->last = 0;
	s->idle_time = idle;
	s->nr_pc = s->nr_cc = 0;
	return guest_copy_to(s->triggers, triggers, sizeof(triggers)) ||
	       guest_copy_to(s->residencies, residencies, sizeof(residencies)) ? -EFAULT : SYSCTL_COPY_BACK;
}

int sysctl_get_pmstat(struct xen_sysctl *op)
{
	struct xen_sysctl_get_pmstat *p = &op->u.get_pmstat;

	if (p->cpuid >= MAX_CPUS || !cpumask_test(p->cpuid, &cpu_online_mask))
		return -EINVAL;
	switch (p->type) {
	case PMSTAT_get_max_cx:
		p->u.getcx.nr = CSTATES;
		return SYSCTL_COPY_BACK;
	case PMSTAT_get_cxstat:
		return put_cxstat(p->cpuid, &p->u.getcx);
	}
	return (p->type & PMSTAT_CATEGORY_MASK) == PMSTAT_PX ? -ENODEV : -EOPNOTSUPP;
}

int sysctl_pm_op(struct xen_sysctl *op)
{
	struct xen_sysctl_pm_op *p = &op->u.pm_op;

	if (p->cmd == XEN_SYSCTL_pm_op_get_max_cstate) {
		p->u.get_max_cstate = 1;
		return SYSCTL_COPY_BACK;
	}
	/* C1 is the deepest there is, and cannot be switched off */
	if (p->cmd == XEN_SYSCTL_pm_op_set_max_cstate)
		return p->u.set_max_cstate ? 0 : -EOPNOTSUPP;
	return p->cmd < XEN_SYSCTL_pm_op_set_sched_opt_smt ? -ENODEV : -EOPNOTSUPP;
}
