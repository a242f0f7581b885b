/* SPDX-License-Identifier: MIT */
/*
 * Event channels with two-level delivery: a sent event reaches the handler once, masks of the vCPU and of the port
 * hold it back without losing it, poll and block wake for it, and the calls refuse what is not theirs.
 */
#include "guest.h"

const char test_title[] = "events: channels, masks, upcalls";

static uint32_t status_of(uint32_t port)
{
	struct evtchn_status s = { .dom = DOMID_SELF, .port = port };
	long r = hypercall(event_channel_op, EVTCHNOP_status, &s);

	return r ? 1000 + -r : s.status;
}

static void ipi(void)
{
	uint32_t port = bind_ipi(0);
	uint64_t n;

	CHECK(status_of(port) == EVTCHNSTAT_ipi, "status %u", status_of(port));
	event_unmask(port);
	n = event_count[port];
	EXPECT(0, event_send(port));
	CHECK(event_count[port] == n, "delivered while the vCPU masks events");
	CHECK(shared_info->vcpu_info[0].evtchn_upcall_pending, "no upcall pending");
	events_on();
	CHECK(event_count[port] == n + 1, "delivered %lu times after unmasking", event_count[port] - n);
	EXPECT(0, event_send(port));
	CHECK(event_count[port] == n + 2, "delivered %lu times with events on", event_count[port] - n - 1);
	events_off();
	close_port(port);
	CHECK(status_of(port) == EVTCHNSTAT_closed, "status %u after closing", status_of(port));
	CHECK(status_of(0) == EVTCHNSTAT_closed, "port 0 has status %u", status_of(0));
	EXPECT(-XEN_EINVAL, event_send(port));
}

static void port_mask(void)
{
	uint32_t port = bind_ipi(0);
	uint64_t n = event_count[port];

	event_mask(port);
	events_on();
	EXPECT(0, event_send(port));
	CHECK(event_count[port] == n, "delivered although the port is masked");
	CHECK(shared_info->evtchn_pending[port / 64] >> port % 64 & 1, "not pending");
	event_unmask(port);
	CHECK(event_count[port] == n + 1, "delivered %lu times after the port was unmasked", event_count[port] - n);
	events_off();
	close_port(port);
}

static void interdomain_with_self(void)
{
	struct evtchn_alloc_unbound a = { .dom = DOMID_SELF, .remote_dom = DOMID_SELF };
	struct evtchn_bind_interdomain b = { .remote_dom = DOMID_SELF };
	struct evtchn_status s = { .dom = DOMID_SELF };

	EXPECT(0, hypercall(event_channel_op, EVTCHNOP_alloc_unbound, &a));
	CHECK(status_of(a.port) == EVTCHNSTAT_unbound, "status %u", status_of(a.port));
	b.remote_port = a.port;
	EXPECT(0, hypercall(event_channel_op, EVTCHNOP_bind_interdomain, &b));
	CHECK(b.local_port != a.port, "both ends are port %u", a.port);
	s.port = b.local_port;
	EXPECT(0, hypercall(event_channel_op, EVTCHNOP_status, &s));
	CHECK(s.status == EVTCHNSTAT_interdomain && s.u.interdomain.port == a.port, "status %u, remote port %u",
	      s.status, s.u.interdomain.port);
	event_unmask(a.port);
	event_unmask(b.local_port);
	events_on();
	EXPECT(0, event_send(b.local_port));
	CHECK(event_count[a.port] >= 1, "not delivered to the other end");
	events_off();
	close_port(b.local_port);
	CHECK(status_of(a.port) == EVTCHNSTAT_unbound, "the other end's status is %u after closing", status_of(a.port));
	close_port(a.port);
}

static void poll_and_block(void)
{
	uint32_t port = bind_ipi(0);
	struct sched_poll p = { .ports = (uint64_t)&port, .nr_ports = 1 };
	uint64_t start;

	event_mask(port);
	event_send(port);
	EXPECT(0, hypercall(sched_op, SCHEDOP_poll, &p));	/* pending, though masked: comes back at once */
	shared_info->evtchn_pending[port / 64] &= ~(1UL << port % 64);
	start = system_time();
	p.timeout = start + 5000000;
	EXPECT(0, hypercall(sched_op, SCHEDOP_poll, &p));
	CHECK(system_time() - start >= 4900000, "poll with a time-out of 5 ms came back after %lu ns",
	      system_time() - start);
	event_unmask(port);
	events_off();
	event_send(port);
	EXPECT(0, hypercall(sched_op, SCHEDOP_block, NULL));	/* unmasks, and an event is pending */
	CHECK(event_count[port] >= 1, "block did not deliver what was pending");
	CHECK(!shared_info->vcpu_info[0].evtchn_upcall_mask, "block leaves events masked");
	events_off();
	close_port(port);
}

static void refusals(void)
{
	struct evtchn_bind_virq v = { .virq = NR_VIRQS };
	struct evtchn_bind_ipi i = { .vcpu = 99 };
	struct evtchn_bind_vcpu bv = { .port = 0, .vcpu = 0 };
	struct evtchn_close c = { .port = 0x7fffffff };
	struct evtchn_bind_interdomain b = { .remote_dom = 77, .remote_port = 1 };
	struct evtchn_alloc_unbound a = { .dom = 77, .remote_dom = 0 };
	uint32_t port;

	EXPECT(-XEN_EINVAL, hypercall(event_channel_op, EVTCHNOP_bind_virq, &v));
	v = (struct evtchn_bind_virq) { .virq = VIRQ_TIMER, .vcpu = 99 };
	EXPECT(-XEN_ENOENT, hypercall(event_channel_op, EVTCHNOP_bind_virq, &v));
	EXPECT(-XEN_ENOENT, hypercall(event_channel_op, EVTCHNOP_bind_ipi, &i));
	EXPECT(-XEN_EINVAL, hypercall(event_channel_op, EVTCHNOP_close, &c));
	EXPECT(-XEN_EINVAL, hypercall(event_channel_op, EVTCHNOP_bind_vcpu, &bv));
	EXPECT(-XEN_ESRCH, hypercall(event_channel_op, EVTCHNOP_bind_interdomain, &b));
	EXPECT(-XEN_ESRCH, hypercall(event_channel_op, EVTCHNOP_alloc_unbound, &a));
	EXPECT(-XEN_ENOSYS, hypercall(event_channel_op, 99, &c));
	EXPECT(-XEN_EINVAL, event_send(0xffffffff));
	EXPECT(-XEN_EFAULT, hypercall(event_channel_op, EVTCHNOP_send, 0xffff830000000000));
	port = bind_virq(VIRQ_DEBUG, 0);
	v = (struct evtchn_bind_virq) { .virq = VIRQ_DEBUG };
	EXPECT(-XEN_EEXIST, hypercall(event_channel_op, EVTCHNOP_bind_virq, &v));
	EXPECT(-XEN_EINVAL, event_send(port));			/* a VIRQ is not ours to raise */
	close_port(port);
}

void test_main(void)
{
	ipi();
	port_mask();
	interdomain_with_self();
	poll_and_block();
	refusals();
}
