/* SPDX-License-Identifier: MIT */
/*
 * sysctl: the host as control tools see it. One function an operation, in a table; the copied-in structure goes back
 * when a function returns COPY_BACK.
 */
#include "hypercall/sysctl.h"

#include "boot/boot_info.h"
#include "core/console.h"
#include "core/ipi.h"
#include "core/keyhandler.h"
#include "core/percpu.h"
#include "core/softirq.h"
#include "core/time.h"
#include "domain/cpuid_policy.h"
#include "domain/domain.h"
#include "domain/guest_copy.h"
#include "domain/memory.h"
#include "hypercall/cpu_switch.h"
#include "hypercall/domctl.h"
#include "hypercall/hypercall.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/page_alloc.h"
#include "platform/machine.h"
#include "sched/sched.h"
#include "x86/features.h"

#define COPY_BACK	SYSCTL_COPY_BACK
#define PIECE		512u

static int op_readconsole(struct xen_sysctl *op)
{
	struct xen_sysctl_readconsole *r = &op->u.readconsole;
	u32 index = r->incremental ? r->index : 0, done = 0;
	char buf[PIECE];

	while (done < r->count) {
		u32 n = console_ring_read(buf, MIN(PIECE, r->count - done), &index, false);

		if (!n)
			break;
		if (guest_copy_to(r->buffer + done, buf, n))
			return -EFAULT;
		done += n;
	}
	if (r->clear)
		(void)console_ring_read(buf, 0, &index, true);
	r->index = index;
	r->count = done;
	return COPY_BACK;
}

static void topology(u32 *threads, u32 *cores)
{
	*threads = 1;
	*cores = MAX(cpu_online_count, 1u);
}

static int op_physinfo(struct xen_sysctl *op)
{
	struct xen_sysctl_physinfo *p = &op->u.physinfo;
	u32 words[CPUID_FEATURE_WORDS], cpu;

	memset(p, 0, sizeof(*p));
	topology(&p->threads_per_core, &p->cores_per_socket);
	p->nr_cpus = cpu_online_count;
	for_each_online_cpu(cpu)
		p->max_cpu_id = cpu;
	p->nr_nodes = 1;
	p->cpu_khz = time_tsc_khz;
	p->capabilities = XEN_SYSCTL_PHYSCAP_pv | XEN_SYSCTL_PHYSCAP_gnttab_v1;
	p->total_pages = page_total_count();
	p->free_pages = page_free_count();
	p->outstanding_pages = domain_claimed_pages();
	p->max_mfn = frame_max - 1;
	cpuid_featureset(false, words);
	memcpy(p->hw_cap, words, sizeof(p->hw_cap));
	return COPY_BACK;
}

static int op_sched_id(struct xen_sysctl *op)
{
	op->u.sched_id.sched_id = XEN_SCHEDULER_CREDIT2;
	return COPY_BACK;
}

struct list_walk {
	struct xen_sysctl_getdomaininfolist *l;
	int rc;
};

static bool list_one(struct domain *d, void *arg)
{
	struct list_walk *w = arg;
	struct xen_domctl_getdomaininfo info;

	if (w->l->num_domains == w->l->max_domains)
		return false;
	domain_info_fill(d, &info);
	if (guest_put_nth(w->l->buffer, w->l->num_domains, &info)) {
		w->rc = -EFAULT;
		return false;
	}
	w->l->num_domains++;
	if (!softirq_is_pending() || w->l->num_domains == w->l->max_domains)
		return true;
	w->rc = -ERESTART;
	return false;
}

static int list_from(struct xen_sysctl_getdomaininfolist *l, domid_t first)
{
	struct list_walk w = { .l = l, .rc = COPY_BACK };

	domain_each(first, list_one, &w);
	return w.rc;
}

static int op_getdomaininfolist(struct xen_sysctl *op)
{
	struct xen_sysctl_getdomaininfolist *l = &op->u.getdomaininfolist;

	l->num_domains = 0;
	return list_from(l, l->first_domain);
}

/* Behind the last one in the caller's list. */
static int list_goes_on(struct xen_sysctl *op)
{
	struct xen_sysctl_getdomaininfolist *l = &op->u.getdomaininfolist;
	struct xen_domctl_getdomaininfo last;

	if (!l->num_domains || guest_get_nth(&last, l->buffer, l->num_domains - 1))
		return -EFAULT;
	return list_from(l, last.domain + 1);
}

static int op_debug_keys(struct xen_sysctl *op)
{
	const struct xen_sysctl_debug_keys *k = &op->u.debug_keys;

	for (u32 i = 0; i < MIN(k->nr_keys, 64u); i++) {
		u8 key;

		if (guest_copy_from(&key, k->keys + i, 1))
			return -EFAULT;
		keyhandler_run(key);
	}
	return 0;
}

static int op_getcpuinfo(struct xen_sysctl *op)
{
	struct xen_sysctl_getcpuinfo *g = &op->u.getcpuinfo;
	u32 cpu, n = 0;

	for (cpu = 0; cpu < MAX_CPUS && n < g->max_cpus; cpu++) {
		struct xen_sysctl_cpuinfo info = { 0 };

		if (cpumask_test(cpu, &cpu_online_mask))
			info.idletime = sched_vcpu_time_ns(domain_idle->vcpu[cpu]);
		else if (!cpu_is_present(cpu))
			break;
		if (guest_put_nth(g->info, cpu, &info))
			return -EFAULT;
		n++;
	}
	g->nr_cpus = n;
	return COPY_BACK;
}

static int op_availheap(struct xen_sysctl *op)
{
	op->u.availheap.avail_bytes = page_free_count() << PAGE_SHIFT;
	return COPY_BACK;
}

static int op_cpu_hotplug(struct xen_sysctl *op)
{
	switch (op->u.cpu_hotplug.op) {
	case XEN_SYSCTL_CPU_HOTPLUG_ONLINE:
		return cpu_switch(op->u.cpu_hotplug.cpu, true);
	case XEN_SYSCTL_CPU_HOTPLUG_OFFLINE:
		return op->u.cpu_hotplug.cpu ? cpu_switch(op->u.cpu_hotplug.cpu, false) : -EINVAL;
	}
	return -EOPNOTSUPP;
}

static int op_cputopoinfo(struct xen_sysctl *op)
{
	struct xen_sysctl_cputopoinfo *t = &op->u.cputopoinfo;
	u32 last = 0, cpu;

	for_each_online_cpu(cpu)
		last = cpu;
	if (t->cputopo) {
		for (cpu = 0; cpu < t->num_cpus && cpu <= last; cpu++) {
			struct xen_sysctl_cputopo one = { XEN_INVALID_CORE_ID, XEN_INVALID_SOCKET_ID,
							  XEN_INVALID_NODE_ID };

			if (cpumask_test(cpu, &cpu_online_mask))
				one = (struct xen_sysctl_cputopo){ cpu, 0, 0 };
			if (guest_put_nth(t->cputopo, cpu, &one))
				return -EFAULT;
		}
	}
	t->num_cpus = last + 1;
	return COPY_BACK;
}

static int op_numainfo(struct xen_sysctl *op)
{
	struct xen_sysctl_numainfo *n = &op->u.numainfo;
	struct xen_sysctl_meminfo mem = { page_total_count() << PAGE_SHIFT, page_free_count() << PAGE_SHIFT };
	u32 distance = 10;

	if (n->num_nodes && n->meminfo && guest_put(n->meminfo, &mem))
		return -EFAULT;
	if (n->num_nodes && n->distance && guest_put(n->distance, &distance))
		return -EFAULT;
	n->num_nodes = 1;
	return COPY_BACK;
}

/* As many as go in one turn: the caller sees how many were done, and asks for the rest. */
static int op_pcitopoinfo(struct xen_sysctl *op)
{
	struct xen_sysctl_pcitopoinfo *t = &op->u.pcitopoinfo;
	u32 i;

	for (i = 0; i < t->num_devs; i++) {
		struct { u16 seg; u8 bus, devfn; } dev;
		u32 node;

		if (guest_get_nth(&dev, t->devs, i))
			return -EFAULT;
		node = pci_conf_read(dev.seg, dev.bus, dev.devfn, 0, 2) == 0xffff ? XEN_INVALID_DEV : 0;
		if (guest_put_nth(t->nodes, i, &node))
			return -EFAULT;
		if (i % 64 == 63 && softirq_is_pending()) {
			i++;
			break;
		}
	}
	t->num_devs = i;
	return COPY_BACK;
}

static bool count_domain(struct domain *d, void *arg)
{
	++*(u32 *)arg;
	return true;
}

/* Every domain is in pool 0 already. */
static int move_to_pool(const struct xen_sysctl_cpupool_op *p)
{
	struct domain *d = p->domid < DOMID_FIRST_RESERVED ? domain_get((domid_t)p->domid) : NULL;
	int rc = d == current->domain ? -EPERM : p->cpupool_id ? -ENOENT : 0;

	if (!d)
		return -ESRCH;
	domain_put(d);
	return rc;
}

/* One pool, number 0, with all CPUs and domains. */
static int op_cpupool(struct xen_sysctl *op)
{
	struct xen_sysctl_cpupool_op *p = &op->u.cpupool_op;

	switch (p->op) {
	case XEN_SYSCTL_CPUPOOL_OP_INFO:
		if (p->cpupool_id)
			return -ENOENT;
		p->sched_id = XEN_SCHEDULER_CREDIT2;
		p->n_dom = 0;
		domain_each(0, count_domain, &p->n_dom);
		return bitmap_to_guest(&p->cpumap, cpu_online_mask.bits, MAX_CPUS) ? -EFAULT : COPY_BACK;
	case XEN_SYSCTL_CPUPOOL_OP_FREEINFO: {
		unsigned long none[MAX_CPUS / 64] = { 0 };

		return bitmap_to_guest(&p->cpumap, none, MAX_CPUS) ? -EFAULT : COPY_BACK;
	}
	case XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN:
		return move_to_pool(p);
	}
	return -EOPNOTSUPP;
}

static int op_scheduler(struct xen_sysctl *op)
{
	int rc = sched_sysctl(&op->u.scheduler_op);

	return rc < 0 ? rc : COPY_BACK;
}

static int op_levelling_caps(struct xen_sysctl *op)
{
	op->u.cpu_levelling_caps.caps = 0;
	return COPY_BACK;
}

static int op_featureset(struct xen_sysctl *op)
{
	struct xen_sysctl_cpu_featureset *f = &op->u.cpu_featureset;
	u32 words[CPUID_FEATURE_WORDS], n;

	if (f->index > XEN_SYSCTL_cpu_featureset_hvm_max)
		return -EINVAL;
	if (f->index == XEN_SYSCTL_cpu_featureset_hvm || f->index == XEN_SYSCTL_cpu_featureset_hvm_max)
		return -EOPNOTSUPP;
	if (!f->features) {
		f->nr_features = CPUID_FEATURE_WORDS;
		return COPY_BACK;
	}
	cpuid_featureset(f->index == XEN_SYSCTL_cpu_featureset_pv || f->index == XEN_SYSCTL_cpu_featureset_pv_max,
			 words);
	n = MIN(f->nr_features, CPUID_FEATURE_WORDS);
	if (guest_copy_to(f->features, words, n * sizeof(*words)))
		return -EFAULT;
	if (f->nr_features < CPUID_FEATURE_WORDS)
		return -ENOBUFS;
	f->nr_features = n;
	return COPY_BACK;
}

static int op_cpu_policy(struct xen_sysctl *op)
{
	struct xen_sysctl_cpu_policy *p = &op->u.cpu_policy;
	int rc;

	switch (p->index) {
	case XEN_SYSCTL_cpu_policy_raw:
	case XEN_SYSCTL_cpu_policy_host:
		rc = cpuid_host_export(p->leaves, &p->nr_leaves);
		break;
	case XEN_SYSCTL_cpu_policy_pv_max:
	case XEN_SYSCTL_cpu_policy_pv_default:
		rc = cpuid_policy_export(NULL, p->leaves, &p->nr_leaves);
		break;
	case XEN_SYSCTL_cpu_policy_hvm_max:
	case XEN_SYSCTL_cpu_policy_hvm_default:
		return -EOPNOTSUPP;
	default:
		return -EINVAL;
	}
	if (!rc)
		rc = cpuid_msrs_export(p->index == XEN_SYSCTL_cpu_policy_raw || p->index == XEN_SYSCTL_cpu_policy_host,
				       p->msrs, &p->nr_msrs);
	return rc ? rc : COPY_BACK;
}

/* There are no live patches: the list is empty, none has the name asked for, and none is taken. */
static int op_livepatch(struct xen_sysctl *op)
{
	struct xen_sysctl_livepatch_op *l = &op->u.livepatch;

	if (l->pad)
		return -EINVAL;
	switch (l->cmd) {
	case XEN_SYSCTL_LIVEPATCH_LIST:
		l->u.list.nr = l->u.list.version = l->u.list.name_total_size = l->u.list.metadata_total_size = 0;
		return COPY_BACK;
	case XEN_SYSCTL_LIVEPATCH_GET:
	case XEN_SYSCTL_LIVEPATCH_ACTION:
		return -ENOENT;
	}
	return -EOPNOTSUPP;
}

static int (*const ops[])(struct xen_sysctl *op) = {
	[XEN_SYSCTL_readconsole] = op_readconsole,
	[XEN_SYSCTL_physinfo] = op_physinfo,
	[XEN_SYSCTL_sched_id] = op_sched_id,
	[XEN_SYSCTL_perfc_op] = sysctl_perfc_op,
	[XEN_SYSCTL_getdomaininfolist] = op_getdomaininfolist,
	[XEN_SYSCTL_debug_keys] = op_debug_keys,
	[XEN_SYSCTL_getcpuinfo] = op_getcpuinfo,
	[XEN_SYSCTL_availheap] = op_availheap,
	[XEN_SYSCTL_get_pmstat] = sysctl_get_pmstat,
	[XEN_SYSCTL_pm_op] = sysctl_pm_op,
	[XEN_SYSCTL_cpu_hotplug] = op_cpu_hotplug,
	[XEN_SYSCTL_cputopoinfo] = op_cputopoinfo,
	[XEN_SYSCTL_numainfo] = op_numainfo,
	[XEN_SYSCTL_cpupool_op] = op_cpupool,
	[XEN_SYSCTL_scheduler_op] = op_scheduler,
	[XEN_SYSCTL_pcitopoinfo] = op_pcitopoinfo,
	[XEN_SYSCTL_get_cpu_levelling_caps] = op_levelling_caps,
	[XEN_SYSCTL_get_cpu_featureset] = op_featureset,
	[XEN_SYSCTL_livepatch_op] = op_livepatch,
	[XEN_SYSCTL_get_cpu_policy] = op_cpu_policy,
};

/* In the operation's number, ours: one that said -ERESTART goes on. Harmless if a caller sets it. */
#define GOES_ON		(1u << 31)

static int (*const go_on[ARRAY_SIZE(ops)])(struct xen_sysctl *op) = {
	[XEN_SYSCTL_getdomaininfolist] = list_goes_on,
};

long do_sysctl(u64 arg)
{
	struct xen_sysctl op;
	bool goes_on;
	int rc;

	if (guest_get(&op, arg))
		return -EFAULT;
	if (op.interface_version != XEN_SYSCTL_INTERFACE_VERSION)
		return -EACCES;
	goes_on = op.cmd & GOES_ON;
	op.cmd &= ~GOES_ON;
	if (op.cmd >= ARRAY_SIZE(ops) || !ops[op.cmd] || (goes_on && !go_on[op.cmd]))
		return -ENOSYS;
	rc = goes_on ? go_on[op.cmd](&op) : ops[op.cmd](&op);
	if (rc == -ERESTART)
		op.cmd |= GOES_ON;
	if ((rc == COPY_BACK || goes_on || rc == -ERESTART) && guest_put(arg, &op))
		return -EFAULT;
	if (rc == -ERESTART)
		return hypercall_restart(__HYPERVISOR_sysctl, 1, arg);
	return rc == COPY_BACK ? 0 : rc;
}
