/* SPDX-License-Identifier: MIT */
/* domctl: which hardware a domain may touch or hears of, and what its CPU looks like. Nobody gives what he has not. */
#include "core/percpu.h"
#include "domain/cpuid_policy.h"
#include "domain/domain.h"
#include "event/event.h"
#include "hypercall/domctl.h"
#include "lib/errno.h"

static int change(struct rangeset *r, u64 first, u64 last, bool allow)
{
	return allow ? rangeset_add(r, first, last) : rangeset_remove(r, first, last);
}

int domctl_irq_permission(struct domain *d, struct xen_domctl *op)
{
	u32 pirq = op->u.irq_permission.pirq;

	if (!rangeset_contains(current->domain->irqs, pirq, pirq))
		return -EPERM;
	return change(d->irqs, pirq, pirq, op->u.irq_permission.allow_access);
}

int domctl_iomem_permission(struct domain *d, struct xen_domctl *op)
{
	u64 first = op->u.iomem_permission.first_mfn, n = op->u.iomem_permission.nr_mfns;

	if (!n || first + n - 1 < first)
		return -EINVAL;
	if (!rangeset_contains(current->domain->iomem, first, first + n - 1))
		return -EPERM;
	return change(d->iomem, first, first + n - 1, op->u.iomem_permission.allow_access);
}

int domctl_ioport_permission(struct domain *d, struct xen_domctl *op)
{
	u32 first = op->u.ioport_permission.first_port, n = op->u.ioport_permission.nr_ports;

	if (!n)
		return 0;
	if (first > 0xffff || n > 0x10000 - first)
		return -EINVAL;
	if (!rangeset_contains(current->domain->ioports, first, first + n - 1))
		return -EPERM;
	return change(d->ioports, first, first + n - 1, op->u.ioport_permission.allow_access);
}

/* Of the machine's own events, this one goes to d from now on. */
int domctl_set_virq_handler(struct domain *d, struct xen_domctl *op)
{
	return d->dying != DOMDYING_ALIVE ? -ESRCH : event_set_virq_handler(d, op->u.set_virq_handler.virq);
}

int domctl_get_cpu_policy(struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_cpu_policy *p = &op->u.cpu_policy;
	int rc = cpuid_policy_export(d, p->leaves, &p->nr_leaves);

	if (!rc)
		rc = cpuid_msrs_export(false, p->msrs, &p->nr_msrs);
	return rc ? rc : DOMCTL_COPY_BACK;
}

int domctl_set_cpu_policy(struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_cpu_policy *p = &op->u.cpu_policy;
	int rc;

	p->err_leaf = p->err_subleaf = p->err_msr = ~0u;
	if (d->creation_finished)
		return -EEXIST;
	rc = cpuid_msrs_check(p->msrs, p->nr_msrs, &p->err_msr);
	if (!rc)
		rc = cpuid_policy_import(d, p->leaves, p->nr_leaves, &p->err_leaf, &p->err_subleaf);
	if (rc == -EINVAL)
		return DOMCTL_COPY_BACK_EINVAL;
	return rc ? rc : DOMCTL_COPY_BACK;
}
