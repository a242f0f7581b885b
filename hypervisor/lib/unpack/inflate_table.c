/* SPDX-License-Identifier: MIT */
/*
 * Decoding tables for the canonical Huffman codes of deflate.
 *
 * The next main_bits bits index an entry. A code that is shorter fills all entries that begin with it (in the
 * low bits: deflate writes codes from the top bit on into bits from the bottom on); longer codes with the
 * same beginning share a subtable, which stands behind the main table. Pure, no locks.
 */
#include "lib/unpack/formats.h"
#include "lib/unpack/inflate.h"

static unsigned int reverse_bits(unsigned int code, unsigned int len)
{
	unsigned int reversed = 0;

	for (; len; len--, code >>= 1)
		reversed = reversed << 1 | (code & 1);
	return reversed;
}

/*
 * The bits of a subtable for codes that begin as `code` does: enough for the codes yet to come with that
 * prefix.
 */
static unsigned int subtable_bits(const u16 *count, unsigned int len, unsigned int main_bits)
{
	unsigned int bits = len - main_bits, room = 1U << bits;

	while (bits + main_bits < HUFFMAN_BITS_MAX && count[bits + main_bits] < room) {
		room = (room - count[bits + main_bits]) << 1;
		bits++;
	}
	return bits;
}

/*
 * Where the symbols of each length stand in order of (length, symbol). The codes must fit and, but for a lone
 * one of length 1, fill the space of codes: -EBADMSG.
 */
static int sort_symbols(const u8 *lengths, unsigned int symbols, u16 *count, u16 *sorted)
{
	unsigned int used = 0, offset[HUFFMAN_BITS_MAX + 2] = { 0 };

	memset(count, 0, (HUFFMAN_BITS_MAX + 1) * sizeof(*count));
	for (unsigned int i = 0; i < symbols; i++)
		count[lengths[i]]++;
	count[0] = 0;
	for (unsigned int len = 1; len <= HUFFMAN_BITS_MAX; len++) {
		used = used * 2 + count[len];
		offset[len + 1] = offset[len] + count[len];
		if (used > 1U << len)
			return -EBADMSG;
	}
	for (unsigned int i = 0; i < symbols; i++)
		if (lengths[i])
			sorted[offset[lengths[i]]++] = i;
	return used == 1U << HUFFMAN_BITS_MAX || offset[HUFFMAN_BITS_MAX + 1] == count[1] ? 0 : -EBADMSG;
}

/* All places of a table of 2^bits entries whose low `len` index bits are `code`. */
static void fill(u32 *table, unsigned int code, unsigned int len, unsigned int bits, u32 entry)
{
	for (unsigned int i = code; i < 1U << bits; i += 1U << len)
		table[i] = entry == NO_SYMBOL ? 0 : entry | len;
}

int inflate_build_table(u32 *table, unsigned int entries, unsigned int main_bits, const u8 *lengths,
			unsigned int symbols, u32 (*entry_of)(unsigned int))
{
	u16 count[HUFFMAN_BITS_MAX + 1], sorted[HUFFMAN_SYMBOLS_MAX];
	unsigned int code = 0, next = 0, free_entry = 1U << main_bits;
	unsigned int sub_bits = 0, sub_start = 0, sub_prefix = ~0U;

	if (sort_symbols(lengths, symbols, count, sorted))
		return -EBADMSG;
	memset(table, 0, sizeof(*table) << main_bits);
	for (unsigned int len = 1; len <= HUFFMAN_BITS_MAX; len++, code <<= 1) {
		for (unsigned int left = count[len]; left; left--, code++) {
			unsigned int reversed = reverse_bits(code, len);
			unsigned int prefix = reversed & ((1U << main_bits) - 1);
			u32 entry = entry_of(sorted[next++]);

			if (len <= main_bits) {
				fill(table, reversed, len, main_bits, entry);
				continue;
			}
			if (prefix != sub_prefix) {
				u16 remaining[HUFFMAN_BITS_MAX + 1];

				memcpy(remaining, count, sizeof(remaining));
				remaining[len] = left;
				sub_bits = subtable_bits(remaining, len, main_bits);
				sub_start = free_entry;
				free_entry += 1U << sub_bits;
				if (free_entry > entries)
					return -EBADMSG;
				memset(table + sub_start, 0, sizeof(*table) << sub_bits);
				table[prefix] = ENTRY(KIND_SUBTABLE, sub_bits, sub_start) | main_bits;
				sub_prefix = prefix;
			}
			fill(table + sub_start, reversed >> main_bits, len - main_bits, sub_bits, entry);
		}
	}
	return 0;
}
