/* SPDX-License-Identifier: MIT */
/*
 * A machine on which nothing happens: a vCPU that blocks for three seconds is woken once, by its own timer. From
 * outside, tests/boot/run counts the timer interrupts meanwhile.
 */
#include "guest.h"

const char test_title[] = "idle: three seconds of nothing";

#define SECOND	1000000000UL

void test_main(void)
{
	uint32_t port;
	uint64_t at;
	unsigned int woken = 0;

	port = bind_virq(VIRQ_TIMER, 0);
	event_unmask(port);
	EXPECT(0, hypercall(vcpu_op, VCPUOP_stop_periodic_timer, 0, NULL));
	at = system_time() + 3 * SECOND;
	printk("idle begins\n");
	EXPECT(0, hypercall(set_timer_op, at));
	while (system_time() < at) {
		hypercall(sched_op, SCHEDOP_block, NULL);
		woken++;
	}
	printk("idle ends\n");
	CHECK(woken <= 2, "woken %u times", woken);
}
