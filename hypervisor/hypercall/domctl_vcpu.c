/* SPDX-License-Identifier: MIT */
/* domctl: the state of vCPUs, and where they run. Whoever reads or sets registers has the vCPU paused meanwhile. */
#include "core/ipi.h"
#include "core/percpu.h"
#include "domain/domain.h"
#include "domain/guest_copy.h"
#include "domain/msr_policy.h"
#include "hypercall/domctl.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "pv/pv.h"
#include "sched/sched.h"
#include "abi/callback.h"
#include "x86/cpu_ops.h"
#include "x86/features.h"
#include "x86/fpu.h"

#define EXT_STATE_HEAD	16u	/* two words before the XSAVE image: xcr0, and what was ever enabled */

#define VCPU_MSRS_MAX	16u	/* in one call */

/* A vCPU of another domain, stopped; NULL if there is none or it is the caller's own. */
static struct vcpu *stop_vcpu(struct domain *d, u32 id)
{
	struct vcpu *v = domain_vcpu(d, id);

	if (!v || d == current->domain)
		return NULL;
	vcpu_pause(v);
	return v;
}

int domctl_setvcpucontext(struct domain *d, struct xen_domctl *op)
{
	struct vcpu_guest_context *c;
	struct vcpu *v;
	int rc;

	if (!op->u.vcpucontext.ctxt)
		return -EOPNOTSUPP;
	c = heap_new(struct vcpu_guest_context);
	if (!c)
		return -ENOMEM;
	rc = guest_get(c, op->u.vcpucontext.ctxt);
	v = rc ? NULL : stop_vcpu(d, op->u.vcpucontext.vcpu);
	if (!rc && !v)
		rc = -ESRCH;
	if (!rc) {
		/* the domain's other vCPUs may be at it as well (VCPUOP_initialise) */
		spin_lock(&d->lock);
		rc = pv_vcpu_set_context(v, c);
		spin_unlock(&d->lock);
		if (!rc && (c->flags & VGCF_online))
			atomic_fetch_and(&v->pause_flags, ~VPF_DOWN);
		vcpu_unpause(v);
	}
	heap_free(c);
	return rc;
}

int domctl_getvcpucontext(struct domain *d, struct xen_domctl *op)
{
	struct vcpu_guest_context *c = heap_new(struct vcpu_guest_context);
	struct vcpu *v;
	int rc;

	if (!c)
		return -ENOMEM;
	v = stop_vcpu(d, op->u.vcpucontext.vcpu);
	rc = !v ? -ESRCH : !v->initialised ? -ENODATA : 0;
	if (v) {
		if (!rc)
			pv_vcpu_get_context(v, c);
		vcpu_unpause(v);
	}
	if (!rc)
		rc = guest_put(op->u.vcpucontext.ctxt, c);
	heap_free(c);
	return rc ? rc : DOMCTL_COPY_BACK;
}

int domctl_getvcpuinfo(struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_getvcpuinfo *info = &op->u.getvcpuinfo;
	struct vcpu *v = domain_vcpu(d, info->vcpu);

	if (!v)
		return -ESRCH;
	info->online = !(v->pause_flags & VPF_DOWN);
	info->blocked = !!(v->pause_flags & (VPF_BLOCKED | VPF_POLL));
	info->running = v->is_running;
	info->cpu_time = sched_vcpu_time_ns(v);
	info->cpu = v->processor;
	return DOMCTL_COPY_BACK;
}

static int set_affinity(struct vcpu *v, struct xen_domctl_vcpuaffinity *a)
{
	cpumask_t hard, soft;
	bool want_hard = a->flags & XEN_VCPUAFFINITY_HARD, want_soft = a->flags & XEN_VCPUAFFINITY_SOFT;
	int rc;

	if (want_hard && bitmap_from_guest(hard.bits, MAX_CPUS, &a->cpumap_hard))
		return -EFAULT;
	if (want_soft && bitmap_from_guest(soft.bits, MAX_CPUS, &a->cpumap_soft))
		return -EFAULT;
	rc = sched_set_affinity(v, want_hard ? &hard : NULL, want_soft ? &soft : NULL);
	if (rc)
		return rc;
	/* what took effect goes back */
	if (want_hard && bitmap_to_guest(&a->cpumap_hard, v->hard_affinity.bits, MAX_CPUS))
		return -EFAULT;
	if (want_soft && bitmap_to_guest(&a->cpumap_soft, v->soft_affinity.bits, MAX_CPUS))
		return -EFAULT;
	return 0;
}

int domctl_vcpuaffinity(struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_vcpuaffinity *a = &op->u.vcpuaffinity;
	struct vcpu *v = domain_vcpu(d, a->vcpu);

	if (!v)
		return -ESRCH;
	if (!(a->flags & (XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT)))
		return -EINVAL;
	if (op->cmd == XEN_DOMCTL_setvcpuaffinity)
		return set_affinity(v, a);
	if ((a->flags & XEN_VCPUAFFINITY_HARD) && bitmap_to_guest(&a->cpumap_hard, v->hard_affinity.bits, MAX_CPUS))
		return -EFAULT;
	if ((a->flags & XEN_VCPUAFFINITY_SOFT) && bitmap_to_guest(&a->cpumap_soft, v->soft_affinity.bits, MAX_CPUS))
		return -EFAULT;
	return 0;
}

/* One node: any set that has it is fine. */
int domctl_nodeaffinity(struct domain *d, struct xen_domctl *op)
{
	unsigned long node = 1;

	if (op->cmd == XEN_DOMCTL_getnodeaffinity)
		return bitmap_to_guest(&op->u.nodeaffinity.nodemap, &node, 1);
	if (bitmap_from_guest(&node, 64, &op->u.nodeaffinity.nodemap))
		return -EFAULT;
	return node & 1 ? 0 : -EINVAL;
}

int domctl_ext_vcpucontext(struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_ext_vcpucontext *e = &op->u.ext_vcpucontext;
	struct pv_callback *c32, *centry;
	struct vcpu *v;
	int rc = 0;

	v = stop_vcpu(d, e->vcpu);
	if (!v)
		return -ESRCH;
	c32 = &v->pv.callbacks[CALLBACKTYPE_syscall32];
	centry = &v->pv.callbacks[CALLBACKTYPE_sysenter];
	if (op->cmd == XEN_DOMCTL_get_ext_vcpucontext) {
		memset((u8 *)e + offsetof(struct xen_domctl_ext_vcpucontext, size), 0,
		       sizeof(*e) - offsetof(struct xen_domctl_ext_vcpucontext, size));
		e->size = sizeof(*e);
		e->syscall32_callback_eip = c32->address;
		e->syscall32_disables_events = c32->mask_events;
		e->sysenter_callback_eip = centry->address;
		e->sysenter_disables_events = centry->mask_events;
		rc = DOMCTL_COPY_BACK;
	} else if (pv_set_callback(v, CALLBACKTYPE_syscall32, e->syscall32_callback_eip, PV_CS64,
				   e->syscall32_disables_events) ||
		   pv_set_callback(v, CALLBACKTYPE_sysenter, e->sysenter_callback_eip, PV_CS64,
				   e->sysenter_disables_events)) {
		rc = -EINVAL;
	}
	vcpu_unpause(v);
	return rc;
}

static int put_ext_state(struct vcpu *v, struct xen_domctl_vcpuextstate *s)
{
	u64 head[2] = { v->xcr0, fpu_xcr0_all };
	u64 size = cpu_features.xsave ? EXT_STATE_HEAD + fpu_area_size : 0;

	s->xfeature_mask = cpu_features.xsave ? fpu_xcr0_all : 0;
	if (s->size && size) {
		if (s->size < size)
			return -EINVAL;
		if (guest_copy_to(s->buffer, head, sizeof(head)) ||
		    guest_copy_to(s->buffer + sizeof(head), v->fpu, fpu_area_size))
			return -EFAULT;
	}
	s->size = size;
	return DOMCTL_COPY_BACK;
}

static int take_ext_state(struct vcpu *v, const struct xen_domctl_vcpuextstate *s)
{
	u64 head[2], *bv;

	if (s->size < EXT_STATE_HEAD || s->size > EXT_STATE_HEAD + fpu_area_size)
		return -EINVAL;
	if (guest_copy_from(head, s->buffer, sizeof(head)))
		return -EFAULT;
	if (s->size == EXT_STATE_HEAD)		/* saved from a guest that has never used XSAVE: its context has all */
		return head[0] | head[1] ? -EINVAL : 0;
	if (!cpu_features.xsave || s->size < EXT_STATE_HEAD + 576)
		return -EINVAL;
	if (!fpu_xcr0_valid(head[0]))
		return -EINVAL;
	fpu_area_init(v->fpu);
	if (guest_copy_from(v->fpu, s->buffer + sizeof(head), s->size - EXT_STATE_HEAD)) {
		fpu_area_init(v->fpu);
		return -EFAULT;
	}
	bv = (u64 *)((u8 *)v->fpu + 512);
	bv[0] &= fpu_xcr0_all;
	bv[1] = 0;			/* standard form */
	v->xcr0 = head[0];
	return 0;
}

int domctl_vcpuextstate(struct domain *d, struct xen_domctl *op)
{
	struct vcpu *v = stop_vcpu(d, op->u.vcpuextstate.vcpu);
	int rc;

	if (!v)
		return -ESRCH;
	rc = op->cmd == XEN_DOMCTL_getvcpuextstate ? put_ext_state(v, &op->u.vcpuextstate) :
						     take_ext_state(v, &op->u.vcpuextstate);
	vcpu_unpause(v);
	return rc;
}

/* The only register that a PV guest has beside its context is TSC_AUX. */
int domctl_vcpu_msrs(struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_vcpu_msrs *m = &op->u.vcpu_msrs;
	struct xen_domctl_vcpu_msr msr = { .index = MSR_TSC_AUX };
	struct vcpu *v = stop_vcpu(d, m->vcpu);
	int rc = DOMCTL_COPY_BACK;

	if (!v)
		return -ESRCH;
	if (op->cmd == XEN_DOMCTL_get_vcpu_msrs) {
		bool have = v->pv.tsc_aux != 0;

		msr.value = v->pv.tsc_aux;
		if (m->msrs && have && m->msr_count && guest_put(m->msrs, &msr))
			rc = -EFAULT;
		m->msr_count = !m->msrs ? 1 : MIN((u32)have, m->msr_count);
	} else {
		rc = m->msr_count > VCPU_MSRS_MAX ? -EINVAL : 0;
		for (u32 i = 0; i < m->msr_count && !rc; i++) {
			if (guest_get_nth(&msr, m->msrs, i))
				rc = -EFAULT;
			else if (msr.reserved || msr.index != MSR_TSC_AUX || msr.value >> 32)
				rc = -EINVAL;
			else
				v->pv.tsc_aux = msr.value;
		}
	}
	vcpu_unpause(v);
	return rc;
}

int domctl_sendtrigger(struct domain *d, struct xen_domctl *op)
{
	struct vcpu *v = domain_vcpu(d, op->u.sendtrigger.vcpu);

	if (!v)
		return -ESRCH;
	if (op->u.sendtrigger.trigger != XEN_DOMCTL_SENDTRIGGER_NMI)
		return -ENOSYS;
	sched_send_nmi(v);
	return 0;
}

int domctl_scheduler_op(struct domain *d, struct xen_domctl *op)
{
	int rc = sched_domctl(d, &op->u.scheduler_op);

	return rc < 0 ? rc : DOMCTL_COPY_BACK;
}
