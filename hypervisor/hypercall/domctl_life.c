/* SPDX-License-Identifier: MIT */
/* domctl: a domain's creation, state, memory and end. */
#include "core/percpu.h"
#include "core/softirq.h"
#include "core/time.h"
#include "domain/domain.h"
#include "domain/guest_copy.h"
#include "domain/memory.h"
#include "domain/time_info.h"
#include "hypercall/domctl.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/page_alloc.h"
#include "pv/pv.h"
#include "sched/sched.h"

#define PAGEFRAME_BATCH	1024u

/* The first number after the last one given that is free, so that numbers come back late. */
static domid_t free_domid(void)
{
	static domid_t last;

	for (u32 i = 0; i < DOMID_FIRST_RESERVED; i++) {
		last = last + 1u < DOMID_FIRST_RESERVED ? last + 1u : 1;
		if (!domain_lookup(last))
			return last;
	}
	return DOMID_INVALID;
}

int domctl_createdomain(struct xen_domctl *op)
{
	const struct xen_domctl_createdomain *c = &op->u.createdomain;
	bool chosen = op->domain > 0 && op->domain < DOMID_FIRST_RESERVED;
	struct domain_config config = {
		.id = chosen ? op->domain : free_domid(), .kind = DOMAIN_PV, .max_vcpus = c->max_vcpus,
		.max_evtchn_port = c->max_evtchn_port, .create_flags = c->flags,
		.max_grant_frames = c->max_grant_frames, .max_maptrack_frames = c->max_maptrack_frames,
	};
	struct domain *d;
	int rc;

	if (c->flags & ~(XEN_DOMCTL_CDF_xs_domain | XEN_DOMCTL_CDF_s3_integrity))
		return c->flags & XEN_DOMCTL_CDF_hvm ? -EOPNOTSUPP : -EINVAL;
	if (c->iommu_opts || c->vmtrace_size || c->arch.emulation_flags & ~XEN_X86_EMU_PIT || c->cpupool_id)
		return -EINVAL;
	memcpy(config.handle, c->handle, sizeof(config.handle));
	rc = domain_create(&config, &d);
	if (rc)
		return rc;
	op->domain = d->id;
	return DOMCTL_COPY_BACK;
}

int domctl_max_vcpus(struct domain *d, struct xen_domctl *op)
{
	u32 max = op->u.max_vcpus.max;

	/* whoever is dying has given back the pages that a vCPU's vcpu_info would lie in */
	if (max != d->max_vcpus || d->dying != DOMDYING_ALIVE)
		return -EINVAL;
	for (u32 i = 0; i < max; i++) {
		int rc;

		if (d->vcpu[i])
			continue;
		rc = vcpu_create(d, i);
		if (rc)
			return rc;
		if (i + 1 < max && softirq_is_pending())
			return -ERESTART;
	}
	return 0;
}

int domctl_destroydomain(struct domain *d, struct xen_domctl *op)
{
	return domain_destroy(d);
}

int domctl_pausedomain(struct domain *d, struct xen_domctl *op)
{
	if (d == current->domain)
		return -EINVAL;
	if (!d->controller_paused) {
		d->controller_paused = true;
		domain_pause(d);
	}
	return 0;
}

/* A builder clears the shared page: what the guest needs to read the time is written again. */
static void refresh_time(struct domain *d)
{
	struct vcpu *v;
	u32 i;

	spin_lock(&d->lock);
	if (d->shared_info)
		time_wallclock_update(d);
	for_each_vcpu(d, v, i)
		if (d->dying == DOMDYING_ALIVE)
			time_info_update(v);
	spin_unlock(&d->lock);
}

int domctl_unpausedomain(struct domain *d, struct xen_domctl *op)
{
	if (d == current->domain || !d->controller_paused)
		return -EINVAL;
	d->controller_paused = false;
	d->creation_finished = true;
	refresh_time(d);
	domain_unpause(d);
	return 0;
}

int domctl_resumedomain(struct domain *d, struct xen_domctl *op)
{
	if (d == current->domain)
		return -EINVAL;
	domain_resume(d);
	return 0;
}

static u32 state_flags(struct domain *d, u64 *cpu_time, u32 *online)
{
	bool running = false, all_blocked = true;
	struct vcpu *v;
	u32 flags = 0, i;

	*cpu_time = 0;
	*online = 0;
	for_each_vcpu(d, v, i) {
		u32 pause = READ_ONCE(v->pause_flags);

		*cpu_time += sched_vcpu_time_ns(v);
		if (pause & VPF_DOWN)
			continue;
		++*online;
		running |= READ_ONCE(v->is_running);
		all_blocked &= !!(pause & (VPF_BLOCKED | VPF_POLL));
	}
	if (d->dying == DOMDYING_DEAD)
		flags |= XEN_DOMINF_dying;
	if (d->is_shut_down)
		flags |= XEN_DOMINF_shutdown;
	if (d->controller_paused)
		flags |= XEN_DOMINF_paused;
	if (running)
		flags |= XEN_DOMINF_running;
	else if (all_blocked)
		flags |= XEN_DOMINF_blocked;
	if (d->create_flags & XEN_DOMCTL_CDF_xs_domain)
		flags |= XEN_DOMINF_xs_domain;
	return flags | (d->shutdown_code & XEN_DOMINF_shutdownmask) << XEN_DOMINF_shutdownshift;
}

void domain_info_fill(struct domain *d, struct xen_domctl_getdomaininfo *info)
{
	memset(info, 0, sizeof(*info));
	info->domain = d->id;
	info->flags = state_flags(d, &info->cpu_time, &info->nr_online_vcpus);
	info->tot_pages = d->tot_pages;
	info->max_pages = d->max_pages;
	info->outstanding_pages = d->outstanding_claim;
	info->shared_info_frame = mfn_x(d->shared_info_mfn);
	info->max_vcpu_id = d->vcpu[0] ? d->max_vcpus - 1 : XEN_INVALID_MAX_VCPU_ID;
	while (info->max_vcpu_id != XEN_INVALID_MAX_VCPU_ID && !d->vcpu[info->max_vcpu_id])
		info->max_vcpu_id--;
	memcpy(info->handle, d->handle, sizeof(info->handle));
	info->cpupool = d->cpupool;
	info->gpaddr_bits = 64;
}

int domctl_getdomaininfo(struct domain *d, struct xen_domctl *op)
{
	domain_info_fill(d, &op->u.getdomaininfo);
	op->domain = d->id;
	return DOMCTL_COPY_BACK;
}

int domctl_setdomainhandle(struct domain *d, struct xen_domctl *op)
{
	memcpy(d->handle, op->u.setdomainhandle.handle, sizeof(d->handle));
	return 0;
}

int domctl_settimeoffset(struct domain *d, struct xen_domctl *op)
{
	spin_lock(&d->lock);
	d->time_offset_seconds = op->u.settimeoffset.time_offset_seconds;
	if (d->shared_info)
		time_wallclock_update(d);
	spin_unlock(&d->lock);
	return 0;
}

int domctl_max_mem(struct domain *d, struct xen_domctl *op)
{
	spin_lock(&d->page_lock);
	d->max_pages = MIN(op->u.max_mem.max_memkb >> (PAGE_SHIFT - 10), (u64)~0u);
	spin_unlock(&d->page_lock);
	return 0;
}

int domctl_address_size(struct domain *d, struct xen_domctl *op)
{
	if (op->cmd == XEN_DOMCTL_set_address_size)
		return op->u.address_size.size == 64 ? 0 : -EOPNOTSUPP;
	op->u.address_size.size = 64;
	return DOMCTL_COPY_BACK;
}

int domctl_hypercall_init(struct domain *d, struct xen_domctl *op)
{
	return pv_hypercall_page_set(d, op->u.hypercall_init.gmfn);
}

/* Guests read the TSC themselves, so only the native ways are possible: 0 default, 2 never emulate. */
int domctl_tscinfo(struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_tsc_info *info = &op->u.tsc_info;

	if (op->cmd == XEN_DOMCTL_settscinfo) {
		if (info->tsc_mode != 0 && info->tsc_mode != 2)
			return -EOPNOTSUPP;
		d->tsc_mode = info->tsc_mode;
		d->tsc_incarnation = info->incarnation;
		return 0;
	}
	memset(info, 0, sizeof(*info));
	info->tsc_mode = d->tsc_mode;
	info->gtsc_khz = time_tsc_khz;
	info->incarnation = d->tsc_incarnation;
	return DOMCTL_COPY_BACK;
}

int domctl_shadow_op(struct domain *d, struct xen_domctl *op)
{
	return -EOPNOTSUPP;		/* no dirty log yet: CAVEATS.md */
}

static u64 page_type(const struct domain *d, u64 gfn)
{
	const struct frame *f;
	u64 type = XEN_DOMCTL_PFINFO_NOTAB;

	if (!mfn_valid(mfn(gfn)))
		return XEN_DOMCTL_PFINFO_XTAB;
	f = mfn_to_frame(mfn(gfn));
	if (f->owner != d->id)
		return XEN_DOMCTL_PFINFO_XTAB;
	if (FT_LEVEL(f->type) >= 1 && FT_LEVEL(f->type) <= 4 && (f->type & FT_COUNT_MASK))
		type = (u64)FT_LEVEL(f->type) << XEN_DOMCTL_PFINFO_LTAB_SHIFT;
	return f->type & FT_PINNED ? type | XEN_DOMCTL_PFINFO_LPINTAB : type;
}

int domctl_getpageframeinfo3(struct domain *d, struct xen_domctl *op)
{
	const struct xen_domctl_getpageframeinfo3 *info = &op->u.getpageframeinfo3;

	if (info->num > PAGEFRAME_BATCH)
		return -E2BIG;
	for (u64 i = 0; i < info->num; i++) {
		u64 x;

		if (guest_get_nth(&x, info->array, i))
			return -EFAULT;
		x = page_type(d, x);
		if (guest_put_nth(info->array, i, &x))
			return -EFAULT;
	}
	return 0;
}
