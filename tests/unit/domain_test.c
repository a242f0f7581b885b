/* SPDX-License-Identifier: MIT */
/* Domains: creation that fails half-way, ends that are interrupted or contended, and what outlives a domain. */
#include "core/timer.h"
#include "domain/memory.h"
#include "fake.h"
#include "give_frame.h"
#include "machine.h"
#include "machine_internal.h"
#include "mm/heap.h"
#include "mm/page_alloc.h"
#include "mm/pt.h"
#include "oracle/oracle.h"
#include "unit.h"

static void end(void)
{
	CHECK(oracle_check());
	if (!machine_is_clean()) {
		CHECK(false);
		machine_remember();
	}
}

TEST(comes_and_goes)
{
	struct machine_guest *g = machine_guest(1, false, 2);

	REQUIRE(g);
	CHECK(oracle_check());
	machine_run(g->d->vcpu[0]);
	CHECK(oracle_check());
	machine_guest_end(g);
	end();
}

TEST(many_at_once)
{
	struct machine_guest *g[12];

	for (u32 i = 0; i < ARRAY_SIZE(g); i++)
		g[i] = machine_guest(1 + i, i == 0, 2);
	CHECK(oracle_check());
	for (u32 i = 0; i < ARRAY_SIZE(g); i++)
		machine_guest_end(g[i * 5 % ARRAY_SIZE(g)]);
	end();
}

static struct domain_config plain(domid_t id)
{
	return (struct domain_config){
		.id = id, .kind = DOMAIN_PV, .max_vcpus = 3, .max_evtchn_port = ~0u, .max_grant_frames = 4,
		.max_maptrack_frames = 2,
	};
}

TEST(numbers_are_taken_once)
{
	struct domain_config c = plain(7);
	struct domain *d, *again;

	CHECK(!domain_create(&c, &d));
	CHECK_EQ(domain_create(&c, &again), -EEXIST);
	c.id = DOMID_FIRST_RESERVED;
	CHECK_EQ(domain_create(&c, &again), -EINVAL);
	c = plain(8);
	c.max_vcpus = 0;
	CHECK_EQ(domain_create(&c, &again), -EINVAL);
	machine_destroy(d);
	end();
}

/* Memory runs out at the n-th object, for every n: nothing is left behind. */
TEST(no_memory_anywhere)
{
	struct domain_config c = plain(7);
	struct domain *d;
	int rc = -ENOMEM, vrc = -ENOMEM;

	for (u32 n = 1; rc || vrc; n++) {
		machine_heap_fail_after(n);
		rc = domain_create(&c, &d);
		vrc = rc ? 0 : vcpu_create(d, 0);
		machine_heap_fail_after(0);
		CHECK(!rc || rc == -ENOMEM);
		CHECK(!vrc || vrc == -ENOMEM);
		if (!rc)
			machine_destroy(d);
		CHECK(oracle_check());
		REQUIRE(machine_is_clean());
		REQUIRE(n < 200);
	}
	end();
}

TEST(no_frames_anywhere)
{
	struct domain_config c = plain(7);
	struct frame *taken = NULL, *f;
	struct domain *d;

	/* a chain through the frames themselves */
	while ((f = page_alloc(0, PAGE_HEAP)) != NULL) {
		*(struct frame **)mfn_to_virt(frame_to_mfn(f)) = taken;
		taken = f;
	}
	for (u32 n = 0; n < 40; n++) {
		int rc = domain_create(&c, &d);

		CHECK(!rc || rc == -ENOMEM);
		if (!rc) {
			(void)!vcpu_create(d, 0);
			machine_destroy(d);
		}
		f = taken;
		taken = *(struct frame **)mfn_to_virt(frame_to_mfn(f));
		page_free(f, 0);
	}
	while ((f = taken) != NULL) {
		taken = *(struct frame **)mfn_to_virt(frame_to_mfn(f));
		page_free(f, 0);
	}
	end();
}

static u32 every_look;

static bool always(void)
{
	return ++every_look;
}

TEST(an_end_in_pieces)
{
	struct machine_guest *g = machine_guest(1, false, 2);
	struct domain *d = g->d;
	u32 turns = 0;

	machine_idle();
	machine_preempt_by(always);
	while (domain_destroy(d)) {
		machine_work_done();
		CHECK(oracle_check());
		REQUIRE(++turns < 100000);
	}
	machine_preempt_by(NULL);
	CHECK(turns > 5);
	free(g);
	end();
}

/*
 * While d's frames are given back, "another CPU" lets go of the one that comes next, which d had given back before,
 * and the allocator hands it to somebody else.
 */
static void (*real_release)(struct frame *f);
static struct frame *contended;
static struct domain *heir;

static void contend(struct frame *f)
{
	struct frame *c = contended;

	real_release(f);
	if (!c || f == c || f->owner == heir->id)
		return;
	contended = NULL;
	frame_put(c);
	do
		f = give_frame(heir);
	while (f && f != c);
	CHECK(f == c);
}

TEST(a_frame_that_goes_while_it_is_next)
{
	struct domain_config c = plain(7);
	struct frame *f[3];
	struct domain *d;

	CHECK(!domain_create(&c, &d));
	c.id = 8;
	CHECK(!domain_create(&c, &heir));
	d->max_pages = heir->max_pages = 6000;
	for (u32 i = 0; i < 3; i++)
		f[i] = give_frame(d);
	/* the list begins with the last one; the middle one was given back, but somebody still holds it */
	CHECK(frame_get(f[1], d->id));
	CHECK(!domain_drop_frame(d, frame_to_mfn(f[1])));
	contended = f[1];
	real_release = frame_release_hook;
	frame_release_hook = contend;
	machine_destroy(d);
	frame_release_hook = real_release;
	CHECK(!contended);
	CHECK(f[1]->refs == (FRAME_ALLOCATED | 1));
	CHECK(oracle_check());
	machine_destroy(heir);
	end();
}

/* Frames that others hold do not go, but each is looked at once, and in pieces. */
TEST(an_end_with_frames_that_others_hold)
{
	struct domain_config c = plain(7);
	static struct frame *f[2000];
	struct domain *d;
	u32 turns = 0;

	CHECK(!domain_create(&c, &d));
	d->max_pages = 6000;
	for (u32 i = 0; i < ARRAY_SIZE(f); i++) {
		f[i] = give_frame(d);
		REQUIRE(f[i] && frame_get(f[i], d->id));
		CHECK(!domain_drop_frame(d, frame_to_mfn(f[i])));
	}
	machine_preempt_by(always);
	while (domain_destroy(d)) {
		machine_work_done();
		REQUIRE(++turns < 1000);
	}
	machine_preempt_by(NULL);
	CHECK(turns >= 2 * (ARRAY_SIZE(f) / 256) && turns < 4 * (ARRAY_SIZE(f) / 256));
	for (u32 i = 0; i < ARRAY_SIZE(f); i++)
		frame_put(f[i]);
	end();
}

TEST(a_dying_domain_takes_nothing)
{
	struct machine_guest *g = machine_guest(1, true, 1), *victim = machine_guest(2, false, 1);
	struct domain *d = victim->d;
	u64 word;

	/* a mapping by the privileged keeps it from going */
	CHECK_EQ(machine_call(g->d->vcpu[0], __HYPERVISOR_update_va_mapping_otherdomain, guest_va(20),
			      pte_make(victim->page[3], PTE_PRESENT | PTE_WRITE | PTE_USER), 0, d->id), 0);
	CHECK(oracle_check());
	machine_destroy(d);
	CHECK(oracle_check());
	CHECK(domain_lookup(2) == d);
	CHECK_EQ(d->tot_pages, 1);
	CHECK(!give_frame(d));
	CHECK(!machine_load(g->d->vcpu[0], &word, guest_va(20), sizeof(word)));
	CHECK_EQ(machine_call(g->d->vcpu[0], __HYPERVISOR_update_va_mapping, guest_va(20), 0, UVMF_TLB_FLUSH | UVMF_ALL,
			      0), 0);
	CHECK(!domain_lookup(2));
	machine_guest_end(g);
	free(victim);
	end();
}

/* Who gives frames has asked whether there is room; two who ask at once must not both have it. */
TEST(room_is_looked_for_under_the_lock)
{
	struct machine_guest *g = machine_guest(1, false, 1);
	struct frame *f = page_alloc(1, 0);
	u32 had = g->d->tot_pages;

	REQUIRE(f);
	g->d->max_pages = had + 1;
	REQUIRE(domain_assign_frames(g->d, f, 1) == -ENOSPC);
	CHECK_EQ(g->d->tot_pages, had);
	g->d->max_pages = had + 2;
	CHECK_EQ(domain_assign_frames(g->d, f, 1), 0);
	CHECK_EQ(g->d->tot_pages, had + 2);
	machine_guest_end(g);
	end();
}

int main(void)
{
	machine_start();
	RUN(comes_and_goes);
	RUN(many_at_once);
	RUN(numbers_are_taken_once);
	RUN(no_memory_anywhere);
	RUN(no_frames_anywhere);
	RUN(an_end_in_pieces);
	RUN(a_frame_that_goes_while_it_is_next);
	RUN(an_end_with_frames_that_others_hold);
	RUN(a_dying_domain_takes_nothing);
	RUN(room_is_looked_for_under_the_lock);
	return unit_end();
}
