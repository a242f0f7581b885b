/* SPDX-License-Identifier: MIT */
/* lib/crc32.c against zlib, whole and in pieces. */
/* zlib.h declares a crc32() of another type; its crc32_z() is the same function. */
#define crc32 zlib_crc32
#include <zlib.h>
#undef crc32

#include "unit.h"
#include "lib/crc32.h"

TEST(known_value)
{
	CHECK_EQ(crc32(0, "123456789", 9), 0xcbf43926);
	CHECK_EQ(crc32(0, "", 0), 0);
}

TEST(pieces_equal_the_whole)
{
	static unsigned char data[1000];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = unit_random();
	for (int round = 0; round < 3000; round++) {
		size_t start = unit_random() % 500, n = unit_random() % 500, cut = n ? unit_random() % n : 0;
		u32 whole = crc32(0, data + start, n);

		CHECK_EQ(whole, (u32)crc32_z(0, data + start, n));
		CHECK_EQ(whole, crc32(crc32(0, data + start, cut), data + start + cut, n - cut));
	}
}

int main(void)
{
	RUN(known_value);
	RUN(pieces_equal_the_whole);
	return unit_end();
}
