/* SPDX-License-Identifier: MIT */
/*
 * One vCPU sends, polls and unmasks while the other closes, binds and moves the same ports: the races behind a dozen
 * advisories on event channels. At the end nothing is lost: a fresh port still delivers to each vCPU.
 */
#include "guest.h"

const char test_title[] = "evtchn-smp: ports closed under the sender";

static volatile uint32_t ports[8];
static volatile bool stop, ended;
static volatile uint64_t sent, refused;

static void sender(unsigned int cpu)
{
	uint32_t seed = 5;

	while (!stop) {
		uint32_t port, status;
		struct evtchn_unmask u;
		struct evtchn_bind_vcpu b;
		struct evtchn_status s = { .dom = DOMID_SELF };

		seed = seed * 1664525 + 1013904223;
		port = ports[seed >> 16 & 7];
		u.port = b.port = s.port = port;
		b.vcpu = seed >> 20 & 1;
		if (event_send(port) == 0)
			sent++;
		else
			refused++;
		hypercall(event_channel_op, EVTCHNOP_unmask, &u);
		hypercall(event_channel_op, EVTCHNOP_bind_vcpu, &b);
		status = hypercall(event_channel_op, EVTCHNOP_status, &s);
		(void)status;
	}
	ended = true;
	for (;;)
		hypercall(vcpu_op, VCPUOP_down, cpu, NULL);
}

static uint32_t make(unsigned int how)
{
	struct evtchn_alloc_unbound a = { .dom = DOMID_SELF, .remote_dom = DOMID_SELF };
	struct evtchn_bind_interdomain b = { .remote_dom = DOMID_SELF };

	if (how == 0)
		return bind_ipi(1);
	if (hypercall(event_channel_op, EVTCHNOP_alloc_unbound, &a))
		test_error("no port to be had");
	if (how == 1)
		return a.port;
	b.remote_port = a.port;
	if (hypercall(event_channel_op, EVTCHNOP_bind_interdomain, &b))
		test_error("cannot bind to port %u", a.port);
	return b.local_port;
}

void test_main(void)
{
	uint64_t end = system_time() + 10000000000;
	struct evtchn_reset r = { .dom = DOMID_SELF };
	uint32_t port;

	if (hypercall(vcpu_op, VCPUOP_is_up, 1, NULL) == -XEN_ENOENT)
		test_skip("this machine has one vCPU");
	for (int i = 0; i < 8; i++)
		ports[i] = make(i % 3);
	if (vcpu_run(1, sender))
		test_error("cannot start vCPU 1");
	/* Until both have had their turns often enough. */
	for (int round = 0; round < 3000 || (sent + refused < 3000 && system_time() < end); round++) {
		struct evtchn_close c = { ports[round & 7] };

		hypercall(event_channel_op, EVTCHNOP_close, &c);
		ports[round & 7] = make(round % 3);
		if (round % 500 == 499) {
			hypercall(event_channel_op, EVTCHNOP_reset, &r);
			for (int i = 0; i < 8; i++)
				ports[i] = make(i % 3);
		}
	}
	stop = true;
	CHECK(sent + refused >= 3000, "vCPU 1 hardly ran: %lu sent, %lu refused", sent, refused);
	end = system_time() + 10000000000;
	while (!ended && system_time() < end)
		hypercall(sched_op, SCHEDOP_yield, NULL);
	CHECK(ended, "vCPU 1 hangs");
	printk("%lu sent, %lu refused\n", sent, refused);
	EXPECT(0, hypercall(event_channel_op, EVTCHNOP_reset, &r));
	for (int w = 0; w < 64; w++)
		shared_info->evtchn_pending[w] = 0;
	shared_info->vcpu_info[0].evtchn_pending_sel = 0;
	port = bind_ipi(0);
	event_unmask(port);
	events_on();
	EXPECT(0, event_send(port));
	CHECK(event_count[port] >= 1, "a fresh port does not deliver");
	events_off();
}
