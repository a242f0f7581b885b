/* SPDX-License-Identifier: MIT */
/*
 * 64-bit multiplication and division through a 128-bit intermediate, for time arithmetic. Two instructions
 * each.
 */
#ifndef LIB_MULDIV_H
#define LIB_MULDIV_H

#include "lib/types.h"

/* a * mul >> shift, exact as long as the result fits 64 bits; shift <= 127. */
static inline u64 mul_u64_u64_shr(u64 a, u64 mul, unsigned int shift)
{
	return (unsigned __int128)a * mul >> shift;
}

static inline u64 mul_u64_u32_shr(u64 a, u32 mul, unsigned int shift)
{
	return mul_u64_u64_shr(a, mul, shift);
}

/*
 * a * mul / div, rounded down; all ones if the result does not fit or div is 0. The division is done by hand
 * because gcc would call a 128-bit library routine.
 */
static inline u64 muldiv64(u64 a, u64 mul, u64 div)
{
	unsigned __int128 product = (unsigned __int128)a * mul;
	u64 high = product >> 64, low = (u64)product;

	if (high >= div)
		return ~0UL;
	__asm__ ("divq %2" : "+a" (low), "+d" (high) : "rm" (div) : "cc");
	return low;
}

#endif /* LIB_MULDIV_H */
