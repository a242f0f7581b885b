/* SPDX-License-Identifier: MIT */
/* memory_op on the whole machine: frames come, go and are exchanged, and nothing of them is left anywhere. */
#include "abi/memory.h"
#include "domain/memory.h"
#include "give_frame.h"
#include "machine.h"
#include "mm/m2p.h"
#include "mm/page_alloc.h"
#include "oracle/oracle.h"
#include "unit.h"

static struct machine_guest *g;

#define V	(g->d->vcpu[0])

static void start(void)
{
	g = machine_guest(1, false, 2);
}

static void end(void)
{
	CHECK(oracle_check());
	machine_guest_end(g);
	CHECK(oracle_check());
	CHECK(machine_is_clean());
}

static long update_va(u32 page, u64 val, u64 flags)
{
	return machine_call(V, __HYPERVISOR_update_va_mapping, guest_va(page), val, flags, 0);
}

/* The list of numbers stands in page 1. */
static void put_list(const u64 *list, u32 n)
{
	CHECK(!machine_store(V, guest_va(1), list, n * sizeof(*list)));
}

static void get_list(u64 *list, u32 n)
{
	CHECK(!machine_load(V, list, guest_va(1), n * sizeof(*list)));
}

static long reservation(u32 cmd, u64 n, u32 order)
{
	struct xen_memory_reservation r = {
		.extent_start = guest_va(1), .nr_extents = n, .extent_order = order, .domid = DOMID_SELF,
	};
	long rc = machine_op(V, __HYPERVISOR_memory_op, cmd, &r, sizeof(r));

	CHECK(oracle_check());
	return rc;
}

static void unmap_pages(u32 first, u32 n)
{
	for (u32 i = first; i < first + n; i++)
		CHECK(!update_va(i, 0, UVMF_TLB_FLUSH | UVMF_ALL));
}

TEST(balloon_down_and_up)
{
	u64 list[4], before;

	start();
	before = g->d->tot_pages;
	unmap_pages(20, 4);
	for (u32 i = 0; i < 4; i++)
		list[i] = mfn_x(g->page[20 + i]);
	put_list(list, 4);
	CHECK_EQ(reservation(XENMEM_decrease_reservation, 4, 0), 4);
	CHECK_EQ(g->d->tot_pages, before - 4);
	CHECK_EQ(reservation(XENMEM_decrease_reservation, 4, 0), 0);
	for (u32 i = 0; i < 4; i++)
		list[i] = 100 + i;
	put_list(list, 4);
	CHECK_EQ(reservation(XENMEM_populate_physmap, 4, 0), 4);
	get_list(list, 4);
	for (u32 i = 0; i < 4; i++) {
		CHECK_EQ(m2p_get(mfn(list[i])), 100 + i);
		CHECK_EQ(frame_table[list[i]].owner, g->d->id);
	}
	CHECK_EQ(g->d->tot_pages, before);
	CHECK_EQ(reservation(XENMEM_increase_reservation, 1, 2), 1);
	CHECK_EQ(g->d->tot_pages, before + 4);
	end();
}

/* A frame given back while mapped stays until the mapping goes; nobody else gets it before. */
TEST(a_mapped_frame_outlives_its_return)
{
	u64 m;

	start();
	m = mfn_x(g->page[20]);
	put_list(&m, 1);
	CHECK_EQ(reservation(XENMEM_decrease_reservation, 1, 0), 1);
	CHECK_EQ(frame_table[m].refs, 1);
	CHECK_EQ(reservation(XENMEM_decrease_reservation, 1, 0), 0);
	unmap_pages(20, 1);
	CHECK(oracle_check());
	CHECK_EQ(frame_table[m].refs, 0);
	end();
}

/* The list is interrupted after each extent; every one is done once. */
TEST(a_long_list_is_taken_up_again)
{
	u64 list[16];

	start();
	unmap_pages(20, 16);
	for (u32 i = 0; i < 16; i++)
		list[i] = mfn_x(g->page[20 + i]);
	put_list(list, 16);
	machine_preempt_after(3);
	CHECK_EQ(reservation(XENMEM_decrease_reservation, 16, 0), 16);
	machine_preempt_after(5);
	CHECK_EQ(reservation(XENMEM_increase_reservation, 16, 0), 16);
	end();
}

static bool always(void)
{
	return true;
}

/* As many turns as the call takes when there is other work whenever it looks. */
static u32 turns(u32 cmd, u32 order, u64 mem_flags)
{
	struct xen_memory_reservation r = {
		.extent_start = guest_va(1), .nr_extents = 1, .extent_order = order, .mem_flags = mem_flags,
		.domid = DOMID_SELF,
	};
	const u64 args[6] = { cmd, guest_va(0) };
	u32 n = 1;
	long rc;

	CHECK(!machine_store(V, guest_va(0), &r, sizeof(r)));
	machine_preempt_by(always);
	if (machine_call_once(V, __HYPERVISOR_memory_op, args, &rc))
		for (n++; machine_repeat(V, &rc); n++)
			CHECK(oracle_check());
	machine_preempt_by(NULL);
	CHECK_EQ(rc, 1);
	CHECK(oracle_check());
	return n;
}

static void begin_extent(u32 order, u64 mem_flags)
{
	struct xen_memory_reservation r = {
		.extent_start = guest_va(1), .nr_extents = 1, .extent_order = order, .mem_flags = mem_flags,
		.domid = DOMID_SELF,
	};
	const u64 args[6] = { XENMEM_increase_reservation, guest_va(0) };
	long rc;

	CHECK(!machine_store(V, guest_va(0), &r, sizeof(r)));
	machine_preempt_by(always);
	CHECK(machine_call_once(V, __HYPERVISOR_memory_op, args, &rc));
	machine_preempt_by(NULL);
}

/* Eight pages a turn; what comes is clean, and goes frame by frame. */
TEST(a_large_extent_comes_and_goes_in_pieces)
{
	static const u8 nothing[PAGE_SIZE];
	u64 before, m;

	start();
	before = g->d->tot_pages;
	CHECK_EQ(turns(XENMEM_increase_reservation, 6, 0), 8);
	CHECK_EQ(g->d->tot_pages, before + 64);
	get_list(&m, 1);
	for (u32 i = 0; i < 64; i++) {
		CHECK_EQ(memcmp(mfn_to_virt(mfn(m + i)), nothing, PAGE_SIZE), 0);
		memset(mfn_to_virt(mfn(m + i)), 0x5a, PAGE_SIZE);
	}
	CHECK_EQ(turns(XENMEM_decrease_reservation, 6, 0), 64);
	CHECK_EQ(g->d->tot_pages, before);
	CHECK(!g->d->extents);
	end();
}

/* One that was begun and given up serves the next who asks for such a one; others do not get in its way. */
TEST(a_begun_extent_is_not_lost)
{
	start();
	g->d->max_pages = MACHINE_FRAMES;
	begin_extent(6, 0);
	CHECK_EQ(g->d->extent_pages, 64);
	CHECK_EQ(turns(XENMEM_increase_reservation, 5, 0), 4);
	CHECK_EQ(turns(XENMEM_increase_reservation, 6, XENMEMF_address_bits(24)), 8);
	CHECK_EQ(g->d->extent_pages, 64);
	CHECK_EQ(turns(XENMEM_increase_reservation, 6, 0), 7);
	CHECK_EQ(g->d->extent_pages, 0);
	begin_extent(6, 0);		/* goes with the domain */
	end();
}

/* Who begins many and finishes none can still have what there is. */
TEST(what_is_begun_is_in_nobodys_way)
{
	start();
	g->d->max_pages = MACHINE_FRAMES;
	for (u32 bits = 24; bits < 50; bits++)
		begin_extent(9, XENMEMF_address_bits(bits));
	CHECK(g->d->extent_pages > MACHINE_FRAMES / 2);
	CHECK_EQ(turns(XENMEM_increase_reservation, 8, 0), 32);
	end();
}

TEST(not_beyond_the_limit)
{
	start();
	g->d->max_pages = g->d->tot_pages + 2;
	CHECK_EQ(reservation(XENMEM_increase_reservation, 4, 0), 2);
	CHECK_EQ(reservation(XENMEM_increase_reservation, 1, 10), -EPERM);
	CHECK_EQ(reservation(XENMEM_populate_physmap, 1, 1), 0);
	end();
}

/* A CPU that still has the old translation must forget it before the frame is the hypervisor's. */
TEST(no_stale_translation_of_the_hypervisors_memory)
{
	u64 m, word = 1;
	void *page;

	start();
	m = mfn_x(g->page[20]);
	put_list(&m, 1);
	CHECK(!machine_store(V, guest_va(20), &word, sizeof(word)));
	CHECK(!update_va(20, 0, 0));
	CHECK_EQ(reservation(XENMEM_decrease_reservation, 1, 0), 1);
	page = page_alloc_zeroed();
	CHECK_EQ(virt_to_frame(page) - frame_table, m);
	CHECK(machine_tlb_is_safe());
	page_free_virt(page);
	end();
}

static long exchange(u64 in_n, u32 in_order, u64 out_at, u64 out_n, u32 out_order, u64 *done)
{
	struct xen_memory_exchange e = {
		.in = { .extent_start = guest_va(1), .nr_extents = in_n, .extent_order = in_order,
			.domid = DOMID_SELF },
		.out = { .extent_start = out_at, .nr_extents = out_n, .extent_order = out_order, .domid = DOMID_SELF },
	};
	long rc = machine_op(V, __HYPERVISOR_memory_op, XENMEM_exchange, &e, sizeof(e));

	*done = e.nr_exchanged;
	CHECK(oracle_check());
	return rc;
}

TEST(four_frames_for_a_contiguous_one)
{
	u64 list[4], done, pfn = 20, total;

	start();
	total = g->d->tot_pages;
	unmap_pages(20, 4);
	for (u32 i = 0; i < 4; i++)
		list[i] = mfn_x(g->page[20 + i]);
	put_list(list, 4);
	CHECK(!machine_store(V, guest_va(2), &pfn, sizeof(pfn)));
	CHECK_EQ(exchange(4, 0, guest_va(2), 1, 2, &done), 0);
	CHECK_EQ(done, 4);
	CHECK_EQ(g->d->tot_pages, total);
	CHECK(!machine_load(V, &pfn, guest_va(2), sizeof(pfn)));
	for (u32 i = 0; i < 4; i++)
		CHECK_EQ(m2p_get(mfn(pfn + i)), 20 + i);
	end();
}

TEST(mapped_frames_are_not_exchanged)
{
	u64 list[2] = { 0 }, done;

	start();
	unmap_pages(20, 1);
	list[0] = mfn_x(g->page[20]);
	list[1] = mfn_x(g->page[21]);
	put_list(list, 2);
	CHECK(exchange(2, 0, guest_va(2), 1, 1, &done) < 0);
	CHECK_EQ(done, 0);
	CHECK_EQ(frame_table[list[0]].owner, g->d->id);
	end();
}

/* The numbers of the new frames cannot be written: the frames must not be lost. */
TEST(an_exchange_whose_results_cannot_be_told)
{
	u64 list[2], done;

	start();
	unmap_pages(20, 2);
	list[0] = mfn_x(g->page[20]);
	list[1] = mfn_x(g->page[21]);
	put_list(list, 2);
	unmap_pages(40, 1);
	CHECK(exchange(2, 0, guest_va(40), 2, 0, &done) < 0);
	list[0] = list[1] = 9;
	CHECK(!machine_store(V, guest_va(39) + 4088, list, 8));
	list[0] = mfn_x(g->page[20]);
	put_list(list, 1);
	CHECK(exchange(1, 1, guest_va(39) + 4088, 2, 0, &done) < 0);
	end();
}

/*
 * A frame is taken for an exchange that then fails, and comes back: the caller's own CPU may still have it writable. It
 * must forget that before the frame is a page table, as if the frame had never been away.
 */
TEST(a_frame_that_came_back_is_still_flushed)
{
	struct mmuext_op pin = { .cmd = MMUEXT_PIN_L1_TABLE };
	u64 list[2], done, word = 0;

	start();
	list[0] = mfn_x(g->page[20]);
	list[1] = ~0ul;
	put_list(list, 2);
	CHECK(!machine_store(V, guest_va(20), &word, sizeof(word)));
	CHECK(!update_va(20, 0, 0));
	CHECK_EQ(exchange(2, 0, guest_va(2), 1, 1, &done), -EINVAL);
	pin.arg1.mfn = list[0];
	CHECK(!machine_store(V, guest_va(1), &pin, sizeof(pin)));
	CHECK_EQ(machine_call(V, __HYPERVISOR_mmuext_op, guest_va(1), 1, 0, DOMID_SELF), 0);
	CHECK(machine_tlb_is_safe());
	end();
}

/* 2 MiB are what anybody may ask for, and no more. */
TEST(the_order_of_an_exchange)
{
	u64 list[2] = { ~0ul, ~0ul }, done;

	start();
	put_list(list, 2);
	CHECK_EQ(exchange(1, 9, guest_va(2), 1, 9, &done), -EINVAL);
	CHECK_EQ(exchange(1, 10, guest_va(2), 1, 10, &done), -EPERM);
	CHECK_EQ(exchange(1, 10, guest_va(2), 1024, 0, &done), -EPERM);
	end();
}

TEST(long_exchanges_go_on)
{
	u64 list[8], done;

	start();
	unmap_pages(20, 8);
	for (u32 i = 0; i < 8; i++)
		list[i] = mfn_x(g->page[20 + i]);
	put_list(list, 8);
	machine_preempt_after(2);
	CHECK_EQ(exchange(8, 0, guest_va(1), 8, 0, &done), 0);
	CHECK_EQ(done, 8);
	end();
}

/* The guest takes all that is free, and lets go of every other frame: what is free then is in single pieces. */
static void leave_only_singles(void)
{
	static mfn_t odd[MACHINE_FRAMES];
	struct frame *f;
	u32 n = 0;

	g->d->max_pages = MACHINE_FRAMES;
	while ((f = give_frame(g->d)) != NULL)
		if (mfn_x(frame_to_mfn(f)) & 1)
			odd[n++] = frame_to_mfn(f);
	while (n--)
		CHECK(!domain_drop_frame(g->d, odd[n]));
}

/* A block for single frames while there is no other block: they come one by one; and the one that went, for them. */
TEST(an_exchange_where_memory_is_in_pieces)
{
	struct xen_memory_reservation r = {
		.extent_start = guest_va(1), .nr_extents = 1, .extent_order = 2, .domid = DOMID_SELF,
	};
	u64 list[4] = { 20, 21, 22, 23 }, done, total, block;

	start();
	put_list(list, 1);
	CHECK_EQ(machine_op(V, __HYPERVISOR_memory_op, XENMEM_populate_physmap, &r, sizeof(r)), 1);
	get_list(&block, 1);
	CHECK(!machine_store(V, guest_va(2), list, sizeof(list)));
	leave_only_singles();
	total = g->d->tot_pages;
	CHECK_EQ(exchange(1, 2, guest_va(2), 4, 0, &done), 0);
	CHECK_EQ(done, 1);
	CHECK_EQ(g->d->tot_pages, total);
	CHECK(!machine_load(V, list, guest_va(2), sizeof(list)));
	for (u32 i = 0; i < 4; i++) {
		CHECK_EQ(frame_table[list[i]].owner, g->d->id);
		CHECK_EQ(m2p_get(mfn(list[i])), 20 + i);
		CHECK(list[i] & 1);
	}
	put_list(list, 4);
	CHECK_EQ(exchange(4, 0, guest_va(2), 1, 2, &done), 0);
	CHECK(!machine_load(V, list, guest_va(2), sizeof(*list)));
	CHECK_EQ(list[0], block);
	CHECK_EQ(g->d->tot_pages, total);
	end();
}

/* What is set aside for a domain is used up by what it gets, kept from others, and given up with it. */
TEST(a_claim_is_used_up)
{
	u64 free;

	start();
	g->d->max_pages = g->d->tot_pages + 100;
	CHECK_EQ(domain_claim_pages(g->d, g->d->tot_pages), -EINVAL);
	CHECK_EQ(domain_claim_pages(g->d, g->d->max_pages + 1), -EINVAL);
	CHECK_EQ(domain_claim_pages(g->d, g->d->tot_pages + 20), 0);
	CHECK_EQ(domain_claim_pages(g->d, g->d->tot_pages + 21), -EINVAL);
	CHECK_EQ(domain_claimed_pages(), 20);
	CHECK_EQ(reservation(XENMEM_increase_reservation, 5, 0), 5);
	CHECK_EQ(g->d->outstanding_claim, 15);
	CHECK_EQ(domain_claimed_pages(), 15);
	CHECK_EQ(reservation(XENMEM_increase_reservation, 1, 4), 1);
	CHECK_EQ(g->d->outstanding_claim, 0);
	CHECK_EQ(domain_claimed_pages(), 0);
	/* all of the rest is claimed by one: another gets nothing */
	free = page_free_count();
	g->d->max_pages = g->d->tot_pages + free;
	CHECK_EQ(domain_claim_pages(g->d, g->d->tot_pages + free + 1), -EINVAL);
	CHECK_EQ(domain_claim_pages(g->d, g->d->tot_pages + free), 0);
	CHECK(!give_frame(dom0));
	CHECK_EQ(reservation(XENMEM_increase_reservation, 1, 0), 1);
	CHECK_EQ(domain_claim_pages(g->d, 0), 0);
	CHECK_EQ(domain_claimed_pages(), 0);
	CHECK_EQ(domain_claim_pages(g->d, g->d->tot_pages + 7), 0);
	end();
	CHECK_EQ(domain_claimed_pages(), 0);
}

TEST(questions_are_answered)
{
	domid_t id = DOMID_SELF;
	struct xen_machphys_mapping m;

	start();
	CHECK_EQ(machine_op(V, __HYPERVISOR_memory_op, XENMEM_current_reservation, &id, sizeof(id)),
		 (long)g->d->tot_pages);
	CHECK_EQ(machine_op(V, __HYPERVISOR_memory_op, XENMEM_maximum_reservation, &id, sizeof(id)),
		 (long)g->d->max_pages);
	id = 0;
	CHECK_EQ(machine_op(V, __HYPERVISOR_memory_op, XENMEM_current_reservation, &id, sizeof(id)), -ESRCH);
	CHECK_EQ(machine_op(V, __HYPERVISOR_memory_op, XENMEM_machphys_mapping, &m, sizeof(m)), 0);
	CHECK_EQ(m.max_mfn, m2p_entries - 1);
	CHECK_EQ(machine_call(V, __HYPERVISOR_memory_op, XENMEM_maximum_ram_page, 0, 0, 0), (long)frame_max - 1);
	CHECK_EQ(machine_call(V, __HYPERVISOR_memory_op, 63, 0, 0, 0), -ENOSYS);
	end();
}

int main(void)
{
	machine_start();
	RUN(balloon_down_and_up);
	RUN(a_mapped_frame_outlives_its_return);
	RUN(a_long_list_is_taken_up_again);
	RUN(a_large_extent_comes_and_goes_in_pieces);
	RUN(a_begun_extent_is_not_lost);
	RUN(what_is_begun_is_in_nobodys_way);
	RUN(not_beyond_the_limit);
	RUN(no_stale_translation_of_the_hypervisors_memory);
	RUN(four_frames_for_a_contiguous_one);
	RUN(mapped_frames_are_not_exchanged);
	RUN(an_exchange_whose_results_cannot_be_told);
	RUN(a_frame_that_came_back_is_still_flushed);
	RUN(the_order_of_an_exchange);
	RUN(long_exchanges_go_on);
	RUN(an_exchange_where_memory_is_in_pieces);
	RUN(a_claim_is_used_up);
	RUN(questions_are_answered);
	return unit_end();
}
