/* SPDX-License-Identifier: MIT */
/*
 * XXH64: four lanes of eight bytes, merged, then the rest in words, halves and bytes. Pure, no locks.
 */
#include "lib/unpack/formats.h"
#include "lib/unpack/xxh64.h"

#define P1	0x9e3779b185ebca87UL
#define P2	0xc2b2ae3d27d4eb4fUL
#define P3	0x165667b19e3779f9UL
#define P4	0x85ebca77c2b2ae63UL
#define P5	0x27d4eb2f165667c5UL

static inline u64 rotate(u64 x, unsigned int by)
{
	return x << by | x >> (64 - by);
}

static inline u64 mix(u64 lane, u64 word)
{
	return rotate(lane + word * P2, 31) * P1;
}

static inline u64 merge(u64 hash, u64 lane)
{
	return (hash ^ mix(0, lane)) * P1 + P4;
}

u64 xxh64(const u8 *data, size_t len)
{
	const u8 *p = data, *end = data + len;
	u64 a = P1 + P2, b = P2, c = 0, d = -P1, hash = P5;

	if (len >= 32) {
		for (; end - p >= 32; p += 32) {
			a = mix(a, load64(p));
			b = mix(b, load64(p + 8));
			c = mix(c, load64(p + 16));
			d = mix(d, load64(p + 24));
		}
		hash = rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18);
		hash = merge(merge(merge(merge(hash, a), b), c), d);
	}
	hash += len;
	for (; end - p >= 8; p += 8)
		hash = rotate(hash ^ mix(0, load64(p)), 27) * P1 + P4;
	if (end - p >= 4) {
		hash = rotate(hash ^ load32(p) * P1, 23) * P2 + P3;
		p += 4;
	}
	for (; p < end; p++)
		hash = rotate(hash ^ *p * P5, 11) * P1;
	hash = (hash ^ hash >> 33) * P2;
	hash = (hash ^ hash >> 29) * P3;
	return hash ^ hash >> 32;
}
