/* SPDX-License-Identifier: MIT */
/*
 * Creation of vCPUs, their timers, the memory areas they share with the guest, and pausing. A vCPU lives as long as
 * its domain. Locks: the domain lock serialises creation and area registration.
 */
#include "core/panic.h"
#include "core/time.h"
#include "domain/guest_ops.h"
#include "domain/lifecycle.h"
#include "domain/time_info.h"
#include "domain/vcpu_area.h"
#include "event/event.h"
#include "lib/errno.h"
#include "mm/heap.h"
#include "mm/page_alloc.h"
#include "sched/sched.h"
#include "x86/fpu.h"

/* Where a vCPU without a registered vcpu_info (number >= 32) has its events go: nobody reads it. */
static struct vcpu_info dummy_info = { .evtchn_upcall_mask = 1 };

static void singleshot_fired(void *arg)
{
	event_send_virq_vcpu(arg, VIRQ_TIMER);
}

/* Ticks that a jump of time passed by, as a machine's sleep is one, are one tick; the beat stays. */
static void periodic_fired(void *arg)
{
	struct vcpu *v = arg;
	u64 period = v->periodic_period_ns, next = v->periodic_timer.expires_ns + period, now = time_now_ns();

	event_send_virq_vcpu(v, VIRQ_TIMER);
	if (!period)
		return;
	if (next <= now)
		next = now + period - (now - next) % period;
	timer_set(&v->periodic_timer, next);
}

u32 vcpu_hypercalls_gone[64];

void vcpu_free(struct vcpu *v)
{
	if (!v)
		return;
	for (u32 nr = 0; nr < ARRAY_SIZE(vcpu_hypercalls_gone); nr++)
		atomic_add(&vcpu_hypercalls_gone[nr], v->hypercalls[nr]);
	if (v->sched)
		sched_vcpu_destroy(v);
	pages_free_virt(v->fpu, v->fpu_order);
	heap_free(v);
}

static int fpu_area_alloc(struct vcpu *v)
{
	while ((PAGE_SIZE << v->fpu_order) < fpu_area_size)
		v->fpu_order++;
	v->fpu = pages_alloc_zeroed(v->fpu_order);
	if (!v->fpu)
		return -ENOMEM;
	fpu_area_init(v->fpu);
	v->xcr0 = 1;
	return 0;
}

struct vcpu *vcpu_new(struct domain *d, u32 id)
{
	struct vcpu *v = heap_new(struct vcpu);

	if (!v)
		return NULL;
	v->id = id;
	v->domain = d;
	v->dirty_cpu = VCPU_NO_CPU;
	v->info_mfn = INVALID_MFN;
	v->affinity_broken = -1;
	v->info = d->shared_info && id < XEN_LEGACY_MAX_VCPUS ? &d->shared_info->vcpu_info[id] : &dummy_info;
	v->runstate = RUNSTATE_offline;
	if (fpu_area_alloc(v)) {
		vcpu_free(v);
		return NULL;
	}
	return v;
}

int vcpu_create(struct domain *d, u32 id)
{
	struct vcpu *v;
	int rc;

	if (id >= d->max_vcpus || d->vcpu[id])
		return -EINVAL;
	v = vcpu_new(d, id);
	if (!v)
		return -ENOMEM;
	v->pause_count = d->pause_count;
	v->pause_flags = VPF_DOWN | (v->pause_count ? VPF_PAUSED : 0);
	rc = guest_ops_of(d)->vcpu_create(v);
	if (!rc)
		rc = sched_vcpu_init(v);
	if (rc) {
		vcpu_free(v);
		return rc;
	}
	timer_init(&v->singleshot_timer, singleshot_fired, v, v->processor);
	timer_init(&v->periodic_timer, periodic_fired, v, v->processor);
	store_release(&d->vcpu[id], v);
	time_info_update(v);
	return 0;
}

struct vcpu *idle_vcpu_create(u32 cpu)
{
	struct vcpu *v;

	if (!domain_idle) {
		domain_idle = heap_new(struct domain);
		if (!domain_idle)
			panic("no memory for the idle domain");
		domain_idle->id = DOMID_IDLE;
		domain_idle->is_idle = true;
		domain_idle->max_vcpus = MAX_CPUS;
		domain_idle->vcpu = heap_alloc_array(MAX_CPUS, sizeof(*domain_idle->vcpu));
		if (!domain_idle->vcpu)
			panic("no memory for the idle domain");
	}
	v = heap_new(struct vcpu);
	if (!v)
		panic("no memory for the idle vCPU of CPU %u", cpu);
	v->id = cpu;
	v->domain = domain_idle;
	v->processor = cpu;
	v->is_idle = v->is_running = true;
	v->info = &dummy_info;
	v->dirty_cpu = VCPU_NO_CPU;
	v->runstate = RUNSTATE_running;
	domain_idle->vcpu[cpu] = v;
	return v;
}

int vcpu_register_info(struct vcpu *v, mfn_t m, u32 offset)
{
	struct vcpu_info *info, old;
	struct frame *f;

	if (offset > PAGE_SIZE - sizeof(*info) || (offset & 7))
		return -EINVAL;
	if (!mfn_eq(v->info_mfn, INVALID_MFN))
		return -EINVAL;
	if (v != current && !(v->pause_flags & VPF_DOWN))
		return -EINVAL;
	if (!mfn_valid(m))
		return -EINVAL;
	f = mfn_to_frame(m);
	if (!frame_get(f, v->domain->id))
		return -EINVAL;
	if (type_get_writable(f)) {
		frame_put(f);
		return -EINVAL;
	}
	info = mfn_to_virt(m) + offset;
	old = *v->info;			/* the two may overlap, in the domain's shared page */
	*info = old;
	if (v->info == &dummy_info)
		info->evtchn_upcall_mask = 1;
	v->info = info;
	v->info_mfn = m;
	time_info_update(v);
	event_vcpu_info_moved(v);
	return 0;
}

void vcpu_release_areas(struct vcpu *v)
{
	struct frame *f = mfn_eq(v->info_mfn, INVALID_MFN) ? NULL : mfn_to_frame(v->info_mfn);

	v->runstate_guest = 0;
	v->time_guest = 0;
	WRITE_ONCE(v->info, &dummy_info);
	v->info_mfn = INVALID_MFN;
	if (!f)
		return;
	event_synchronize();		/* no sender still writes to the old place */
	type_put_writable(f);
	frame_put(f);
}

void vcpu_pause_nosync(struct vcpu *v)
{
	atomic_inc(&v->pause_count);
	atomic_fetch_or(&v->pause_flags, VPF_PAUSED);
	sched_sleep_nosync(v);
}

void vcpu_pause(struct vcpu *v)
{
	vcpu_pause_nosync(v);
	if (v != current)
		sched_sleep_sync(v);
}

void vcpu_unpause(struct vcpu *v)
{
	if (atomic_dec_and_test(&v->pause_count)) {
		atomic_fetch_and(&v->pause_flags, ~VPF_PAUSED);
		sched_wake(v);
	}
}

void domain_pause_nosync(struct domain *d)
{
	struct vcpu *v;
	u32 i;

	atomic_inc(&d->pause_count);
	for_each_vcpu(d, v, i)
		vcpu_pause_nosync(v);
}

void domain_pause(struct domain *d)
{
	struct vcpu *v;
	u32 i;

	domain_pause_nosync(d);
	for_each_vcpu(d, v, i)
		if (v != current)
			sched_sleep_sync(v);
}

void domain_unpause(struct domain *d)
{
	struct vcpu *v;
	u32 i;

	atomic_dec(&d->pause_count);
	for_each_vcpu(d, v, i)
		vcpu_unpause(v);
}
