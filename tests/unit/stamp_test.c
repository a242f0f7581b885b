/* SPDX-License-Identifier: MIT */
/*
 * The stamp of a frame (TRICKS 17) with two real processors. One of them takes an entry away and notes the time; the
 * other flushes at that moment and walks the tables anew. If the walk still found the entry, the stamp must not say that
 * the flush came later. Stores wait in a processor's buffer while its later loads go ahead, so this needs a barrier that
 * no single processor would miss.
 */
#include <pthread.h>
#include <sched.h>

#include "unit.h"
#include "mm/frame.h"

#define ROUNDS	50000u

u32 tlb_clock = 1;
u32 tlb_time[MAX_CPUS];
void (*frame_release_hook)(struct frame *f);

void frame_free_last(struct frame *f)
{
}

static struct frame frame __aligned(64);
static u64 entry __aligned(64);
static u32 at_start[2] __aligned(64), walked __aligned(64), flushed;

/* Both are at the same round; whoever was first leaves when the other comes. */
static void meet(u32 me, u32 round)
{
	atomic_write(&at_start[me], round);
	for (u32 i = 1; atomic_read(&at_start[!me]) < round; i++)
		if (i % 1000 == 0)
			sched_yield();
}

/* As tlb_flush_local() and the processor's next look at the entry. */
static void *flusher(void *arg)
{
	for (u32 round = 1; round < ROUNDS; round++) {
		meet(1, 2 * round);
		flushed = atomic_add_return(&tlb_clock, 1);
		walked = READ_ONCE(entry);
		meet(1, 2 * round + 1);
	}
	return NULL;
}

TEST(a_walk_after_a_flush_is_known)
{
	pthread_t other;
	u32 missed = 0;

	CHECK(!pthread_create(&other, NULL, flusher, NULL));
	for (u32 round = 1; round < ROUNDS; round++) {
		entry = 1;
		frame.counts = (u64)(FT_WRITABLE | 2) << 32 | 2;
		meet(0, 2 * round);
		WRITE_ONCE(entry, 0);
		frame_stamp_use(&frame);
		meet(0, 2 * round + 1);
		missed += walked && (s32)(flushed - frame.tlb_stamp) > 0;
	}
	pthread_join(other, NULL);
	CHECK_EQ(missed, 0);
}

int main(void)
{
	RUN(a_walk_after_a_flush_is_known);
	return unit_end();
}
