/* SPDX-License-Identifier: MIT */
/*
 * Range sets against a plain array of flags.
 */
#include "unit.h"

#include "domain/rangeset.h"
#include "fake.h"
#include "lib/errno.h"

#define N	200u

static bool model[N];

TEST(random_operations_agree_with_a_model)
{
	struct rangeset *r;
	u32 i, j;

	fake_start(1);
	r = rangeset_new("test");
	memset(model, 0, sizeof(model));
	for (i = 0; i < 20000; i++) {
		u64 first = unit_random() % N, last = first + unit_random() % (N - first);
		bool add = unit_random() & 1, all = true, any = false;

		if (unit_random() % 4)
			last = MIN(last, first + 5);
		CHECK_EQ(add ? rangeset_add(r, first, last) : rangeset_remove(r, first, last), 0);
		for (j = (u32)first; j <= last; j++)
			model[j] = add;
		first = unit_random() % N;
		last = first + unit_random() % MIN(N - first, 9ul);
		for (j = (u32)first; j <= last; j++) {
			all &= model[j];
			any |= model[j];
		}
		CHECK_EQ(rangeset_contains(r, first, last), all);
		CHECK_EQ(rangeset_overlaps(r, first, last), any);
	}
	rangeset_free(r);
	CHECK(fake_check_clean());
}

TEST(the_ends_of_the_world)
{
	struct rangeset *r;

	fake_start(1);
	r = rangeset_new("test");
	CHECK_EQ(rangeset_add(r, 0, ~0ul), 0);
	CHECK(rangeset_contains(r, 0, ~0ul));
	CHECK_EQ(rangeset_add(r, 5, ~0ul), 0);
	CHECK_EQ(rangeset_remove(r, ~0ul, ~0ul), 0);
	CHECK_EQ(rangeset_remove(r, 0, 0), 0);
	CHECK(!rangeset_contains(r, 0, 1) && !rangeset_contains(r, ~0ul - 1, ~0ul));
	CHECK(rangeset_contains(r, 1, ~0ul - 1));
	CHECK_EQ(rangeset_add(r, 0, 0), 0);
	CHECK(rangeset_contains(r, 0, 7));
	CHECK_EQ(rangeset_add(r, 7, 3), -EINVAL);
	CHECK_EQ(rangeset_remove(r, 7, 3), -EINVAL);
	CHECK(!rangeset_contains(r, 7, 3));
	rangeset_free(r);
	rangeset_free(NULL);
	CHECK(fake_check_clean());
}

TEST(growth_has_a_limit)
{
	struct rangeset *r;
	u64 i;
	int rc = 0;

	fake_start(1);
	r = rangeset_new("test");
	for (i = 0; !rc; i++)
		rc = rangeset_add(r, 2 * i, 2 * i);
	CHECK_EQ(rc, -ENOMEM);
	CHECK_EQ(i, 4097);
	fake_alloc_fails = true;
	CHECK(!rangeset_new("none"));
	fake_alloc_fails = false;
	rangeset_free(r);
	CHECK(fake_check_clean());
}

int main(void)
{
	RUN(random_operations_agree_with_a_model);
	RUN(the_ends_of_the_world);
	RUN(growth_has_a_limit);
	return unit_end();
}
