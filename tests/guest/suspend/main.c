/* SPDX-License-Identifier: MIT */
/*
 * Sleep states. Those that are not there are refused. With the word "sleepN" (tests/boot/run, which wakes the machine
 * again): suspend to RAM N times; the call returns after waking, and time, timers, the other vCPU, every processor and
 * the registers of the vCPU are as they were.
 */
#include "guest.h"

const char test_title[] = "suspend: sleep states";

#define MS	1000000UL
#define PM1_S3	(1u << 10 | 1u << 13)		/* type 1, enable: QEMU's chipsets, both */

static struct xen_platform_op op;
static volatile uint64_t turns;
static uint32_t port;

static long sleep_state(uint32_t state, uint32_t value, uint32_t flags)
{
	memset(&op, 0, sizeof(op));
	op.cmd = XENPF_enter_acpi_sleep;
	op.interface_version = XENPF_INTERFACE_VERSION;
	op.u.enter_acpi_sleep.sleep_state = state;
	op.u.enter_acpi_sleep.val_a = value;
	op.u.enter_acpi_sleep.flags = flags;
	return hypercall(platform_op, &op);
}

static void refusals(void)
{
	static const uint32_t absent[] = { 0, 1, 2, 4, 6, 99, 0xffffffff };

	for (unsigned int i = 0; i < ARRAY_SIZE(absent); i++)
		CHECK(sleep_state(absent[i], PM1_S3, 0) < 0, "sleep state %u", absent[i]);
	CHECK(sleep_state(3, PM1_S3, XENPF_ACPI_SLEEP_EXTENDED) < 0, "the sleep register of other hardware");
	CHECK(sleep_state(3, PM1_S3, 8) < 0, "a flag that is none");
}

static void second(unsigned int cpu)
{
	(void)cpu;
	for (;;)
		turns++;
}

static uint32_t processors_online(void)
{
	uint32_t n = 0, last = 0;

	for (uint32_t cpu = 0; cpu <= last; cpu++) {
		memset(&op, 0, sizeof(op));
		op.cmd = XENPF_get_cpuinfo;
		op.interface_version = XENPF_INTERFACE_VERSION;
		op.u.pcpu_info.xen_cpuid = cpu;
		EXPECT(0, hypercall(platform_op, &op));
		last = op.u.pcpu_info.max_present;
		n += op.u.pcpu_info.flags == XEN_PCPU_FLAGS_ONLINE;
	}
	return n;
}

static void sleeps(unsigned int round)
{
	uint64_t before = system_time(), seen, end, xmm = 0x1234567890abcdef + round, n = event_count[port];
	uint32_t cpus = processors_online();
	long rc;

	__asm__ volatile ("movq %0, %%xmm5" : : "r" (xmm));
	printk("going to sleep %u\n", round);
	rc = sleep_state(3, PM1_S3, 0);
	__asm__ volatile ("movq %%xmm5, %0" : "=r" (seen));
	printk("awake %u\n", round);
	EXPECT(0, rc);
	CHECK(seen == xmm, "xmm5 is %lx and was %lx", seen, xmm);
	CHECK(system_time() >= before, "time went from %lu to %lu", before, system_time());
	CHECK(processors_online() == cpus, "%u processors are online, of %u", processors_online(), cpus);
	EXPECT(0, hypercall(set_timer_op, system_time() + 5 * MS));
	CHECK(wait_event(port, n + 1, 5000 * MS), "no timer after waking");
	seen = turns;
	for (end = system_time() + 5000 * MS; seen == turns && system_time() < end; )
		hypercall(sched_op, SCHEDOP_yield, NULL);
	CHECK(seen != turns, "vCPU 1 stands still");
}

void test_main(void)
{
	refusals();
	if (start_info->cmd_line[0] != 's')
		return;
	hypercall(vcpu_op, VCPUOP_stop_periodic_timer, 0, NULL);
	port = bind_virq(VIRQ_TIMER, 0);
	event_unmask(port);
	events_on();
	EXPECT(0, vcpu_run(1, second));
	for (unsigned int i = 1; i + '0' <= (unsigned char)start_info->cmd_line[5]; i++)
		sleeps(i);
}
