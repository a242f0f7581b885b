/* SPDX-License-Identifier: MIT */
/*
 * Who must flush (TRICKS 17) with two real processors. One of them takes an entry away and notes the time, or asks
 * which CPUs have the domain's tables loaded; the other flushes at that moment, or loads them, and walks them. If the
 * walk still found the entry, the stamp must not say that the flush came later, and the CPU must be among those asked
 * for. Stores wait in a processor's buffer while its later loads go ahead, so this needs barriers that no single
 * processor would miss.
 */
#include <pthread.h>
#include <sched.h>

#include "unit.h"
#include "domain/domain.h"

#define ROUNDS	50000u

u32 tlb_clock = 1;
u32 tlb_time[MAX_CPUS];
void (*frame_release_hook)(struct frame *f);

void frame_free_last(struct frame *f)
{
}

static struct frame frame __aligned(64);
static u64 entry __aligned(64);
static struct domain domain __aligned(64);
static u32 at_start[2] __aligned(64), walked __aligned(64), flushed;

/* Both are at the same round; whoever was first leaves when the other comes. */
static void meet(u32 me, u32 round)
{
	atomic_write(&at_start[me], round);
	for (u32 i = 1; atomic_read(&at_start[!me]) < round; i++)
		if (i % 1000 == 0)
			sched_yield();
}

/* The other processor: one step a round. */
static void (*step)(void);

static void *other_cpu(void *arg)
{
	for (u32 round = 1; round < ROUNDS; round++) {
		meet(1, 2 * round);
		step();
		meet(1, 2 * round + 1);
	}
	return NULL;
}

/* Both sides, round by round; how often `missed` says so. */
static u32 run(void (*prepare)(void), void (*mine)(void), void (*others)(void), bool (*missed)(void))
{
	pthread_t thread;
	u32 n = 0;

	step = others;
	atomic_write(&at_start[0], 0);
	atomic_write(&at_start[1], 0);
	CHECK(!pthread_create(&thread, NULL, other_cpu, NULL));
	for (u32 round = 1; round < ROUNDS; round++) {
		entry = 1;
		prepare();
		meet(0, 2 * round);
		mine();
		meet(0, 2 * round + 1);
		n += missed();
	}
	pthread_join(thread, NULL);
	return n;
}

static void one_use(void)
{
	frame.counts = (u64)(FT_WRITABLE | 2) << 32 | 2;
}

static void end_use(void)
{
	WRITE_ONCE(entry, 0);
	frame_stamp_use(&frame);
}

/* As tlb_flush_local() and the processor's next look at the entry. */
static void flush_and_walk(void)
{
	flushed = atomic_add_return(&tlb_clock, 1);
	walked = READ_ONCE(entry);
}

static bool seems_flushed(void)
{
	return walked && (s32)(flushed - frame.tlb_stamp) > 0;
}

TEST(a_walk_after_a_flush_is_known)
{
	CHECK_EQ(run(one_use, end_use, flush_and_walk, seems_flushed), 0);
}

static cpumask_t asked;

static void elsewhere(void)
{
	memset(&domain.dirty_cpus, 0, sizeof(domain.dirty_cpus));
}

static void end_and_ask(void)
{
	WRITE_ONCE(entry, 0);
	asked = domain_dirty_cpus(&domain);
}

/* As a context switch does. */
static void enter_and_walk(void)
{
	set_bit(1, domain.dirty_cpus.bits);
	walked = READ_ONCE(entry);
}

static bool not_asked(void)
{
	return walked && !cpumask_test(1, &asked);
}

TEST(a_cpu_that_enters_is_asked)
{
	CHECK_EQ(run(elsewhere, end_and_ask, enter_and_walk, not_asked), 0);
}

int main(void)
{
	RUN(a_walk_after_a_flush_is_known);
	RUN(a_cpu_that_enters_is_asked);
	return unit_end();
}
