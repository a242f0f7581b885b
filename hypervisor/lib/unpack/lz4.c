/* SPDX-License-Identifier: MIT */
/*
 * LZ4 in the legacy frame: after the magic any number of blocks, each a 32-bit length and that many bytes,
 * each up to 8 MiB unpacked and independent of the others.
 *
 *   block:    sequence...                       the last sequence ends after its literals
 *   sequence: token [more] literals offset16 [more]
 *   token:    high nibble literals, low nibble match length - 4; behind a 15, bytes to add, up to one < 255
 *
 * The stream ends with the input, with up to four bytes behind it that are no block (Linux appends the
 * unpacked size). A second magic starts another stream that continues the first. Pure, no locks.
 */
#include "lib/unpack/formats.h"

#define MAGIC		0x184c2102u
#define MIN_MATCH	4
#define NIBBLE_MAX	15

/* Add the continuation bytes of a length. */
static int more_length(const u8 **in, const u8 *end, size_t *length)
{
	u8 byte;

	do {
		if (*in == end)
			return -EBADMSG;
		byte = *(*in)++;
		*length += byte;
	} while (byte == 255);
	return 0;
}

static int copy_literals(const u8 **in, const u8 *in_end, u8 **out, const u8 *out_end, size_t len)
{
	if ((size_t)(in_end - *in) < len)
		return -EBADMSG;
	if ((size_t)(out_end - *out) < len)
		return -ENOSPC;
	if (likely((size_t)(in_end - *in) >= len + COPY_SLACK &&
		   (size_t)(out_end - *out) >= len + COPY_SLACK)) {
		copy_words(*out, *in, len);
	} else {
		memcpy(*out, *in, len);
	}
	*in += len;
	*out += len;
	return 0;
}

/* *out moves behind what was unpacked; `start` is the first byte that a match may refer to. */
static int unpack_block(const u8 *in, const u8 *in_end, u8 **out_pos, const u8 *out_end)
{
	u8 *out = *out_pos;
	const u8 *start = out;
	size_t len, distance;
	int rc;

	for (;;) {
		u8 token;

		if (in == in_end)
			return -EBADMSG;
		token = *in++;
		len = token >> 4;
		if (len == NIBBLE_MAX && more_length(&in, in_end, &len))
			return -EBADMSG;
		rc = copy_literals(&in, in_end, &out, out_end, len);
		if (rc)
			return rc;
		if (in == in_end)
			break;

		if (in_end - in < 2)
			return -EBADMSG;
		distance = load16(in);
		in += 2;
		len = token & NIBBLE_MAX;
		if (len == NIBBLE_MAX && more_length(&in, in_end, &len))
			return -EBADMSG;
		len += MIN_MATCH;
		if (distance == 0 || distance > (size_t)(out - start))
			return -EBADMSG;
		if (len > (size_t)(out_end - out))
			return -ENOSPC;
		out = copy_match(out, distance, len, out_end);
	}
	*out_pos = out;
	return 0;
}

int lz4_unpack(const u8 *in, size_t in_len, u8 *out, size_t out_len, void *scratch, size_t *produced)
{
	const u8 *in_end = in + in_len;
	u8 *pos = out;
	u32 block_len;
	int rc;

	(void)scratch;
	for (in += sizeof(u32); in_end - in > (ptrdiff_t)sizeof(u32); in += block_len) {
		block_len = load32(in);
		in += sizeof(u32);
		if (block_len == MAGIC) {
			block_len = 0;
			continue;
		}
		if (block_len > (size_t)(in_end - in))
			return -EBADMSG;
		rc = unpack_block(in, in + block_len, &pos, out + out_len);
		if (rc)
			return rc;
	}
	*produced = pos - out;
	return 0;
}
