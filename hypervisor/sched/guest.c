/* SPDX-License-Identifier: MIT */
/*
 * The scheduling calls of a guest, and waking a vCPU by an event.
 *
 * Going to sleep and being woken race, and are settled thus: the sleeper sets its VPF_ bit (an atomic step,
 * hence a barrier) and looks for events afterwards; the waker publishes the event (another one) and looks at
 * the bits afterwards. One of them sees the other.
 */
#include "abi/sched.h"
#include "core/softirq.h"
#include "core/time.h"
#include "event/event.h"
#include "sched/internal.h"

#define WATCHDOGS	ARRAY_SIZE(((struct domain *)0)->watchdog)

void sched_vcpu_unblock(struct vcpu *v)
{
	u32 old = atomic_fetch_and(&v->pause_flags, ~(VPF_BLOCKED | VPF_POLL));

	if (old & VPF_POLL) {
		event_poller_gone(v->domain);
		timer_stop(&v->poll_timer);
	}
	if (old & (VPF_BLOCKED | VPF_POLL))
		sched_wake(v);
}

void sched_send_nmi(struct vcpu *v)
{
	if (!xchg(&v->nmi_pending, true))
		sched_kick(v);
	sched_vcpu_unblock(v);
}

/* Something is to be delivered to it, so it does not sleep. */
static bool has_news(const struct vcpu *v)
{
	return event_vcpu_needs_upcall(v) || vcpu_nmi_is_due(v);
}

int sched_block(void)
{
	struct vcpu *v = current;

	WRITE_ONCE(v->info->evtchn_upcall_mask, 0);
	(void)atomic_fetch_or(&v->pause_flags, VPF_BLOCKED);
	if (has_news(v))
		(void)atomic_fetch_and(&v->pause_flags, ~VPF_BLOCKED);
	else
		softirq_raise(SOFTIRQ_SCHEDULE);
	return 0;
}

void sched_yield_vcpu(void)
{
	if (!READ_ONCE(runqueues[this_cpu()].nr_queued))
		/* Nobody to yield to; whoever wakes now asks for the CPU itself. */
		return;
	current->sched->yielded = true;		/* its own CPU reads it, in the softirq that follows */
	softirq_raise(SOFTIRQ_SCHEDULE);
}

/* 1: some port is pending already. */
static int poll_look(struct vcpu *v, u32 nr_ports, const u32 *ports)
{
	u32 i;

	if (has_news(v))
		return 1;
	for (i = 0; i < nr_ports; i++) {
		if (!event_port_exists(v->domain, ports[i]))
			return -EINVAL;
		if (event_port_is_pending(v->domain, ports[i]))
			return 1;
	}
	return 0;
}

int sched_poll(u64 nr_ports, const u32 *ports, u64 timeout_ns)
{
	struct vcpu *v = current;
	int rc;

	if (nr_ports > SCHED_POLL_PORTS_MAX)
		return -EINVAL;
	WRITE_ONCE(v->poll_port, nr_ports == 1 ? ports[0] : 0);
	event_poller_comes(v->domain);
	(void)atomic_fetch_or(&v->pause_flags, VPF_POLL);
	rc = poll_look(v, (u32)nr_ports, ports);
	if (rc) {
		if (atomic_fetch_and(&v->pause_flags, ~VPF_POLL) & VPF_POLL)
			event_poller_gone(v->domain);
		return rc < 0 ? rc : 0;
	}
	if (timeout_ns)
		timer_set(&v->poll_timer, timeout_ns);
	softirq_raise(SOFTIRQ_SCHEDULE);
	return 0;
}

static void watchdog_fired(void *arg)
{
	domain_shutdown(arg, SHUTDOWN_watchdog);
}

int sched_watchdog(u32 id, u32 timeout_s)
{
	struct domain *d = current->domain;
	int rc = 0;
	u32 i;

	if (id > WATCHDOGS || (id == 0 && timeout_s == 0))
		return -EINVAL;
	spin_lock(&d->lock);
	if (id == 0) {
		for (i = 0; i < WATCHDOGS && d->watchdog_inuse >> i & 1; i++)
			;
		rc = i < WATCHDOGS ? (int)i + 1 : -ENOSPC;
	} else {
		i = id - 1;
		rc = d->watchdog_inuse >> i & 1 ? 0 : -EINVAL;
	}
	if (rc >= 0 && timeout_s) {
		d->watchdog_inuse |= 1ull << i;
		timer_set(&d->watchdog[i], time_now_ns() + (u64)timeout_s * 1000 * NS_PER_MS);
	} else if (rc >= 0) {
		d->watchdog_inuse &= ~(1ull << i);
		timer_stop(&d->watchdog[i]);
	}
	spin_unlock(&d->lock);
	return rc;
}

int sched_domain_init(struct domain *d)
{
	u32 i;

	if (!d->weight)
		d->weight = 256;
	for (i = 0; i < WATCHDOGS; i++)
		timer_init(&d->watchdog[i], watchdog_fired, d, this_cpu());
	return 0;
}

void sched_domain_destroy(struct domain *d)
{
	u32 i;

	for (i = 0; i < WATCHDOGS; i++)
		timer_kill(&d->watchdog[i]);
}
