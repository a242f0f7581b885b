/* SPDX-License-Identifier: MIT */
/* sysctl: as domctl.c, for the host as a whole. */
#include <errno.h>
#include <string.h>

#include "hv/domctl.h"

static int sysctl_call(struct xen_sysctl *op)
{
	struct xen_sysctl *buf = hv_buf_get(sizeof(*buf));
	int rc;

	if (!buf)
		return -ENOMEM;
	op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	*buf = *op;
	rc = (int)hv_call(__HYPERVISOR_sysctl, (uintptr_t)buf, 0, 0, 0, 0);
	*op = *buf;
	hv_buf_put(buf, sizeof(*buf));
	return rc;
}

int hv_sysctl_physinfo(struct xen_sysctl_physinfo *info)
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_physinfo };
	int rc = sysctl_call(&op);

	*info = op.u.physinfo;
	return rc;
}

int hv_sysctl_domains(domid_t first, struct xen_domctl_getdomaininfo *list, unsigned int max)
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_getdomaininfolist };
	size_t size = max * sizeof(*list);
	void *buf = hv_buf_get(size);
	int rc;

	if (!buf)
		return -ENOMEM;
	op.u.getdomaininfolist.first_domain = first;
	op.u.getdomaininfolist.max_domains = max;
	op.u.getdomaininfolist.buffer = (uintptr_t)buf;
	rc = sysctl_call(&op);
	if (rc >= 0) {
		rc = (int)op.u.getdomaininfolist.num_domains;
		memcpy(list, buf, (size_t)rc * sizeof(*list));
	}
	hv_buf_put(buf, size);
	return rc;
}

int hv_sysctl_sched_id(unsigned int *id)
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_sched_id };
	int rc = sysctl_call(&op);

	*id = op.u.sched_id.sched_id;
	return rc;
}

int hv_sysctl_read_console(char *text, uint32_t size, uint32_t *index, bool incremental, bool clear)
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_readconsole };
	void *buf = hv_buf_get(size);
	int rc;

	if (!buf)
		return -ENOMEM;
	op.u.readconsole.clear = clear;
	op.u.readconsole.incremental = incremental;
	op.u.readconsole.index = *index;
	op.u.readconsole.buffer = (uintptr_t)buf;
	op.u.readconsole.count = size;
	rc = sysctl_call(&op);
	if (rc >= 0) {
		rc = (int)op.u.readconsole.count;
		memcpy(text, buf, (size_t)rc);
		*index = op.u.readconsole.index;
	}
	hv_buf_put(buf, size);
	return rc;
}

int hv_sysctl_debug_keys(const char *keys)
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_debug_keys };
	size_t n = strlen(keys);
	void *buf = hv_buf_get(n + 1);
	int rc;

	if (!buf)
		return -ENOMEM;
	memcpy(buf, keys, n);
	op.u.debug_keys.keys = (uintptr_t)buf;
	op.u.debug_keys.nr_keys = (uint32_t)n;
	rc = sysctl_call(&op);
	hv_buf_put(buf, n + 1);
	return rc;
}

int hv_sysctl_cpu_idle(uint64_t *idle_ns, unsigned int max)
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_getcpuinfo };
	struct xen_sysctl_cpuinfo *buf = hv_buf_get(max * sizeof(*buf));
	int rc;

	if (!buf)
		return -ENOMEM;
	op.u.getcpuinfo.max_cpus = max;
	op.u.getcpuinfo.info = (uintptr_t)buf;
	rc = sysctl_call(&op);
	if (rc >= 0) {
		rc = (int)(op.u.getcpuinfo.nr_cpus < max ? op.u.getcpuinfo.nr_cpus : max);
		for (int i = 0; i < rc; i++)
			idle_ns[i] = buf[i].idletime;
	}
	hv_buf_put(buf, max * sizeof(*buf));
	return rc;
}

int hv_sysctl_topology(struct xen_sysctl_cputopo *topo, unsigned int max)
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_cputopoinfo };
	void *buf = hv_buf_get(max * sizeof(*topo));
	int rc;

	if (!buf)
		return -ENOMEM;
	op.u.cputopoinfo.num_cpus = max;
	op.u.cputopoinfo.cputopo = (uintptr_t)buf;
	rc = sysctl_call(&op);
	if (rc >= 0) {
		rc = (int)(op.u.cputopoinfo.num_cpus < max ? op.u.cputopoinfo.num_cpus : max);
		memcpy(topo, buf, (size_t)rc * sizeof(*topo));
	}
	hv_buf_put(buf, max * sizeof(*topo));
	return rc;
}

int hv_sysctl_ratelimit(unsigned int *us, bool set)
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_scheduler_op };
	int rc;

	op.u.scheduler_op.cpupool_id = 0;
	op.u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT2;
	op.u.scheduler_op.cmd = set ? XEN_SYSCTL_SCHEDOP_putinfo : XEN_SYSCTL_SCHEDOP_getinfo;
	op.u.scheduler_op.u.sched_credit2.ratelimit_us = *us;
	rc = sysctl_call(&op);
	*us = op.u.scheduler_op.u.sched_credit2.ratelimit_us;
	return rc;
}
