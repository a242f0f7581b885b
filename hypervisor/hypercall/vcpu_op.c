/* SPDX-License-Identifier: MIT */
/*
 * vcpu_op and set_timer_op: bringing vCPUs of the caller's own domain up and down, their timers and areas. One function
 * an operation, in a table; the argument `v` is the vCPU named, often not the one that calls. Lock: the domain's, for
 * what is set once (a first context, a vcpu_info).
 */
#include "abi/vcpu.h"

#include "core/log.h"
#include "core/percpu.h"
#include "core/time.h"
#include "domain/domain.h"
#include "domain/guest_copy.h"
#include "domain/time_info.h"
#include "domain/vcpu_area.h"
#include "hypercall/hypercall.h"
#include "lib/bitmap.h"
#include "lib/errno.h"
#include "mm/heap.h"
#include "platform/machine.h"
#include "pv/pv.h"
#include "sched/sched.h"

#define PERIOD_MIN_NS	(1000ul * 1000)		/* as published: 1 ms */
#define TIMEOUT_MAX_NS	(1ul << 62)

static long op_initialise(struct vcpu *v, u64 arg)
{
	struct vcpu_guest_context *c = heap_new(struct vcpu_guest_context);
	struct domain *d = v->domain;
	long rc;

	if (!c)
		return -ENOMEM;
	rc = guest_get(c, arg);
	if (!rc) {
		spin_lock(&d->lock);
		rc = v->initialised ? -EEXIST : pv_vcpu_set_context(v, c);
		spin_unlock(&d->lock);
	}
	heap_free(c);
	if (rc == -ERESTART)
		return hypercall_restart(__HYPERVISOR_vcpu_op, 3, HC_ARG(VCPUOP_initialise), HC_ARG(v->id), arg);
	if (rc)
		guest_warn("d%uv%u: its first context is refused (error %ld)", d->id, v->id, rc);
	return rc;
}

static long op_up(struct vcpu *v, u64 arg)
{
	if (!v->initialised)
		return -EINVAL;
	if (atomic_fetch_and(&v->pause_flags, ~VPF_DOWN) & VPF_DOWN)
		sched_wake(v);
	return 0;
}

/* The last vCPU that goes down takes the domain with it. */
static long op_down(struct vcpu *v, u64 arg)
{
	struct domain *d = v->domain;
	struct vcpu *other;
	u32 up = 0, i;

	for_each_vcpu(d, other, i)
		up += other != v && !(READ_ONCE(other->pause_flags) & VPF_DOWN);
	if (!up) {
		domain_shutdown(d, 0);	/* SHUTDOWN_poweroff */
		return 0;
	}
	if (!(atomic_fetch_or(&v->pause_flags, VPF_DOWN) & VPF_DOWN))
		sched_sleep_nosync(v);
	return 0;
}

static long op_is_up(struct vcpu *v, u64 arg)
{
	return !(READ_ONCE(v->pause_flags) & VPF_DOWN);
}

static long op_get_runstate(struct vcpu *v, u64 arg)
{
	struct vcpu_runstate_info info;

	sched_runstate(v, &info);
	return guest_put(arg, &info);
}

static long op_register_runstate(struct vcpu *v, u64 arg)
{
	struct vcpu_register_runstate_memory_area area;
	struct vcpu_runstate_info info;

	if (guest_get(&area, arg))
		return -EFAULT;
	if (!guest_range_ok(area.addr.v, sizeof(info)))
		return -EFAULT;
	v->runstate_guest = area.addr.v;
	sched_runstate(v, &info);
	return v == current ? guest_put(area.addr.v, &info) : 0;
}

static long op_set_periodic(struct vcpu *v, u64 arg)
{
	struct vcpu_set_periodic_timer t;

	if (guest_get(&t, arg))
		return -EFAULT;
	if (t.period_ns < PERIOD_MIN_NS || t.period_ns > TIMEOUT_MAX_NS)
		return -EINVAL;
	v->periodic_period_ns = t.period_ns;
	timer_set(&v->periodic_timer, time_now_ns() + t.period_ns);
	return 0;
}

static long op_stop_periodic(struct vcpu *v, u64 arg)
{
	v->periodic_period_ns = 0;
	timer_stop(&v->periodic_timer);
	return 0;
}

static long op_set_singleshot(struct vcpu *v, u64 arg)
{
	struct vcpu_set_singleshot_timer t;

	if (unlikely(v != current))
		return -EINVAL;
	if (unlikely(guest_get(&t, arg)))
		return -EFAULT;
	if ((t.flags & VCPU_SSHOTTMR_future) && t.timeout_abs_ns < time_now_ns())
		return -ETIME;
	timer_set(&v->singleshot_timer, t.timeout_abs_ns);
	return 0;
}

static long op_stop_singleshot(struct vcpu *v, u64 arg)
{
	if (v != current)
		return -EINVAL;
	timer_stop(&v->singleshot_timer);
	return 0;
}

static long op_register_info(struct vcpu *v, u64 arg)
{
	struct vcpu_register_vcpu_info r;
	long rc;

	if (guest_get(&r, arg))
		return -EFAULT;
	spin_lock(&v->domain->lock);
	rc = vcpu_register_info(v, mfn(r.mfn), r.offset);
	spin_unlock(&v->domain->lock);
	return rc;
}

static long op_send_nmi(struct vcpu *v, u64 arg)
{
	if (arg)
		return -EINVAL;
	sched_send_nmi(v);
	return 0;
}

static long op_get_physid(struct vcpu *v, u64 arg)
{
	struct vcpu_get_physid id;
	cpumask_t where;

	/* a vCPU of dom0 stands for the CPU of its number, if it is bound to one */
	cpumask_and(&where, &v->hard_affinity, &cpu_online_mask);
	if (!v->domain->is_privileged || !cpu_is_present(v->id) || bitmap_weight(where.bits, MAX_CPUS) != 1)
		return -EINVAL;
	id.phys_id = cpu_apic_id(v->id) | (u64)cpu_acpi_id(v->id) << 32;
	return guest_put(arg, &id);
}

static long op_register_time(struct vcpu *v, u64 arg)
{
	struct vcpu_register_time_memory_area area;

	if (guest_get(&area, arg) || !guest_range_ok(area.addr.v, sizeof(struct vcpu_time_info)))
		return -EFAULT;
	v->time_guest = area.addr.v;
	if (v == current)
		time_info_to_guest(v);
	return 0;
}

static long (*const ops[])(struct vcpu *v, u64 arg) = {
	[VCPUOP_initialise] = op_initialise,
	[VCPUOP_up] = op_up,
	[VCPUOP_down] = op_down,
	[VCPUOP_is_up] = op_is_up,
	[VCPUOP_get_runstate_info] = op_get_runstate,
	[VCPUOP_register_runstate_memory_area] = op_register_runstate,
	[VCPUOP_set_periodic_timer] = op_set_periodic,
	[VCPUOP_stop_periodic_timer] = op_stop_periodic,
	[VCPUOP_set_singleshot_timer] = op_set_singleshot,
	[VCPUOP_stop_singleshot_timer] = op_stop_singleshot,
	[VCPUOP_register_vcpu_info] = op_register_info,
	[VCPUOP_send_nmi] = op_send_nmi,
	[VCPUOP_get_physid] = op_get_physid,
	[VCPUOP_register_vcpu_time_memory_area] = op_register_time,
};

long do_vcpu_op(int cmd, u32 id, u64 arg)
{
	struct vcpu *v = domain_vcpu(current->domain, id);

	if (unlikely(!v))
		return -ENOENT;
	if (unlikely((u32)cmd >= ARRAY_SIZE(ops)))
		return -ENOSYS;
	return ops[cmd](v, arg);
}

/* A time long past or absurdly far off is a kernel's way to say "now" and "never"; 0 stops the timer. */
long do_set_timer_op(s64 timeout)
{
	struct vcpu *v = current;

	if (timeout == 0)
		timer_stop(&v->singleshot_timer);
	else
		timer_set(&v->singleshot_timer, timeout < 0 ? time_now_ns() + 100000000 : (u64)timeout);
	return 0;
}
