/* SPDX-License-Identifier: MIT */
/* lib/bitmap.c against an array of bools, over all lengths around word boundaries. */
#include "unit.h"
#include "lib/bitmap.h"

#define MAX_BITS	200

static DECLARE_BITMAP(map, MAX_BITS);
static bool model[MAX_BITS];

static void randomise(size_t nbits)
{
	unsigned int rarity = 1 + unit_random() % 20;
	bool common = unit_random() & 1;

	for (size_t i = 0; i < MAX_BITS; i++) {
		model[i] = (unit_random() % rarity != 0) == common;
		if (model[i])
			bitmap_set_bit(map, i);
		else
			bitmap_clear_bit(map, i);
	}
	(void)nbits;
}

static size_t model_next(size_t nbits, size_t start, bool value)
{
	while (start < nbits && model[start] != value)
		start++;
	return MIN(start, nbits);
}

TEST(finding_and_counting)
{
	for (int round = 0; round < 3000; round++) {
		size_t nbits = 1 + unit_random() % MAX_BITS, weight = 0;

		randomise(nbits);
		for (size_t i = 0; i < nbits; i++)
			weight += model[i];
		CHECK_EQ(bitmap_weight(map, nbits), weight);
		CHECK_EQ(bitmap_empty(map, nbits), weight == 0);
		CHECK_EQ(bitmap_full(map, nbits), weight == nbits);
		for (size_t i = 0; i <= nbits + 1; i++) {
			CHECK_EQ(bitmap_find_next(map, nbits, i), model_next(nbits, i, true));
			CHECK_EQ(bitmap_find_next_zero(map, nbits, i), model_next(nbits, i, false));
		}
	}
}

TEST(ranges)
{
	for (int round = 0; round < 3000; round++) {
		size_t start = unit_random() % MAX_BITS, count = unit_random() % (MAX_BITS - start + 1);
		bool value = unit_random() & 1;

		randomise(MAX_BITS);
		if (value)
			bitmap_set_range(map, start, count);
		else
			bitmap_clear_range(map, start, count);
		for (size_t i = 0; i < MAX_BITS; i++) {
			if (i >= start && i < start + count)
				model[i] = value;
			REQUIRE(bitmap_test_bit(map, i) == model[i]);
		}
	}
}

TEST(whole_maps)
{
	DECLARE_BITMAP(a, 70);
	DECLARE_BITMAP(b, 70);
	DECLARE_BITMAP(c, 70);
	size_t bit, n = 0;

	bitmap_zero(a, 70);
	bitmap_fill(b, 70);
	CHECK(!bitmap_intersects(a, b, 70) && !bitmap_equal(a, b, 70));
	bitmap_set_bit(a, 69);
	CHECK(bitmap_intersects(a, b, 70) && !bitmap_intersects(a, b, 69));
	bitmap_and(c, a, b, 70);
	CHECK(bitmap_equal(c, a, 70));
	bitmap_set_bit(c, 3);
	bitmap_or(c, c, a, 70);
	bitmap_for_each(bit, c, 70)
		n = n * 100 + bit;
	CHECK_EQ(n, 369);
	bitmap_copy(a, c, 70);
	CHECK_EQ(bitmap_weight(a, 70), 2);
	CHECK(bitmap_equal(a, c, 70));
}

TEST(orders)
{
	CHECK_EQ(order_of(0), 0);
	CHECK_EQ(order_of(1), 0);
	CHECK_EQ(order_of(2), 1);
	CHECK_EQ(order_of(3), 2);
	CHECK_EQ(order_of(4096), 12);
	CHECK_EQ(order_of(4097), 13);
	CHECK_EQ(bit_highest(1), 0);
	CHECK_EQ(bit_lowest(1UL << 63), 63);
}

int main(void)
{
	RUN(finding_and_counting);
	RUN(ranges);
	RUN(whole_maps);
	RUN(orders);
	return unit_end();
}
