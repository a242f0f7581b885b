/* SPDX-License-Identifier: MIT */
/*
 * Zstandard (RFC 8878): frames of blocks; a compressed block is literals, decoded here, and sequences, which
 * are in zstd_sequences.c.
 *
 * Tables live on from block to block within a frame ("repeat" modes), so they are in `struct zstd`, which is
 * the scratch memory. Dictionaries are refused. Pure, no locks.
 */
#include "lib/unpack/formats.h"
#include "lib/unpack/unpack.h"
#include "lib/unpack/xxh64.h"
#include "lib/unpack/zstd.h"

enum {
	MAGIC = 0xfd2fb528, BLOCK_HEADER_LEN = 3,
	BLOCK_RAW = 0, BLOCK_RLE = 1, BLOCK_COMPRESSED = 2,
	LITERALS_RAW = 0, LITERALS_RLE = 1, LITERALS_HUF = 2, LITERALS_HUF_REPEAT = 3,
};

static_assert(sizeof(struct zstd) <= UNPACK_SCRATCH_SIZE, "fits the scratch memory");

/* Four streams of a quarter each; their sizes are in front, the last one's being the rest. */
static int decode_four_streams(struct zstd *z, const u8 *in, size_t in_len, size_t out_len)
{
	size_t quarter = (out_len + 3) / 4, left = out_len;
	u8 *out = z->literal_buffer;
	const u8 *pos = in + 6, *end = in + in_len;

	if (in_len < 6 || 3 * quarter > out_len)
		return -EBADMSG;
	for (int i = 0; i < 4; i++) {
		size_t len = i < 3 ? load16(in + 2 * i) : (size_t)(end - pos);
		size_t out_now = i < 3 ? quarter : left;

		if (len > (size_t)(end - pos) || huf_decode(&z->huf, pos, len, out, out_now))
			return -EBADMSG;
		pos += len;
		out += out_now;
		left -= out_now;
	}
	return 0;
}

static int read_huf_literals(struct zstd *z, const u8 *in, size_t in_len, size_t out_len,
			     bool new_tree, bool four)
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
	static const u8 plain_lens[4] = { 1, 2, 1, 3 }, packed_lens[4] = { 3, 3, 4, 5 };
	static const u8 size_bits[4] = { 10, 10, 14, 18 };
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

static int unpack_block(struct zstd *z, const u8 *in, size_t len)
{
	const u8 *end = in + len;
	int rc = read_literals(z, &in, end);

	return rc ?: sequences_unpack(z, in, end);
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
