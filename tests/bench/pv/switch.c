/* SPDX-License-Identifier: MIT */
/* Rows: events, timers, and two vCPUs that take turns on one CPU. */
#include "pv.h"

#define MS	1000000UL

static uint32_t port, timer_port, ping_port, pong_port;
static volatile bool partner_ready;

static void use_port(uint32_t p)
{
	event_info = (uint64_t)&shared_info->vcpu_info[0];
	event_word = (uint64_t)&shared_info->evtchn_pending[p / 64];
	event_bit = p % 64;
	set_callback_to(CALLBACKTYPE_event, lean_event);
}

static void prepare_send(void)
{
	if (!port)
		port = bind_ipi(0);
	use_port(port);
}

static void prepare_masked(void)
{
	prepare_send();
	events_off();
	event_mask(port);
}

static void prepare_unheard(void)
{
	prepare_send();
	events_off();
	event_unmask(port);
}

static void prepare_heard(void)
{
	prepare_send();
	event_unmask(port);
	events_on();
}

/* Each send finds the port as the first one did. */
static void send_cleared(uint64_t n)
{
	struct evtchn_send s = { port };
	struct vcpu_info *v = &shared_info->vcpu_info[0];

	for (uint64_t i = 0; i < n; i++) {
		hc(__HYPERVISOR_event_channel_op, EVTCHNOP_send, (uint64_t)&s, 0, 0);
		*(volatile uint64_t *)event_word = 0;
		*(volatile uint64_t *)&v->evtchn_pending_sel = 0;
		*(volatile uint8_t *)&v->evtchn_upcall_pending = 0;
	}
}

static void send_heard(uint64_t n)
{
	struct evtchn_send s = { port };

	for (uint64_t i = 0; i < n; i++) {
		hc(__HYPERVISOR_event_channel_op, EVTCHNOP_send, (uint64_t)&s, 0, 0);
		barrier();
	}
	events_off();
	events_on();
}

static void set_timer(uint64_t n)
{
	uint64_t far = system_time() + 1000 * MS;

	for (uint64_t i = 0; i < n; i++)
		hc(__HYPERVISOR_set_timer_op, far + i, 0, 0, 0);
	hypercall(set_timer_op, 0);
}

static void prepare_timer(void)
{
	if (!timer_port)
		timer_port = bind_virq(VIRQ_TIMER, 0);
	use_port(timer_port);
	event_unmask(timer_port);
	events_on();
}

/* The least of n times from the last instruction before the interrupt to the handler, or to behind it. */
static void timer_times(uint64_t n, bool whole)
{
	uint64_t best = ~0UL;

	for (uint64_t i = 0; i < n; i++) {
		uint64_t last, now = rdtsc(), ticks;

		event_entered = 0;
		hypercall(set_timer_op, system_time() + MS / 10);
		do {
			last = now;
			now = rdtsc();
		} while (!*(volatile uint64_t *)&event_entered);
		ticks = (whole ? rdtsc() : event_entered) - last;
		best = ticks < best ? ticks : best;
	}
	own_ticks = best * n;
}

static void timer_to_handler(uint64_t n) { timer_times(n, false); }
static void timer_whole(uint64_t n) { timer_times(n, true); }

static void block(uint64_t n)
{
	uint64_t best = ~0UL;

	for (uint64_t i = 0; i < n; i++) {
		uint64_t at, ticks;

		events_off();
		at = system_time() + MS / 2;
		hypercall(set_timer_op, at);
		event_entered = 0;
		while (!*(volatile uint64_t *)&event_entered)
			hypercall(sched_op, SCHEDOP_block, NULL);
		ticks = system_time() - at;
		best = ticks < best ? ticks : best;
	}
	own_ticks = best * n;
}

static void yield(uint64_t n)
{
	for (uint64_t i = 0; i < n; i++) {
		hc(__HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0, 0);
		barrier();
	}
}

/* Waits for `in` without an upcall: the ports are masked. */
static inline void wait_for(uint32_t in)
{
	evtchn_port_t p = in;
	struct sched_poll poll = { .ports = (uint64_t)&p, .nr_ports = 1 };

	while (!(*(volatile uint64_t *)&shared_info->evtchn_pending[in / 64] >> in % 64 & 1))
		hc(__HYPERVISOR_sched_op, SCHEDOP_poll, (uint64_t)&poll, 0, 0);
	__atomic_and_fetch(&shared_info->evtchn_pending[in / 64], ~(1UL << in % 64), __ATOMIC_SEQ_CST);
}

static inline void tell(uint32_t out)
{
	struct evtchn_send s = { out };

	hc(__HYPERVISOR_event_channel_op, EVTCHNOP_send, (uint64_t)&s, 0, 0);
}

static void partner(unsigned int cpu)
{
	(void)cpu;
	partner_ready = true;
	for (;;) {
		wait_for(ping_port);
		tell(pong_port);
	}
}

static void prepare_partner(void)
{
	events_off();
	if (partner_ready)
		return;
	pong_port = bind_ipi(0);
	ping_port = bind_ipi(1);
	event_mask(ping_port);
	event_mask(pong_port);
	if (vcpu_run(1, partner))
		test_error("no second vCPU: dom0_max_vcpus=2 is needed");
	while (!partner_ready)
		hypercall(sched_op, SCHEDOP_yield, NULL);
}

static void ping_pong(uint64_t n)
{
	for (uint64_t i = 0; i < n; i++) {
		tell(ping_port);
		wait_for(pong_port);
	}
}

const struct row switch_rows[] = {
	{ "event_send_masked", send_cleared, prepare_masked, 2000, 1 },
	{ "event_send", send_cleared, prepare_unheard, 2000, 1 },
	{ "event_send_to_handler", send_heard, prepare_heard, 2000, 1 },
	{ "set_timer_op", set_timer, NULL, 1000, 1 },
	{ "timer_to_handler", timer_to_handler, prepare_timer, 20, 1 },
	{ "timer_interrupt", timer_whole, prepare_timer, 20, 1 },
	{ "block_and_wake", block, prepare_timer, 20, 1 },
	{ "yield", yield, NULL, 1000, 1 },
	{ "vcpu_switch", ping_pong, prepare_partner, 500, 2 },
	{ NULL, NULL, NULL, 0, 0 }
};
