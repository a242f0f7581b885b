/* SPDX-License-Identifier: MIT */
/*
 * Time: system time runs forward and agrees with the TSC, one-shot timers fire once and not early, periodic ones keep
 * firing, a blocked vCPU is woken, and a timer set in the past fires at once.
 * VCPU_SSHOTTMR_future is published to answer ETIME then; Xen 4.17 fires at once all the same. Both are taken.
 */
#include "guest.h"

const char test_title[] = "timer: system time, one-shot and periodic timers";

#define MS	1000000UL

static uint32_t port;

static void clock(void)
{
	uint64_t last = system_time(), tsc = rdtsc(), ns;
	const volatile struct vcpu_time_info *t = &shared_info->vcpu_info[0].time;

	CHECK(t->tsc_to_system_mul, "no scale factor");
	for (int i = 0; i < 20000; i++) {
		ns = system_time();
		if (ns < last) {
			test_failure("time went back from %lu to %lu", last, ns);
			return;
		}
		last = ns;
	}
	CHECK(rdtsc() > tsc, "the TSC stands still");
	CHECK(shared_info->wc_sec > 1500000000 && !(shared_info->wc_version & 1), "wall clock %u, version %u",
	      shared_info->wc_sec, shared_info->wc_version);
}

static void one_shot(void)
{
	uint64_t at = system_time() + 10 * MS, n = event_count[port];

	EXPECT(0, hypercall(set_timer_op, at));
	CHECK(wait_event(port, n + 1, 5000 * MS), "set_timer_op: nothing within 5 s");
	CHECK(system_time() >= at, "fired early: %ld ns", system_time() - at);
	CHECK(!wait_event(port, n + 2, 20 * MS), "fired twice");

	n = event_count[port];
	at = system_time() + 5 * MS;
	EXPECT(0, hypercall(set_timer_op, at));
	EXPECT(0, hypercall(set_timer_op, 0));			/* takes it back */
	CHECK(!wait_event(port, n + 1, 20 * MS), "fired although taken back");

	EXPECT(0, hypercall(set_timer_op, system_time() - MS));
	CHECK(wait_event(port, n + 1, 5000 * MS), "a time in the past does not fire");
}

static void block(void)
{
	uint64_t at = system_time() + 20 * MS, n = event_count[port];

	EXPECT(0, hypercall(set_timer_op, at));
	while (event_count[port] == n) {
		hypercall(sched_op, SCHEDOP_block, NULL);
		if (system_time() > at + 5000 * MS) {
			test_failure("a blocked vCPU is not woken by its timer");
			return;
		}
	}
	CHECK(system_time() >= at, "woken %ld ns early", at - system_time());
}

static void vcpu_timers(void)
{
	struct vcpu_set_periodic_timer periodic = { .period_ns = 5 * MS };
	struct vcpu_set_singleshot_timer single = { .flags = VCPU_SSHOTTMR_future };
	uint64_t n = event_count[port], start = system_time();
	long past;

	EXPECT(0, hypercall(vcpu_op, VCPUOP_set_periodic_timer, 0, &periodic));
	CHECK(wait_event(port, n + 4, 5000 * MS), "periodic timer fired %lu times in 5 s", event_count[port] - n);
	CHECK(system_time() - start >= 14 * MS, "4 periods of 5 ms took %lu ns", system_time() - start);
	EXPECT(0, hypercall(vcpu_op, VCPUOP_stop_periodic_timer, 0, NULL));
	n = event_count[port];
	CHECK(!wait_event(port, n + 2, 30 * MS), "periodic timer goes on after it was stopped");

	periodic.period_ns = 1;
	EXPECT(-XEN_EINVAL, hypercall(vcpu_op, VCPUOP_set_periodic_timer, 0, &periodic));

	single.timeout_abs_ns = system_time() - MS;
	n = event_count[port];
	past = hypercall(vcpu_op, VCPUOP_set_singleshot_timer, 0, &single);
	CHECK(past == -XEN_ETIME || (past == 0 && wait_event(port, n + 1, 5000 * MS)),
	      "single-shot timer in the past: %ld, fired %lu times", past, event_count[port] - n);
	single.timeout_abs_ns = system_time() + 5 * MS;
	n = event_count[port];
	EXPECT(0, hypercall(vcpu_op, VCPUOP_set_singleshot_timer, 0, &single));
	CHECK(wait_event(port, n + 1, 5000 * MS), "single-shot timer: nothing within 5 s");
	single.timeout_abs_ns = system_time() + 5 * MS;
	EXPECT(0, hypercall(vcpu_op, VCPUOP_set_singleshot_timer, 0, &single));
	EXPECT(0, hypercall(vcpu_op, VCPUOP_stop_singleshot_timer, 0, NULL));
	n = event_count[port];
	CHECK(!wait_event(port, n + 1, 20 * MS), "single-shot timer fired after it was stopped");
}

void test_main(void)
{
	hypercall(vcpu_op, VCPUOP_stop_periodic_timer, 0, NULL);
	port = bind_virq(VIRQ_TIMER, 0);
	event_unmask(port);
	events_on();
	clock();
	one_shot();
	block();
	vcpu_timers();
}
