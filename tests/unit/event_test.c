/* SPDX-License-Identifier: MIT */
/*
 * Event channels on the fake machine: what guests see of each operation, who is woken, and that nothing is left
 * over. The FIFO layout is in event_fifo_test.c, interrupts are in event_pirq_test.c.
 */
#include "abi/sched.h"
#include "event_guest.h"
#include "hypercall/hypercall.h"
#include "sched/sched.h"

TEST(interdomain_carries_events_both_ways)
{
	struct domain *a, *b;
	u32 pa, pb;

	SETUP(1);
	a = fake_domain(0, true, 1);
	b = fake_domain(1, false, 1);
	pb = unbound(b, 0);
	CHECK_EQ(status_of(b, pb), EVTCHNSTAT_unbound);
	pa = interdomain(a, 1, pb);
	CHECK_EQ(status_of(b, pb), EVTCHNSTAT_interdomain);
	CHECK(pending_2l(a, pa));		/* news may have been lost before */
	forget_pending(a);
	CHECK_EQ(event_send(a, pa), 0);
	CHECK(pending_2l(b, pb));
	CHECK_EQ(b->vcpu[0]->info->evtchn_upcall_pending, 1);
	CHECK_EQ(b->vcpu[0]->info->evtchn_pending_sel, 1ul << pb / 64);
	CHECK_EQ(event_send(b, pb), 0);
	CHECK(pending_2l(a, pa));

	CHECK_EQ(event_close(a, pa), 0);
	CHECK_EQ(status_of(b, pb), EVTCHNSTAT_unbound);
	CHECK_EQ(event_send(b, pb), 0);		/* lost without an error */
	CHECK_EQ(event_close(a, pa), -EINVAL);
	CHECK_EQ(event_send(a, pa), -EINVAL);
	fake_domain_end(b);
	fake_domain_end(a);
	TEARDOWN();
}

/* Each end says for itself which vCPU hears of it. */
TEST(the_other_end_chooses_its_vcpu)
{
	struct domain *a, *b;
	u32 pa, pb;

	SETUP(1);
	a = fake_domain(0, true, 2);
	b = fake_domain(1, false, 3);
	pb = unbound(b, 0);
	pa = interdomain(a, 1, pb);
	CHECK_EQ(event_bind_vcpu(b, pb, 2), 0);
	CHECK_EQ(event_bind_vcpu(a, pa, 1), 0);
	forget_pending(a);
	forget_pending(b);
	CHECK_EQ(event_send(a, pa), 0);
	CHECK_EQ(b->vcpu[2]->info->evtchn_upcall_pending, 1);
	CHECK_EQ(b->vcpu[1]->info->evtchn_upcall_pending | b->vcpu[0]->info->evtchn_upcall_pending, 0);
	CHECK_EQ(event_send(b, pb), 0);
	CHECK_EQ(a->vcpu[1]->info->evtchn_upcall_pending, 1);
	CHECK_EQ(a->vcpu[0]->info->evtchn_upcall_pending, 0);
	CHECK_EQ(event_bind_vcpu(b, pb, 3), -ENOENT);
	fake_domain_end(b);
	fake_domain_end(a);
	TEARDOWN();
}

TEST(binding_needs_the_right_domain_and_state)
{
	struct evtchn_bind_interdomain op = { .remote_dom = 1 };
	struct domain *a, *b, *c;

	SETUP(1);
	a = fake_domain(0, true, 1);
	b = fake_domain(1, false, 1);
	c = fake_domain(2, false, 1);
	op.remote_port = unbound(b, 2);
	fake_be(a->vcpu[0]);
	CHECK_EQ(event_bind_interdomain(a, &op), -EINVAL);	/* meant for c, privileged or not */
	op.remote_port = 77;
	CHECK_EQ(event_bind_interdomain(a, &op), -EINVAL);
	op.remote_port = ~0u;
	CHECK_EQ(event_bind_interdomain(a, &op), -EINVAL);
	op.remote_dom = 9;
	CHECK_EQ(event_bind_interdomain(a, &op), -ESRCH);
	(void)c;
	fake_domain_end(c);
	fake_domain_end(b);
	fake_domain_end(a);
	TEARDOWN();
}

TEST(only_the_privileged_act_for_others)
{
	struct evtchn_alloc_unbound op = { .dom = 1, .remote_dom = DOMID_SELF };
	struct evtchn_status st = { .dom = 1, .port = 1 };
	struct domain *a, *b, *c;

	SETUP(1);
	a = fake_domain(0, true, 1);
	b = fake_domain(1, false, 1);
	c = fake_domain(2, false, 1);
	fake_be(a->vcpu[0]);
	CHECK_EQ(event_alloc_unbound(a, &op), 0);
	CHECK_EQ(event_status(&st), 0);
	CHECK_EQ(st.u.unbound.dom, 0);
	fake_be(c->vcpu[0]);
	CHECK_EQ(event_alloc_unbound(c, &op), -EPERM);
	CHECK_EQ(event_status(&st), -EPERM);
	CHECK_EQ(event_reset(1, false), -EPERM);
	st.dom = 7;
	CHECK_EQ(event_status(&st), -ESRCH);
	st.dom = DOMID_SELF;
	st.port = 4000000;
	CHECK_EQ(event_status(&st), -EINVAL);
	fake_domain_end(c);
	fake_domain_end(b);
	fake_domain_end(a);
	TEARDOWN();
}

TEST(loopback_in_one_domain)
{
	struct domain *a;
	u32 p, q;

	SETUP(1);
	a = fake_domain(0, true, 1);
	p = unbound(a, DOMID_SELF);
	q = interdomain(a, DOMID_SELF, p);
	forget_pending(a);
	CHECK_EQ(event_send(a, p), 0);
	CHECK(pending_2l(a, q) && !pending_2l(a, p));
	CHECK_EQ(event_close(a, p), 0);
	CHECK_EQ(status_of(a, q), EVTCHNSTAT_unbound);
	fake_domain_end(a);
	TEARDOWN();
}

TEST(masked_events_wait_for_unmask)
{
	struct evtchn_bind_ipi ipi = { .vcpu = 0 };
	struct domain *a;

	SETUP(1);
	a = fake_domain(0, true, 1);
	fake_be(a->vcpu[0]);
	CHECK_EQ(event_bind_ipi(a, &ipi), 0);
	a->shared_info->evtchn_mask[0] = ~0ul;
	CHECK_EQ(event_send(a, ipi.port), 0);
	CHECK(pending_2l(a, ipi.port));
	CHECK_EQ(a->vcpu[0]->info->evtchn_upcall_pending, 0);
	CHECK_EQ(event_unmask(a, ipi.port), 0);
	CHECK_EQ(a->vcpu[0]->info->evtchn_upcall_pending, 1);
	CHECK_EQ(event_unmask(a, 100000), -EINVAL);
	fake_domain_end(a);
	TEARDOWN();
}

TEST(virqs_are_bound_once_and_where_they_may)
{
	struct evtchn_bind_virq op = { .virq = VIRQ_TIMER, .vcpu = 1 };
	struct evtchn_bind_vcpu unused;
	struct domain *a;
	u32 timer;

	(void)unused;
	SETUP(1);
	a = fake_domain(0, true, 2);
	fake_be(a->vcpu[0]);
	CHECK_EQ(event_bind_virq(a, &op), 0);
	timer = op.port;
	CHECK_EQ(event_bind_virq(a, &op), -EEXIST);
	op.vcpu = 2;
	CHECK_EQ(event_bind_virq(a, &op), -ENOENT);
	op.virq = VIRQ_CONSOLE;
	op.vcpu = 1;
	CHECK_EQ(event_bind_virq(a, &op), -EINVAL);		/* global: at vCPU 0 only */
	op.virq = 24;
	op.vcpu = 0;
	CHECK_EQ(event_bind_virq(a, &op), -EINVAL);
	op.virq = VIRQ_CONSOLE;
	CHECK_EQ(event_bind_virq(a, &op), 0);
	CHECK_EQ(event_bind_vcpu(a, op.port, 1), 0);
	CHECK_EQ(event_bind_vcpu(a, timer, 0), -EINVAL);
	CHECK_EQ(event_bind_vcpu(a, op.port, 5), -ENOENT);

	event_send_virq_global(VIRQ_CONSOLE);
	CHECK(pending_2l(a, op.port));
	CHECK_EQ(a->vcpu[1]->info->evtchn_upcall_pending, 1);
	CHECK_EQ(a->vcpu[0]->info->evtchn_upcall_pending, 0);
	event_send_virq_vcpu(a->vcpu[0], VIRQ_TIMER);		/* not bound there */
	CHECK(!pending_2l(a, timer));
	event_send_virq_vcpu(a->vcpu[1], VIRQ_TIMER);
	CHECK(pending_2l(a, timer));
	CHECK_EQ(event_send(a, timer), -EINVAL);		/* a guest cannot send it */
	CHECK_EQ(event_close(a, timer), 0);
	event_send_virq_vcpu(a->vcpu[1], VIRQ_TIMER);
	fake_domain_end(a);
	TEARDOWN();
}

TEST(global_virqs_can_go_elsewhere)
{
	struct evtchn_bind_virq op = { .virq = VIRQ_DOM_EXC };
	struct domain *a, *b;
	u32 pa, pb;

	SETUP(1);
	a = fake_domain(0, true, 1);
	b = fake_domain(1, false, 1);
	fake_be(a->vcpu[0]);
	CHECK_EQ(event_bind_virq(a, &op), 0);
	pa = op.port;
	fake_be(b->vcpu[0]);
	CHECK_EQ(event_bind_virq(b, &op), 0);
	pb = op.port;
	CHECK_EQ(event_set_virq_handler(b, VIRQ_TIMER), -EINVAL);
	CHECK_EQ(event_set_virq_handler(b, VIRQ_DOM_EXC), 0);
	event_send_virq_global(VIRQ_DOM_EXC);
	CHECK(!pending_2l(a, pa) && pending_2l(b, pb));
	fake_domain_end(b);
	event_send_virq_global(VIRQ_DOM_EXC);
	CHECK(pending_2l(a, pa));
	fake_domain_end(a);
	TEARDOWN();
}

TEST(ports_run_out_and_come_back)
{
	struct evtchn_bind_ipi op = { .vcpu = 0 };
	struct evtchn_init_control ctl = { 0 };
	struct domain *a;
	u32 n = 0;
	int rc;

	SETUP(1);
	a = fake_domain(0, true, 1);
	fake_be(a->vcpu[0]);
	while ((rc = event_bind_ipi(a, &op)) == 0)
		n++;
	CHECK_EQ(rc, -ENOSPC);
	CHECK_EQ(n, 4095);
	ctl.control_gfn = mfn_x(fake_guest_page(a));
	CHECK_EQ(event_init_control(&ctl), 0);
	while ((rc = event_bind_ipi(a, &op)) == 0)
		n++;
	CHECK_EQ(rc, -ENOSPC);
	CHECK_EQ(n, EVTCHN_FIFO_NR_CHANNELS - 1);
	CHECK_EQ(event_send(a, 100000), 0);		/* no word for it yet: remembered */
	CHECK_EQ(event_close(a, 4711), 0);
	CHECK_EQ(event_bind_ipi(a, &op), 0);
	CHECK_EQ(op.port, 4711);
	CHECK_EQ(event_close(a, 0), -EINVAL);
	fake_domain_end(a);
	TEARDOWN();
}

/* Buckets that are full are passed over, and one that has a hole again is not. */
TEST(holes_are_found_among_full_buckets)
{
	static const u32 holes[] = { 1, 127, 128, 300, 383, 511 };
	struct domain *a;
	u32 port = 0;

	SETUP(1);
	a = fake_domain(0, true, 1);
	fake_be(a->vcpu[0]);
	while (port < 600) {
		u32 next = unbound(a, 0);

		CHECK_EQ(next, port + 1);
		port = next;
	}
	for (u32 i = ARRAY_SIZE(holes); i-- > 0;)
		CHECK_EQ(event_close(a, holes[i]), 0);
	for (u32 i = 0; i < ARRAY_SIZE(holes); i++)
		CHECK_EQ(unbound(a, 0), holes[i]);
	CHECK_EQ(unbound(a, 0), 601);
	for (u32 i = 0; i <= 4; i++)		/* all of a bucket, and it fills up again */
		CHECK_EQ(event_close(a, 255 - i), 0);
	CHECK_EQ(unbound(a, 0), 251);
	fake_domain_end(a);
	TEARDOWN();
}

TEST(no_memory_is_an_error)
{
	struct evtchn_bind_ipi op = { .vcpu = 0 };
	struct domain *a;

	SETUP(1);
	a = fake_domain(0, true, 1);
	fake_be(a->vcpu[0]);
	fake_alloc_fails = true;
	CHECK_EQ(event_bind_ipi(a, &op), -ENOMEM);
	fake_alloc_fails = false;
	CHECK_EQ(event_bind_ipi(a, &op), 0);
	fake_domain_end(a);
	TEARDOWN();
}

TEST(reset_gives_way_to_other_work)
{
	struct domain *a;
	u32 i, rounds = 0;
	int rc;

	SETUP(1);
	a = fake_domain(0, true, 1);
	for (i = 0; i < 200; i++)
		bind_ipi(a, 0);
	do {
		cpu_local()->softirq_pending |= 1;
		rc = event_reset(DOMID_SELF, rounds++ > 0);
		cpu_local()->softirq_pending = 0;
	} while (rc == -ERESTART);
	CHECK_EQ(rc, 0);
	CHECK(rounds > 5 && rounds < 100);
	CHECK_EQ(status_of(a, 150), EVTCHNSTAT_closed);
	fake_domain_end(a);
	TEARDOWN();
}

TEST(a_domain_that_goes_unbinds_the_others)
{
	struct domain *a, *b;
	u32 p, q;

	SETUP(1);
	a = fake_domain(0, true, 1);
	b = fake_domain(1, false, 1);
	p = unbound(b, 0);
	q = interdomain(a, 1, p);
	fake_domain_end(b);
	CHECK_EQ(status_of(a, q), EVTCHNSTAT_unbound);
	CHECK_EQ(event_send(a, q), 0);
	fake_domain_end(a);
	TEARDOWN();
}

/* One that sleeps until there is an event runs again with it; with a masked one, or none at all, it does not. */
TEST(an_event_wakes_who_sleeps)
{
	struct domain *a;
	u32 p, q;

	SETUP(1);
	a = fake_domain(0, true, 1);
	p = bind_ipi(a, 0);
	q = bind_ipi(a, 0);
	a->shared_info->evtchn_mask[0] = 1ul << q;
	a->vcpu[0]->pause_flags = 0;
	fake_be(a->vcpu[0]);
	CHECK_EQ(sched_block(), 0);
	CHECK_EQ(a->vcpu[0]->pause_flags, VPF_BLOCKED);
	CHECK_EQ(event_send(a, q), 0);
	CHECK_EQ(a->vcpu[0]->pause_flags, VPF_BLOCKED);
	CHECK_EQ(event_send(a, p), 0);
	CHECK_EQ(a->vcpu[0]->pause_flags, 0);
	fake_domain_end(a);
	TEARDOWN();
}

TEST(polling_ends_with_the_event_or_the_time)
{
	struct domain *a;
	u32 p, q, ports[2];

	SETUP(1);
	a = fake_domain(0, true, 1);
	p = bind_ipi(a, 0);
	q = bind_ipi(a, 0);
	a->shared_info->evtchn_mask[0] = ~0ul;
	a->vcpu[0]->info->evtchn_upcall_mask = 1;
	a->vcpu[0]->pause_flags = 0;
	ports[0] = p;
	ports[1] = q;
	fake_be(a->vcpu[0]);
	CHECK_EQ(sched_poll(1, ports, 0), 0);
	CHECK_EQ(a->vcpu[0]->pause_flags, VPF_POLL);
	event_send(a, q);
	CHECK_EQ(a->vcpu[0]->pause_flags, VPF_POLL);	/* not that one */
	event_send(a, p);
	CHECK_EQ(a->vcpu[0]->pause_flags, 0);
	CHECK_EQ(a->event->nr_pollers, 0);
	CHECK_EQ(sched_poll(2, ports, 0), 0);
	CHECK_EQ(a->vcpu[0]->pause_flags, 0);		/* pending already */
	forget_pending(a);
	CHECK_EQ(sched_poll(2, ports, fake_now + 1000), 0);
	CHECK_EQ(a->vcpu[0]->pause_flags, VPF_POLL);
	fake_be(a->vcpu[0]);
	cpu_local()->softirq_pending = 0;
	fake_advance(2000);
	CHECK_EQ(a->vcpu[0]->pause_flags, 0);
	ports[1] = 99999;
	fake_be(a->vcpu[0]);
	CHECK_EQ(sched_poll(2, ports, 0), -EINVAL);
	CHECK_EQ(a->vcpu[0]->pause_flags, 0);
	CHECK_EQ(sched_poll(129, ports, 0), -EINVAL);
	fake_domain_end(a);
	TEARDOWN();
}

TEST(hypercall_undoes_what_it_cannot_report)
{
	struct evtchn_bind_ipi *op;
	struct domain *a;
	u32 p;

	SETUP(1);
	a = fake_domain(0, true, 1);
	fake_be(a->vcpu[0]);
	op = fake_guest_alloc(sizeof(*op));
	CHECK_EQ(do_event_channel_op(EVTCHNOP_bind_ipi, (u64)op), 0);
	p = op->port;
	CHECK_EQ(do_event_channel_op(EVTCHNOP_send, (u64)&op->port), 0);
	CHECK_EQ(do_event_channel_op(EVTCHNOP_send, 8), -EFAULT);
	CHECK_EQ(do_event_channel_op(EVTCHNOP_send, HV_VIRT_START), -EFAULT);
	CHECK_EQ(do_event_channel_op(15, (u64)op), -ENOSYS);
	CHECK_EQ(do_event_channel_op(~0u, (u64)op), -ENOSYS);
	CHECK_EQ(status_of(a, p), EVTCHNSTAT_ipi);
	fake_domain_end(a);
	TEARDOWN();
}

int main(void)
{
	RUN(interdomain_carries_events_both_ways);
	RUN(the_other_end_chooses_its_vcpu);
	RUN(binding_needs_the_right_domain_and_state);
	RUN(only_the_privileged_act_for_others);
	RUN(loopback_in_one_domain);
	RUN(masked_events_wait_for_unmask);
	RUN(virqs_are_bound_once_and_where_they_may);
	RUN(global_virqs_can_go_elsewhere);
	RUN(ports_run_out_and_come_back);
	RUN(holes_are_found_among_full_buckets);
	RUN(no_memory_is_an_error);
	RUN(reset_gives_way_to_other_work);
	RUN(a_domain_that_goes_unbinds_the_others);
	RUN(an_event_wakes_who_sleeps);
	RUN(polling_ends_with_the_event_or_the_time);
	RUN(hypercall_undoes_what_it_cannot_report);
	return unit_end();
}
