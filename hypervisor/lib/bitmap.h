/* SPDX-License-Identifier: MIT */
/*
 * Bitmaps: arrays of unsigned long, bit n in word n / 64. `nbits` bounds every operation on a whole map; bits
 * of the last word beyond it are ignored by the readers and may be written by fill and zero.
 * Not atomic: the caller owns the map. lib/atomic.h has the operations for shared ones.
 */
#ifndef LIB_BITMAP_H
#define LIB_BITMAP_H

#include "lib/types.h"

#define BITS_PER_LONG			64
#define BITS_TO_LONGS(n)		DIV_ROUND_UP((n), BITS_PER_LONG)
#define DECLARE_BITMAP(name, n)		unsigned long name[BITS_TO_LONGS(n)]

static inline void bitmap_set_bit(unsigned long *map, size_t nr)
{
	map[nr / BITS_PER_LONG] |= 1UL << nr % BITS_PER_LONG;
}

static inline void bitmap_clear_bit(unsigned long *map, size_t nr)
{
	map[nr / BITS_PER_LONG] &= ~(1UL << nr % BITS_PER_LONG);
}

static inline bool bitmap_test_bit(const unsigned long *map, size_t nr)
{
	return map[nr / BITS_PER_LONG] >> nr % BITS_PER_LONG & 1;
}

void bitmap_zero(unsigned long *map, size_t nbits);
void bitmap_fill(unsigned long *map, size_t nbits);
void bitmap_copy(unsigned long *dst, const unsigned long *src, size_t nbits);
void bitmap_set_range(unsigned long *map, size_t start, size_t count);
void bitmap_clear_range(unsigned long *map, size_t start, size_t count);
void bitmap_and(unsigned long *dst, const unsigned long *a, const unsigned long *b, size_t nbits);
void bitmap_or(unsigned long *dst, const unsigned long *a, const unsigned long *b, size_t nbits);
bool bitmap_empty(const unsigned long *map, size_t nbits);
bool bitmap_full(const unsigned long *map, size_t nbits);
bool bitmap_equal(const unsigned long *a, const unsigned long *b, size_t nbits);
bool bitmap_intersects(const unsigned long *a, const unsigned long *b, size_t nbits);
/* Number of bits set. */
size_t bitmap_weight(const unsigned long *map, size_t nbits);

/* First bit >= start that is set (or clear); nbits if none is. */
size_t bitmap_find_next(const unsigned long *map, size_t nbits, size_t start);
size_t bitmap_find_next_zero(const unsigned long *map, size_t nbits, size_t start);

static inline size_t bitmap_find_first(const unsigned long *map, size_t nbits)
{
	return bitmap_find_next(map, nbits, 0);
}

static inline size_t bitmap_find_first_zero(const unsigned long *map, size_t nbits)
{
	return bitmap_find_next_zero(map, nbits, 0);
}

#define bitmap_for_each(bit, map, nbits)						\
	for ((bit) = bitmap_find_next(map, nbits, 0); (bit) < (nbits);			\
	     (bit) = bitmap_find_next(map, nbits, (bit) + 1))

/* Number of the lowest and highest bit set; the value must not be 0. */
static inline unsigned int bit_lowest(u64 value)
{
	return __builtin_ctzl(value);
}

static inline unsigned int bit_highest(u64 value)
{
	return 63 - __builtin_clzl(value);
}

/* Smallest n with 2^n >= value. */
static inline unsigned int order_of(u64 value)
{
	return value <= 1 ? 0 : bit_highest(value - 1) + 1;
}

#endif /* LIB_BITMAP_H */
