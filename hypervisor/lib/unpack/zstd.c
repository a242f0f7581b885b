/* SPDX-License-Identifier: MIT */
/*
 * Zstandard (RFC 8878): frames of blocks; a compressed block is literals and sequences.
 *
 *   sequence = (literal length, match length, offset): copy that many literals, then the match; what is left of the
 *   literals ends the block. The three numbers are coded by FSE states with extra bits in one backward stream.
 *
 * Tables live on from block to block within a frame ("repeat" modes), so they are in `struct zstd`, which is
 * the scratch memory. Dictionaries are refused. Pure, no locks.
 */
#include "lib/unpack/formats.h"
#include "lib/unpack/unpack.h"
#include "lib/unpack/xxh64.h"
#include "lib/unpack/zstd.h"

enum {
	MAGIC = 0xfd2fb528, BLOCK_LEN_MAX = 128 << 10, BLOCK_HEADER_LEN = 3,
	BLOCK_RAW = 0, BLOCK_RLE = 1, BLOCK_COMPRESSED = 2,
	LITERALS_RAW = 0, LITERALS_RLE = 1, LITERALS_HUF = 2, LITERALS_HUF_REPEAT = 3,
	MODE_PREDEFINED = 0, MODE_RLE = 1, MODE_FSE = 2, MODE_REPEAT = 3,
};

enum number_kind { LITERAL_LEN, OFFSET, MATCH_LEN, NUMBER_KINDS };

/* What sequences move: kept apart, so that the hot loop can hold a copy in registers. */
struct cursor {
	u8 *out;
	const u8 *out_end, *frame_start;
	const u8 *literals, *literals_end;	/* of this block; COPY_SLACK bytes behind them are readable */
	u32 rep[3];				/* the last offsets */
};

struct zstd {
	struct fse_table fse[NUMBER_KINDS];
	struct fse_table weights;
	struct huf_table huf;
	u8 literal_buffer[BLOCK_LEN_MAX + 4 * COPY_SLACK];

	struct cursor cursor;
	const u8 *in_end;
};
static_assert(sizeof(struct zstd) <= UNPACK_SCRATCH_SIZE, "fits the scratch memory");

/* For each code of literal and match lengths: extra bits (3.1.1.3.2.1.1). Baselines follow by adding up. */
static const u8 literal_len_extra[36] = {
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
};
static const u8 match_len_extra[53] = {
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
};

/* The distributions that MODE_PREDEFINED means (3.1.1.3.2.2). */
static const s16 literal_len_default[36] = {
	4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1,
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
	return kind == LITERAL_LEN ? literal_len_default : kind == OFFSET ? offset_default : match_len_default;
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
static int read_number_table(struct zstd *z, enum number_kind kind, unsigned int mode, const u8 **in, const u8 *end)
{
	const struct number_format *format = &number_formats[kind];
	struct fse_table *table = &z->fse[kind];
	int used = 0;

	switch (mode) {
	case MODE_REPEAT:
		return table->valid ? 0 : -EBADMSG;
	case MODE_PREDEFINED:
		if (fse_build_table(table, default_counts(kind), format->default_symbols, format->default_log))
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

/* Four streams of a quarter each; their sizes are in front, the last one's being the rest. */
static int decode_four_streams(struct zstd *z, const u8 *in, size_t in_len, size_t out_len)
{
	size_t quarter = (out_len + 3) / 4, left = out_len;
	u8 *out = z->literal_buffer;
	const u8 *pos = in + 6, *end = in + in_len;

	if (in_len < 6 || 3 * quarter > out_len)
		return -EBADMSG;
	for (int i = 0; i < 4; i++) {
		size_t len = i < 3 ? load16(in + 2 * i) : (size_t)(end - pos), out_now = i < 3 ? quarter : left;

		if (len > (size_t)(end - pos) || huf_decode(&z->huf, pos, len, out, out_now))
			return -EBADMSG;
		pos += len;
		out += out_now;
		left -= out_now;
	}
	return 0;
}

static int read_huf_literals(struct zstd *z, const u8 *in, size_t in_len, size_t out_len, bool new_tree, bool four)
{
	if (new_tree) {
		int used = huf_read_table(&z->huf, in, in_len, &z->weights);

		if (used < 0)
			return used;
		in += used;
		in_len -= used;
	}
	if (!z->huf.valid)
		return -EBADMSG;
	if (four)
		return decode_four_streams(z, in, in_len, out_len);
	return huf_decode(&z->huf, in, in_len, z->literal_buffer, out_len);
}

/*
 * The header of the literals (3.1.1.3.1): one to five bytes with type, size format and one or two sizes.
 * Returns its length, or -EBADMSG.
 */
static int read_literals_header(const u8 *in, size_t len, size_t *out_len, size_t *packed_len)
{
	static const u8 plain_lens[4] = { 1, 2, 1, 3 }, packed_lens[4] = { 3, 3, 4, 5 }, size_bits[4] = { 10, 10, 14, 18 };
	unsigned int type = in[0] & 3, format = in[0] >> 2 & 3;
	bool packed = type == LITERALS_HUF || type == LITERALS_HUF_REPEAT;
	unsigned int header_len = packed ? packed_lens[format] : plain_lens[format], bits = size_bits[format];
	u64 value = 0;

	if (len < header_len)
		return -EBADMSG;
	memcpy(&value, in, header_len);
	if (packed) {
		*out_len = value >> 4 & ((1U << bits) - 1);
		*packed_len = value >> (4 + bits) & ((1U << bits) - 1);
	} else {
		*out_len = value >> (format & 1 ? 4 : 3);
		*packed_len = type == LITERALS_RLE ? 1 : *out_len;
	}
	return *out_len > BLOCK_LEN_MAX ? -EBADMSG : (int)header_len;
}

/* Make z->cursor.literals ready; *in moves behind them. */
static int read_literals(struct zstd *z, const u8 **in, const u8 *end)
{
	size_t out_len, packed_len;
	unsigned int type, format;
	int header_len;

	if (*in == end)
		return -EBADMSG;
	type = **in & 3;
	format = **in >> 2 & 3;
	header_len = read_literals_header(*in, end - *in, &out_len, &packed_len);
	if (header_len < 0)
		return header_len;
	*in += header_len;
	if (packed_len > (size_t)(end - *in))
		return -EBADMSG;

	z->cursor.literals = z->literal_buffer;
	if (type == LITERALS_RLE)
		memset(z->literal_buffer, **in, out_len);
	else if (type != LITERALS_RAW) {
		if (read_huf_literals(z, *in, packed_len, out_len, type == LITERALS_HUF, format != 0))
			return -EBADMSG;
	} else if ((size_t)(z->in_end - *in) >= out_len + COPY_SLACK)
		z->cursor.literals = *in;
	else
		memcpy(z->literal_buffer, *in, out_len);
	z->cursor.literals_end = z->cursor.literals + out_len;
	*in += packed_len;
	return 0;
}

static int append_literals(struct cursor *c, size_t len)
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
		int rc = append_literals(c, literal_len);

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

static __always_inline const struct fse_entry *next_state(const struct fse_table *table, const struct fse_entry *e,
							  struct bit_reader *r)
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

static int unpack_block(struct zstd *z, const u8 *in, size_t len)
{
	const u8 *end = in + len;
	u32 count;
	u8 modes;
	int rc;

	if (read_literals(z, &in, end) || read_sequence_count(&in, end, &count))
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
	return append_literals(&z->cursor, z->cursor.literals_end - z->cursor.literals);
}

/* Raw and run-length blocks. */
static int unpack_simple_block(struct zstd *z, const u8 *in, size_t len, bool is_run)
{
	if (len > (size_t)(z->cursor.out_end - z->cursor.out))
		return -ENOSPC;
	if (is_run)
		memset(z->cursor.out, *in, len);
	else
		memcpy(z->cursor.out, in, len);
	z->cursor.out += len;
	return 0;
}

/* All blocks of a frame; *in moves behind them. */
static int unpack_blocks(struct zstd *z, const u8 **in)
{
	u32 header, type, len, in_len;
	int rc;

	do {
		if (z->in_end - *in < BLOCK_HEADER_LEN)
			return -EBADMSG;
		header = (*in)[0] | (*in)[1] << 8 | (*in)[2] << 16;
		*in += BLOCK_HEADER_LEN;
		type = header >> 1 & 3;
		len = header >> 3;
		in_len = type == BLOCK_RLE ? 1 : len;
		if (type > BLOCK_COMPRESSED || len > BLOCK_LEN_MAX || in_len > (size_t)(z->in_end - *in))
			return -EBADMSG;
		if (type == BLOCK_COMPRESSED)
			rc = unpack_block(z, *in, len);
		else
			rc = unpack_simple_block(z, *in, len, type == BLOCK_RLE);
		if (rc)
			return rc;
		*in += in_len;
	} while (!(header & 1));
	return 0;
}

struct frame {
	u64 content_len;	/* ~0: not told */
	bool checksum;
};

/* 3.1.1.1, behind the magic. *in moves behind it. */
static int read_frame_header(struct frame *frame, const u8 **in, const u8 *end)
{
	static const u8 content_lens[4] = { 0, 2, 4, 8 }, dict_lens[4] = { 0, 1, 2, 4 };
	unsigned int descriptor, content_bytes, dict_bytes;
	bool single_segment;
	u64 dict = 0;

	if (*in == end)
		return -EBADMSG;
	descriptor = *(*in)++;
	single_segment = descriptor >> 5 & 1;
	frame->checksum = descriptor >> 2 & 1;
	content_bytes = content_lens[descriptor >> 6] ?: single_segment;
	dict_bytes = dict_lens[descriptor & 3];
	if (descriptor & 0x08)
		return -EOPNOTSUPP;
	if ((size_t)(end - *in) < !single_segment + dict_bytes + content_bytes)
		return -EBADMSG;
	*in += !single_segment;		/* the window's size: our window is the whole output */
	memcpy(&dict, *in, dict_bytes);
	if (dict)
		return -EOPNOTSUPP;
	*in += dict_bytes;
	frame->content_len = content_bytes ? 0 : ~0UL;
	memcpy(&frame->content_len, *in, content_bytes);
	if (content_bytes == 2)
		frame->content_len += 256;
	*in += content_bytes;
	return 0;
}

static int unpack_frame(struct zstd *z, const u8 **in)
{
	struct frame frame;
	size_t len;
	int rc;

	*in += sizeof(u32);
	rc = read_frame_header(&frame, in, z->in_end);
	if (rc)
		return rc;
	z->cursor.frame_start = z->cursor.out;
	z->cursor.rep[0] = 1;
	z->cursor.rep[1] = 4;
	z->cursor.rep[2] = 8;
	z->huf.valid = false;
	for (int kind = 0; kind < NUMBER_KINDS; kind++)
		z->fse[kind].valid = false;
	rc = unpack_blocks(z, in);
	if (rc)
		return rc;

	len = z->cursor.out - z->cursor.frame_start;
	if (frame.content_len != ~0UL && frame.content_len != len)
		return -EBADMSG;
	if (frame.checksum) {
		if (z->in_end - *in < 4 || load32(*in) != (u32)xxh64(z->cursor.frame_start, len))
			return -EBADMSG;
		*in += 4;
	}
	return 0;
}

int zstd_unpack(const u8 *in, size_t in_len, u8 *out, size_t out_len, void *scratch, size_t *produced)
{
	struct zstd *z = scratch;
	const u8 *pos = in;
	int rc;

	z->in_end = in + in_len;
	z->cursor.out = out;
	z->cursor.out_end = out + out_len;
	do {
		rc = unpack_frame(z, &pos);
		if (rc)
			return rc;
	} while (z->in_end - pos >= 4 && load32(pos) == (u32)MAGIC);
	*produced = z->cursor.out - out;
	return 0;
}
