/* SPDX-License-Identifier: MIT */
/*
 * sched_op: what it refuses, watchdogs that can be stopped, polls with odd arguments. The right uses are in other
 * tests.
 */
#include "guest.h"

const char test_title[] = "sched: refusals, watchdogs, polls";

void test_main(void)
{
	struct sched_remote_shutdown remote = { .domain_id = 77, .reason = SHUTDOWN_crash };
	struct sched_watchdog w = { .id = 0, .timeout = 60 };
	static uint32_t ports[200];
	struct sched_poll p = { .ports = (uint64_t)ports, .nr_ports = 129 };
	struct sched_pin_override pin = { .pcpu = 9999 };
	long id;

	EXPECT(0, hypercall(sched_op, SCHEDOP_yield, NULL));
	EXPECT(-XEN_ENOSYS, hypercall(sched_op, 99, NULL));
	EXPECT(-XEN_ESRCH, hypercall(sched_op, SCHEDOP_remote_shutdown, &remote));
	id = hypercall(sched_op, SCHEDOP_watchdog, &w);
	CHECK(id >= 1 && id <= 2, "watchdog number %ld", id);
	w = (struct sched_watchdog) { .id = id, .timeout = 30 };
	EXPECT(0, hypercall(sched_op, SCHEDOP_watchdog, &w));
	w.timeout = 0;
	EXPECT(0, hypercall(sched_op, SCHEDOP_watchdog, &w));
	w = (struct sched_watchdog) { .id = 99, .timeout = 5 };
	EXPECT(-XEN_EINVAL, hypercall(sched_op, SCHEDOP_watchdog, &w));
	w = (struct sched_watchdog) { .id = 0, .timeout = 60 };
	for (int i = 0; i < 20; i++)
		id = hypercall(sched_op, SCHEDOP_watchdog, &w);
	CHECK((int)id < 0, "20 watchdogs are made");		/* Xen gives the error as an unsigned 32-bit number */
	for (uint32_t i = 1; i <= 2; i++) {
		w = (struct sched_watchdog) { .id = i, .timeout = 0 };
		hypercall(sched_op, SCHEDOP_watchdog, &w);
	}
	EXPECT(-XEN_EINVAL, hypercall(sched_op, SCHEDOP_poll, &p));
	p.nr_ports = 1;
	ports[0] = 0xffffffff;
	EXPECT(-XEN_EINVAL, hypercall(sched_op, SCHEDOP_poll, &p));
	p.ports = 0xffff830000000000;
	EXPECT(-XEN_EFAULT, hypercall(sched_op, SCHEDOP_poll, &p));
	p = (struct sched_poll) { .timeout = 1 };		/* long past */
	EXPECT(0, hypercall(sched_op, SCHEDOP_poll, &p));
	p.timeout = system_time() + 1000000;
	EXPECT(0, hypercall(sched_op, SCHEDOP_poll, &p));
	CHECK(hypercall(sched_op, SCHEDOP_pin_override, &pin) < 0, "pinned to CPU 9999");
}
