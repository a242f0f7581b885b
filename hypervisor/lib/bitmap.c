/* SPDX-License-Identifier: MIT */
/*
 * Bitmap operations on whole maps, a word a step. The last word is masked by tail_mask() wherever bits beyond
 * the end could matter. Pure, no locks.
 */
#include "lib/bitmap.h"
#include "lib/string.h"

/* The valid bits of the word that holds bit nbits - 1. */
static inline unsigned long tail_mask(size_t nbits)
{
	return ~0UL >> (-nbits % BITS_PER_LONG);
}

/* gcc would call a library function without -mpopcnt. */
static inline unsigned int weight_of(u64 v)
{
	v -= v >> 1 & 0x5555555555555555UL;
	v = (v & 0x3333333333333333UL) + (v >> 2 & 0x3333333333333333UL);
	v = (v + (v >> 4)) & 0x0f0f0f0f0f0f0f0fUL;
	return v * 0x0101010101010101UL >> 56;
}

void bitmap_zero(unsigned long *map, size_t nbits)
{
	memset(map, 0, BITS_TO_LONGS(nbits) * sizeof(long));
}

void bitmap_fill(unsigned long *map, size_t nbits)
{
	memset(map, 0xff, BITS_TO_LONGS(nbits) * sizeof(long));
}

void bitmap_copy(unsigned long *dst, const unsigned long *src, size_t nbits)
{
	memcpy(dst, src, BITS_TO_LONGS(nbits) * sizeof(long));
}

static void write_range(unsigned long *map, size_t start, size_t count, bool value)
{
	while (count) {
		size_t shift = start % BITS_PER_LONG, n = MIN(count, BITS_PER_LONG - shift);
		unsigned long mask = ~0UL >> (BITS_PER_LONG - n) << shift;
		unsigned long *word = map + start / BITS_PER_LONG;

		*word = value ? *word | mask : *word & ~mask;
		start += n;
		count -= n;
	}
}

void bitmap_set_range(unsigned long *map, size_t start, size_t count)
{
	write_range(map, start, count, true);
}

void bitmap_clear_range(unsigned long *map, size_t start, size_t count)
{
	write_range(map, start, count, false);
}

void bitmap_and(unsigned long *dst, const unsigned long *a, const unsigned long *b, size_t nbits)
{
	for (size_t i = 0; i < BITS_TO_LONGS(nbits); i++)
		dst[i] = a[i] & b[i];
}

void bitmap_or(unsigned long *dst, const unsigned long *a, const unsigned long *b, size_t nbits)
{
	for (size_t i = 0; i < BITS_TO_LONGS(nbits); i++)
		dst[i] = a[i] | b[i];
}

bool bitmap_empty(const unsigned long *map, size_t nbits)
{
	return bitmap_find_next(map, nbits, 0) == nbits;
}

bool bitmap_full(const unsigned long *map, size_t nbits)
{
	return bitmap_find_next_zero(map, nbits, 0) == nbits;
}

bool bitmap_equal(const unsigned long *a, const unsigned long *b, size_t nbits)
{
	size_t i, whole = nbits / BITS_PER_LONG;

	for (i = 0; i < whole; i++)
		if (a[i] != b[i])
			return false;
	return nbits % BITS_PER_LONG == 0 || ((a[i] ^ b[i]) & tail_mask(nbits)) == 0;
}

bool bitmap_intersects(const unsigned long *a, const unsigned long *b, size_t nbits)
{
	size_t i, whole = nbits / BITS_PER_LONG;

	for (i = 0; i < whole; i++)
		if (a[i] & b[i])
			return true;
	return nbits % BITS_PER_LONG != 0 && (a[i] & b[i] & tail_mask(nbits)) != 0;
}

size_t bitmap_weight(const unsigned long *map, size_t nbits)
{
	size_t i, whole = nbits / BITS_PER_LONG, weight = 0;

	for (i = 0; i < whole; i++)
		weight += weight_of(map[i]);
	if (nbits % BITS_PER_LONG)
		weight += weight_of(map[i] & tail_mask(nbits));
	return weight;
}

/* `flip` is 0 to look for a set bit, all ones to look for a clear one. */
static inline size_t find_next(const unsigned long *map, size_t nbits, size_t start, unsigned long flip)
{
	unsigned long word;
	size_t i = start / BITS_PER_LONG;

	if (start >= nbits)
		return nbits;
	word = (map[i] ^ flip) & ~0UL << start % BITS_PER_LONG;
	while (!word) {
		if (++i >= BITS_TO_LONGS(nbits))
			return nbits;
		word = map[i] ^ flip;
	}
	return MIN(i * BITS_PER_LONG + bit_lowest(word), nbits);
}

size_t bitmap_find_next(const unsigned long *map, size_t nbits, size_t start)
{
	return find_next(map, nbits, start, 0);
}

size_t bitmap_find_next_zero(const unsigned long *map, size_t nbits, size_t start)
{
	return find_next(map, nbits, start, ~0UL);
}
