/* SPDX-License-Identifier: MIT */
/* The allocators: blocks of frames in two zones, slabs on top of them, and the counts of a frame. */
#include <pthread.h>
#include <unistd.h>

#include "machine.h"
#include "mm/heap.h"
#include "mm/page_alloc.h"
#include "oracle/oracle.h"
#include "unit.h"
#include "x86/tlb.h"

static u64 before;

static void start(void)
{
	before = page_free_count();
}

static void end(void)
{
	CHECK_EQ(page_free_count(), before);
	CHECK(oracle_check());
}

TEST(blocks_are_aligned_and_whole)
{
	struct frame *f[11];

	start();
	for (u32 order = 0; order <= 10; order++) {
		f[order] = page_alloc(order, 0);
		REQUIRE(f[order]);
		CHECK_EQ(mfn_x(frame_to_mfn(f[order])) & ((1ul << order) - 1), 0);
		for (u32 i = 0; i < 1u << order; i++) {
			CHECK_EQ(f[order][i].refs, FRAME_ALLOCATED | 1);
			CHECK_EQ(f[order][i].owner, OWNER_NONE);
			CHECK_EQ(f[order][i].type, 0);
		}
	}
	CHECK_EQ(page_free_count(), before - 2047);
	for (u32 order = 0; order <= 10; order++)
		page_free(f[order], order);
	end();
}

/* With its own reference left or gone: nobody waits for anything. */
TEST(freeing_does_not_wait)
{
	struct frame *f;
	u64 waited = host_relaxed;

	start();
	f = page_alloc(0, 0);
	REQUIRE(f);
	page_free(f, 0);
	f = page_alloc(0, 0);
	REQUIRE(f);
	f->refs = 0;
	page_free(f, 0);
	CHECK_EQ(host_relaxed, waited);
	end();
}

/* Whoever had it: the owner's number in a free frame is nobody's. */
TEST(a_freed_frame_is_nobodys)
{
	struct frame *f;

	start();
	f = page_alloc(1, 0);
	REQUIRE(f);
	f[0].owner = f[1].owner = 5;
	page_free(f, 1);
	CHECK_EQ(f[0].owner, OWNER_NONE);
	CHECK_EQ(f[1].owner, OWNER_NONE);
	end();
}

/* Everything taken frame by frame and given back in another order: the large blocks are there again. */
TEST(buddies_find_each_other)
{
	static struct frame *all[MACHINE_FRAMES];
	u32 n = 0;
	struct frame *f;

	start();
	while ((f = page_alloc(0, 0)) != NULL)
		all[n++] = f;
	CHECK_EQ(n, before);
	CHECK_EQ(page_free_count(), 0);
	for (u32 i = 0; i < n; i++)
		page_free(all[i * 7919ul % n], 0);
	CHECK_EQ(page_free_count(), before);
	f = page_alloc(10, 0);
	CHECK(f);
	page_free(f, 10);
	CHECK(!page_alloc(PAGE_ORDER_MAX + 1, 0));
	CHECK(!page_alloc(PAGE_ORDER_MAX, 0));
	end();
}

/* Low memory is kept for those who ask for it. */
TEST(an_address_limit)
{
	struct frame *high, *low, *lower;

	start();
	high = page_alloc(0, 0);
	low = page_alloc(3, PAGE_BELOW_BITS(24));
	lower = page_alloc(0, PAGE_BELOW_BITS(20));
	REQUIRE(high && low && lower);
	CHECK(mfn_x(frame_to_mfn(high)) >= 4096);
	CHECK(mfn_x(frame_to_mfn(low)) + 8 <= 4096);
	CHECK(mfn_x(frame_to_mfn(lower)) < 256);
	page_free(high, 0);
	page_free(low, 3);
	page_free(lower, 0);
	CHECK(!page_alloc(0, PAGE_BELOW_BITS(13)));
	end();
}

TEST(the_hypervisors_pages)
{
	u64 *p = pages_alloc_zeroed(2);

	REQUIRE(p);
	for (u32 i = 0; i < 4 * PAGE_SIZE / 8; i++)
		CHECK_EQ(p[i], 0);
	CHECK_EQ(virt_to_frame(p)->flags, FRAME_HEAP);
	CHECK_EQ(virt_to_frame(p)->owner, OWNER_XEN);
	CHECK(!frame_get(virt_to_frame(p), 1));
	pages_free_virt(p, 2);
	pages_free_virt(NULL, 2);
}

TEST(references)
{
	struct frame *f = page_alloc(0, 0);

	CHECK(frame_get(f, OWNER_NONE));
	CHECK(!frame_get(f, 1));
	CHECK(frame_get_more(f));
	CHECK_EQ(f->refs, FRAME_ALLOCATED | 3);
	f->refs = FRAME_ALLOCATED | FRAME_REFS_LIMIT;
	CHECK(!frame_get(f, OWNER_NONE));
	CHECK(!frame_get_more(f));
	CHECK(frame_get_reserved(f, OWNER_NONE));
	CHECK(!frame_get_reserved(f, 1));
	f->refs = FRAME_ALLOCATED | 1;
	page_free(f, 0);
	CHECK(!frame_get(f, OWNER_NONE));
	CHECK(!frame_get_reserved(f, OWNER_NONE));
	CHECK(!frame_get_more(f));
}

TEST(writable_types)
{
	struct frame *f = page_alloc(0, 0);

	CHECK(!type_get_writable(f));
	CHECK(!type_get_writable(f));
	CHECK_EQ(f->type, FT_WRITABLE | 2);
	type_put_writable(f);
	type_put_writable(f);
	f->type = FT_L1 | FT_VALIDATED | 1;
	CHECK_EQ(type_get_writable(f), -EINVAL);
	f->type = FT_L1 | FT_PARTIAL;
	CHECK_EQ(type_get_writable(f), -EBUSY);
	f->type = FT_L1;
	CHECK(!type_get_writable(f));
	CHECK_EQ(f->type, FT_WRITABLE | 1);
	f->type = FT_WRITABLE | FT_COUNT_MASK;
	CHECK_EQ(type_get_writable(f), -EBUSY);
	f->type = 0;
	page_free(f, 0);
}

/* Only CPUs that did not flush since the old use ended are disturbed. */
TEST(old_uses_are_flushed)
{
	struct frame *f = page_alloc(0, 0);
	u32 t0, t1;

	f->type = FT_L1;
	f->tlb_stamp = tlb_stamp_now();
	t0 = tlb_time[0], t1 = tlb_time[1];
	CHECK(!type_get_writable(f));
	CHECK(tlb_time[0] != t0 && tlb_time[1] != t1);
	type_put_writable(f);
	f->type = FT_L1;
	f->tlb_stamp = tlb_stamp_now();
	tlb_flush_local();
	t0 = tlb_time[0], t1 = tlb_time[1];
	CHECK(!type_get_writable(f));
	CHECK(tlb_time[0] == t0 && tlb_time[1] != t1);
	f->type = 0;
	page_free(f, 0);
}

/* What was freed may still be in TLBs: before it is anybody's again, a CPU that did not flush since does. */
TEST(freed_frames_are_flushed_before_their_next_use)
{
	struct frame *f = page_alloc(10, 0), *again;
	u32 t0, t1;

	page_free(f, 10);
	tlb_flush_local();
	t0 = tlb_time[0], t1 = tlb_time[1];
	again = page_alloc(10, 0);
	CHECK(again == f);
	CHECK(tlb_time[0] == t0 && tlb_time[1] != t1);
	page_free(again, 10);
	tlb_flush_mask(&cpu_online_mask, TLB_ALL);
	t0 = tlb_time[0], t1 = tlb_time[1];
	again = page_alloc(10, 0);
	CHECK(tlb_time[0] == t0 && tlb_time[1] == t1);
	page_free(again, 10);
}

/* Objects of every size, in a random order, each full of its own pattern. */
TEST(the_heap_keeps_objects_apart)
{
	enum { OBJECTS = 600 };
	static struct { u8 *p; u32 size; u8 fill; } o[OBJECTS];
	u64 used = heap_bytes_used();

	start();
	for (u32 round = 0; round < 6000; round++) {
		u32 i = unit_random() % OBJECTS;

		if (o[i].p) {
			for (u32 k = 0; k < o[i].size; k++)
				if (o[i].p[k] != o[i].fill) {
					CHECK(!"an object has changed");
					break;
				}
			heap_free(o[i].p);
			o[i].p = NULL;
			continue;
		}
		o[i].size = unit_random() % 8 ? 1 + unit_random() % 2100 : 1 + unit_random() % 20000;
		o[i].fill = unit_random();
		o[i].p = heap_alloc(o[i].size);
		REQUIRE(o[i].p);
		CHECK_EQ((u64)o[i].p & 15, 0);
		for (u32 k = 0; k < o[i].size; k++)
			if (o[i].p[k]) {
				CHECK(!"a new object is not clear");
				break;
			}
		memset(o[i].p, o[i].fill, o[i].size);
	}
	for (u32 i = 0; i < OBJECTS; i++) {
		heap_free(o[i].p);
		o[i].p = NULL;
	}
	CHECK_EQ(heap_bytes_used(), used);
	end();
}

TEST(heap_limits)
{
	start();
	CHECK(!heap_alloc_array(~0ul / 2, 4));
	CHECK(!heap_alloc((PAGE_SIZE << PAGE_ORDER_MAX) + 1));
	CHECK(!heap_alloc(MACHINE_FRAMES * PAGE_SIZE));
	heap_free(NULL);
	end();
}

/* All of the machine but the firmware's few frames and those of devices in its midst. */
TEST(what_there_is_in_all)
{
	u64 devices = MACHINE_IO_LAST - MACHINE_IO_FIRST + 1;

	CHECK(page_total_count() <= MACHINE_FRAMES - devices);
	CHECK(page_total_count() + 64 >= MACHINE_FRAMES - devices);
	CHECK(page_free_count() <= page_total_count());
}

/* frame_get() takes a reference before it knows whose the frame is by then, and gives it back at once. */
static void *lets_go(void *f)
{
	usleep(20000);
	frame_put(f);
	return NULL;
}

TEST(a_frame_goes_without_a_passing_reference)
{
	pthread_t other;
	struct frame *f;

	start();
	f = page_alloc(0, PAGE_HEAP);
	CHECK(frame_get_more(f));
	pthread_create(&other, NULL, lets_go, f);
	page_free(f, 0);
	pthread_join(other, NULL);
	CHECK_EQ(f->refs, 0);
	end();
}

int main(void)
{
	machine_start();
	RUN(blocks_are_aligned_and_whole);
	RUN(freeing_does_not_wait);
	RUN(a_freed_frame_is_nobodys);
	RUN(buddies_find_each_other);
	RUN(an_address_limit);
	RUN(the_hypervisors_pages);
	RUN(references);
	RUN(writable_types);
	RUN(old_uses_are_flushed);
	RUN(freed_frames_are_flushed_before_their_next_use);
	RUN(the_heap_keeps_objects_apart);
	RUN(heap_limits);
	RUN(a_frame_goes_without_a_passing_reference);
	RUN(what_there_is_in_all);
	return unit_end();
}
