/* SPDX-License-Identifier: MIT */
/*
 * sched_op: blocking, yielding, polling, and ending.
 */
#include "abi/sched.h"
#include "abi/xen.h"
#include "domain/guest_copy.h"
#include "hypercall/hypercall.h"
#include "sched/sched.h"

static long op_yield(u64 arg)
{
	sched_yield_vcpu();
	return 0;
}

static long op_block(u64 arg)
{
	return sched_block();
}

static long op_shutdown(u64 arg)
{
	struct sched_shutdown s;

	if (guest_get(&s, arg))
		return -EFAULT;
	if (s.reason > SHUTDOWN_MAX)
		return -EINVAL;
	domain_shutdown(current->domain, s.reason);
	return 0;
}

/* What struct sched_poll carries, for 64-bit and 32-bit callers. */
struct poll_args {
	u64 ports, timeout;
	u32 nr_ports;
};

static int poll_args_get(struct poll_args *out, u64 arg)
{
	struct sched_poll p;
	struct {
		u32 ports, nr_ports, timeout_low, timeout_high;
	} p32;

	if (current->domain->pv.is_32bit) {
		if (guest_get(&p32, arg))
			return -EFAULT;
		*out = (struct poll_args){
			p32.ports, (u64)p32.timeout_high << 32 | p32.timeout_low, p32.nr_ports,
		};
		return 0;
	}
	if (guest_get(&p, arg))
		return -EFAULT;
	*out = (struct poll_args){ p.ports, p.timeout, p.nr_ports };
	return 0;
}

static long op_poll(u64 arg)
{
	struct poll_args a;
	u32 ports[SCHED_POLL_PORTS_MAX];

	if (poll_args_get(&a, arg))
		return -EFAULT;
	if (a.nr_ports > SCHED_POLL_PORTS_MAX)
		return -EINVAL;
	if (guest_copy_from(ports, a.ports, a.nr_ports * sizeof(ports[0])))
		return -EFAULT;
	return sched_poll(a.nr_ports, ports, a.timeout);
}

static long op_remote_shutdown(u64 arg)
{
	struct sched_remote_shutdown s;
	struct domain *d;

	if (guest_get(&s, arg))
		return -EFAULT;
	if (s.reason > SHUTDOWN_MAX)
		return -EINVAL;
	if (!current->domain->is_privileged)
		return -EPERM;
	d = domain_get_for_caller(s.domain_id);
	if (!d)
		return -ESRCH;
	domain_shutdown(d, s.reason);
	domain_put(d);
	return 0;
}

static long op_shutdown_code(u64 arg)
{
	struct domain *d = current->domain;
	struct sched_shutdown s;

	if (guest_get(&s, arg))
		return -EFAULT;
	if (s.reason > SHUTDOWN_MAX)
		return -EINVAL;
	spin_lock(&d->lock);
	if (d->shutdown_code == ~0u)
		d->shutdown_code = s.reason;
	spin_unlock(&d->lock);
	return 0;
}

static long op_watchdog(u64 arg)
{
	struct sched_watchdog w;

	if (guest_get(&w, arg))
		return -EFAULT;
	return sched_watchdog(w.id, w.timeout);
}

static long op_pin_override(u64 arg)
{
	struct sched_pin_override p;

	if (!current->domain->is_privileged)
		return -EPERM;
	if (guest_get(&p, arg))
		return -EFAULT;
	return sched_pin_override(p.pcpu);
}

static long (*const ops[])(u64 arg) = {
	[SCHEDOP_yield] = op_yield,
	[SCHEDOP_block] = op_block,
	[SCHEDOP_shutdown] = op_shutdown,
	[SCHEDOP_poll] = op_poll,
	[SCHEDOP_remote_shutdown] = op_remote_shutdown,
	[SCHEDOP_shutdown_code] = op_shutdown_code,
	[SCHEDOP_watchdog] = op_watchdog,
	[SCHEDOP_pin_override] = op_pin_override,
};

long do_sched_op(u32 cmd, u64 arg)
{
	return cmd < ARRAY_SIZE(ops) ? ops[cmd](arg) : -ENOSYS;
}
