/* SPDX-License-Identifier: MIT */
/* The fuzzer's input as a stream of numbers. */
#include "fuzz.h"

static const u8 *in;
static size_t left;
static u32 bits, nr_bits;

void input_start(const u8 *data, size_t size)
{
	in = data;
	left = size;
	nr_bits = 0;
}

bool input_left(void)
{
	return left;
}

u8 in_byte(void)
{
	if (!left)
		return 0;
	left--;
	return *in++;
}

u32 in_word(void)
{
	u32 w = in_byte();

	w |= (u32)in_byte() << 8;
	w |= (u32)in_byte() << 16;
	return w | (u32)in_byte() << 24;
}

u32 in_below(u32 n)
{
	return in_byte() % n;
}

bool in_bit(void)
{
	bool bit;

	if (!nr_bits) {
		bits = in_byte();
		nr_bits = 8;
	}
	bit = bits & 1;
	bits >>= 1;
	nr_bits--;
	return bit;
}
