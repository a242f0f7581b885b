/* SPDX-License-Identifier: MIT */
/*
 * Arithmetic that says when it overflowed. Each macro stores the (wrapped) result through the last argument
 * and answers true on overflow; the operands and the result may have different integer types.
 */
#ifndef LIB_OVERFLOW_H
#define LIB_OVERFLOW_H

#include "lib/types.h"

#define add_overflows(a, b, result)	__builtin_add_overflow(a, b, result)
#define sub_overflows(a, b, result)	__builtin_sub_overflow(a, b, result)
#define mul_overflows(a, b, result)	__builtin_mul_overflow(a, b, result)

/* Whether [offset, offset + len) lies within [0, total). An empty range at the end does. */
static inline bool range_fits(u64 offset, u64 len, u64 total)
{
	return offset <= total && len <= total - offset;
}

/* Whether [a, a + a_len) and [b, b + b_len) share a byte; neither may wrap. */
static inline bool ranges_overlap(u64 a, u64 a_len, u64 b, u64 b_len)
{
	return a_len && b_len && a < b + b_len && b < a + a_len;
}

#endif /* LIB_OVERFLOW_H */
