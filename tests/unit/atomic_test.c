/* SPDX-License-Identifier: MIT */
/*
 * lib/atomic.h: results of each operation, and two threads that do not lose updates; lib/muldiv.h and
 * typesafe.h.
 */
#include <pthread.h>

#include "unit.h"
#include "lib/atomic.h"
#include "lib/muldiv.h"
#include "lib/overflow.h"
#include "lib/typesafe.h"

TEST(bits)
{
	unsigned long map[2] = { 0 };
	u32 words[2] = { 0 };

	set_bit(65, map);
	CHECK(map[1] == 2 && test_bit(65, map) && !test_bit(64, map));
	CHECK(!test_and_set_bit(3, map) && test_and_set_bit(3, map));
	CHECK(test_and_clear_bit(3, map) && !test_and_clear_bit(3, map));
	clear_bit(65, map);
	CHECK(map[0] == 0 && map[1] == 0);
	CHECK(!test_and_set_bit(70, map) && map[0] == 0 && map[1] == 1 << 6 && test_and_clear_bit(70, map) &&
	      map[1] == 0);
	CHECK(!test_and_set_bit_u32(33, words) && words[1] == 2 && test_bit_u32(33, words));
	CHECK(test_and_clear_bit_u32(33, words) && words[0] == 0 && words[1] == 0);
}

TEST(exchanges)
{
	u32 value = 5, expected = 6;

	CHECK_EQ(cmpxchg(&value, 4, 9), 5);
	CHECK_EQ(cmpxchg(&value, 5, 9), 5);
	CHECK_EQ(value, 9);
	CHECK(!try_cmpxchg(&value, &expected, 1) && expected == 9);
	CHECK_EQ(xchg(&value, 3), 9);
	CHECK_EQ(atomic_fetch_add(&value, 2), 3);
	CHECK_EQ(atomic_add_return(&value, 2), 7);
	value = 1;
	CHECK(atomic_dec_and_test(&value));
}

static u64 counter;

static void *count_up(void *arg)
{
	for (int i = 0; i < 200000; i++)
		atomic_inc(&counter);
	return arg;
}

TEST(threads)
{
	pthread_t other;

	REQUIRE(pthread_create(&other, NULL, count_up, NULL) == 0);
	count_up(NULL);
	pthread_join(other, NULL);
	CHECK_EQ(counter, 400000);
}

TEST(wide_arithmetic)
{
	CHECK_EQ(mul_u64_u32_shr(1UL << 40, 3, 1), 3UL << 39);
	CHECK_EQ(mul_u64_u64_shr(~0UL, ~0UL, 64), ~0UL - 1);
	CHECK_EQ(muldiv64(1000000007, 1000000009, 1000000007), 1000000009);
	CHECK_EQ(muldiv64(~0UL, 10, 5), ~0UL);
	CHECK_EQ(muldiv64(7, 7, 0), ~0UL);
	CHECK(range_fits(0, 5, 5) && range_fits(5, 0, 5) && !range_fits(5, 1, 5) && !range_fits(2, ~0UL, 5));
	CHECK(ranges_overlap(0, 2, 1, 1) && !ranges_overlap(0, 1, 1, 1) && !ranges_overlap(0, 0, 0, 1));
}

TEST(frames)
{
	CHECK_EQ(maddr_x(mfn_to_maddr(mfn(3))), 3 * 4096);
	CHECK(mfn_eq(maddr_to_mfn(maddr(4096 * 7 + 5)), mfn_add(mfn(5), 2)));
	CHECK_EQ(maddr_offset(maddr(4096 * 7 + 5)), 5);
	CHECK_EQ(ROUNDUP(4097UL, PAGE_SIZE), 8192);
	CHECK_EQ(ROUNDDOWN(0x1ffffffffUL, 4096), 0x1fffff000UL);
	CHECK_EQ(BITS(11, 4), 0xff0);
	CHECK_EQ(BITS(63, 0), ~0UL);
}

int main(void)
{
	RUN(bits);
	RUN(exchanges);
	RUN(threads);
	RUN(wide_arithmetic);
	RUN(frames);
	return unit_end();
}
