/* SPDX-License-Identifier: MIT */
/*
 * Races for a frame's type. pv/type.c and mm/frame.c are compiled into this test with a compare-and-exchange that first
 * lets "another CPU" act, so that each window is hit with certainty; and so does a flush of TLBs.
 */
#include "hooks.h"
#include "lib/atomic.h"
#include "x86/tlb.h"

static void *race_word;			/* before an exchange of this word ... */
static void (*race_action)(void);	/* ... this happens, once */

static void race(void *word)
{
	void (*action)(void) = race_action;

	if (word != race_word || !action)
		return;
	race_action = NULL;
	action();
}

/* Between reading the flush clock and using what it said. */
static void (*race_stamp_action)(void);

static u32 race_stamp(void)
{
	void (*action)(void) = race_stamp_action;
	u32 stamp = tlb_stamp_now();

	race_stamp_action = NULL;
	if (action)
		action();
	return stamp;
}

#define tlb_stamp_now()	race_stamp()

#undef try_cmpxchg
#define try_cmpxchg(p, old_p, new) \
	(race((void *)(p)), __atomic_compare_exchange_n(p, old_p, new, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))

static void (*race_flush_action)(void);

static void race_flush(const cpumask_t *mask, u64 va)
{
	if (race_flush_action)
		race_flush_action();
	tlb_flush_mask(mask, va);
}

#define tlb_flush_mask	race_flush

#include "mm/frame.c"
#include "pv/type.c"

#include "machine.h"
#include "oracle/oracle.h"
#include "pv/mmu.h"
#include "unit.h"

static struct machine_guest *g;
static struct frame *f;

/* A guest with a page that nobody maps, hence free to become anything. */
static void start(void)
{
	g = machine_guest(1, false, 2);
	CHECK(!machine_call(g->d->vcpu[0], __HYPERVISOR_update_va_mapping, guest_va(30), 0, UVMF_TLB_FLUSH | UVMF_ALL,
			    0));
	f = mfn_to_frame(g->page[30]);
	memset(mfn_to_virt(g->page[30]), 0, PAGE_SIZE);
	race_word = &f->type;
}

static void end(void)
{
	race_action = NULL;
	race_flush_action = NULL;
	CHECK(oracle_check());
	machine_guest_end(g);
	CHECK(machine_is_clean());
}

/* As a grant, an event page or a vcpu_info does, without the guest's mmu_lock. */
static void take_writable(void)
{
	CHECK(frame_get(f, g->d->id));
	CHECK(!type_get_writable(f));
}

static void check_only_writable(int rc)
{
	CHECK(rc);
	CHECK_EQ(f->type, FT_WRITABLE | 1);
	type_put_writable(f);
	frame_put(f);
}

TEST(a_table_loses_to_a_writer)
{
	int rc;

	start();
	race_action = take_writable;
	CHECK(!mmu_begin(g->d));
	rc = type_get_frame(g->page[30], FT_L1, g->d);
	mmu_end(g->d);
	check_only_writable(rc);
	end();
}

TEST(a_descriptor_page_loses_to_a_writer)
{
	int rc;

	start();
	race_action = take_writable;
	rc = type_get_frame(g->page[30], FT_DESC, g->d);
	check_only_writable(rc);
	end();
}

/* Two vCPUs load descriptor tables from one frame at once: the second has to wait for the check. */
static void other_descriptor(void)
{
	CHECK(!type_get_frame(g->page[30], FT_DESC, g->d));
}

TEST(two_users_of_a_descriptor_page)
{
	start();
	race_action = other_descriptor;
	CHECK(!type_get_frame(g->page[30], FT_DESC, g->d));
	CHECK_EQ(f->type, FT_DESC | FT_VALIDATED | 2);
	CHECK(!type_put_frame(f, g->d));
	CHECK(!type_put_frame(f, g->d));
	end();
}

/* Promotion and demotion find the count as they left it even when read-only mappings come and go. */
static void take_and_give_back(void)
{
	CHECK(frame_get(f, g->d->id));
	frame_put(f);
}

TEST(references_do_not_disturb_a_type)
{
	start();
	race_action = take_and_give_back;
	CHECK(!mmu_begin(g->d));
	CHECK(!type_get_frame(g->page[30], FT_L2, g->d));
	race_action = take_and_give_back;
	CHECK(!type_put_frame(f, g->d));
	mmu_end(g->d);
	end();
}

/*
 * Two writable mappings end at once. The other CPU's ended later, after a flush that this one's stamp does not know of:
 * its later stamp must not be overwritten by the earlier one.
 */
static u32 other_stamp;

static void other_mapping_ends(void)
{
	tlb_flush_local();
	other_stamp = (tlb_stamp_now)();
	type_put_writable(f);
}

TEST(the_latest_stamp_stays)
{
	start();
	CHECK(!type_get_writable(f));
	CHECK(!type_get_writable(f));
	race_stamp_action = other_mapping_ends;
	type_put_writable(f);
	CHECK(!race_stamp_action);
	CHECK_EQ(f->type & FT_COUNT_MASK, 0);
	CHECK((s32)(f->tlb_stamp - other_stamp) >= 0);
	/* and the same with both counts in one step */
	CHECK(frame_get_writable(f, g->d->id));
	CHECK(!type_get_writable(f));
	race_stamp_action = other_mapping_ends;
	frame_put_writable(f);
	CHECK((s32)(f->tlb_stamp - other_stamp) >= 0);
	end();
}

/*
 * While TLBs forget what a frame was, it is nothing else yet: another CPU that could write now would write into what a
 * third one still walks as a page table, or loads segments from.
 */
static u32 flushes;

static void nobody_has_it_yet(void)
{
	flushes++;
	CHECK_EQ(f->type, FT_CHANGING);
	CHECK(!frame_get_writable(f, g->d->id));
}

TEST(a_use_begins_when_the_last_one_is_over)
{
	start();
	flushes = 0;
	/* a table, which is writable memory again, and then descriptors */
	CHECK(!mmu_begin(g->d));
	CHECK(!type_get_frame(g->page[30], FT_L1, g->d));
	CHECK(!type_put_frame(f, g->d));
	mmu_end(g->d);
	race_flush_action = nobody_has_it_yet;
	take_writable();
	CHECK_EQ(flushes, 1);
	CHECK_EQ(f->type, FT_WRITABLE | 1);
	frame_put_writable(f);
	CHECK(!type_get_frame(g->page[30], FT_DESC, g->d));
	CHECK_EQ(flushes, 2);
	CHECK(!type_put_frame(f, g->d));
	take_writable();
	CHECK_EQ(flushes, 3);
	frame_put_writable(f);
	end();
}

int main(void)
{
	machine_start();
	RUN(a_table_loses_to_a_writer);
	RUN(a_descriptor_page_loses_to_a_writer);
	RUN(two_users_of_a_descriptor_page);
	RUN(references_do_not_disturb_a_type);
	RUN(the_latest_stamp_stays);
	RUN(a_use_begins_when_the_last_one_is_over);
	return unit_end();
}
