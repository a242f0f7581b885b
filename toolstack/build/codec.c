/* SPDX-License-Identifier: MIT */
/*
 * Compressed kernels: told by their first bytes, unpacked by the system's libraries.  One table row a
 * format.  All state is on the heap of the unprivileged child; output never grows beyond the limit, so a
 * bomb ends in an error.
 */
#include <bzlib.h>
#include <errno.h>
#include <lz4.h>
#include <lzma.h>
#include <lzo/lzo1x.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "build/image.h"

/* Output that doubles up to its limit. */
struct sink {
	uint8_t *data;
	size_t len, size, limit;
};

static int sink_grow(struct sink *s, size_t want)
{
	size_t size = s->size ? s->size : 1u << 20;
	uint8_t *p;

	if (want > s->limit)
		return -EFBIG;
	while (size < want)
		size *= 2;
	if (size > s->limit)
		size = s->limit;
	if (size == s->size)
		return 0;
	p = realloc(s->data, size);
	if (!p)
		return -ENOMEM;
	s->data = p;
	s->size = size;
	return 0;
}

/* Room for at least one more byte. */
static int sink_more(struct sink *s)
{
	return s->len < s->size ? 0 : sink_grow(s, s->len + 1);
}

static int unpack_gzip(const uint8_t *in, size_t len, struct sink *s)
{
	z_stream z = { .next_in = (uint8_t *)in, .avail_in = (unsigned int)len };
	int rc = 0, st = Z_OK;

	if (inflateInit2(&z, 15 + 16) != Z_OK)
		return -ENOMEM;
	while (!rc && st == Z_OK) {
		rc = sink_more(s);
		if (rc)
			break;
		z.next_out = s->data + s->len;
		z.avail_out = (unsigned int)(s->size - s->len);
		st = inflate(&z, Z_NO_FLUSH);
		s->len = s->size - z.avail_out;
		if (st != Z_OK && st != Z_STREAM_END)
			rc = -EBADMSG;
	}
	inflateEnd(&z);
	return rc;
}

static int unpack_bzip2(const uint8_t *in, size_t len, struct sink *s)
{
	bz_stream z = { .next_in = (char *)(uintptr_t)in, .avail_in = (unsigned int)len };
	int rc = 0, st = BZ_OK;

	if (BZ2_bzDecompressInit(&z, 0, 0) != BZ_OK)
		return -ENOMEM;
	while (!rc && st == BZ_OK) {
		rc = sink_more(s);
		if (rc)
			break;
		z.next_out = (char *)s->data + s->len;
		z.avail_out = (unsigned int)(s->size - s->len);
		st = BZ2_bzDecompress(&z);
		if ((st != BZ_OK && st != BZ_STREAM_END) || (st == BZ_OK && !z.avail_in && z.avail_out))
			rc = -EBADMSG;
		s->len = s->size - z.avail_out;
	}
	BZ2_bzDecompressEnd(&z);
	return rc;
}

/* xz and lzma: the library tells them apart. */
static int unpack_lzma(const uint8_t *in, size_t len, struct sink *s)
{
	lzma_stream z = LZMA_STREAM_INIT;
	lzma_ret st = lzma_auto_decoder(&z, 256u << 20, 0);
	int rc = st == LZMA_OK ? 0 : -ENOMEM;

	z.next_in = in;
	z.avail_in = len;
	while (!rc && st == LZMA_OK) {
		rc = sink_more(s);
		if (rc)
			break;
		z.next_out = s->data + s->len;
		z.avail_out = s->size - s->len;
		st = lzma_code(&z, LZMA_RUN);
		s->len = s->size - z.avail_out;
		if (st != LZMA_OK && st != LZMA_STREAM_END)
			rc = -EBADMSG;
	}
	lzma_end(&z);
	return rc;
}

static int unpack_zstd(const uint8_t *in, size_t len, struct sink *s)
{
	ZSTD_DStream *z = ZSTD_createDStream();
	ZSTD_inBuffer src = { in, len, 0 };
	size_t st = 1;
	int rc = z ? 0 : -ENOMEM;

	while (!rc && st != 0) {
		rc = sink_more(s);
		if (rc)
			break;
		ZSTD_outBuffer dst = { s->data + s->len, s->size - s->len, 0 };
		size_t before = src.pos;

		st = ZSTD_decompressStream(z, &dst, &src);
		s->len += dst.pos;
		if (ZSTD_isError(st) || (st != 0 && !dst.pos && src.pos == before))
			rc = -EBADMSG;
	}
	ZSTD_freeDStream(z);
	return rc;
}

static uint32_t le32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* The old LZ4 frame that kernels use: the magic, then blocks of at most 8 MiB, each after its length. */
static int unpack_lz4(const uint8_t *in, size_t len, struct sink *s)
{
	const size_t block = 8u << 20;
	size_t at = 4;

	while (len - at >= 4) {
		uint32_t n = le32(in + at);
		int got, rc;

		if (n == 0x184c2102) {	/* one frame after another */
			at += 4;
			continue;
		}
		if (n == 0 || n > len - at - 4)
			break;	/* the kernel's build appends the unpacked size */
		rc = sink_grow(s, s->len + block < s->limit ? s->len + block : s->limit);
		if (rc)
			return rc;
		got = LZ4_decompress_safe((const char *)in + at + 4, (char *)s->data + s->len, (int)n,
					  (int)(s->size - s->len < block ? s->size - s->len : block));
		if (got < 0)
			return -EBADMSG;
		s->len += (size_t)got;
		at += 4 + n;
	}
	return s->len ? 0 : -EBADMSG;
}

/*
 * The lzop container: magic (9), version (2), library version (2), version needed (2), method (1), level (1),
 * flags (4), [filter (4)], mode (4), mtime (4), mtime high (4), name length (1), name, checksum (4), then
 * blocks: unpacked length, packed length, checksums as the flags say; length 0 ends.
 */
static int unpack_lzo(const uint8_t *in, size_t len, struct sink *s)
{
	size_t at = 9 + 2 + 2 + 2 + 1 + 1;
	uint32_t flags;

	if (len < at + 21 || lzo_init() != LZO_E_OK)
		return -EBADMSG;
	flags = be32(in + at);
	at += 4 + ((flags & 0x800) ? 4 : 0) + 12;
	at += 1u + in[at] + 4;
	for (;;) {
		uint32_t n, packed;
		lzo_uint got;
		int rc;

		if (at > len || len - at < 4)
			return -EBADMSG;
		n = be32(in + at);
		if (n == 0)
			return 0;
		if (len - at < 8)
			return -EBADMSG;
		packed = be32(in + at + 4);
		at += 8 + ((flags & 1) ? 4 : 0) + ((flags & 0x100) ? 4 : 0);
		if (packed < n)
			at += ((flags & 2) ? 4 : 0) + ((flags & 0x200) ? 4 : 0);
		if (at > len || packed > len - at || packed > n || n > (64u << 20))
			return -EBADMSG;
		rc = sink_grow(s, s->len + n);
		if (rc)
			return rc;
		got = n;
		if (packed == n)
			memcpy(s->data + s->len, in + at, n);
		else if (lzo1x_decompress_safe(in + at, packed, s->data + s->len, &got, NULL) != LZO_E_OK ||
			 got != n)
			return -EBADMSG;
		s->len += n;
		at += packed;
	}
}

struct codec {
	const char *name;
	uint8_t magic[9];
	size_t magic_len;
	int (*unpack)(const uint8_t *in, size_t len, struct sink *s);
};

static const struct codec codecs[] = {
	{ "gzip", { 0x1f, 0x8b }, 2, unpack_gzip },
	{ "bzip2", "BZh", 3, unpack_bzip2 },
	{ "xz", { 0xfd, '7', 'z', 'X', 'Z', 0 }, 6, unpack_lzma },
	{ "lzma", { 0x5d, 0, 0 }, 3, unpack_lzma },
	{ "zstd", { 0x28, 0xb5, 0x2f, 0xfd }, 4, unpack_zstd },
	{ "lz4", { 0x02, 0x21, 0x4c, 0x18 }, 4, unpack_lz4 },
	{ "lzo", { 0x89, 'L', 'Z', 'O', 0, '\r', '\n', 0x1a, '\n' }, 9, unpack_lzo },
};

static const struct codec *codec_find(const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < sizeof(codecs) / sizeof(codecs[0]); i++)
		if (len > codecs[i].magic_len && memcmp(data, codecs[i].magic, codecs[i].magic_len) == 0)
			return &codecs[i];
	return NULL;
}

const char *codec_name(const uint8_t *data, size_t len)
{
	const struct codec *c = codec_find(data, len);

	return c ? c->name : NULL;
}

int codec_unpack(const uint8_t *data, size_t len, size_t limit, uint8_t **out, size_t *out_len)
{
	const struct codec *c = codec_find(data, len);
	struct sink s = { .limit = limit };
	int rc = c ? c->unpack(data, len, &s) : -ENOTSUP;

	if (rc) {
		free(s.data);
		return rc;
	}
	*out = s.data;
	*out_len = s.len;
	return 0;
}
