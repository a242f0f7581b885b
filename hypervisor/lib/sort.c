/* SPDX-License-Identifier: MIT */
/*
 * Heapsort: the array is first made a heap (each parent not before its children 2i + 1 and 2i + 2), then the
 * greatest element is swapped behind the shrinking heap. Pure, no locks.
 */
#include "lib/sort.h"

static void swap_bytes(u8 *a, u8 *b, size_t size)
{
	while (size--) {
		u8 t = *a;

		*a++ = *b;
		*b++ = t;
	}
}

static void sift_down(u8 *base, size_t root, size_t count, size_t size, sort_compare_fn *compare)
{
	size_t child;

	while ((child = 2 * root + 1) < count) {
		if (child + 1 < count && compare(base + child * size, base + (child + 1) * size) < 0)
			child++;
		if (compare(base + root * size, base + child * size) >= 0)
			return;
		swap_bytes(base + root * size, base + child * size, size);
		root = child;
	}
}

void sort(void *base, size_t count, size_t size, sort_compare_fn *compare)
{
	for (size_t i = count / 2; i-- > 0;)
		sift_down(base, i, count, size, compare);
	while (count-- > 1) {
		swap_bytes(base, (u8 *)base + count * size, size);
		sift_down(base, 0, count, size, compare);
	}
}

void *binary_search(const void *key, const void *base, size_t count, size_t size, sort_compare_fn *compare)
{
	const u8 *low = base;

	while (count) {
		const u8 *middle = low + count / 2 * size;
		int order = compare(key, middle);

		if (order == 0)
			return (void *)middle;
		if (order > 0) {
			low = middle + size;
			count--;
		}
		count /= 2;
	}
	return NULL;
}
