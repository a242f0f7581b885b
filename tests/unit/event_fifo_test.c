/* SPDX-License-Identifier: MIT */
/* The FIFO layout of events on the fake machine, seen by a guest; hostile words among them. */
#include "event_guest.h"

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
	CHECK_EQ(event_expand_array(&ex, false), 0);
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
	CHECK_EQ(event_expand_array(&ex, false), 0);
	CHECK_EQ(consume(&g, 0, 7, &head), p);
	fake_domain_end(a);
	TEARDOWN();
}

/* A page of words is up to 1,024 events to put on queues: in pieces, and whoever sends meanwhile is heard once. */
TEST(fifo_words_come_in_pieces)
{
	struct evtchn_expand_array ex;
	struct fifo_guest g;
	struct domain *a;
	u32 p, head = 0, rounds = 0, n = 0;
	int rc;

	SETUP(1);
	a = fake_domain(0, true, 1);
	fifo_begin(&g, a, 1);
	for (p = 0; p < 1500;)
		p = bind_ipi(a, 0);
	for (p = 1024; p < 1499; p++)
		CHECK_EQ(event_send(a, p), 0);
	g.pages[3] = fake_guest_page(a);
	g.word[1] = mfn_to_virt(g.pages[3]);
	ex.array_gfn = mfn_x(g.pages[3]);
	do {
		cpu_local()->softirq_pending |= 1;
		rc = event_expand_array(&ex, rounds++ > 0);
		cpu_local()->softirq_pending = 0;
		if (rounds == 3) {
			CHECK_EQ(event_send(a, 1498), 0);
			CHECK_EQ(event_send(a, 1499), 0);
		}
	} while (rc == -ERESTART);
	CHECK_EQ(rc, 0);
	CHECK(rounds > 20 && rounds < 200);
	while (consume(&g, 0, 7, &head))
		n++;
	CHECK_EQ(n, 1500 - 1024);
	CHECK_EQ(event_expand_array(&ex, true), 0);	/* nothing is left to do: no page is added */
	CHECK_EQ(a->event->fifo->nr_words, 2048);
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
	CHECK_EQ(event_expand_array(&ex, false), -EOPNOTSUPP);
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
	CHECK_EQ(event_expand_array(&ex, false), -EINVAL);
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

int main(void)
{
	RUN(fifo_delivers_in_order_and_by_priority);
	RUN(fifo_appends_while_the_guest_is_in_the_middle);
	RUN(fifo_does_not_append_behind_what_is_gone);
	RUN(a_new_port_is_not_pending);
	RUN(fifo_moves_between_vcpus);
	RUN(fifo_mask_and_unmask);
	RUN(fifo_takes_over_what_is_pending);
	RUN(fifo_remembers_events_without_a_word);
	RUN(fifo_words_come_in_pieces);
	RUN(fifo_refuses_bad_pages);
	RUN(fifo_survives_hostile_words);
	RUN(reset_goes_back_to_two_levels);
	return unit_end();
}
