/* SPDX-License-Identifier: MIT */
/* lib/sort.c against qsort and a linear search. */
#include "unit.h"
#include "lib/sort.h"

struct item {
	int key;
	char rest[5];
};

static int compare(const void *a, const void *b)
{
	return ((const struct item *)a)->key - ((const struct item *)b)->key;
}

TEST(sorting_equals_qsort)
{
	struct item ours[100], theirs[100];

	for (int round = 0; round < 2000; round++) {
		size_t n = unit_random() % 100;

		for (size_t i = 0; i < n; i++)
			ours[i] = (struct item){ .key = unit_random() % 150 };
		memcpy(theirs, ours, sizeof(ours));
		sort(ours, n, sizeof(ours[0]), compare);
		qsort(theirs, n, sizeof(theirs[0]), compare);
		for (size_t i = 0; i < n; i++)
			REQUIRE(ours[i].key == theirs[i].key);
		for (int key = 0; key < 150; key += 7) {
			struct item wanted = { .key = key }, *found;
			bool there = false;

			for (size_t i = 0; i < n; i++)
				there |= ours[i].key == key;
			found = binary_search(&wanted, ours, n, sizeof(ours[0]), compare);
			CHECK_EQ(found != NULL, there);
			CHECK(!found || found->key == key);
		}
	}
}

int main(void)
{
	RUN(sorting_equals_qsort);
	return unit_end();
}
