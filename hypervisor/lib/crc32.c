/* SPDX-License-Identifier: MIT */
/*
 * CRC-32, eight bytes a step: table k maps a byte to its contribution when k zero bytes follow it, so that
 * the eight lookups of a step are independent and their results are just xored.
 *
 * The tables (8 KiB) are computed at the first call. Two callers that race compute the same values; `ready`
 * is written last. No locks.
 */
#include "lib/crc32.h"

#define POLYNOMIAL	0xedb88320u

typedef u64 __attribute__((may_alias, aligned(1))) word_any_t;

static u32 table[8][256];
static bool ready;

static void build_tables(void)
{
	for (u32 i = 0; i < 256; i++) {
		u32 crc = i;

		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
		table[0][i] = crc;
	}
	for (int k = 1; k < 8; k++)
		for (u32 i = 0; i < 256; i++)
			table[k][i] = table[k - 1][i] >> 8 ^ table[0][table[k - 1][i] & 0xff];
	__atomic_store_n(&ready, true, __ATOMIC_RELEASE);
}

u32 crc32(u32 crc, const void *data, size_t len)
{
	const u8 *p = data;

	if (!__atomic_load_n(&ready, __ATOMIC_ACQUIRE))
		build_tables();
	crc = ~crc;
	for (; len >= 8; len -= 8, p += 8) {
		u64 v = *(const word_any_t *)p ^ crc;

		crc = table[7][v & 0xff] ^ table[6][v >> 8 & 0xff] ^ table[5][v >> 16 & 0xff] ^
		      table[4][v >> 24 & 0xff] ^ table[3][v >> 32 & 0xff] ^ table[2][v >> 40 & 0xff] ^
		      table[1][v >> 48 & 0xff] ^ table[0][v >> 56];
	}
	for (; len; len--)
		crc = crc >> 8 ^ table[0][(crc ^ *p++) & 0xff];
	return ~crc;
}
