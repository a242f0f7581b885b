/* SPDX-License-Identifier: MIT */
/*
 * Who runs. Elsewhere a vCPU is on a CPU because the input says so; here the scheduler chooses for some turns on both
 * CPUs: vCPUs yield, sleep, poll, are paused, pinned, weighed and capped, a CPU goes and comes back, while time passes.
 * At the end all are taken off again, and the queues must hold what may run, once each.
 */
#include <stdio.h>
#include <stdlib.h>

#include "abi/domctl.h"
#include "abi/sysctl.h"
#include "core/time.h"
#include "event/event.h"
#include "fake.h"
#include "fuzz.h"
#include "machine_internal.h"
#include "sched/internal.h"

static struct vcpu *any_vcpu(void)
{
	return slots[in_below(SLOTS)].g->d->vcpu[in_below(VCPUS)];
}

/* What the vCPU that runs here does about its running. */
static void turn_of_guest(void)
{
	u32 port = in_below(12);

	if (current->is_idle)
		return;
	switch (in_below(6)) {
	case 0:
		sched_yield_vcpu();
		break;
	case 1:
		(void)sched_block();
		break;
	case 2:
		(void)sched_poll(in_below(2), &port, in_bit() ? time_now_ns() + in_byte() * 10000ul : 0);
		break;
	case 3:
		(void)sched_pin_override((s32)in_below(4) - 1);
		break;
	case 4:
		(void)sched_watchdog(in_below(4), in_below(3));
		break;
	case 5:
		(void)!event_send(current->domain, port);
		break;
	}
}

static void affinity(void)
{
	static const u8 masks[] = { 1, 2, 3, 3 };
	cpumask_t hard = { { masks[in_below(4)] } }, soft = { { masks[in_below(4)] } };

	(void)sched_set_affinity(any_vcpu(), in_bit() ? &hard : NULL, in_bit() ? &soft : NULL);
}

static void weigh(void)
{
	struct domain *d = any_vcpu()->domain;
	struct xen_domctl_scheduler_op op = { .sched_id = sched_policy_id(), .cmd = XEN_DOMCTL_SCHEDOP_putinfo };
	struct xen_sysctl_scheduler_op limit = { .sched_id = sched_policy_id(), .cmd = XEN_SYSCTL_SCHEDOP_putinfo };

	op.u.credit2.weight = (u16)(in_byte() << (in_byte() & 7));
	op.u.credit2.cap = (u16)(in_bit() ? in_byte() : 0);
	(void)sched_domctl(d, &op);
	if (in_bit()) {
		limit.u.sched_credit2.ratelimit_us = in_below(3) * 1000;
		(void)sched_sysctl(&limit);
	}
}

/* The second CPU goes, or comes back; it does so from its idle vCPU. */
static void hotplug(void)
{
	machine_cpu(1);
	if (!runqueues[1].online)
		sched_cpu_up(1);
	else if (current->is_idle)
		sched_cpu_down(1);
}

static void one_turn(void)
{
	u32 what = in_byte();
	struct vcpu *v;

	machine_cpu(what >> 7);
	switch (what % 8) {
	case 0 ... 2:
		turn_of_guest();
		break;
	case 3:
		fake_advance(in_byte() * 100000ul);
		break;
	case 4:
		v = any_vcpu();
		if (v->pause_flags & (VPF_BLOCKED | VPF_POLL))
			sched_vcpu_unblock(v);
		else
			sched_kick(v);
		break;
	case 5:
		affinity();
		break;
	case 6:
		weigh();
		break;
	case 7:
		hotplug();
		break;
	}
	fake_all_softirqs();
}

static void pause_all(bool pause)
{
	for (u32 i = 0; i < SLOTS; i++) {
		if (pause)
			domain_pause_nosync(slots[i].g->d);
		else
			domain_unpause(slots[i].g->d);
	}
}

/* A domain's weight is shared by those of its vCPUs that want to run. */
static void check_wanting(struct domain *d)
{
	u32 wanting = 0, i;
	struct vcpu *v;

	for_each_vcpu(d, v, i)
		wanting += v->runstate == RUNSTATE_running || v->runstate == RUNSTATE_runnable;
	if (d->vcpu[0] && wanting != d->vcpu[0]->sched->account->wanting) {
		printf("d%u: %u vCPUs want to run, counted %u\n", d->id, wanting, d->vcpu[0]->sched->account->wanting);
		abort();
	}
}

/* Every queue holds what it counts, and who may run and does not is on one, or waits for its domain's next period. */
static void check_queues(void)
{
	u32 queued[MACHINE_CPUS] = { 0 }, load[MACHINE_CPUS] = { 0 };
	struct domain *d;
	struct vcpu *v;
	u32 i;

	for_each_machine_domain(d) {
		check_wanting(d);
		for_each_vcpu(d, v, i) {
			const struct sched_unit *u = v->sched;

			if (u->queued) {
				queued[v->processor]++;
				load[v->processor] += u->load;
			}
			if (v->pause_flags ? u->queued : u->queued == u->parked) {
				printf("d%uv%u: flags %#x, queued %d, parked %d\n", d->id, i, v->pause_flags, u->queued,
				       u->parked);
				abort();
			}
		}
	}
	for (i = 0; i < MACHINE_CPUS; i++)
		if (queued[i] != runqueues[i].nr_queued || load[i] != runqueues[i].load) {
			printf("CPU %u: %u queued with load %u, counted %u with %u\n", i, queued[i], load[i],
			       runqueues[i].nr_queued, runqueues[i].load);
			abort();
		}
}

void act_schedule(void)
{
	u32 cpu = this_cpu();

	for (u32 i = 0; i < MACHINE_CPUS; i++) {
		machine_cpu(i);
		machine_idle();
	}
	machine_schedule(true);
	for (u32 n = 2 + in_below(12); n; n--)
		one_turn();
	if (!runqueues[1].online)
		hotplug();
	pause_all(true);
	fake_all_softirqs();
	machine_schedule(false);
	pause_all(false);
	machine_cpu(cpu);
	check_queues();
}
