/* SPDX-License-Identifier: MIT */
/*
 * The sequences of a zstd block (RFC 8878, 3.1.1.3.2 to 3.1.1.5).
 *
 *   sequence = (literal length, match length, offset): copy that many literals, then the match
 *
 * What is left of the literals ends the block. The three numbers are coded by FSE states with extra bits, all
 * in one backward stream. Pure, no locks.
 */
#include "lib/unpack/formats.h"
#include "lib/unpack/zstd.h"

enum { MODE_PREDEFINED = 0, MODE_RLE = 1, MODE_FSE = 2, MODE_REPEAT = 3 };

/* For each code of literal and match lengths: extra bits (3.1.1.3.2.1.1). Baselines follow by adding up. */
static const u8 literal_len_extra[36] = {
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
};
static const u8 match_len_extra[53] = {
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
};

/* The distributions that MODE_PREDEFINED means (3.1.1.3.2.2). */
static const s16 literal_len_default[36] = {
	4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1,
	-1, -1, -1, -1,
};
static const s16 offset_default[29] = {
	1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1,
};
static const s16 match_len_default[53] = {
	1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
	1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1,
};

struct number_format {
	u8 symbols, max_log, default_symbols, default_log;
};

static const struct number_format number_formats[NUMBER_KINDS] = {
	[LITERAL_LEN] = { 36, 9, 36, 6 },
	[OFFSET] = { 32, 8, 29, 5 },
	[MATCH_LEN] = { 53, 9, 53, 6 },
};

static const s16 *default_counts(enum number_kind kind)
{
	if (kind == LITERAL_LEN)
		return literal_len_default;
	return kind == OFFSET ? offset_default : match_len_default;
}

/* Turn the symbols in a fresh table into baseline and extra bits. */
static void translate(struct fse_table *table, enum number_kind kind)
{
	u32 base[FSE_SYMBOLS_MAX], next = kind == MATCH_LEN ? 3 : 0;
	const u8 *extra = kind == MATCH_LEN ? match_len_extra : literal_len_extra;

	for (unsigned int i = 0; kind != OFFSET && i < number_formats[kind].symbols; i++) {
		base[i] = next;
		next += 1U << extra[i];
	}
	for (u32 i = 0; i < 1U << table->log; i++) {
		struct fse_entry *e = &table->entry[i];
		u32 symbol = e->value;

		e->extra = kind == OFFSET ? symbol : extra[symbol];
		e->value = kind == OFFSET ? 1U << symbol : base[symbol];
	}
}

/* Prepare the table of one kind of number; *in moves behind its description. */
static int read_number_table(struct zstd *z, enum number_kind kind, unsigned int mode,
			     const u8 **in, const u8 *end)
{
	const struct number_format *format = &number_formats[kind];
	struct fse_table *table = &z->fse[kind];
	int used = 0;

	switch (mode) {
	case MODE_REPEAT:
		return table->valid ? 0 : -EBADMSG;
	case MODE_PREDEFINED:
		if (fse_build_table(table, default_counts(kind), format->default_symbols,
				    format->default_log))
			return -EBADMSG;
		break;
	case MODE_RLE:
		if (*in == end || **in >= format->symbols)
			return -EBADMSG;
		fse_build_single(table, **in);
		used = 1;
		break;
	default:
		used = fse_read_table(table, *in, end - *in, format->max_log, format->symbols);
		if (used < 0)
			return used;
		break;
	}
	translate(table, kind);
	*in += used;
	return 0;
}

int literals_append(struct cursor *c, size_t len)
{
	if (len > (size_t)(c->literals_end - c->literals))
		return -EBADMSG;
	if (len > (size_t)(c->out_end - c->out))
		return -ENOSPC;
	memcpy(c->out, c->literals, len);
	c->out += len;
	c->literals += len;
	return 0;
}

/* 3.1.1.5: small values mean the last offsets, shifted by one if there are no literals between. */
static __always_inline u32 resolve_offset(u32 rep[3], u32 value, u32 literal_len)
{
	u32 offset;

	if (likely(value > 3)) {
		offset = value - 3;
	} else {
		value -= literal_len != 0;
		if (value == 0)
			return rep[0];
		offset = value == 3 ? rep[0] - 1 : rep[value];
		if (value == 1) {
			rep[1] = rep[0];
			return rep[0] = offset;
		}
	}
	rep[2] = rep[1];
	rep[1] = rep[0];
	return rep[0] = offset;
}

/* One sequence's literals and match. Near the end of the output the copies are exact. */
static __always_inline int execute(struct cursor *c, u32 literal_len, u32 match_len, u32 offset)
{
	if (unlikely((size_t)(c->out_end - c->out) < (size_t)literal_len + match_len + COPY_SLACK)) {
		int rc = literals_append(c, literal_len);

		if (rc)
			return rc;
		if (match_len > (size_t)(c->out_end - c->out))
			return -ENOSPC;
	} else {
		if (unlikely(literal_len > (size_t)(c->literals_end - c->literals)))
			return -EBADMSG;
		copy_words(c->out, c->literals, literal_len);
		c->out += literal_len;
		c->literals += literal_len;
	}
	if (unlikely(offset - 1 >= (size_t)(c->out - c->frame_start)))
		return -EBADMSG;
	c->out = copy_match(c->out, offset, match_len, c->out_end);
	return 0;
}

static __always_inline const struct fse_entry *
next_state(const struct fse_table *table, const struct fse_entry *e, struct bit_reader *r)
{
	return &table->entry[e->next + reader_take(r, e->bits)];
}

static int run_sequences(struct zstd *z, const u8 *in, size_t len, u32 count)
{
	const struct fse_entry *ll, *of, *ml;
	struct cursor c = z->cursor;
	struct bit_reader r;
	int rc;

	if (reader_init(&r, in, len))
		return -EBADMSG;
	ll = &z->fse[LITERAL_LEN].entry[reader_take(&r, z->fse[LITERAL_LEN].log)];
	of = &z->fse[OFFSET].entry[reader_take(&r, z->fse[OFFSET].log)];
	ml = &z->fse[MATCH_LEN].entry[reader_take(&r, z->fse[MATCH_LEN].log)];
	for (;;) {
		u32 offset, match_len, literal_len;

		reader_refill(&r);
		offset = of->value + reader_take(&r, of->extra);
		match_len = ml->value + reader_take(&r, ml->extra);
		/* 26 bits at most are for the next states, so 31 can go before another filling. */
		if (unlikely(of->extra + ml->extra + ll->extra > 31))
			reader_refill(&r);
		literal_len = ll->value + reader_take(&r, ll->extra);
		offset = resolve_offset(c.rep, offset, literal_len);
		if (unlikely(reader_left(&r) < 0))
			return -EBADMSG;
		rc = execute(&c, literal_len, match_len, offset);
		if (unlikely(rc))
			return rc;
		if (--count == 0)
			break;
		ll = next_state(&z->fse[LITERAL_LEN], ll, &r);
		ml = next_state(&z->fse[MATCH_LEN], ml, &r);
		of = next_state(&z->fse[OFFSET], of, &r);
	}
	z->cursor = c;
	return reader_left(&r) == 0 ? 0 : -EBADMSG;
}

/* How many sequences there are: one to three bytes. */
static int read_sequence_count(const u8 **in, const u8 *end, u32 *count)
{
	const u8 *p = *in;
	size_t len = p == end ? 0 : p[0] < 128 ? 1 : p[0] < 255 ? 2 : 3;

	if (len == 0 || len > (size_t)(end - p))
		return -EBADMSG;
	*count = len == 1 ? p[0] : len == 2 ? (p[0] - 128U) << 8 | p[1] : load16(p + 1) + 0x7f00;
	*in += len;
	return 0;
}

int sequences_unpack(struct zstd *z, const u8 *in, const u8 *end)
{
	u32 count;
	u8 modes;
	int rc;

	if (read_sequence_count(&in, end, &count))
		return -EBADMSG;
	if (count) {
		if (in == end)
			return -EBADMSG;
		modes = *in++;
		if ((modes & 3) ||
		    read_number_table(z, LITERAL_LEN, modes >> 6, &in, end) ||
		    read_number_table(z, OFFSET, modes >> 4 & 3, &in, end) ||
		    read_number_table(z, MATCH_LEN, modes >> 2 & 3, &in, end))
			return -EBADMSG;
		rc = run_sequences(z, in, end - in, count);
		if (rc)
			return rc;
	} else if (in != end) {
		return -EBADMSG;
	}
	return literals_append(&z->cursor, z->cursor.literals_end - z->cursor.literals);
}
