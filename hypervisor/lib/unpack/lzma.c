/* SPDX-License-Identifier: MIT */
/*
 * LZMA: a range coder with adaptive bits over literals, matches and repeated matches; and LZMA2, which cuts
 * the stream into chunks that say what is reset.
 *
 *   range coder   each bit has a probability p of being 0 (11 bits); `range` is split at range / 2^11 * p,
 *                 and the bit is told by the side on which `code` lies; p moves 1/32 of its way towards it
 *   state         what the last symbols were: below 7 the last was a literal
 *
 * Decoding one symbol takes at most 20 bytes and one to come: that much is demanded before each symbol
 * instead of checking each byte. After a chunk the position tells whether it took exactly its own. The
 * decoder's state is one local struct, passed to functions that are all inlined into one loop, so that it
 * lives in registers.
 */
#include "lib/unpack/formats.h"
#include "lib/unpack/lzma.h"
#include "lib/unpack/unpack.h"

enum {
	PROB_BITS = 11, PROB_INIT = 1 << (PROB_BITS - 1), PROB_MOVE = 5,
	STATES = 12, FIRST_MATCH_STATE = 7, POS_STATES_MAX = 16,
	LITERAL_CODER_SIZE = 0x300, LITERAL_BITS_MAX = 4,	/* lc + lp in LZMA2 */
	LEN_MIN = 2, LEN_LOW_SYMBOLS = 8, LEN_HIGH_SYMBOLS = 256,
	DIST_STATES = 4, DIST_SLOTS = 64, DIST_MODEL_START = 4, DIST_MODEL_END = 14,
	FULL_DISTANCES = 1 << (DIST_MODEL_END / 2), ALIGN_BITS = 4, ALIGN_SIZE = 1 << ALIGN_BITS,
	RC_INIT_BYTES = 5,
};

struct len_probs {
	u16 choice, choice2;
	u16 low[POS_STATES_MAX][LEN_LOW_SYMBOLS], mid[POS_STATES_MAX][LEN_LOW_SYMBOLS];
	u16 high[LEN_HIGH_SYMBOLS];
};

/* Probabilities only: reset sets every one of them to a half. */
struct probs {
	u16 is_match[STATES][POS_STATES_MAX], is_rep0_long[STATES][POS_STATES_MAX];
	u16 is_rep[STATES], is_rep0[STATES], is_rep1[STATES], is_rep2[STATES];
	u16 dist_slot[DIST_STATES][DIST_SLOTS];
	u16 dist_special[FULL_DISTANCES - DIST_MODEL_END + 1];
	u16 dist_align[ALIGN_SIZE];
	struct len_probs match_len, rep_len;
	u16 literal[1 << LITERAL_BITS_MAX][LITERAL_CODER_SIZE];
};
static_assert(sizeof(struct probs) <= UNPACK_SCRATCH_SIZE - KiB(8), "fits, with room for the tables of xz.c");

struct lzma {
	u32 range, code;
	const u8 *in, *in_end;
	u8 *out;
	const u8 *out_end;		/* of this chunk */
	const u8 *dict_start;
	const u8 *buffer_end;		/* of the whole output, for the copying of words */
	struct probs *probs;
	u32 state;
	u32 rep[4];			/* the last distances, less one */
	u32 lc, literal_pos_mask, pos_mask;
};

size_t lzma_scratch_size(void)
{
	return sizeof(struct probs);
}

static __always_inline void normalise(struct lzma *s)
{
	if (s->range < 1U << 24) {
		s->range <<= 8;
		s->code = s->code << 8 | *s->in++;
	}
}

static __always_inline bool decode_bit(struct lzma *s, u16 *prob)
{
	u32 p = *prob, bound;

	normalise(s);
	bound = (s->range >> PROB_BITS) * p;
	if (s->code < bound) {
		s->range = bound;
		*prob = p + (((1U << PROB_BITS) - p) >> PROB_MOVE);
		return false;
	}
	s->range -= bound;
	s->code -= bound;
	*prob = p - (p >> PROB_MOVE);
	return true;
}

/*
 * A number below `limit` (a power of two), most significant bit first; the answer has `limit` added.
 * Unrolled: in literals, where most of the time goes, this saves a tenth.
 */
static __always_inline u32 decode_tree(struct lzma *s, u16 *probs, u32 limit)
{
	u32 symbol = 1;

#pragma GCC unroll 8
	for (u32 reached = 1; reached < limit; reached *= 2)
		symbol = symbol * 2 + decode_bit(s, &probs[symbol]);
	return symbol;
}

/* The same, least significant bit first, added to `base`. */
static __always_inline u32 decode_reverse(struct lzma *s, u16 *probs, u32 base, u32 bits)
{
	u32 symbol = 1, i = 0;

	do {
		bool bit = decode_bit(s, &probs[symbol]);

		symbol = symbol * 2 + bit;
		base += (u32)bit << i;
	} while (++i < bits);
	return base;
}

/* `bits` bits of even chance, appended to `value`. */
static __always_inline u32 decode_direct(struct lzma *s, u32 value, u32 bits)
{
	do {
		u32 borrow;

		normalise(s);
		s->range >>= 1;
		s->code -= s->range;
		borrow = 0 - (s->code >> 31);
		s->code += s->range & borrow;
		value = value * 2 + 1 + borrow;
	} while (--bits);
	return value;
}

static __always_inline u32 position(const struct lzma *s)
{
	return s->out - s->dict_start;
}

/*
 * A literal. Its probabilities depend on the byte before and, right behind a match, on the byte that the
 * match would have gone on with, for as long as the bits agree.
 */
static __always_inline void decode_literal(struct lzma *s)
{
	u32 prev = position(s) ? s->out[-1] : 0, symbol = 1;
	u32 context = (prev >> (8 - s->lc)) + ((position(s) & s->literal_pos_mask) << s->lc);
	u16 *probs = s->probs->literal[context];

	if (s->state >= FIRST_MATCH_STATE) {
		u32 match_byte = (u32)*(s->out - s->rep[0] - 1) << 1, offset = 0x100;

#pragma GCC unroll 8
		for (u32 reached = 1; reached < 0x100; reached *= 2) {
			u32 match_bit = match_byte & offset;
			bool bit = decode_bit(s, &probs[offset + match_bit + symbol]);

			symbol = symbol * 2 + bit;
			offset &= bit ? match_bit : ~match_bit;
			match_byte <<= 1;
		}
	} else {
		symbol = decode_tree(s, probs, 0x100);
	}
	*s->out++ = symbol;
	s->state = s->state < 4 ? 0 : s->state < 10 ? s->state - 3 : s->state - 6;
}

static __always_inline u32 decode_len(struct lzma *s, struct len_probs *probs, u32 pos_state)
{
	if (!decode_bit(s, &probs->choice))
		return decode_tree(s, probs->low[pos_state], LEN_LOW_SYMBOLS) - LEN_LOW_SYMBOLS + LEN_MIN;
	if (!decode_bit(s, &probs->choice2))
		return decode_tree(s, probs->mid[pos_state], LEN_LOW_SYMBOLS) + LEN_MIN;
	return decode_tree(s, probs->high, LEN_HIGH_SYMBOLS) - LEN_HIGH_SYMBOLS +
	       2 * LEN_LOW_SYMBOLS + LEN_MIN;
}

/* A new distance. The slot gives its two top bits and how many more there are. */
static __always_inline void decode_distance(struct lzma *s, u32 len)
{
	u16 *slot_probs = s->probs->dist_slot[MIN(len - LEN_MIN, DIST_STATES - 1U)];
	u32 slot = decode_tree(s, slot_probs, DIST_SLOTS) - DIST_SLOTS, bits, distance;

	if (slot < DIST_MODEL_START) {
		distance = slot;
	} else {
		bits = (slot >> 1) - 1;
		distance = 2 + (slot & 1);
		if (slot < DIST_MODEL_END) {
			distance <<= bits;
			/* One tree a slot, each from index 1 on, the first tree being that of slot 4. */
			slot_probs = s->probs->dist_special + (distance - slot);
			distance = decode_reverse(s, slot_probs, distance, bits);
		} else {
			distance = decode_direct(s, distance, bits - ALIGN_BITS) << ALIGN_BITS;
			distance = decode_reverse(s, s->probs->dist_align, distance, ALIGN_BITS);
		}
	}
	s->rep[3] = s->rep[2];
	s->rep[2] = s->rep[1];
	s->rep[1] = s->rep[0];
	s->rep[0] = distance;
}

/* One of the last four distances again; it moves to the front. Returns the length. */
static __always_inline u32 decode_rep_match(struct lzma *s, u32 pos_state)
{
	bool after_literal = s->state < FIRST_MATCH_STATE;
	u32 distance;

	if (!decode_bit(s, &s->probs->is_rep0[s->state])) {
		if (!decode_bit(s, &s->probs->is_rep0_long[s->state][pos_state])) {
			s->state = after_literal ? 9 : 11;
			return 1;
		}
	} else {
		if (!decode_bit(s, &s->probs->is_rep1[s->state])) {
			distance = s->rep[1];
		} else {
			if (!decode_bit(s, &s->probs->is_rep2[s->state])) {
				distance = s->rep[2];
			} else {
				distance = s->rep[3];
				s->rep[3] = s->rep[2];
			}
			s->rep[2] = s->rep[1];
		}
		s->rep[1] = s->rep[0];
		s->rep[0] = distance;
	}
	s->state = after_literal ? 8 : 11;
	return decode_len(s, &s->probs->rep_len, pos_state);
}

static __always_inline u32 decode_match(struct lzma *s, u32 pos_state)
{
	u32 len;

	if (decode_bit(s, &s->probs->is_rep[s->state]))
		return decode_rep_match(s, pos_state);
	len = decode_len(s, &s->probs->match_len, pos_state);
	s->state = s->state < FIRST_MATCH_STATE ? 7 : 10;
	decode_distance(s, len);
	return len;
}

/* Symbols until the chunk's output is full; none may reach beyond it. */
static int decode_symbols(struct lzma *state)
{
	struct lzma s = *state;
	int rc = -EBADMSG;

	for (;;) {
		u32 pos_state = position(&s) & s.pos_mask, len;

		if (unlikely(s.out >= s.out_end)) {
			normalise(&s);
			rc = 0;
			break;
		}
		if (unlikely(s.in_end - s.in < LZMA_INPUT_SLACK))
			break;
		if (!decode_bit(&s, &s.probs->is_match[s.state][pos_state])) {
			decode_literal(&s);
			continue;
		}
		len = decode_match(&s, pos_state);
		if (unlikely(s.rep[0] >= position(&s) || len > (size_t)(s.out_end - s.out)))
			break;
		s.out = copy_match(s.out, (size_t)s.rep[0] + 1, len, s.buffer_end);
	}
	*state = s;
	return rc;
}

static void reset_state(struct lzma *s)
{
	u16 *probs = (u16 *)s->probs;

	for (size_t i = 0; i < sizeof(*s->probs) / sizeof(*probs); i++)
		probs[i] = PROB_INIT;
	s->state = 0;
	memset(s->rep, 0, sizeof(s->rep));
}

/* (pb * 5 + lp) * 9 + lc */
static int set_properties(struct lzma *s, u8 byte)
{
	u32 lc = byte % 9, lp = byte / 9 % 5, pb = byte / 45;

	if (pb > 4 || lc + lp > LITERAL_BITS_MAX)
		return -EBADMSG;
	s->lc = lc;
	s->literal_pos_mask = (1U << lp) - 1;
	s->pos_mask = (1U << pb) - 1;
	return 0;
}

/* What a chunk needs to have been reset before it: a stream must begin with all. */
enum { NEED_DICT = 1, NEED_PROPERTIES = 2, NEED_STATE = 4 };

static int unpack_stored_chunk(struct lzma *s, size_t len)
{
	if (len > (size_t)(s->in_end - s->in))
		return -EBADMSG;
	if (len > (size_t)(s->buffer_end - s->out))
		return -ENOSPC;
	memcpy(s->out, s->in, len);
	s->in += len;
	s->out += len;
	return 0;
}

/*
 * `control` is 0x80 or more; its four header bytes, maybe properties, and five bytes of range coder follow.
 */
static int unpack_lzma_chunk(struct lzma *s, u8 control, unsigned int *need)
{
	size_t out_len, in_len;
	const u8 *chunk_end;
	int rc;

	if (s->in_end - s->in < 5 + RC_INIT_BYTES)
		return -EBADMSG;
	out_len = ((size_t)(control & 0x1f) << 16 | s->in[0] << 8 | s->in[1]) + 1;
	in_len = (s->in[2] << 8 | s->in[3]) + 1;
	s->in += 4;
	if (control >= 0xc0) {
		rc = set_properties(s, *s->in++);
		if (rc)
			return rc;
		*need &= ~NEED_PROPERTIES;
	}
	if (control >= 0xa0) {
		reset_state(s);
		*need &= ~NEED_STATE;
	}
	if (*need || in_len < RC_INIT_BYTES || in_len > (size_t)(s->in_end - s->in) || s->in[0] != 0)
		return -EBADMSG;
	if (out_len > (size_t)(s->buffer_end - s->out))
		return -ENOSPC;

	chunk_end = s->in + in_len;
	s->range = ~0U;
	s->code = __builtin_bswap32(load32(s->in + 1));
	s->in += RC_INIT_BYTES;
	s->out_end = s->out + out_len;
	rc = decode_symbols(s);
	if (rc)
		return rc;
	return s->in == chunk_end && s->code == 0 ? 0 : -EBADMSG;
}

static int unpack_chunks(struct lzma *s)
{
	unsigned int need = NEED_DICT | NEED_PROPERTIES | NEED_STATE;
	u8 control;
	int rc;

	for (;;) {
		if (s->in == s->in_end)
			return -EBADMSG;
		control = *s->in++;
		if (control == 0)
			return 0;
		if (control == 1 || control >= 0xe0) {
			/* The old state may refer to bytes before the new start. */
			s->dict_start = s->out;
			need = NEED_PROPERTIES | NEED_STATE;
		}
		if (control >= 0x80) {
			rc = unpack_lzma_chunk(s, control, &need);
		} else {
			if (control > 2 || (need & NEED_DICT) || s->in_end - s->in < 2)
				return -EBADMSG;
			s->in += 2;
			rc = unpack_stored_chunk(s, (s->in[-2] << 8 | s->in[-1]) + 1);
		}
		if (rc)
			return rc;
	}
}

int lzma2_unpack(struct lzma_io *io, void *scratch)
{
	struct lzma s = {
		.in = io->in, .in_end = io->in_end, .out = io->out, .dict_start = io->out,
		.buffer_end = io->out_end, .probs = scratch,
	};
	int rc = unpack_chunks(&s);

	io->in = s.in;
	io->out = s.out;
	return rc;
}
