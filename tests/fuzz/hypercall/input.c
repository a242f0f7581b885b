/* SPDX-License-Identifier: MIT */
/*
 * The fuzzer's input as a stream of numbers. When it is used up, numbers drawn from its first word go on for as many
 * steps as its next byte says: so even a short input is a long life of guests, and what is added to it comes before
 * that tail.
 */
#include "fuzz.h"

static const u8 *in;
static size_t left;
static u32 bits, nr_bits, drawn, steps_after;

void input_start(const u8 *data, size_t size)
{
	in = data;
	left = size;
	nr_bits = 0;
	drawn = 0;
	drawn = in_word();
	steps_after = in_byte() / 2;
}

bool input_left(void)
{
	if (left)
		return true;
	if (!drawn || !steps_after)
		return false;
	steps_after--;
	return true;
}

/* Xorshift: 0 stays 0, so an input that begins with it ends with zeros. */
static u8 draw(void)
{
	drawn ^= drawn << 13;
	drawn ^= drawn >> 17;
	drawn ^= drawn << 5;
	return (u8)(drawn >> 24);
}

u8 in_byte(void)
{
	if (!left)
		return draw();
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
