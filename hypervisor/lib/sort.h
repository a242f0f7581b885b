/* SPDX-License-Identifier: MIT */
/*
 * Sorting in place: heapsort, O(n log n) always, no recursion, no memory. Not stable.
 */
#ifndef LIB_SORT_H
#define LIB_SORT_H

#include "lib/types.h"

/* Negative, 0 or positive, as `a` is before, equal to or behind `b`. */
typedef int sort_compare_fn(const void *a, const void *b);

void sort(void *base, size_t count, size_t size, sort_compare_fn *compare);

/* An element of a sorted array equal to `key`, or NULL. compare(key, element). */
void *binary_search(const void *key, const void *base, size_t count, size_t size, sort_compare_fn *compare);

#endif /* LIB_SORT_H */
