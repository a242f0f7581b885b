/* SPDX-License-Identifier: MIT */
/*
 * domctl: every function fills one struct xen_domctl in memory that the hypervisor may use, calls, and copies
 * the answer out.  The interface version is written in one place.
 */
#include <errno.h>
#include <string.h>

#include "hv/domctl.h"

/* op is in and out. */
static int domctl(struct xen_domctl *op)
{
	struct xen_domctl *buf = hv_buf_get(sizeof(*buf));
	int rc;

	if (!buf)
		return -ENOMEM;
	op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	*buf = *op;
	rc = (int)hv_call(__HYPERVISOR_domctl, (uintptr_t)buf, 0, 0, 0, 0);
	*op = *buf;
	hv_buf_put(buf, sizeof(*buf));
	return rc;
}

static int domctl_bare(domid_t domid, uint32_t cmd)
{
	struct xen_domctl op = { .cmd = cmd, .domain = domid };

	return domctl(&op);
}

int hv_domctl_create(domid_t domid, const struct hv_create *create)
{
	struct xen_domctl op = { .cmd = XEN_DOMCTL_createdomain, .domain = domid };
	struct xen_domctl_createdomain *c = &op.u.createdomain;
	int rc;

	memcpy(c->handle, create->uuid, sizeof(c->handle));
	c->max_vcpus = create->max_vcpus;
	c->max_evtchn_port = create->max_evtchn_port;
	c->max_grant_frames = create->max_grant_frames;
	c->max_maptrack_frames = create->max_maptrack_frames;
	c->grant_opts = XEN_DOMCTL_GRANT_version(create->max_grant_version);
	rc = domctl(&op);
	return rc < 0 ? rc : op.domain;
}

int hv_domctl_max_vcpus(domid_t domid, unsigned int n)
{
	struct xen_domctl op = { .cmd = XEN_DOMCTL_max_vcpus, .domain = domid, .u.max_vcpus.max = n };

	return domctl(&op);
}

int hv_domctl_max_mem(domid_t domid, uint64_t kib)
{
	struct xen_domctl op = { .cmd = XEN_DOMCTL_max_mem, .domain = domid, .u.max_mem.max_memkb = kib };

	return domctl(&op);
}

int hv_domctl_set_address_size(domid_t domid, unsigned int bits)
{
	struct xen_domctl op = { .cmd = XEN_DOMCTL_set_address_size,
				 .domain = domid,
				 .u.address_size.size = bits };

	return domctl(&op);
}

int hv_domctl_hypercall_page(domid_t domid, xen_pfn_t mfn)
{
	struct xen_domctl op = { .cmd = XEN_DOMCTL_hypercall_init,
				 .domain = domid,
				 .u.hypercall_init.gmfn = mfn };

	return domctl(&op);
}

int hv_domctl_set_tsc_mode(domid_t domid, unsigned int mode)
{
	struct xen_domctl op = { .cmd = XEN_DOMCTL_settscinfo, .domain = domid, .u.tsc_info.tsc_mode = mode };

	return domctl(&op);
}

int hv_domctl_set_time_offset(domid_t domid, int64_t seconds)
{
	struct xen_domctl op = { .cmd = XEN_DOMCTL_settimeoffset, .domain = domid,
				 .u.settimeoffset.time_offset_seconds = seconds };

	return domctl(&op);
}

int hv_domctl_pause(domid_t domid)
{
	return domctl_bare(domid, XEN_DOMCTL_pausedomain);
}

int hv_domctl_unpause(domid_t domid)
{
	return domctl_bare(domid, XEN_DOMCTL_unpausedomain);
}

int hv_domctl_destroy(domid_t domid)
{
	int rc = domctl_bare(domid, XEN_DOMCTL_destroydomain);

	/* ERESTART: the hypervisor wants to be called again; some versions say so with EAGAIN. */
	return rc == -ERESTART ? -EAGAIN : rc;
}

int hv_domctl_trigger(domid_t domid, unsigned int trigger, unsigned int vcpu)
{
	struct xen_domctl op = {
		.cmd = XEN_DOMCTL_sendtrigger, .domain = domid,
		.u.sendtrigger = { .trigger = trigger, .vcpu = vcpu },
	};

	return domctl(&op);
}

static int set_context(domid_t domid, const void *ctxt, size_t size)
{
	struct xen_domctl op = { .cmd = XEN_DOMCTL_setvcpucontext, .domain = domid };
	void *buf = hv_buf_get(size);
	int rc;

	if (!buf)
		return -ENOMEM;
	memcpy(buf, ctxt, size);
	op.u.vcpucontext.ctxt = (uintptr_t)buf;
	rc = domctl(&op);
	hv_buf_put(buf, size);
	return rc;
}

static int start_pv64(domid_t domid, const struct hv_pv_start *start)
{
	struct vcpu_guest_context c;

	memset(&c, 0, sizeof(c));
	c.flags = VGCF_in_kernel | VGCF_online;
	c.user_regs.rip = start->entry;
	c.user_regs.rsp = start->stack;
	c.user_regs.rsi = start->start_info;
	c.user_regs.rflags = 1u << 9;
	c.user_regs.cs = FLAT_KERNEL_CS;
	c.user_regs.ss = FLAT_KERNEL_SS;
	c.user_regs.ds = c.user_regs.es = c.user_regs.fs = c.user_regs.gs = FLAT_KERNEL_DS;
	c.kernel_ss = FLAT_KERNEL_SS;
	c.kernel_sp = start->stack;
	c.ctrlreg[3] = xen_pfn_to_cr3(start->root);
	return set_context(domid, &c, sizeof(c));
}

/* A vCPU's state as a 32-bit guest's tools write it. */
struct context32 {
	uint8_t fpu[512];
	uint32_t flags;
	struct {
		uint32_t ebx, ecx, edx, esi, edi, ebp, eax;
		uint16_t error_code, entry_vector;
		uint32_t eip;
		uint16_t cs;
		uint8_t saved_upcall_mask, pad0;
		uint32_t eflags, esp;
		uint16_t ss, pad1, es, pad2, ds, pad3, fs, pad4, gs, pad5;
	} regs;
	struct { uint8_t vector, flags; uint16_t cs; uint32_t address; } traps[256];
	uint32_t ldt_base, ldt_ents;
	uint32_t gdt_frames[16], gdt_ents;
	uint32_t kernel_ss, kernel_sp;
	uint32_t ctrlreg[8];
	uint32_t debugreg[8];
	uint32_t event_callback_cs, event_callback_eip;
	uint32_t failsafe_callback_cs, failsafe_callback_eip;
	uint32_t vm_assist;
};
_Static_assert(sizeof(struct context32) == 2800, "published layout");

static int start_pv32(domid_t domid, const struct hv_pv_start *start)
{
	struct context32 c;

	memset(&c, 0, sizeof(c));
	c.flags = VGCF_in_kernel | VGCF_online;
	c.regs.eip = (uint32_t)start->entry;
	c.regs.esp = (uint32_t)start->stack;
	c.regs.esi = (uint32_t)start->start_info;
	c.regs.eflags = 1u << 9;
	c.regs.cs = FLAT_RING1_CS;
	c.regs.ss = FLAT_RING1_SS;
	c.regs.ds = c.regs.es = c.regs.fs = c.regs.gs = FLAT_RING1_DS;
	c.kernel_ss = FLAT_RING1_SS;
	c.kernel_sp = (uint32_t)start->stack;
	c.event_callback_cs = c.failsafe_callback_cs = FLAT_RING1_CS;
	/* A 32-bit cr3 is the frame number turned left by 12 bits, so that frames beyond 4 GiB fit. */
	c.ctrlreg[3] = (uint32_t)(start->root << 12 | start->root >> 20);
	return set_context(domid, &c, sizeof(c));
}

int hv_domctl_start_pv(domid_t domid, const struct hv_pv_start *start)
{
	return start->bits == 32 ? start_pv32(domid, start) : start_pv64(domid, start);
}

int hv_domctl_get_context(domid_t domid, unsigned int vcpu, struct vcpu_guest_context *ctxt)
{
	struct xen_domctl op = { .cmd = XEN_DOMCTL_getvcpucontext, .domain = domid };
	struct vcpu_guest_context *buf = hv_buf_get(sizeof(*buf));
	int rc;

	if (!buf)
		return -ENOMEM;
	op.u.vcpucontext.vcpu = vcpu;
	op.u.vcpucontext.ctxt = (uintptr_t)buf;
	rc = domctl(&op);
	*ctxt = *buf;
	hv_buf_put(buf, sizeof(*buf));
	return rc;
}

int hv_domctl_info(domid_t domid, struct xen_domctl_getdomaininfo *info)
{
	struct xen_domctl op = { .cmd = XEN_DOMCTL_getdomaininfo, .domain = domid };
	int rc = domctl(&op);

	*info = op.u.getdomaininfo;
	/* Asked for a domain that is not there, the hypervisor may answer with the next. */
	return rc == 0 && info->domain != domid ? -ESRCH : rc;
}

int hv_domctl_vcpu_info(domid_t domid, unsigned int vcpu, struct xen_domctl_getvcpuinfo *info)
{
	struct xen_domctl op = { .cmd = XEN_DOMCTL_getvcpuinfo, .domain = domid, .u.getvcpuinfo.vcpu = vcpu };
	int rc = domctl(&op);

	*info = op.u.getvcpuinfo;
	return rc;
}

/* The two maps side by side in one buffer. */
static int affinity(domid_t domid, uint32_t cmd, unsigned int vcpu, uint8_t *hard, uint8_t *soft,
		    unsigned int n_bits)
{
	struct xen_domctl op = { .cmd = cmd, .domain = domid, .u.vcpuaffinity.vcpu = vcpu };
	struct xen_domctl_vcpuaffinity *a = &op.u.vcpuaffinity;
	size_t n = (n_bits + 63) / 64 * 8;
	uint8_t *buf = hv_buf_get(2 * n);
	int rc;

	if (!buf)
		return -ENOMEM;
	a->flags = (hard ? XEN_VCPUAFFINITY_HARD : 0) | (soft ? XEN_VCPUAFFINITY_SOFT : 0);
	a->cpumap_hard = (struct xenctl_bitmap){ .bitmap = (uintptr_t)buf, .nr_bits = hard ? n_bits : 0 };
	a->cpumap_soft =
		(struct xenctl_bitmap){ .bitmap = (uintptr_t)(buf + n), .nr_bits = soft ? n_bits : 0 };
	if (hard)
		memcpy(buf, hard, (n_bits + 7) / 8);
	if (soft)
		memcpy(buf + n, soft, (n_bits + 7) / 8);
	rc = domctl(&op);
	if (hard)
		memcpy(hard, buf, (n_bits + 7) / 8);
	if (soft)
		memcpy(soft, buf + n, (n_bits + 7) / 8);
	hv_buf_put(buf, 2 * n);
	return rc;
}

int hv_domctl_set_affinity(domid_t domid, unsigned int vcpu, const uint8_t *hard, const uint8_t *soft,
			   unsigned int n_bits)
{
	uint8_t maps[2][1024];

	if (n_bits > sizeof(maps[0]) * 8)
		return -EINVAL;
	if (hard)
		memcpy(maps[0], hard, (n_bits + 7) / 8);
	if (soft)
		memcpy(maps[1], soft, (n_bits + 7) / 8);
	return affinity(domid, XEN_DOMCTL_setvcpuaffinity, vcpu, hard ? maps[0] : NULL, soft ? maps[1] : NULL,
			n_bits);
}

int hv_domctl_get_affinity(domid_t domid, unsigned int vcpu, uint8_t *hard, uint8_t *soft,
			   unsigned int n_bits)
{
	return affinity(domid, XEN_DOMCTL_getvcpuaffinity, vcpu, hard, soft, n_bits);
}

static int cpu_policy(domid_t domid, uint32_t cmd, xen_cpuid_leaf_t *leaves, unsigned int *n)
{
	struct xen_domctl op = { .cmd = cmd, .domain = domid };
	size_t size = *n * sizeof(*leaves);
	xen_cpuid_leaf_t *buf = hv_buf_get(size);
	int rc;

	if (!buf)
		return -ENOMEM;
	memcpy(buf, leaves, size);
	op.u.cpu_policy.nr_leaves = *n;
	op.u.cpu_policy.leaves = (uintptr_t)buf;
	rc = domctl(&op);
	*n = op.u.cpu_policy.nr_leaves < *n ? op.u.cpu_policy.nr_leaves : *n;
	memcpy(leaves, buf, *n * sizeof(*leaves));
	hv_buf_put(buf, size);
	return rc;
}

int hv_domctl_get_cpu_policy(domid_t domid, xen_cpuid_leaf_t *leaves, unsigned int *n)
{
	return cpu_policy(domid, XEN_DOMCTL_get_cpu_policy, leaves, n);
}

int hv_domctl_set_cpu_policy(domid_t domid, xen_cpuid_leaf_t *leaves, unsigned int n)
{
	return cpu_policy(domid, XEN_DOMCTL_set_cpu_policy, leaves, &n);
}

int hv_domctl_set_sched(domid_t domid, unsigned int sched_id, unsigned int weight, unsigned int cap)
{
	struct xen_domctl op = { .cmd = XEN_DOMCTL_scheduler_op, .domain = domid };

	op.u.scheduler_op.sched_id = sched_id;
	op.u.scheduler_op.cmd = XEN_DOMCTL_SCHEDOP_putinfo;
	op.u.scheduler_op.u.credit2.weight = (uint16_t)weight;
	op.u.scheduler_op.u.credit2.cap = (uint16_t)cap;
	return domctl(&op);
}

int hv_domctl_get_sched(domid_t domid, unsigned int sched_id, unsigned int *weight, unsigned int *cap)
{
	struct xen_domctl op = { .cmd = XEN_DOMCTL_scheduler_op, .domain = domid };
	int rc;

	op.u.scheduler_op.sched_id = sched_id;
	op.u.scheduler_op.cmd = XEN_DOMCTL_SCHEDOP_getinfo;
	rc = domctl(&op);
	*weight = op.u.scheduler_op.u.credit2.weight;
	*cap = op.u.scheduler_op.u.credit2.cap;
	return rc;
}

int hv_domctl_allow_ioports(domid_t domid, uint32_t first, uint32_t n, bool allow)
{
	struct xen_domctl op = {
		.cmd = XEN_DOMCTL_ioport_permission, .domain = domid,
		.u.ioport_permission = { .first_port = first, .nr_ports = n, .allow_access = allow },
	};

	return domctl(&op);
}

int hv_domctl_allow_iomem(domid_t domid, uint64_t first_mfn, uint64_t n, bool allow)
{
	struct xen_domctl op = {
		.cmd = XEN_DOMCTL_iomem_permission, .domain = domid,
		.u.iomem_permission = { .first_mfn = first_mfn, .nr_mfns = n, .allow_access = allow },
	};

	return domctl(&op);
}

int hv_domctl_allow_irq(domid_t domid, uint32_t pirq, bool allow)
{
	struct xen_domctl op = {
		.cmd = XEN_DOMCTL_irq_permission, .domain = domid,
		.u.irq_permission = { .pirq = pirq, .allow_access = allow },
	};

	return domctl(&op);
}
