/* SPDX-License-Identifier: MIT */
/*
 * What guests and dom0 ask of the scheduler: pins, sleeping and waking, pauses, yields, watchdogs, shutdown, run
 * states, CPUs that go.
 */
#include "sched_guest.h"

TEST(pin_override)
{
	struct domain *d;
	struct sched_pin_override *op;

	fake_start(2);
	d = make(0, 1, 256, 0);
	op = fake_guest_alloc(sizeof(*op));
	start_all(d);
	CHECK(current == d->vcpu[0]);
	op->pcpu = -1;
	CHECK_EQ(do_sched_op(SCHEDOP_pin_override, (u64)op), -EINVAL);
	op->pcpu = 9;
	CHECK_EQ(do_sched_op(SCHEDOP_pin_override, (u64)op), -EINVAL);
	op->pcpu = 1;
	CHECK_EQ(do_sched_op(SCHEDOP_pin_override, (u64)op), 0);
	fake_all_softirqs();
	CHECK_EQ(d->vcpu[0]->processor, 1);
	CHECK(current != d->vcpu[0]);
	fake_cpu(1);
	CHECK(current == d->vcpu[0]);
	CHECK_EQ(do_sched_op(SCHEDOP_pin_override, (u64)op), -EBUSY);
	op->pcpu = -1;
	CHECK_EQ(do_sched_op(SCHEDOP_pin_override, (u64)op), 0);
	fake_cpu(0);
	fake_domain_end(d);
	TEARDOWN();
}

TEST(block_and_wake_by_an_event)
{
	struct evtchn_bind_ipi ipi = { .vcpu = 0 };
	struct vcpu_runstate_info info;
	struct domain *d;
	struct vcpu *v;

	fake_start(1);
	d = make(0, 1, 256, 0);
	start_all(d);
	v = d->vcpu[0];
	CHECK_EQ(event_bind_ipi(d, &ipi), 0);
	v->info->evtchn_upcall_mask = 1;
	CHECK_EQ(do_sched_op(SCHEDOP_block, 0), 0);
	CHECK_EQ(v->info->evtchn_upcall_mask, 0);
	fake_all_softirqs();
	CHECK(current->is_idle);
	fake_advance(5 * MS);
	sched_runstate(v, &info);
	CHECK_EQ(info.state, RUNSTATE_blocked);
	CHECK_EQ(info.time[RUNSTATE_blocked], 5 * MS);
	CHECK_EQ(event_send(d, ipi.port), 0);
	fake_all_softirqs();
	CHECK(current == v);
	CHECK_EQ(do_sched_op(SCHEDOP_block, 0), 0);	/* an event waits: does not sleep */
	fake_all_softirqs();
	CHECK(current == v);
	fake_domain_end(d);
	TEARDOWN();
}

TEST(runstates_add_up)
{
	struct vcpu_runstate_info info;
	struct domain *d;
	u64 began, sum;
	u32 i, j;

	fake_start(2);
	d = make(0, 4, 256, 40);
	began = fake_now;
	start_all(d);
	for (i = 0; i < 2000; i++) {
		struct vcpu *v = d->vcpu[unit_random() % 4];

		if (v->pause_flags)
			wake(v);
		else
			block(v);
		fake_advance(unit_random() % (3 * MS));
	}
	for (i = 0; i < 4; i++) {
		sched_runstate(d->vcpu[i], &info);
		for (j = 0, sum = 0; j < 4; j++)
			sum += info.time[j];
		CHECK_EQ(sum, fake_now - began);
	}
	fake_domain_end(d);
	TEARDOWN();
}

TEST(pausing_stops_and_unpausing_goes_on)
{
	struct domain *d;
	u64 before;

	fake_start(2);
	d = make(0, 2, 256, 0);
	start_all(d);
	fake_advance(10 * MS);
	atomic_fetch_or(&d->vcpu[0]->pause_flags, VPF_PAUSED);
	sched_sleep_nosync(d->vcpu[0]);
	fake_all_softirqs();
	CHECK(!d->vcpu[0]->is_running);
	sched_sleep_sync(d->vcpu[0]);
	CHECK_EQ(d->vcpu[0]->runstate, RUNSTATE_offline);
	before = sched_vcpu_time_ns(d->vcpu[0]);
	fake_advance(10 * MS);
	CHECK_EQ(sched_vcpu_time_ns(d->vcpu[0]), before);
	atomic_fetch_and(&d->vcpu[0]->pause_flags, ~VPF_PAUSED);
	sched_wake(d->vcpu[0]);
	fake_all_softirqs();
	fake_advance(10 * MS);
	CHECK_EQ(sched_vcpu_time_ns(d->vcpu[0]), before + 10 * MS);
	fake_domain_end(d);
	TEARDOWN();
}

TEST(yield_lets_the_other_run)
{
	struct domain *d;
	struct vcpu *v;
	u32 i;

	fake_start(1);
	d = make(0, 2, 256, 0);
	start_all(d);
	for (i = 0; i < 50; i++) {
		v = current;
		CHECK(!v->is_idle);
		CHECK_EQ(do_sched_op(SCHEDOP_yield, 0), 0);
		fake_all_softirqs();
		CHECK(current != v);
		fake_advance(MS / 10);
	}
	fake_domain_end(d);
	TEARDOWN();
}

TEST(a_cpu_goes_away)
{
	struct domain *d;
	u32 i;
	u64 before;

	fake_start(2);
	d = make(0, 4, 256, 0);
	start_all(d);
	fake_advance(100 * MS);
	fake_cpu(1);
	cpumask_clear(1, &cpu_online_mask);
	cpu_online_count = 1;
	sched_cpu_down(1);
	softirq_raise(SOFTIRQ_SCHEDULE);
	fake_all_softirqs();
	CHECK(current->is_idle);
	fake_cpu(0);
	before = used(d);
	fake_advance(SECOND);
	CHECK_CLOSE(used(d) - before, SECOND);
	for (i = 0; i < 4; i++)
		CHECK_EQ(d->vcpu[i]->processor, 0);
	fake_domain_end(d);
	TEARDOWN();
}

TEST(watchdogs)
{
	struct sched_watchdog *w;
	struct domain *d;

	fake_start(1);
	d = make(0, 1, 256, 0);
	w = fake_guest_alloc(sizeof(*w));
	start_all(d);
	w->timeout = 10;
	CHECK_EQ(do_sched_op(SCHEDOP_watchdog, (u64)w), 1);
	CHECK_EQ(do_sched_op(SCHEDOP_watchdog, (u64)w), 2);
	CHECK_EQ(do_sched_op(SCHEDOP_watchdog, (u64)w), -ENOSPC);
	w->id = 3;
	CHECK_EQ(do_sched_op(SCHEDOP_watchdog, (u64)w), -EINVAL);
	w->id = 2;
	w->timeout = 0;
	CHECK_EQ(do_sched_op(SCHEDOP_watchdog, (u64)w), 0);
	CHECK_EQ(do_sched_op(SCHEDOP_watchdog, (u64)w), -EINVAL);
	w->id = 0;
	CHECK_EQ(do_sched_op(SCHEDOP_watchdog, (u64)w), -EINVAL);
	w->id = 1;
	w->timeout = 20;
	CHECK_EQ(do_sched_op(SCHEDOP_watchdog, (u64)w), 0);
	fake_advance(15 * SECOND);
	CHECK_EQ(fake_shutdowns, 0);
	fake_advance(6 * SECOND);
	CHECK_EQ(fake_shutdowns, 1);
	CHECK_EQ(fake_last_shutdown, SHUTDOWN_watchdog);
	fake_domain_end(d);
	TEARDOWN();
}

TEST(shutdown_calls)
{
	struct sched_shutdown *s;
	struct sched_remote_shutdown *r;
	struct domain *a, *b;

	fake_start(1);
	a = make(0, 1, 256, 0);
	b = make(1, 1, 256, 0);
	s = fake_guest_alloc(sizeof(*s));
	r = fake_guest_alloc(sizeof(*r));
	fake_be(b->vcpu[0]);
	s->reason = SHUTDOWN_MAX + 1;
	CHECK_EQ(do_sched_op(SCHEDOP_shutdown, (u64)s), -EINVAL);
	s->reason = SHUTDOWN_reboot;
	CHECK_EQ(do_sched_op(SCHEDOP_shutdown, (u64)s), 0);
	CHECK_EQ(fake_last_shutdown, SHUTDOWN_reboot);
	*r = (struct sched_remote_shutdown){ 0, SHUTDOWN_crash };
	CHECK_EQ(do_sched_op(SCHEDOP_remote_shutdown, (u64)r), -EPERM);
	fake_be(a->vcpu[0]);
	r->domain_id = 9;
	CHECK_EQ(do_sched_op(SCHEDOP_remote_shutdown, (u64)r), -ESRCH);
	r->domain_id = 1;
	CHECK_EQ(do_sched_op(SCHEDOP_remote_shutdown, (u64)r), 0);
	CHECK_EQ(do_sched_op(SCHEDOP_shutdown, 8), -EFAULT);
	CHECK_EQ(do_sched_op(8, (u64)s), -ENOSYS);
	CHECK_EQ(do_sched_op(~0u, (u64)s), -ENOSYS);
	fake_be(domain_idle ? &(struct vcpu){ .is_idle = true } : NULL);
	fake_domain_end(b);
	fake_domain_end(a);
	TEARDOWN();
}

TEST(the_guest_sees_its_runstate)
{
	struct vcpu_runstate_info *info;
	struct domain *d;
	u64 entry;

	fake_start(1);
	d = make(0, 1, 256, 0);
	info = fake_guest_alloc(sizeof(*info));
	start_all(d);
	fake_advance(3 * MS);
	sched_runstate_to_guest(d->vcpu[0]);
	d->vcpu[0]->runstate_guest = (u64)info;
	d->pv.vm_assist = 1ul << VMASST_TYPE_runstate_update_flag;
	sched_runstate_to_guest(d->vcpu[0]);
	CHECK_EQ(info->state, RUNSTATE_running);
	CHECK_EQ(info->state_entry_time, d->vcpu[0]->runstate_entry_ns);
	d->pv.is_32bit = true;
	sched_runstate_to_guest(d->vcpu[0]);
	memcpy(&entry, (char *)info + 4, sizeof(entry));
	CHECK_EQ(entry, d->vcpu[0]->runstate_entry_ns);
	d->vcpu[0]->runstate_guest = 8;
	sched_runstate_to_guest(d->vcpu[0]);
	fake_domain_end(d);
	TEARDOWN();
}

TEST(rate_limit_is_set_within_bounds)
{
	struct xen_sysctl_scheduler_op op = { .sched_id = XEN_SCHEDULER_CREDIT2,
		.cmd = XEN_SYSCTL_SCHEDOP_putinfo };

	op.u.sched_credit2.ratelimit_us = 99;
	CHECK_EQ(sched_sysctl(&op), -EINVAL);
	op.u.sched_credit2.ratelimit_us = 2000;
	CHECK_EQ(sched_sysctl(&op), 0);
	op.cmd = XEN_SYSCTL_SCHEDOP_getinfo;
	op.u.sched_credit2.ratelimit_us = 0;
	CHECK_EQ(sched_sysctl(&op), 0);
	CHECK_EQ(op.u.sched_credit2.ratelimit_us, 2000);
	CHECK_EQ(sched_params[1].set("1000"), 0);
	CHECK_EQ(sched_params[1].set("7"), -EINVAL);
	CHECK_EQ(sched_params[1].set("x"), -EINVAL);
	CHECK_EQ(sched_params[0].set("credit2"), 0);
	CHECK_EQ(sched_params[0].set("rtds"), -EINVAL);
}

int main(void)
{
	RUN(pin_override);
	RUN(block_and_wake_by_an_event);
	RUN(runstates_add_up);
	RUN(pausing_stops_and_unpausing_goes_on);
	RUN(yield_lets_the_other_run);
	RUN(a_cpu_goes_away);
	RUN(watchdogs);
	RUN(shutdown_calls);
	RUN(the_guest_sees_its_runstate);
	RUN(rate_limit_is_set_within_bounds);
	return unit_end();
}
