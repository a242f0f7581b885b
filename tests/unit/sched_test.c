/* SPDX-License-Identifier: MIT */
/*
 * The scheduler on the fake machine: simulated seconds of busy and sleepy vCPUs on several CPUs, and what
 * each got.
 */
#include "sched_guest.h"

TEST(one_vcpu_has_the_machine_without_ticks)
{
	struct domain *d;
	u32 before;

	fake_start(1);
	d = make(0, 1, 256, 0);
	start_all(d);
	CHECK(current == d->vcpu[0]);
	before = fake_ipis[0];
	fake_advance(10 * SECOND);
	CHECK_EQ(used(d), 10 * SECOND);
	CHECK_EQ(runqueues[0].timer_at_ns, 0);
	CHECK_EQ(fake_ipis[0], before);
	fake_domain_end(d);
	TEARDOWN();
}

TEST(weights_on_one_cpu)
{
	struct domain *a, *b, *c;

	fake_start(1);
	a = make(0, 1, 256, 0);
	b = make(1, 1, 512, 0);
	c = make(2, 1, 64, 0);
	start_all(a);
	start_all(b);
	start_all(c);
	fake_advance(10 * SECOND);
	CHECK_CLOSE(used(a), 10 * SECOND * 256 / 832);
	CHECK_CLOSE(used(b), 10 * SECOND * 512 / 832);
	CHECK_CLOSE(used(c), 10 * SECOND * 64 / 832);
	fake_domain_end(a);
	fake_domain_end(b);
	fake_domain_end(c);
	TEARDOWN();
}

TEST(extreme_weights)
{
	struct domain *a, *b;

	fake_start(1);
	a = make(0, 1, 65535, 0);
	b = make(1, 1, 1, 0);
	start_all(a);
	start_all(b);
	fake_advance(20 * SECOND);
	CHECK_CLOSE(used(a), 20 * SECOND);
	CHECK(used(b) > 0);
	fake_domain_end(a);
	fake_domain_end(b);
	TEARDOWN();
}

TEST(three_on_two_cpus_are_equal)
{
	struct domain *d;
	u32 i;

	fake_start(2);
	d = make(0, 3, 256, 0);
	start_all(d);
	fake_advance(10 * SECOND);
	for (i = 0; i < 3; i++)
		CHECK_CLOSE(sched_vcpu_time_ns(d->vcpu[i]), 10 * SECOND * 2 / 3);
	fake_domain_end(d);
	TEARDOWN();
}

TEST(two_domains_of_two_vcpus_share_by_weight)
{
	struct domain *a, *b;

	fake_start(2);
	a = make(0, 2, 256, 0);
	b = make(1, 2, 512, 0);
	start_all(a);
	start_all(b);
	fake_advance(20 * SECOND);
	CHECK_CLOSE(used(a), 40 * SECOND / 3);
	CHECK_CLOSE(used(b), 40 * SECOND * 2 / 3);
	fake_domain_end(a);
	fake_domain_end(b);
	TEARDOWN();
}

/* A guest gains nothing by spinning on more vCPUs than others. */
static void check_greedy(u32 cpus, u32 others, u32 vcpus)
{
	struct domain *d[8];
	u32 i;

	fake_start(cpus);
	for (i = 0; i <= others; i++)
		d[i] = make((domid_t)i, i ? 1 : vcpus, 256, 0);
	for (i = 0; i <= others; i++)
		start_all(d[i]);
	fake_advance(20 * SECOND);
	for (i = 0; i <= others; i++)
		CHECK_CLOSE(used(d[i]), 20 * SECOND * cpus / (others + 1));
	for (i = 0; i <= others; i++)
		fake_domain_end(d[i]);
	TEARDOWN();
}

TEST(more_vcpus_are_no_more_weight)
{
	check_greedy(1, 1, 4);
	check_greedy(1, 7, 4);
	check_greedy(2, 1, 4);
	check_greedy(2, 3, 2);
	check_greedy(2, 7, 8);
	check_greedy(4, 7, 8);
}

/* One that works alone has all of it, however many sleep beside it. */
TEST(sleepers_do_not_share_the_weight)
{
	struct domain *a, *b;
	u32 i;

	fake_start(1);
	a = make(0, 4, 256, 0);
	b = make(1, 1, 256, 0);
	start_all(a);
	for (i = 1; i < 4; i++)
		block(a->vcpu[i]);
	start_all(b);
	fake_advance(10 * SECOND);
	CHECK_CLOSE(used(a), 5 * SECOND);
	CHECK_CLOSE(used(b), 5 * SECOND);
	fake_domain_end(a);
	fake_domain_end(b);
	TEARDOWN();
}

TEST(many_vcpus_on_four_cpus)
{
	struct domain *d[3];
	u32 i, j;

	fake_start(4);
	for (i = 0; i < 3; i++) {
		d[i] = make((domid_t)i, 4, 256, 0);
		start_all(d[i]);
	}
	fake_advance(20 * SECOND);
	for (i = 0; i < 3; i++)
		for (j = 0; j < 4; j++)
			CHECK_CLOSE(sched_vcpu_time_ns(d[i]->vcpu[j]), 20 * SECOND / 3);
	for (i = 0; i < 3; i++)
		fake_domain_end(d[i]);
	TEARDOWN();
}

TEST(caps_hold)
{
	struct domain *a, *b;

	fake_start(2);
	a = make(0, 1, 256, 30);
	b = make(1, 2, 256, 0);
	start_all(a);
	fake_advance(5 * SECOND);
	CHECK_CLOSE(used(a), 5 * SECOND * 30 / 100);		/* alone on an idle machine */
	start_all(b);
	fake_advance(5 * SECOND);
	CHECK_CLOSE(used(a), 10 * SECOND * 30 / 100);
	CHECK_CLOSE(used(b), 10 * SECOND - 5 * SECOND * 30 / 100);
	fake_domain_end(a);
	fake_domain_end(b);
	TEARDOWN();
}

TEST(a_cap_is_for_the_whole_domain)
{
	struct xen_domctl_scheduler_op op = { .sched_id = XEN_SCHEDULER_CREDIT2,
		.cmd = XEN_DOMCTL_SCHEDOP_putinfo };
	struct domain *a;
	u64 before;

	fake_start(4);
	a = make(0, 4, 256, 150);
	start_all(a);
	fake_advance(5 * SECOND);
	CHECK_CLOSE(used(a), 5 * SECOND * 150 / 100);
	op.u.credit2.cap = 0;
	CHECK_EQ(sched_domctl(a, &op), 0);
	before = used(a);
	fake_advance(SECOND);
	CHECK_CLOSE(used(a) - before, 4 * SECOND);
	op.u.credit2.cap = 50;
	CHECK_EQ(sched_domctl(a, &op), 0);
	before = used(a);
	fake_advance(4 * SECOND);
	CHECK_CLOSE(used(a) - before, 2 * SECOND);
	op.cmd = XEN_DOMCTL_SCHEDOP_getinfo;
	CHECK_EQ(sched_domctl(a, &op), 0);
	CHECK_EQ(op.u.credit2.cap, 50);
	CHECK_EQ(op.u.credit2.weight, 256);
	op.cmd = XEN_DOMCTL_SCHEDOP_putvcpuinfo;
	CHECK_EQ(sched_domctl(a, &op), -EINVAL);
	op.sched_id = XEN_SCHEDULER_CREDIT;
	CHECK_EQ(sched_domctl(a, &op), -EINVAL);
	fake_domain_end(a);
	TEARDOWN();
}

TEST(a_sleeper_that_wakes_runs_soon)
{
	struct domain *hog, *sleeper;
	u64 worst = 0, since;
	u32 i;

	fake_start(1);
	hog = make(0, 2, 256, 0);
	sleeper = make(1, 1, 256, 0);
	start_all(hog);
	start(sleeper->vcpu[0]);
	block(sleeper->vcpu[0]);
	for (i = 0; i < 200; i++) {
		fake_advance(7 * MS + unit_random() % (5 * MS));
		since = fake_now;
		wake(sleeper->vcpu[0]);
		while (current != sleeper->vcpu[0])
			fake_advance(MS / 10);
		worst = MAX(worst, fake_now - since);
		fake_advance(MS / 5);
		block(sleeper->vcpu[0]);
	}
	CHECK(worst <= 1 * MS);			/* the rate limit */
	fake_domain_end(hog);
	fake_domain_end(sleeper);
	TEARDOWN();
}

TEST(sleeping_saves_up_no_time)
{
	struct domain *a, *b;
	u64 before_a, before_b;

	fake_start(1);
	a = make(0, 1, 256, 0);
	b = make(1, 1, 256, 0);
	start_all(a);
	start(b->vcpu[0]);
	block(b->vcpu[0]);
	fake_advance(100 * SECOND);
	wake(b->vcpu[0]);
	before_a = used(a);
	before_b = used(b);
	fake_advance(SECOND);
	CHECK_CLOSE(used(a) - before_a, SECOND / 2);
	CHECK_CLOSE(used(b) - before_b, SECOND / 2);
	fake_domain_end(a);
	fake_domain_end(b);
	TEARDOWN();
}

TEST(idle_cpus_take_work)
{
	struct domain *d;
	u32 i;

	fake_start(4);
	d = make(0, 4, 256, 0);
	for (i = 0; i < 4; i++)
		d->vcpu[i]->processor = 0;
	start_all(d);
	fake_advance(SECOND);
	CHECK_CLOSE(used(d), 4 * SECOND);
	/* One CPU's only vCPU blocks while two share another. */
	fake_domain_end(d);
	TEARDOWN();
}

/* An idle CPU that looks for work in vain is still known to be idle, and one with work is not. */
TEST(looking_in_vain_changes_nothing)
{
	struct domain *d;

	fake_start(2);
	d = make(0, 1, 256, 0);
	start_all(d);
	fake_cpu(!d->vcpu[0]->processor);
	softirq_raise(SOFTIRQ_SCHEDULE);
	fake_all_softirqs();
	CHECK(current->is_idle);
	CHECK(cpumask_test(this_cpu(), &sched_idle_cpus));
	CHECK(!cpumask_test(!this_cpu(), &sched_idle_cpus));
	fake_cpu(0);
	fake_domain_end(d);
	TEARDOWN();
}

TEST(freed_cpus_take_work)
{
	struct domain *d;
	u64 before;

	fake_start(2);
	d = make(0, 3, 256, 0);
	start_all(d);
	fake_advance(SECOND / 10);
	block(d->vcpu[0]);
	before = used(d);
	fake_advance(SECOND);
	CHECK_CLOSE(used(d) - before, 2 * SECOND);
	fake_domain_end(d);
	TEARDOWN();
}

TEST(hard_affinity_is_kept)
{
	struct domain *d;
	cpumask_t one = { 0 }, none = { 0 };
	u32 i;

	fake_start(4);
	d = make(0, 2, 256, 0);
	cpumask_set(2, &one);
	CHECK_EQ(sched_set_affinity(d->vcpu[0], &none, NULL), -EINVAL);
	start_all(d);
	CHECK_EQ(sched_set_affinity(d->vcpu[0], &one, NULL), 0);
	CHECK_EQ(sched_set_affinity(d->vcpu[1], &one, NULL), 0);
	fake_all_softirqs();
	for (i = 0; i < 100; i++) {
		fake_advance(10 * MS);
		CHECK_EQ(d->vcpu[0]->processor, 2);
		CHECK_EQ(d->vcpu[1]->processor, 2);
	}
	fake_advance(SECOND);
	CHECK(used(d) < 2100 * MS && used(d) > 1950 * MS);
	cpumask_clear(2, &one);
	cpumask_set(77, &one);
	CHECK_EQ(sched_set_affinity(d->vcpu[0], &one, NULL), -EINVAL);		/* no such CPU is up */
	fake_domain_end(d);
	TEARDOWN();
}

TEST(pinned_and_free_ones_balance)
{
	struct domain *p, *f;
	cpumask_t one = { 0 };
	u64 before;

	fake_start(2);
	p = make(0, 1, 256, 0);
	f = make(1, 3, 256, 0);
	cpumask_set(0, &one);
	CHECK_EQ(sched_set_affinity(p->vcpu[0], &one, NULL), 0);
	start_all(p);
	fake_advance(50 * SECOND);		/* CPU 0's clock runs far ahead */
	start_all(f);
	before = used(f);
	fake_advance(10 * SECOND);
	CHECK_CLOSE(used(f) - before, 10 * SECOND);	/* a CPU each: as much as the pinned one can have */
	CHECK_CLOSE(used(p) - 50 * SECOND, 10 * SECOND);
	fake_domain_end(p);
	fake_domain_end(f);
	TEARDOWN();
}

/* A machine that was stopped, and goes on: nobody pays for what passed meanwhile. */
/* A queue whose clock is far ahead draws the other after it, with all who are there, whichever way a vCPU would go. */
TEST(clocks_do_not_drift_apart)
{
	struct runqueue *a = &runqueues[0], *b = &runqueues[1];
	struct sched_unit *u[2];
	struct domain *d;
	u64 clock, vtime;

	fake_start(2);
	d = make(0, 2, 256, 0);
	start_all(d);
	fake_advance(SECOND / 10);
	for (u32 i = 0; i < 2; i++)
		u[i] = runqueues[i].curr->sched;
	b->min_vtime += SECOND;
	u[1]->vtime += SECOND;
	clock = a->min_vtime;
	vtime = u[0]->vtime;
	(void)policy->wants_to_move(a, b, u[0]);
	CHECK_EQ(b->min_vtime - a->min_vtime, 200 * MS);
	CHECK_EQ(u[0]->vtime - vtime, a->min_vtime - clock);
	a->min_vtime += SECOND;
	u[0]->vtime += SECOND;
	clock = b->min_vtime;
	vtime = u[1]->vtime;
	(void)policy->wants_to_move(a, b, u[0]);
	CHECK_EQ(a->min_vtime - b->min_vtime, 200 * MS);
	CHECK_EQ(u[1]->vtime - vtime, b->min_vtime - clock);
	fake_cpu(0);
	fake_domain_end(d);
	TEARDOWN();
}

TEST(time_jumps)
{
	struct domain *a, *b;
	u64 before_a, before_b;

	fake_start(1);
	a = make(0, 2, 256, 0);
	b = make(1, 1, 256, 0);
	start_all(a);
	start_all(b);
	fake_advance(SECOND);
	fake_now += 400 * SECOND;
	fake_advance(50 * MS);
	before_a = used(a);
	before_b = used(b);
	fake_advance(10 * SECOND);
	CHECK_CLOSE(used(a) - before_a, 5 * SECOND);
	CHECK_CLOSE(used(b) - before_b, 5 * SECOND);
	fake_domain_end(a);
	fake_domain_end(b);
	TEARDOWN();
}

/* Everything at random: nobody is lost, no CPU idles while someone who may run there waits. */
TEST(random_life)
{
	struct domain *d[3];
	unsigned long op;
	u32 i, j, k;

	fake_start(3);
	for (i = 0; i < 3; i++) {
		d[i] = make((domid_t)i, 3, 100 + 300 * i, i == 2 ? 70 : 0);
		start_all(d[i]);
	}
	for (i = 0; i < 20000; i++) {
		struct domain *x = d[unit_random() % 3];
		struct vcpu *v = x->vcpu[unit_random() % 3];
		cpumask_t m = { { unit_random() % 8 } };

		op = unit_random() % 6;
		switch (op) {
		case 0:
			block(v);
			break;
		case 1:
			wake(v);
			break;
		case 2:
			(void)sched_set_affinity(v, &m, NULL);
			break;
		case 3:
			v->pause_flags ^= VPF_PAUSED;
			if (v->pause_flags & VPF_PAUSED)
				sched_sleep_nosync(v);
			else
				sched_wake(v);
			break;
		case 4:
			fake_cpu((u32)(unit_random() % 3));
			if (!current->is_idle)
				sched_yield_vcpu();
			break;
		default:
			fake_advance(unit_random() % (4 * MS));
		}
		fake_all_softirqs();
		for (j = 0; j < 9; j++) {
			v = d[j / 3]->vcpu[j % 3];
			if (v->pause_flags || v->sched->parked)
				CHECK(!v->is_running && !v->sched->queued);
			else
				CHECK(v->is_running != v->sched->queued);
			if (!v->sched->queued)
				continue;
			CHECK(unit_allowed(v->sched, v->processor));
			for (k = 0; k < 3; k++)
				CHECK(!(runqueues[k].curr->is_idle && unit_allowed(v->sched, k)));
		}
		if (unit_checks_failed && getenv("UNIT_LOG")) {
			printf("op %lu\n", op);
			for (k = 0; k < 3; k++)
				printf("cpu %u: curr d%uv%u pending %lx idle bit %d\n", k,
				       runqueues[k].curr->domain->id,
				       runqueues[k].curr->id, (unsigned long)cpu_locals[k]->softirq_pending,
				       cpumask_test(k, &sched_idle_cpus));
			for (j = 0; j < 9; j++) {
				v = d[j / 3]->vcpu[j % 3];
				printf("d%uv%u cpu %u flags %x run %d queued %d parked %d allowed %lx\n",
				       j / 3, j % 3,
				       v->processor, v->pause_flags, v->is_running, v->sched->queued,
					v->sched->parked,
				       v->sched->allowed.bits[0]);
			}
		}
		if (unit_checks_failed)
			break;
	}
	fake_cpu(0);
	for (i = 0; i < 3; i++)
		fake_domain_end(d[i]);
	TEARDOWN();
}

int main(void)
{
	RUN(one_vcpu_has_the_machine_without_ticks);
	RUN(weights_on_one_cpu);
	RUN(extreme_weights);
	RUN(three_on_two_cpus_are_equal);
	RUN(two_domains_of_two_vcpus_share_by_weight);
	RUN(more_vcpus_are_no_more_weight);
	RUN(sleepers_do_not_share_the_weight);
	RUN(many_vcpus_on_four_cpus);
	RUN(caps_hold);
	RUN(a_cap_is_for_the_whole_domain);
	RUN(a_sleeper_that_wakes_runs_soon);
	RUN(sleeping_saves_up_no_time);
	RUN(idle_cpus_take_work);
	RUN(looking_in_vain_changes_nothing);
	RUN(freed_cpus_take_work);
	RUN(hard_affinity_is_kept);
	RUN(pinned_and_free_ones_balance);
	RUN(clocks_do_not_drift_apart);
	RUN(time_jumps);
	RUN(random_life);
	return unit_end();
}
