/* SPDX-License-Identifier: MIT */
/*
 * Deflate (RFC 1951): blocks of literals and matches under Huffman codes.
 *
 * Codes are decoded by tables: the next MAIN_BITS bits index an entry that holds the symbol's meaning and its
 * length, or refers to a subtable for the rest of a longer code. Bits are taken from a 64-bit buffer that is
 * refilled when it could be too short, so that a whole length and distance (48 bits at most) come out of one
 * filling.
 *
 * Past the end of the input zeroes are fed in and counted; it is an error if one is used. Pure, no locks.
 */
#include "lib/unpack/formats.h"
#include "lib/unpack/inflate.h"
#include "lib/unpack/unpack.h"

enum {
	MAIN_BITS = 10, DIST_MAIN_BITS = 9, PRECODE_BITS = 7,
	LITLEN_SYMBOLS = HUFFMAN_SYMBOLS_MAX, DIST_SYMBOLS = 32, PRECODE_SYMBOLS = 19,
	/* Each main entry can have a subtable; their sizes sum up to at most twice the number of symbols
	 * rounded up by code length, which 1 << 11 entries cover with room to spare. */
	LITLEN_ENTRIES = (1 << MAIN_BITS) + 2048, DIST_ENTRIES = (1 << DIST_MAIN_BITS) + 2048,
};

struct inflate {
	const u8 *in, *in_end;
	u64 bits;
	unsigned int nbits;		/* valid ones in `bits` */
	unsigned int fed_zeroes;	/* bytes past the end of the input */
	u8 *out, *out_start;
	const u8 *out_end;
	u32 *litlen, *dist;		/* tables */
	u32 *precode;
	u8 *lengths;			/* LITLEN_SYMBOLS + DIST_SYMBOLS of them */
};

struct inflate_scratch {
	u32 litlen[LITLEN_ENTRIES], dist[DIST_ENTRIES], precode[1 << PRECODE_BITS];
	u8 lengths[LITLEN_SYMBOLS + DIST_SYMBOLS];
};
static_assert(sizeof(struct inflate_scratch) <= UNPACK_SCRATCH_SIZE, "fits the scratch memory");

static const u16 length_base[] = {
	3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115,
	131, 163, 195, 227, 258,
};
static const u8 length_extra[] = {
	0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
};

/* At least 56 bits are there afterwards. */
static __always_inline void refill(struct inflate *s)
{
	if (likely(s->in_end - s->in >= 8)) {
		s->bits |= load64(s->in) << s->nbits;
		s->in += (63 - s->nbits) >> 3;
		s->nbits |= 56;
		return;
	}
	for (; s->nbits <= 56; s->nbits += 8) {
		if (s->in < s->in_end)
			s->bits |= (u64)*s->in++ << s->nbits;
		else
			s->fed_zeroes++;
	}
}

static __always_inline u32 take(struct inflate *s, unsigned int count)
{
	u32 value = s->bits & ((1UL << count) - 1);

	s->bits >>= count;
	s->nbits -= count;
	return value;
}

/* Whether bits were taken that were not in the input. */
static bool ran_out(const struct inflate *s)
{
	return s->fed_zeroes * 8 > s->nbits;
}

static u32 litlen_entry(unsigned int symbol)
{
	if (symbol < 256)
		return ENTRY(KIND_LITERAL, 0, symbol);
	if (symbol == 256)
		return ENTRY(KIND_END, 0, 0);
	symbol -= 257;
	if (symbol >= ARRAY_SIZE(length_base))
		return NO_SYMBOL;
	return ENTRY(KIND_BASE, length_extra[symbol], length_base[symbol]);
}

/* Distance codes: two a power of two. */
static u32 dist_entry(unsigned int symbol)
{
	unsigned int extra = symbol < 4 ? 0 : symbol / 2 - 1;

	if (symbol >= 30)
		return NO_SYMBOL;
	return ENTRY(KIND_BASE, extra, symbol < 4 ? symbol + 1 : ((2 + (symbol & 1)) << extra) + 1);
}

static u32 precode_entry(unsigned int symbol)
{
	return ENTRY(KIND_LITERAL, 0, symbol);
}

/* The entry for the next code, whose bits are taken; 0 if there is no such code. */
static __always_inline u32 decode(struct inflate *s, const u32 *table, unsigned int main_bits)
{
	u32 entry = table[s->bits & ((1U << main_bits) - 1)];

	if (unlikely(ENTRY_KIND(entry) == KIND_SUBTABLE)) {
		take(s, main_bits);
		entry = table[ENTRY_VALUE(entry) + (s->bits & ((1U << ENTRY_EXTRA(entry)) - 1))];
	}
	take(s, ENTRY_LEN(entry));
	return entry;
}

/* The symbols of one block, up to its end mark. A copy of the state lives in registers. */
static int unpack_codes(struct inflate *state)
{
	struct inflate s = *state;
	u32 entry, len, distance;
	int rc = -EBADMSG;

	for (;;) {
		if (s.nbits < 48) {
			refill(&s);
			if (unlikely(s.fed_zeroes) && ran_out(&s))
				break;
		}
		entry = decode(&s, s.litlen, MAIN_BITS);
		if (likely(ENTRY_KIND(entry) == KIND_LITERAL)) {
			if (unlikely(entry == 0))
				break;
			if (unlikely(s.out == s.out_end)) {
				rc = -ENOSPC;
				break;
			}
			*s.out++ = ENTRY_VALUE(entry);
			continue;
		}
		if (ENTRY_KIND(entry) == KIND_END) {
			rc = ran_out(&s) ? -EBADMSG : 0;
			break;
		}
		len = ENTRY_VALUE(entry) + take(&s, ENTRY_EXTRA(entry));
		entry = decode(&s, s.dist, DIST_MAIN_BITS);
		if (unlikely(entry == 0))
			break;
		distance = ENTRY_VALUE(entry) + take(&s, ENTRY_EXTRA(entry));
		if (unlikely(distance > (size_t)(s.out - s.out_start)))
			break;
		if (unlikely(len > (size_t)(s.out_end - s.out))) {
			rc = -ENOSPC;
			break;
		}
		s.out = copy_match(s.out, distance, len, s.out_end);
	}
	*state = s;
	return rc;
}

static int unpack_stored(struct inflate *s)
{
	u32 len, check;

	take(s, s->nbits & 7);
	refill(s);
	len = take(s, 16);
	check = take(s, 16);
	if ((len ^ check) != 0xffff || ran_out(s))
		return -EBADMSG;
	/* Give back the whole bytes that were read ahead. */
	s->in -= s->nbits / 8 - s->fed_zeroes;
	s->nbits = s->bits = s->fed_zeroes = 0;
	if (len > (size_t)(s->in_end - s->in))
		return -EBADMSG;
	if (len > (size_t)(s->out_end - s->out))
		return -ENOSPC;
	memcpy(s->out, s->in, len);
	s->in += len;
	s->out += len;
	return 0;
}

/* The lengths of both codes, run-length coded by a third one. */
static int read_lengths(struct inflate *s, unsigned int total)
{
	unsigned int i = 0;

	while (i < total) {
		unsigned int symbol, repeat = 1;
		u8 value = 0;
		u32 entry;

		refill(s);
		entry = decode(s, s->precode, PRECODE_BITS);
		if (!ENTRY_LEN(entry) || ran_out(s))
			return -EBADMSG;
		symbol = ENTRY_VALUE(entry);
		if (symbol < 16) {
			value = symbol;
		} else if (symbol == 16) {
			if (i == 0)
				return -EBADMSG;
			value = s->lengths[i - 1];
			repeat = 3 + take(s, 2);
		} else {
			repeat = symbol == 17 ? 3 + take(s, 3) : 11 + take(s, 7);
		}
		if (repeat > total - i)
			return -EBADMSG;
		memset(s->lengths + i, value, repeat);
		i += repeat;
	}
	return 0;
}

static int build_tables(struct inflate *s, unsigned int litlens, unsigned int dists)
{
	if (inflate_build_table(s->litlen, LITLEN_ENTRIES, MAIN_BITS, s->lengths, litlens, litlen_entry))
		return -EBADMSG;
	return inflate_build_table(s->dist, DIST_ENTRIES, DIST_MAIN_BITS, s->lengths + litlens, dists,
				   dist_entry);
}

static int read_dynamic_tables(struct inflate *s)
{
	static const u8 order[PRECODE_SYMBOLS] = {
		16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
	};
	unsigned int litlens = 257 + take(s, 5), dists = 1 + take(s, 5), precodes = 4 + take(s, 4);
	u8 lengths[PRECODE_SYMBOLS] = { 0 };

	if (litlens > 286)
		return -EBADMSG;
	for (unsigned int i = 0; i < precodes; i++) {
		refill(s);
		lengths[order[i]] = take(s, 3);
	}
	if (inflate_build_table(s->precode, 1 << PRECODE_BITS, PRECODE_BITS, lengths, PRECODE_SYMBOLS,
				precode_entry))
		return -EBADMSG;
	if (read_lengths(s, litlens + dists))
		return -EBADMSG;
	if (!s->lengths[256])
		return -EBADMSG;
	return build_tables(s, litlens, dists);
}

static int build_fixed_tables(struct inflate *s)
{
	memset(s->lengths, 8, 144);
	memset(s->lengths + 144, 9, 112);
	memset(s->lengths + 256, 7, 24);
	memset(s->lengths + 280, 8, 8);
	memset(s->lengths + LITLEN_SYMBOLS, 5, DIST_SYMBOLS);
	return build_tables(s, LITLEN_SYMBOLS, DIST_SYMBOLS);
}

static int unpack_block(struct inflate *s, unsigned int type)
{
	int rc;

	switch (type) {
	case 0:
		return unpack_stored(s);
	case 1:
		rc = build_fixed_tables(s);
		break;
	case 2:
		rc = read_dynamic_tables(s);
		break;
	default:
		rc = -EBADMSG;
		break;
	}
	return rc ?: unpack_codes(s);
}

static int unpack_blocks(struct inflate *s)
{
	bool last;
	int rc;

	do {
		unsigned int type;

		refill(s);
		last = take(s, 1);
		type = take(s, 2);
		rc = unpack_block(s, type);
		if (rc)
			return rc;
		if (ran_out(s))
			return -EBADMSG;
	} while (!last);
	/* Whole bytes that were read ahead belong to the trailer. */
	s->in -= s->nbits / 8 - s->fed_zeroes;
	return 0;
}

int inflate_unpack(const u8 **in, const u8 *in_end, u8 *out, size_t out_len,
		   void *scratch, size_t *produced)
{
	struct inflate_scratch *mem = scratch;
	struct inflate s = {
		.in = *in, .in_end = in_end, .out = out, .out_start = out, .out_end = out + out_len,
		.litlen = mem->litlen, .dist = mem->dist, .precode = mem->precode, .lengths = mem->lengths,
	};
	int rc = unpack_blocks(&s);

	*in = s.in;
	*produced = s.out - out;
	return rc;
}
