/* SPDX-License-Identifier: MIT */
/*
 * Event channels by the thousand, closed and rebound in all orders, ports that belong to nothing, interrupts that are
 * not there, and a shared page full of nonsense: the hypervisor stays sane, and a fresh start works.
 */
#include "guest.h"

const char test_title[] = "evtchn-abuse: too many, too odd, too often";

static uint32_t ports[4096];

static void exhaust(void)
{
	struct evtchn_bind_ipi b = { .vcpu = 0 };
	unsigned int n = 0;
	long r = 0;

	while (n < ARRAY_SIZE(ports) && (r = hypercall(event_channel_op, EVTCHNOP_bind_ipi, &b)) == 0)
		ports[n++] = b.port;
	CHECK(n >= 1000 && n <= 4095, "%u ports, then %ld", n, r);
	CHECK(r == -XEN_ENOSPC, "no more ports: %ld", r);
	for (unsigned int i = 0; i < n; i++)
		close_port(ports[(i * 7919UL) % n]);	/* 7919 is prime: each once, unless n is its multiple */
}

static void same_pairs(void)
{
	struct evtchn_alloc_unbound a = { .dom = DOMID_SELF, .remote_dom = DOMID_SELF };
	struct evtchn_bind_interdomain b = { .remote_dom = DOMID_SELF };

	for (int i = 0; i < 300; i++) {
		EXPECT(0, hypercall(event_channel_op, EVTCHNOP_alloc_unbound, &a));
		b.remote_port = a.port;
		EXPECT(0, hypercall(event_channel_op, EVTCHNOP_bind_interdomain, &b));
		CHECK(hypercall(event_channel_op, EVTCHNOP_bind_interdomain, &b) < 0, "a port is bound twice");
		if (i & 1)
			event_send(b.local_port);
		close_port(i & 2 ? a.port : b.local_port);
		close_port(i & 2 ? b.local_port : a.port);
	}
	a.remote_dom = 0x7ff2;
	hypercall(event_channel_op, EVTCHNOP_alloc_unbound, &a);
}

static void pirqs(void)
{
	static const uint32_t numbers[] = { 0xffffffff, 0x7fffffff, 100000, 4096, 1024 };

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		struct evtchn_bind_pirq p = { .pirq = numbers[i] };
		struct physdev_eoi e = { .irq = numbers[i] };
		struct physdev_irq_status_query q = { .irq = numbers[i] };

		CHECK(hypercall(event_channel_op, EVTCHNOP_bind_pirq, &p) < 0, "PIRQ %#x is bound", numbers[i]);
		CHECK(hypercall(physdev_op, PHYSDEVOP_eoi, &e) < 0, "PIRQ %#x is ended", numbers[i]);
		CHECK(hypercall(physdev_op, PHYSDEVOP_irq_status_query, &q) < 0, "PIRQ %#x has a status", numbers[i]);
	}
}

/* Every port number's word, through each call that takes a port. */
static void odd_ports(void)
{
	static const uint32_t odd[] = { 0, 4095, 4096, 65536, 131071, 131072, 0x7fffffff, 0x80000000, 0xffffffff };

	for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
		struct evtchn_bind_vcpu v = { odd[i], 0 };
		struct evtchn_set_priority p = { odd[i], 3 };
		struct evtchn_unmask u = { odd[i] };
		struct evtchn_close c = { odd[i] };
		struct evtchn_bind_interdomain b = { DOMID_SELF, odd[i], 0 };

		CHECK(event_send(odd[i]) < 0, "port %#x is sent to", odd[i]);
		CHECK(hypercall(event_channel_op, EVTCHNOP_bind_vcpu, &v) < 0, "port %#x is moved", odd[i]);
		hypercall(event_channel_op, EVTCHNOP_unmask, &u);
		hypercall(event_channel_op, EVTCHNOP_set_priority, &p);
		CHECK(hypercall(event_channel_op, EVTCHNOP_close, &c) < 0, "port %#x is closed", odd[i]);
		CHECK(hypercall(event_channel_op, EVTCHNOP_bind_interdomain, &b) < 0, "port %#x is bound", odd[i]);
	}
}

static void scribble(void)
{
	uint32_t port = bind_ipi(0), seed = 7;

	for (int round = 0; round < 3000; round++) {
		seed = seed * 1103515245 + 12345;
		shared_info->evtchn_pending[seed >> 10 & 63] = seed * 0x9e3779b97f4a7c15UL;
		shared_info->evtchn_mask[seed >> 16 & 63] = ~(seed * 0x9e3779b97f4a7c15UL);
		shared_info->vcpu_info[seed >> 22 & 31].evtchn_pending_sel = seed;
		shared_info->vcpu_info[seed >> 24 & 31].evtchn_upcall_pending = seed;
		shared_info->wc_version = seed;
		shared_info->vcpu_info[0].time.version = seed;
		event_send(port);
	}
	events_off();
	for (int w = 0; w < 64; w++)
		shared_info->evtchn_pending[w] = 0;
	close_port(port);
}

static void fresh_start(void)
{
	struct evtchn_reset r = { .dom = DOMID_SELF };
	uint32_t port = bind_ipi(0);
	uint64_t n;

	bind_virq(VIRQ_TIMER, 0);
	EXPECT(0, hypercall(event_channel_op, EVTCHNOP_reset, &r));
	EXPECT(-XEN_EINVAL, event_send(port));
	port = bind_virq(VIRQ_TIMER, 0);		/* free again */
	close_port(port);
	port = bind_ipi(0);
	memset(shared_info->evtchn_mask, 0xff, sizeof(shared_info->evtchn_mask));
	event_unmask(port);
	n = event_count[port];
	events_on();
	EXPECT(0, event_send(port));
	CHECK(event_count[port] == n + 1, "events no longer arrive");
	events_off();
}

void test_main(void)
{
	exhaust();
	same_pairs();
	pirqs();
	odd_ports();
	scribble();
	fresh_start();
}
