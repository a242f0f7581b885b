/* SPDX-License-Identifier: MIT */
/*
 * Deflate, the compression inside gzip. Private to unpack/.
 */
#ifndef LIB_UNPACK_INFLATE_H
#define LIB_UNPACK_INFLATE_H

#include "lib/types.h"

/* Unpack one deflate stream; *in moves behind it. Contract as for unpack(). */
int __must_check inflate_unpack(const u8 **in, const u8 *in_end, u8 *out, size_t out_len,
				void *scratch, size_t *produced);

enum { HUFFMAN_BITS_MAX = 15, HUFFMAN_SYMBOLS_MAX = 288 };

/*
 * A table entry: bits 0-3 length of the code (0: no such code), 4-7 extra bits (or the subtable's index
 * bits), 8-9 kind, 16-31 literal, base value or subtable position.
 */
enum { KIND_LITERAL, KIND_BASE, KIND_END, KIND_SUBTABLE };

#define ENTRY(kind, extra, value)	((u32)(value) << 16 | (u32)(kind) << 8 | (u32)(extra) << 4)
#define NO_SYMBOL	(~0U)	/* not for tables: those have 0 there */
#define ENTRY_LEN(e)	((e) & 15)
#define ENTRY_EXTRA(e)	((e) >> 4 & 15)
#define ENTRY_KIND(e)	((e) >> 8 & 3)
#define ENTRY_VALUE(e)	((e) >> 16)

/*
 * Build the table for canonical codes. A lone code of length 1, or none, is accepted though incomplete: the
 * entries that no code reaches are 0, and using one is an error. -EBADMSG: too many codes or too few.
 */
int __must_check inflate_build_table(u32 *table, unsigned int entries, unsigned int main_bits,
				     const u8 *lengths, unsigned int symbols, u32 (*entry_of)(unsigned int));

#endif /* LIB_UNPACK_INFLATE_H */
