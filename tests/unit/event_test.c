/* SPDX-License-Identifier: MIT */
/*
 * Event channels on the fake machine: what guests see of each operation, both layouts, hostile words, who is
 * woken, interrupts, and that nothing is left over.
 */
#include "unit.h"

#include "abi/physdev.h"
#include "abi/sched.h"
#include "event/internal.h"
#include "event/pirq.h"
#include "fake.h"
#include "hypercall/hypercall.h"
#include "lib/errno.h"
#include "sched/sched.h"

#define SETUP(cpus)	fake_start(cpus)
#define TEARDOWN()	CHECK(fake_check_clean())

static u32 unbound(struct domain *d, domid_t remote)
{
	struct evtchn_alloc_unbound op = { .dom = DOMID_SELF, .remote_dom = remote };

	fake_be(d->vcpu[0]);
	CHECK_EQ(event_alloc_unbound(d, &op), 0);
	return op.port;
}

static u32 interdomain(struct domain *d, domid_t remote, u32 port)
{
	struct evtchn_bind_interdomain op = { .remote_dom = remote, .remote_port = port };

	fake_be(d->vcpu[0]);
	CHECK_EQ(event_bind_interdomain(d, &op), 0);
	return op.local_port;
}

static u32 status_of(struct domain *d, u32 port)
{
	struct evtchn_status op = { .dom = DOMID_SELF, .port = port };

	fake_be(d->vcpu[0]);
	CHECK_EQ(event_status(&op), 0);
	return op.status;
}

static bool pending_2l(struct domain *d, u32 port)
{
	return d->shared_info->evtchn_pending[port / 64] >> (port % 64) & 1;
}

static void forget_pending(struct domain *d)
{
	u32 i;

	memset(d->shared_info->evtchn_pending, 0, sizeof(d->shared_info->evtchn_pending));
	for (i = 0; i < d->max_vcpus; i++) {
		d->vcpu[i]->info->evtchn_upcall_pending = 0;
		d->vcpu[i]->info->evtchn_pending_sel = 0;
	}
}

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

/* FIFO, seen by a guest */

struct fifo_guest {
	struct domain *d;
	struct evtchn_fifo_control_block *control[2];
	mfn_t pages[4];
	u32 *word[2];
};

static u32 *word_of(struct fifo_guest *g, u32 port)
{
	return &g->word[port / 1024][port % 1024];
}

static void fifo_begin(struct fifo_guest *g, struct domain *d, u32 vcpus)
{
	struct evtchn_init_control op = { 0 };
	struct evtchn_expand_array ex;
	u32 i;

	g->d = d;
	fake_be(d->vcpu[0]);
	for (i = 0; i < vcpus; i++) {
		g->pages[i] = fake_guest_page(d);
		op.control_gfn = mfn_x(g->pages[i]);
		op.offset = 64 * i;
		op.vcpu = i;
		CHECK_EQ(event_init_control(&op), 0);
		CHECK_EQ(op.link_bits, 17);
		g->control[i] = (void *)((char *)mfn_to_virt(g->pages[i]) + op.offset);
	}
	g->pages[2] = fake_guest_page(d);
	ex.array_gfn = mfn_x(g->pages[2]);
	g->word[0] = mfn_to_virt(g->pages[2]);
	CHECK_EQ(event_expand_array(&ex), 0);
}

/* Takes the first event off a queue as Linux does; 0 if it is empty. */
static u32 consume(struct fifo_guest *g, u32 vcpu, u32 priority, u32 *head)
{
	struct evtchn_fifo_control_block *c = g->control[vcpu];
	u32 port = *head, word;

	if (!port) {
		c->ready &= ~(1u << priority);
		port = c->head[priority];
	}
	if (!port)
		return 0;
	word = *word_of(g, port);
	CHECK(word >> EVTCHN_FIFO_LINKED & 1);
	CHECK(!(word >> EVTCHN_FIFO_BUSY & 1));
	*head = word & EVTCHN_FIFO_LINK_MASK;
	word &= ~(1u << EVTCHN_FIFO_LINKED | EVTCHN_FIFO_LINK_MASK | 1u << EVTCHN_FIFO_PENDING);
	*word_of(g, port) = word;
	if (!*head)
		c->head[priority] = 0;
	g->d->vcpu[vcpu]->info->evtchn_upcall_pending = 0;
	return port;
}

static u32 bind_ipi(struct domain *d, u32 vcpu)
{
	struct evtchn_bind_ipi op = { .vcpu = vcpu };

	fake_be(d->vcpu[0]);
	CHECK_EQ(event_bind_ipi(d, &op), 0);
	return op.port;
}

TEST(fifo_delivers_in_order_and_by_priority)
{
	struct evtchn_set_priority prio = { .priority = 0 };
	struct fifo_guest g;
	struct domain *a;
	u32 p[4], i, head = 0;

	SETUP(1);
	a = fake_domain(0, true, 1);
	fifo_begin(&g, a, 1);
	for (i = 0; i < 4; i++)
		p[i] = bind_ipi(a, 0);
	prio.port = p[3];
	CHECK_EQ(event_set_priority(&prio), 0);
	for (i = 0; i < 4; i++)
		CHECK_EQ(event_send(a, p[i]), 0);
	CHECK_EQ(event_send(a, p[1]), 0);		/* again: still one event */
	CHECK_EQ(a->vcpu[0]->info->evtchn_upcall_pending, 1);
	CHECK_EQ(g.control[0]->ready, 1u << 7 | 1u << 0);
	CHECK_EQ(consume(&g, 0, 0, &head), p[3]);
	CHECK_EQ(head, 0);
	for (i = 0; i < 3; i++)
		CHECK_EQ(consume(&g, 0, 7, &head), p[i]);
	CHECK_EQ(head, 0);
	CHECK_EQ(event_send(a, p[2]), 0);		/* behind its own stale tail */
	CHECK_EQ(consume(&g, 0, 7, &head), p[2]);
	prio.priority = 16;
	CHECK_EQ(event_set_priority(&prio), -EINVAL);
	fake_domain_end(a);
	TEARDOWN();
}

TEST(fifo_appends_while_the_guest_is_in_the_middle)
{
	struct fifo_guest g;
	struct domain *a;
	u32 p, q, r, head = 0;

	SETUP(1);
	a = fake_domain(0, true, 1);
	fifo_begin(&g, a, 1);
	p = bind_ipi(a, 0);
	q = bind_ipi(a, 0);
	r = bind_ipi(a, 0);
	event_send(a, p);
	event_send(a, q);
	CHECK_EQ(consume(&g, 0, 7, &head), p);
	CHECK_EQ(head, q);
	event_send(a, r);
	event_send(a, p);
	CHECK_EQ(consume(&g, 0, 7, &head), q);
	CHECK_EQ(consume(&g, 0, 7, &head), r);
	CHECK_EQ(consume(&g, 0, 7, &head), p);
	CHECK_EQ(head, 0);
	fake_domain_end(a);
	TEARDOWN();
}

TEST(fifo_does_not_append_behind_what_is_gone)
{
	struct fifo_guest g;
	struct domain *a;
	u32 p, q, head = 0;

	SETUP(1);
	a = fake_domain(0, true, 1);
	fifo_begin(&g, a, 1);
	p = bind_ipi(a, 0);
	q = bind_ipi(a, 0);
	event_send(a, p);
	CHECK_EQ(consume(&g, 0, 7, &head), p);
	event_send(a, q);			/* p is still the tail that we remember */
	CHECK_EQ(g.control[0]->ready, 1u << 7);
	CHECK_EQ(g.control[0]->head[7], q);
	CHECK_EQ(*word_of(&g, p), 0);
	CHECK_EQ(consume(&g, 0, 7, &head), q);
	fake_domain_end(a);
	TEARDOWN();
}

TEST(a_new_port_is_not_pending)
{
	struct fifo_guest g;
	struct domain *a;
	u32 p;

	SETUP(1);
	a = fake_domain(0, true, 1);
	p = bind_ipi(a, 0);
	event_send(a, p);
	CHECK_EQ(event_close(a, p), 0);
	CHECK_EQ(bind_ipi(a, 0), p);
	CHECK(!pending_2l(a, p));
	fifo_begin(&g, a, 1);
	event_send(a, p);
	CHECK_EQ(event_close(a, p), 0);
	CHECK_EQ(bind_ipi(a, 0), p);
	CHECK_EQ(*word_of(&g, p) >> EVTCHN_FIFO_PENDING & 1, 0);
	fake_domain_end(a);
	TEARDOWN();
}

TEST(fifo_moves_between_vcpus)
{
	struct fifo_guest g;
	struct evtchn_bind_virq op = { .virq = VIRQ_CONSOLE };
	struct domain *a;
	u32 other, head = 0;

	SETUP(1);
	a = fake_domain(0, true, 2);
	fifo_begin(&g, a, 2);
	CHECK_EQ(event_bind_virq(a, &op), 0);
	other = bind_ipi(a, 0);
	event_send_virq_global(VIRQ_CONSOLE);
	CHECK_EQ(event_bind_vcpu(a, op.port, 1), 0);
	CHECK_EQ(consume(&g, 0, 7, &head), op.port);	/* was linked at the old one */
	event_send_virq_global(VIRQ_CONSOLE);
	CHECK_EQ(consume(&g, 1, 7, &head), op.port);
	/* The old queue's tail must not be the port that moved. */
	event_send(a, other);
	CHECK_EQ(consume(&g, 0, 7, &head), other);
	fake_domain_end(a);
	TEARDOWN();
}

TEST(fifo_mask_and_unmask)
{
	struct fifo_guest g;
	struct domain *a;
	u32 p, head = 0;

	SETUP(1);
	a = fake_domain(0, true, 1);
	fifo_begin(&g, a, 1);
	p = bind_ipi(a, 0);
	*word_of(&g, p) = 1u << EVTCHN_FIFO_MASKED;
	event_send(a, p);
	CHECK_EQ(g.control[0]->ready, 0);
	CHECK_EQ(event_unmask(a, p), 0);
	CHECK_EQ(consume(&g, 0, 7, &head), p);
	fake_domain_end(a);
	TEARDOWN();
}

TEST(fifo_takes_over_what_is_pending)
{
	struct fifo_guest g;
	struct domain *a;
	u32 p, head = 0;

	SETUP(1);
	a = fake_domain(0, true, 1);
	p = bind_ipi(a, 0);
	event_send(a, p);
	fifo_begin(&g, a, 1);
	CHECK_EQ(consume(&g, 0, 7, &head), p);
	fake_domain_end(a);
	TEARDOWN();
}

TEST(fifo_remembers_events_without_a_word)
{
	struct evtchn_expand_array ex;
	struct fifo_guest g;
	struct domain *a;
	u32 p = 0, head = 0;

	SETUP(1);
	a = fake_domain(0, true, 1);
	fifo_begin(&g, a, 1);
	while (p < 1500)
		p = bind_ipi(a, 0);
	CHECK_EQ(event_send(a, p), 0);
	CHECK_EQ(g.control[0]->ready, 0);
	g.pages[3] = fake_guest_page(a);
	g.word[1] = mfn_to_virt(g.pages[3]);
	ex.array_gfn = mfn_x(g.pages[3]);
	CHECK_EQ(event_expand_array(&ex), 0);
	CHECK_EQ(consume(&g, 0, 7, &head), p);
	fake_domain_end(a);
	TEARDOWN();
}

TEST(fifo_refuses_bad_pages)
{
	struct evtchn_init_control op = { 0 };
	struct evtchn_expand_array ex = { 0 };
	struct domain *a, *b;
	mfn_t page;

	SETUP(1);
	a = fake_domain(0, true, 1);
	b = fake_domain(1, false, 1);
	fake_be(a->vcpu[0]);
	CHECK_EQ(event_expand_array(&ex), -EOPNOTSUPP);
	op.control_gfn = mfn_x(fake_guest_page(b));
	CHECK_EQ(event_init_control(&op), -EINVAL);
	op.control_gfn = ~0ul;
	CHECK_EQ(event_init_control(&op), -EINVAL);
	op.control_gfn = mfn_x(a->shared_info_mfn);		/* lent by the hypervisor */
	CHECK_EQ(event_init_control(&op), -EINVAL);
	page = fake_guest_page(a);
	op.control_gfn = mfn_x(page);
	op.offset = 4;
	CHECK_EQ(event_init_control(&op), -EINVAL);
	op.offset = 4096 - 64;
	CHECK_EQ(event_init_control(&op), -EINVAL);
	op.offset = 0;
	op.vcpu = 1;
	CHECK_EQ(event_init_control(&op), -ENOENT);
	op.vcpu = 0;
	mfn_to_frame(page)->type = FT_L1 | 1;			/* a page table is never written by us */
	CHECK(event_init_control(&op) < 0);
	mfn_to_frame(page)->type = 0;
	CHECK_EQ(event_init_control(&op), 0);
	CHECK_EQ(event_init_control(&op), -EINVAL);
	ex.array_gfn = mfn_x(fake_guest_page(b));
	CHECK_EQ(event_expand_array(&ex), -EINVAL);
	fake_domain_end(b);
	fake_domain_end(a);
	TEARDOWN();
}

TEST(fifo_survives_hostile_words)
{
	struct fifo_guest g;
	struct domain *a;
	u32 i, p[16];

	SETUP(1);
	a = fake_domain(0, true, 2);
	fifo_begin(&g, a, 2);
	for (i = 0; i < 16; i++)
		p[i] = bind_ipi(a, i % 2);
	for (i = 0; i < 20000; i++) {
		u32 j;

		for (j = 0; j < 4; j++)
			g.word[0][unit_random() % 1024] = (u32)unit_random();
		for (j = 0; j < 2; j++) {
			g.control[j]->ready = (u32)unit_random();
			g.control[j]->head[unit_random() % 16] = (u32)unit_random();
			a->vcpu[j]->info->evtchn_upcall_pending = (u8)unit_random();
		}
		CHECK_EQ(event_send(a, p[unit_random() % 16]), 0);
		CHECK_EQ(event_unmask(a, p[unit_random() % 16]), 0);
	}
	fake_domain_end(a);
	TEARDOWN();
}

TEST(reset_goes_back_to_two_levels)
{
	struct fifo_guest g;
	struct domain *a, *b;
	u32 p, q;

	SETUP(1);
	a = fake_domain(0, true, 1);
	b = fake_domain(1, false, 1);
	fifo_begin(&g, b, 1);
	p = unbound(b, 0);
	q = interdomain(a, 1, p);
	fake_be(b->vcpu[0]);
	CHECK_EQ(event_reset(DOMID_SELF, false), 0);
	CHECK_EQ(status_of(a, q), EVTCHNSTAT_unbound);
	CHECK_EQ(status_of(b, p), EVTCHNSTAT_closed);
	p = bind_ipi(b, 0);
	CHECK_EQ(event_send(b, p), 0);
	CHECK(pending_2l(b, p));
	fake_domain_end(b);
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

/* Interrupts */

TEST(level_interrupts_wait_for_eoi)
{
	struct evtchn_bind_pirq op = { 0 };
	struct domain *a;
	int pirq = -1;

	SETUP(1);
	a = fake_domain(0, true, 1);
	fake_be(a->vcpu[0]);
	CHECK_EQ(event_bind_pirq(a, &op), -EINVAL);
	CHECK_EQ(pirq_map_gsi(a, 20, &pirq), 0);
	CHECK_EQ(pirq, 20);
	CHECK_EQ(pirq_needs_eoi(a, 20), XENIRQSTAT_needs_eoi);
	op.pirq = 20;
	op.flags = 2;
	CHECK_EQ(event_bind_pirq(a, &op), -EINVAL);
	op.flags = 0;
	CHECK_EQ(event_bind_pirq(a, &op), 0);
	CHECK_EQ(event_bind_pirq(a, &op), -EEXIST);
	CHECK(fake_irq_fire(20));
	CHECK(pending_2l(a, 1));
	CHECK(!fake_irq_fire(20));
	CHECK_EQ(pirq_eoi(a, 20), 0);
	CHECK(fake_irq_fire(20));
	CHECK_EQ(pirq_eoi(a, 20), 0);
	CHECK_EQ(pirq_eoi(a, 20), 0);			/* one too many does nothing */
	CHECK_EQ(fake_irqs[20].unmasks, 2);
	CHECK_EQ(pirq_eoi(a, 21), -EINVAL);
	CHECK_EQ(pirq_eoi(a, ~0u), -EINVAL);
	CHECK_EQ(event_close(a, 1), 0);
	CHECK(!fake_irqs[20].fn);
	CHECK_EQ(pirq_unmap(a, 20), 0);
	CHECK_EQ(pirq_unmap(a, 20), -EINVAL);
	fake_domain_end(a);
	TEARDOWN();
}

TEST(a_shared_line_waits_for_all)
{
	struct evtchn_bind_pirq op = { .pirq = 17, .flags = BIND_PIRQ__WILL_SHARE };
	struct domain *a, *b;
	int pirq = 17;

	SETUP(1);
	a = fake_domain(0, true, 1);
	b = fake_domain(1, false, 1);
	CHECK_EQ(pirq_map_gsi(b, 17, &pirq), -EPERM);
	CHECK_EQ(rangeset_add(b->irqs, 17, 17), 0);
	CHECK_EQ(pirq_map_gsi(a, 17, &pirq), 0);
	CHECK_EQ(pirq_map_gsi(b, 17, &pirq), 0);
	fake_be(a->vcpu[0]);
	CHECK_EQ(event_bind_pirq(a, &op), 0);
	fake_be(b->vcpu[0]);
	CHECK_EQ(event_bind_pirq(b, &op), 0);
	CHECK(fake_irq_fire(17));
	CHECK_EQ(pirq_eoi(a, 17), 0);
	CHECK(fake_irqs[17].masked);
	CHECK_EQ(pirq_eoi(a, 17), 0);			/* not for the other */
	CHECK(fake_irqs[17].masked);
	CHECK_EQ(pirq_eoi(b, 17), 0);
	CHECK(!fake_irqs[17].masked);
	CHECK(fake_irq_fire(17));
	CHECK_EQ(pirq_eoi(a, 17), 0);
	fake_domain_end(b);				/* goes without its EOI */
	CHECK(!fake_irqs[17].masked);
	fake_domain_end(a);
	TEARDOWN();
}

TEST(msi_blocks_and_eoi_map)
{
	struct evtchn_bind_pirq op = { 0 };
	struct domain *a;
	unsigned long *map;
	int pirq = -1, gsi = 18;
	u32 free_one;
	mfn_t page;

	SETUP(1);
	a = fake_domain(0, true, 1);
	fake_be(a->vcpu[0]);
	page = fake_guest_page(a);
	map = mfn_to_virt(page);
	CHECK_EQ(pirq_set_eoi_map(a, ~0ul, true), -EINVAL);
	CHECK_EQ(pirq_set_eoi_map(a, mfn_x(page), true), 0);
	CHECK_EQ(pirq_set_eoi_map(a, mfn_x(page), true), -EBUSY);
	CHECK_EQ(pirq_map_msi(a, 0x18, 0, 0, false, 4, &pirq), 0);
	CHECK_EQ(pirq, a->nr_pirqs - 4);
	CHECK_EQ(pirq_unmap(a, pirq + 1), -EINVAL);	/* part of a block */
	op.pirq = (u32)pirq + 1;
	CHECK_EQ(event_bind_pirq(a, &op), 0);
	CHECK_EQ(map[op.pirq / 64] >> (op.pirq % 64) & 1, 0);
	CHECK(fake_irq_fire(pirq_to_irq(a, op.pirq)));
	CHECK(fake_irq_fire(pirq_to_irq(a, op.pirq)));
	CHECK_EQ(pirq_map_gsi(a, 18, &gsi), 0);
	op.pirq = 18;
	CHECK_EQ(event_bind_pirq(a, &op), 0);
	CHECK_EQ(map[0] >> 18 & 1, 1);
	CHECK_EQ(pirq_get_free(a, true, &free_one), 0);
	CHECK_EQ(free_one, a->nr_pirqs - 5);
	CHECK_EQ(pirq_unmap(a, pirq), 0);
	CHECK_EQ(pirq_eoi(a, (u32)pirq + 1), -EINVAL);
	CHECK_EQ(pirq_map_msi(a, 0x18, 0, 0, false, 33, &pirq), -EINVAL);
	CHECK_EQ(pirq_map_gsi(a, 99, &gsi), -EINVAL);
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
	RUN(no_memory_is_an_error);
	RUN(fifo_delivers_in_order_and_by_priority);
	RUN(fifo_appends_while_the_guest_is_in_the_middle);
	RUN(fifo_does_not_append_behind_what_is_gone);
	RUN(a_new_port_is_not_pending);
	RUN(fifo_moves_between_vcpus);
	RUN(fifo_mask_and_unmask);
	RUN(fifo_takes_over_what_is_pending);
	RUN(fifo_remembers_events_without_a_word);
	RUN(fifo_refuses_bad_pages);
	RUN(fifo_survives_hostile_words);
	RUN(reset_goes_back_to_two_levels);
	RUN(reset_gives_way_to_other_work);
	RUN(a_domain_that_goes_unbinds_the_others);
	RUN(level_interrupts_wait_for_eoi);
	RUN(a_shared_line_waits_for_all);
	RUN(msi_blocks_and_eoi_map);
	RUN(polling_ends_with_the_event_or_the_time);
	RUN(hypercall_undoes_what_it_cannot_report);
	return unit_end();
}
