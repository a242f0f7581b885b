/* SPDX-License-Identifier: MIT */
/*
 * The .xz container (format 1.1.0), as far as kernels use it: one stream; blocks of LZMA2, alone or behind
 * the x86 filter; checks none, CRC32, CRC64 (SHA-256 is passed over unverified, as xz's own small decoder
 * does).
 *
 *   stream header (12)   block...   index   footer
 *   block: header | LZMA2 chunks | padding to 4 | check
 *
 * The whole output lies in memory, so the filter runs over a finished block. The index repeats what the
 * blocks have told and is not read; a stream that ends before it is truncated and is told so. Pure, no locks.
 */
#include "lib/crc32.h"
#include "lib/unpack/formats.h"
#include "lib/unpack/lzma.h"
#include "lib/unpack/unpack.h"

enum {
	STREAM_HEADER_LEN = 12, INDEX_INDICATOR = 0, BLOCK_HEADER_MIN = 8,
	CHECK_NONE = 0, CHECK_CRC32 = 1, CHECK_CRC64 = 4, CHECK_SHA256 = 10,
	FILTER_X86 = 4, FILTER_LZMA2 = 0x21,
	BLOCK_FILTERS_MASK = 0x03, BLOCK_HAS_PACKED_LEN = 0x40, BLOCK_HAS_LEN = 0x80, BLOCK_RESERVED = 0x3c,
	DICT_SIZE_MAX = 40,
};

#define CRC64_POLYNOMIAL	0xc96c5795d7870f42UL

struct xz_scratch {
	u64 crc64_table[256];
	u8 probs[] __aligned(8);
};

struct block {
	bool x86;		/* filtered */
	u64 len;		/* unpacked; ~0 if not told */
};

static u64 crc64(u64 *table, const u8 *data, size_t len)
{
	u64 crc = ~0UL;

	for (u64 i = 0; i < 256; i++) {
		table[i] = i;
		for (int bit = 0; bit < 8; bit++)
			table[i] = table[i] >> 1 ^ (table[i] & 1 ? CRC64_POLYNOMIAL : 0);
	}
	for (; len; len--)
		crc = crc >> 8 ^ table[(crc ^ *data++) & 0xff];
	return ~crc;
}

static size_t check_len(u8 check)
{
	static const u8 lens[16] = { 0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64 };

	return lens[check & 15];
}

static bool check_holds(u8 check, const u8 *stored, const u8 *data, size_t len, struct xz_scratch *mem)
{
	if (check == CHECK_CRC32)
		return load32(stored) == crc32(0, data, len);
	if (check == CHECK_CRC64)
		return load64(stored) == crc64(mem->crc64_table, data, len);
	return true;
}

/* Seven bits a byte, the lowest first, at most nine bytes. */
static int read_number(const u8 **in, const u8 *end, u64 *value)
{
	u8 byte;

	*value = 0;
	for (unsigned int shift = 0; shift < 63; shift += 7) {
		if (*in == end)
			return -EBADMSG;
		byte = *(*in)++;
		*value |= (u64)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return byte == 0 && shift ? -EBADMSG : 0;
	}
	return -EBADMSG;
}

/* One filter: its id and properties. The chain must be [x86] LZMA2. */
static int read_filter(const u8 **in, const u8 *end, bool last, struct block *block)
{
	u64 id, props_len;

	if (read_number(in, end, &id) || read_number(in, end, &props_len) || props_len > (u64)(end - *in))
		return -EBADMSG;
	if (last) {
		if (id != FILTER_LZMA2)
			return -EOPNOTSUPP;
		if (props_len != 1 || **in > DICT_SIZE_MAX)
			return -EBADMSG;
	} else {
		/* The filter's property would be a start offset; nothing but 0 is in use. */
		if (id != FILTER_X86 || block->x86 || props_len != 0)
			return -EOPNOTSUPP;
		block->x86 = true;
	}
	*in += props_len;
	return 0;
}

/* `in` is the header, `end` the end of the input. *in moves behind it. */
static int read_block_header(const u8 **in, const u8 *end, struct block *block)
{
	size_t len = (**in + 1) * 4;
	const u8 *pos = *in + 2, *stop = *in + len - 4;
	unsigned int filters;
	u64 packed_len;
	u8 flags;
	int rc;

	if (len < BLOCK_HEADER_MIN || len > (size_t)(end - *in) || load32(stop) != crc32(0, *in, len - 4))
		return -EBADMSG;
	flags = (*in)[1];
	filters = (flags & BLOCK_FILTERS_MASK) + 1;
	*block = (struct block){ .len = ~0UL };
	if (flags & BLOCK_RESERVED)
		return -EOPNOTSUPP;
	if ((flags & BLOCK_HAS_PACKED_LEN) && read_number(&pos, stop, &packed_len))
		return -EBADMSG;
	if ((flags & BLOCK_HAS_LEN) && read_number(&pos, stop, &block->len))
		return -EBADMSG;
	for (unsigned int i = 1; i <= filters; i++) {
		rc = read_filter(&pos, stop, i == filters, block);
		if (rc)
			return rc;
	}
	for (; pos < stop; pos++)
		if (*pos)
			return -EOPNOTSUPP;
	*in += len;
	return 0;
}

/* Whether any of eight bytes is e8 or e9. */
static inline bool has_call_or_jump(u64 word)
{
	u64 odd = (word ^ 0xe8e8e8e8e8e8e8e8UL) & 0xfefefefefefefefeUL;

	return (odd - 0x0101010101010101UL) & ~odd & 0x8080808080808080UL;
}

static inline bool is_sign_byte(u8 byte)
{
	return byte == 0x00 || byte == 0xff;
}

/* Which bytes before the operand's end a run of skipped opcodes makes suspicious, by the mask of the run. */
static const u8 suspicious_byte[8] = { 0, 1, 2, 2, 3, 3, 3, 3 };

/* The operand of the jump that ends at `next`, relative again. `mask` as in unfilter_x86(). */
static u32 to_relative(u32 value, u32 next, u32 mask)
{
	unsigned int shift = suspicious_byte[mask] * 8;
	u32 target = value - next;

	/* The encoder went on converting while the byte looked like a sign byte. */
	while (mask && is_sign_byte(target >> (24 - shift)))
		target = (target ^ ((1U << (32 - shift)) - 1)) - next;
	/* 25 bits; the last byte is their sign. */
	target &= 0x01ffffff;
	return target | (0 - (target & 0x01000000));
}

/*
 * Undo the x86 filter, which made the targets of call and jmp absolute: e8 or e9, then four bytes whose last
 * is 00 or ff. Opcodes that stand inside the would-be operand of one that was left alone are doubtful: `mask`
 * has a bit for each of the three bytes before this one that was such an opcode, and the encoder's rule
 * decides.
 */
static void unfilter_x86(u8 *data, size_t len)
{
	size_t i = 0, prev = (size_t)-1, end = len - 4;
	u32 mask = 0;

	if (len <= 4)
		return;
	while (i < end) {
		bool doubtful;

		if ((data[i] & 0xfe) != 0xe8) {
			i++;
			while (i + 8 <= end && !has_call_or_jump(load64(data + i)))
				i += 8;
			continue;
		}
		mask = i - prev > 3 ? 0 : mask << (i - prev - 1) & 7;
		prev = i;
		/* More than one bit set, or the byte could be a sign. */
		doubtful = mask && ((mask & (mask - 1)) || is_sign_byte(data[i + 4 - suspicious_byte[mask]]));
		if (doubtful || !is_sign_byte(data[i + 4])) {
			mask = mask << 1 | 1;
			i++;
			continue;
		}
		*(unaligned_u32 *)(data + i + 1) = to_relative(load32(data + i + 1), i + 5, mask);
		i += 5;
	}
}

static int unpack_block(struct lzma_io *io, u8 check, struct xz_scratch *mem)
{
	const u8 *body;
	u8 *start = io->out;
	struct block block;
	size_t len;
	int rc;

	rc = read_block_header(&io->in, io->in_end, &block);
	if (rc)
		return rc;
	body = io->in;
	rc = lzma2_unpack(io, mem->probs);
	if (rc)
		return rc;
	len = io->out - start;
	if (block.len != ~0UL && block.len != len)
		return -EBADMSG;
	for (; (io->in - body) & 3; io->in++)
		if (io->in == io->in_end || *io->in)
			return -EBADMSG;
	if (check_len(check) > (size_t)(io->in_end - io->in))
		return -EBADMSG;
	if (block.x86)
		unfilter_x86(start, len);
	if (!check_holds(check, io->in, start, len, mem))
		return -EBADMSG;
	io->in += check_len(check);
	return 0;
}

int xz_unpack(const u8 *in, size_t in_len, u8 *out, size_t out_len, void *scratch, size_t *produced)
{
	struct lzma_io io = {
		.in = in + STREAM_HEADER_LEN, .in_end = in + in_len, .out = out, .out_end = out + out_len,
	};
	u8 check;
	int rc;

	if (sizeof(struct xz_scratch) + lzma_scratch_size() > UNPACK_SCRATCH_SIZE)
		return -EINVAL;
	/* The header: magic (6), a zero, the kind of check, CRC32 of these two. */
	if (in_len < STREAM_HEADER_LEN || in[6] != 0 || in[7] > 15 || load32(in + 8) != crc32(0, in + 6, 2))
		return -EBADMSG;
	check = in[7];
	if (check != CHECK_NONE && check != CHECK_CRC32 && check != CHECK_CRC64 && check != CHECK_SHA256)
		return -EOPNOTSUPP;
	for (;;) {
		if (io.in == io.in_end)
			return -EBADMSG;
		if (*io.in == INDEX_INDICATOR)
			break;
		rc = unpack_block(&io, check, scratch);
		if (rc)
			return rc;
	}
	*produced = io.out - out;
	return 0;
}
