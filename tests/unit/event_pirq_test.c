/* SPDX-License-Identifier: MIT */
/* Physical interrupts as event channels on the fake machine. */
#include "abi/physdev.h"
#include "event/pirq.h"
#include "event_guest.h"

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

/* The port of an interrupt that was unmapped has no say about who bound its number since. */
TEST(an_old_port_does_not_unbind_the_new_one)
{
	struct evtchn_bind_pirq op = { .pirq = 20 };
	struct domain *a;
	int pirq = 20;
	u32 old;

	SETUP(2);
	a = fake_domain(0, true, 2);
	fake_be(a->vcpu[0]);
	CHECK_EQ(pirq_map_gsi(a, 20, &pirq), 0);
	CHECK_EQ(event_bind_pirq(a, &op), 0);
	old = op.port;
	CHECK_EQ(pirq_unmap(a, 20), 0);
	CHECK_EQ(pirq_map_gsi(a, 20, &pirq), 0);
	CHECK_EQ(event_bind_pirq(a, &op), 0);
	CHECK_EQ(event_close(a, old), 0);
	CHECK(fake_irqs[20].fn);
	CHECK(fake_irq_fire(20));
	CHECK(pending_2l(a, op.port));
	CHECK_EQ(event_close(a, op.port), 0);
	CHECK(!fake_irqs[20].fn);
	fake_domain_end(a);
	TEARDOWN();
}

TEST(interrupts_of_a_domain_that_goes_go_in_pieces)
{
	struct domain *a;
	u32 i, nr, rounds = 0;
	int rc;

	SETUP(1);
	a = fake_domain(0, true, 1);
	for (i = 0; i < 100; i++)
		CHECK_EQ(pirq_get_free(a, true, &nr), 0);
	do {
		cpu_local()->softirq_pending |= 1;
		rc = pirq_domain_destroy(a);
		cpu_local()->softirq_pending = 0;
		rounds++;
	} while (rc == -ERESTART);
	CHECK_EQ(rc, 0);
	CHECK(rounds > 5 && rounds < 50);
	CHECK_EQ(pirq_domain_destroy(a), 0);
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

/* Who does not share keeps the line to himself, whoever comes first. */
TEST(a_line_is_not_shared_against_ones_will)
{
	struct evtchn_bind_pirq alone = { .pirq = 17 }, shared = { .pirq = 17, .flags = BIND_PIRQ__WILL_SHARE };
	struct domain *a, *b;
	int pirq = 17;

	SETUP(1);
	a = fake_domain(0, true, 1);
	b = fake_domain(1, true, 1);
	CHECK_EQ(pirq_map_gsi(a, 17, &pirq), 0);
	CHECK_EQ(pirq_map_gsi(b, 17, &pirq), 0);
	fake_be(a->vcpu[0]);
	CHECK_EQ(event_bind_pirq(a, &alone), 0);
	fake_be(b->vcpu[0]);
	CHECK_EQ(event_bind_pirq(b, &shared), -EBUSY);
	CHECK_EQ(event_bind_pirq(b, &alone), -EBUSY);
	CHECK_EQ(event_close(a, alone.port), 0);
	CHECK_EQ(event_bind_pirq(b, &shared), 0);
	fake_be(a->vcpu[0]);
	CHECK_EQ(event_bind_pirq(a, &alone), -EBUSY);
	CHECK_EQ(event_bind_pirq(a, &shared), 0);
	fake_domain_end(b);
	fake_domain_end(a);
	TEARDOWN();
}

/* With the first kind of map an EOI unmasks the port, too; with the second it does not, nor without any. */
TEST(an_eoi_unmasks_if_asked_to)
{
	for (int way = 0; way < 3; way++) {
		struct evtchn_bind_pirq op = { .pirq = 17 };
		struct domain *a;
		int pirq = 17;

		SETUP(1);
		a = fake_domain(0, true, 1);
		fake_be(a->vcpu[0]);
		CHECK_EQ(pirq_map_gsi(a, 17, &pirq), 0);
		if (way)
			CHECK_EQ(pirq_set_eoi_map(a, mfn_x(fake_guest_page(a)), way == 2), 0);
		CHECK_EQ(event_bind_pirq(a, &op), 0);
		a->shared_info->evtchn_mask[0] = ~0ul;
		CHECK_EQ(pirq_eoi(a, 17), 0);
		CHECK_EQ(a->shared_info->evtchn_mask[0] >> op.port & 1, way != 1);
		fake_domain_end(a);
		TEARDOWN();
	}
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
	CHECK(fake_irq_fire(a->pirqs[op.pirq]->irq));
	CHECK(fake_irq_fire(a->pirqs[op.pirq]->irq));
	CHECK_EQ(pirq_map_gsi(a, 18, &gsi), 0);
	op.pirq = 18;
	CHECK_EQ(event_bind_pirq(a, &op), 0);
	CHECK_EQ(map[0] >> 18 & 1, 1);
	CHECK_EQ(pirq_get_free(a, true, &free_one), 0);
	CHECK_EQ(free_one, a->nr_pirqs - 5);
	CHECK_EQ(pirq_unmap(a, pirq), 0);
	CHECK_EQ(pirq_eoi(a, (u32)pirq + 1), -EINVAL);
	CHECK_EQ(pirq_map_msi(a, 0x18, 0, 0, false, 33, &pirq), -EINVAL);
	CHECK_EQ(pirq_map_msi(a, 0x18, 0, 0, false, 0, &pirq), -EINVAL);
	CHECK_EQ(pirq_map_msi(a, 0x18, 0, 4096, true, 2, &pirq), -EINVAL);
	CHECK_EQ(pirq_map_msi(a, 0x18, 0, 0, false, 32, &pirq), 0);
	CHECK_EQ(pirq_unmap(a, pirq), 0);
	CHECK_EQ(pirq_map_gsi(a, 99, &gsi), -EINVAL);
	gsi = pirq = (int)a->nr_pirqs;		/* one too many */
	CHECK_EQ(pirq_map_gsi(a, 5, &gsi), -EINVAL);
	CHECK_EQ(pirq_map_msi(a, 0x18, 0, 0, false, 1, &pirq), -EINVAL);
	gsi = 0;				/* a number like any other */
	CHECK_EQ(pirq_map_gsi(a, 5, &gsi), 0);
	CHECK_EQ(gsi, 0);
	fake_domain_end(a);
	TEARDOWN();
}

int main(void)
{
	RUN(level_interrupts_wait_for_eoi);
	RUN(an_old_port_does_not_unbind_the_new_one);
	RUN(interrupts_of_a_domain_that_goes_go_in_pieces);
	RUN(a_shared_line_waits_for_all);
	RUN(a_line_is_not_shared_against_ones_will);
	RUN(an_eoi_unmasks_if_asked_to);
	RUN(msi_blocks_and_eoi_map);
	return unit_end();
}
