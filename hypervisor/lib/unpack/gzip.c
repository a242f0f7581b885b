/* SPDX-License-Identifier: MIT */
/*
 * The gzip wrapping (RFC 1952) of one deflate stream: header, stream, CRC-32 and length. Pure, no locks.
 */
#include "lib/crc32.h"
#include "lib/unpack/formats.h"
#include "lib/unpack/inflate.h"

enum { GZIP_HEADER_LEN = 10, GZIP_TRAILER_LEN = 8, GZIP_DEFLATE = 8 };
enum { FLAG_HEADER_CRC = 2, FLAG_EXTRA = 4, FLAG_NAME = 8, FLAG_COMMENT = 16, FLAGS_RESERVED = 0xe0 };

/* Behind the terminator of a string, or NULL. */
static const u8 *skip_string(const u8 *in, const u8 *end)
{
	const u8 *nul = memchr(in, 0, end - in);

	return nul ? nul + 1 : NULL;
}

/* Behind the CRC16 of all the header before it, which is the low half of its CRC-32; or NULL if it does not match. */
static const u8 *skip_header_crc(const u8 *header, const u8 *in, const u8 *end)
{
	if (end - in < 2 || load16(in) != (u16)crc32(0, header, in - header))
		return NULL;
	return in + 2;
}

/* Where the deflate stream begins, or NULL. */
static const u8 *skip_gzip_header(const u8 *in, const u8 *end)
{
	const u8 *header = in;
	u8 flags;

	if (end - in < GZIP_HEADER_LEN || in[2] != GZIP_DEFLATE || (in[3] & FLAGS_RESERVED))
		return NULL;
	flags = in[3];
	in += GZIP_HEADER_LEN;
	if (flags & FLAG_EXTRA) {
		if (end - in < 2 || end - in - 2 < (ptrdiff_t)load16(in))
			return NULL;
		in += 2 + load16(in);
	}
	if (flags & FLAG_NAME)
		in = skip_string(in, end);
	if (in && (flags & FLAG_COMMENT))
		in = skip_string(in, end);
	if (in && (flags & FLAG_HEADER_CRC))
		in = skip_header_crc(header, in, end);
	return in;
}

int gzip_unpack(const u8 *in, size_t in_len, u8 *out, size_t out_len, void *scratch, size_t *produced)
{
	const u8 *end = in + in_len;
	size_t len;
	int rc;

	in = skip_gzip_header(in, end);
	if (!in)
		return -EBADMSG;
	rc = inflate_unpack(&in, end, out, out_len, scratch, &len);
	if (rc)
		return rc;
	if (end - in < GZIP_TRAILER_LEN || load32(in) != crc32(0, out, len) || load32(in + 4) != (u32)len)
		return -EBADMSG;
	*produced = len;
	return 0;
}
