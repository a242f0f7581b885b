/* SPDX-License-Identifier: MIT */
/*
 * lib/unpack/ against the system's libraries: what they pack in many ways we unpack to the same bytes, into
 * buffers of exactly the needed size on the heap, where the sanitizer sees each byte too far. Damaged and
 * truncated streams must fail or, where no check sees the damage, at least stay inside the buffers. And the
 * bzImage header.
 */
#include <lz4.h>
#include <lz4hc.h>
#include <lzma.h>
#define crc32 zlib_crc32
#include <zlib.h>
#undef crc32
#include <zstd.h>

#include "unit.h"
#include "lib/errno.h"
#include "lib/unpack/bzimage.h"
#include "lib/unpack/unpack.h"

#define DATA_MAX	400000
#define PACKED_MAX	(DATA_MAX * 2 + 4096)

static u8 data[DATA_MAX], packed[PACKED_MAX];
static u64 scratch[UNPACK_SCRATCH_SIZE / 8];

/* Something of everything: runs, text of few letters, noise, repeats near and far, calls and jumps. */
static size_t make_data(size_t max)
{
	size_t n = 0, size = unit_random() % 4 ? unit_random() % 5000 : unit_random() % max;

	while (n < size) {
		size_t longest = unit_random() % 3 ? 50 : 3000;
		size_t len = MIN(size - n, 1 + unit_random() % longest);
		unsigned int kind = unit_random() % 6, period = 1 + unit_random() % 20;

		for (size_t i = 0; i < len; i++, n++) {
			switch (kind) {
			case 0:
				data[n] = 'x';
				break;
			case 1:
				data[n] = 'a' + unit_random() % 4;
				break;
			case 2:
				data[n] = unit_random();
				break;
			case 3:
				data[n] = n >= period ? data[n - period] : 0;
				break;
			case 4:
				data[n] = n > 2000 ? data[n - 2000] : period;
				break;
			default:
				data[n] = unit_random() % 3 ? unit_random() % 2 * 0xff
							    : 0xe8 + unit_random() % 2;
				break;
			}
		}
	}
	return n;
}

static size_t pack_gzip(size_t n)
{
	z_stream z = { .next_in = data, .avail_in = n, .next_out = packed, .avail_out = PACKED_MAX };
	static const int strategies[] = { Z_DEFAULT_STRATEGY, Z_HUFFMAN_ONLY, Z_RLE, Z_FIXED, Z_FILTERED };
	gz_header header = {
		.name = (Bytef *)"vmlinux", .comment = (Bytef *)"none", .extra = data, .hcrc = 1,
	};

	deflateInit2(&z, unit_random() % 10, Z_DEFLATED, 16 + 9 + unit_random() % 7, 1 + unit_random() % 9,
		     strategies[unit_random() % 5]);
	header.extra_len = MIN(n, unit_random() % 30);
	if (unit_random() & 1)
		deflateSetHeader(&z, &header);
	deflate(&z, Z_FINISH);
	deflateEnd(&z);
	return z.total_out;
}

static size_t pack_xz(size_t n)
{
	static const lzma_check checks[] = {
		LZMA_CHECK_CRC32, LZMA_CHECK_NONE, LZMA_CHECK_CRC64, LZMA_CHECK_SHA256,
	};
	lzma_options_lzma options;
	lzma_filter filters[3];
	size_t out = 0, i = 0;
	bool x86 = unit_random() & 1;

	lzma_lzma_preset(&options, unit_random() % 10);
	options.dict_size = 4096 << unit_random() % 8;
	options.lc = unit_random() % 5;
	options.lp = unit_random() % (5 - options.lc);
	options.pb = unit_random() % 5;
	if (x86)
		filters[i++] = (lzma_filter){ .id = LZMA_FILTER_X86 };
	filters[i++] = (lzma_filter){ .id = LZMA_FILTER_LZMA2, .options = &options };
	filters[i] = (lzma_filter){ .id = LZMA_VLI_UNKNOWN };
	if (lzma_stream_buffer_encode(filters, checks[unit_random() % 4], NULL, data, n,
				      packed, &out, PACKED_MAX))
		return 0;
	return out;
}

static size_t pack_zstd(size_t n)
{
	ZSTD_CCtx *ctx = ZSTD_createCCtx();
	size_t out;

	ZSTD_CCtx_setParameter(ctx, ZSTD_c_compressionLevel, (int)(unit_random() % 23) - 3);
	ZSTD_CCtx_setParameter(ctx, ZSTD_c_checksumFlag, unit_random() & 1);
	ZSTD_CCtx_setParameter(ctx, ZSTD_c_contentSizeFlag, unit_random() & 1);
	if (unit_random() & 1)
		ZSTD_CCtx_setParameter(ctx, ZSTD_c_windowLog, 10 + unit_random() % 8);
	out = ZSTD_compress2(ctx, packed, PACKED_MAX, data, n);
	ZSTD_freeCCtx(ctx);
	return ZSTD_isError(out) ? 0 : out;
}

static size_t pack_lz4(size_t n)
{
	size_t out = 4, block_max = unit_random() & 1 ? DATA_MAX : 1 + unit_random() % 5000;

	memcpy(packed, "\x02\x21\x4c\x18", 4);
	for (size_t at = 0, len; at < n; at += len) {
		char *to = (char *)packed + out + 4;
		int room = PACKED_MAX - out - 4;
		u32 got;

		len = MIN(n - at, block_max);
		if (unit_random() & 1)
			got = LZ4_compress_fast((char *)data + at, to, len, room, 1 + unit_random() % 20);
		else
			got = LZ4_compress_HC((char *)data + at, to, len, room, 1 + unit_random() % 12);
		memcpy(packed + out, &got, 4);
		out += 4 + got;
	}
	return out;
}

/* With the size appended, as Linux's build does, except for gzip, which has it already. */
static size_t append_size(size_t packed_len, u32 size, enum unpack_format format)
{
	if (format == UNPACK_GZIP || unit_random() & 1)
		return packed_len;
	memcpy(packed + packed_len, &size, 4);
	return packed_len + 4;
}

/* Unpack packed[0..len) into a heap block of out_len bytes and compare with data. */
static int unpack_exactly(size_t len, size_t out_len, size_t *produced, bool *same)
{
	u8 *in = malloc(len ? len : 1), *out = malloc(out_len ? out_len : 1);
	int rc;

	memcpy(in, packed, len);
	rc = unpack(in, len, out, out_len, scratch, sizeof(scratch), produced);
	*same = rc == 0 && memcmp(out, data, *produced) == 0;
	free(in);
	free(out);
	return rc;
}

static void damage(size_t len, size_t out_len)
{
	size_t produced;
	bool same;

	if (unit_random() & 1)
		len = unit_random() % (len + 1);
	for (int i = unit_random() % 4; i > 0 && len; i--)
		packed[unit_random() % (unit_random() & 1 ? MIN(len, 40UL) : len)] ^= 1 << unit_random() % 8;
	unpack_exactly(len, out_len, &produced, &same);
}

static void round_trip(size_t (*pack)(size_t), enum unpack_format format, int rounds)
{
	for (int round = 0; round < rounds; round++) {
		size_t n = make_data(DATA_MAX), len = pack(n), produced = 0;
		bool same;
		int rc;

		REQUIRE(len);
		len = append_size(len, n, format);
		CHECK_EQ(unpack_detect(packed, len), format);
		rc = unpack_exactly(len, n, &produced, &same);
		if (rc || produced != n || !same) {
			printf("    round %d: %zu bytes, rc %d, produced %zu\n", round, n, rc, produced);
			REQUIRE(!"unpacks to the same");
		}
		/* A larger buffer makes other copies possible. */
		CHECK(unpack_exactly(len, n + 100, &produced, &same) == 0 && produced == n && same);
		if (n)
			CHECK_EQ(unpack_exactly(len, n - 1, &produced, &same), -ENOSPC);
		for (int i = 0; i < 4; i++)
			damage(len, n + unit_random() % 100);
	}
}

TEST(gzip_equals_zlib)
{
	round_trip(pack_gzip, UNPACK_GZIP, 700);
}

TEST(xz_equals_liblzma)
{
	round_trip(pack_xz, UNPACK_XZ, 300);
}

TEST(zstd_equals_libzstd)
{
	round_trip(pack_zstd, UNPACK_ZSTD, 500);
}

TEST(lz4_equals_liblz4)
{
	round_trip(pack_lz4, UNPACK_LZ4, 700);
}

/* An empty deflate stream under a header with a name and a CRC16 of its own, which must be right like all the rest. */
TEST(gzip_header_crc)
{
	u8 in[] = { 0x1f, 0x8b, 8, 2 | 8, 1, 2, 3, 4, 0, 3, 'x', 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
	u16 right = crc32_z(0, in, 12);
	u8 out[1];
	size_t produced = 1;

	memcpy(in + 12, &right, 2);
	CHECK_EQ(unpack(in, sizeof(in), out, 0, scratch, sizeof(scratch), &produced), 0);
	CHECK_EQ(produced, 0);
	for (size_t i = 4; i < 14; i++) {
		in[i] ^= 0x10;
		CHECK_EQ(unpack(in, sizeof(in), out, 0, scratch, sizeof(scratch), &produced), -EBADMSG);
		in[i] ^= 0x10;
	}
	CHECK_EQ(unpack(in, 13, out, 0, scratch, sizeof(scratch), &produced), -EBADMSG);
}

/* Every truncation of a checked stream is an error, however short or nearly whole. */
TEST(truncated_streams_fail)
{
	size_t (*const packers[])(size_t) = { pack_gzip, pack_xz, pack_zstd };

	for (size_t which = 0; which < ARRAY_SIZE(packers); which++) {
		size_t n = 3000, len, produced;
		bool same;

		for (size_t i = 0; i < n; i++)
			data[i] = i % 7 * (unit_random() % 5);
		len = packers[which](n);
		/* xz: the index and footer are not read; one byte of the index is. */
		if (packers[which] == pack_xz)
			len -= 40;
		for (size_t cut = 0; cut < len; cut++)
			CHECK(unpack_exactly(cut, n, &produced, &same) != 0);
	}
}

TEST(no_known_format)
{
	u8 out[10];
	size_t produced;

	CHECK_EQ(unpack("\177ELF\2\1\1", 7, out, 10, scratch, sizeof(scratch), &produced), -ENOEXEC);
	CHECK_EQ(unpack("", 0, out, 10, scratch, sizeof(scratch), &produced), -ENOEXEC);
	CHECK_EQ(unpack("\x1f\x8b", 2, out, 10, scratch, 100, &produced), -EINVAL);
	CHECK_EQ(unpack("\x1f\x8b", 2, out, 10, scratch, sizeof(scratch), &produced), -EBADMSG);
	CHECK_STR(unpack_format_name(UNPACK_ZSTD), "zstd");
}

static u8 image[8192];

static void put32(size_t at, u32 value)
{
	memcpy(image + at, &value, 4);
}

TEST(bzimage_header)
{
	struct bzimage bz;

	CHECK_EQ(bzimage_parse(&bz, image, sizeof(image)), -ENOEXEC);
	memcpy(image + 0x202, "HdrS\x0f\x02", 6);
	image[0x1f1] = 3;
	put32(0x248, 100);
	put32(0x24c, 1000);
	put32(4 * 512 + 100 + 996, 123456);
	REQUIRE(bzimage_parse(&bz, image, sizeof(image)) == 0);
	CHECK(bz.payload == image + 2148 && bz.payload_len == 1000 && bz.unpacked_len == 123456);
	CHECK_EQ(bz.protocol, 0x20f);
	/* One byte more or less of the file decides. */
	CHECK_EQ(bzimage_parse(&bz, image, 3148), 0);
	CHECK_EQ(bzimage_parse(&bz, image, 3147), -EBADMSG);
	CHECK_EQ(bzimage_parse(&bz, image, 0x205), -ENOEXEC);
	CHECK_EQ(bzimage_parse(&bz, image, 0x206), -EBADMSG);
	put32(0x24c, 3);
	CHECK_EQ(bzimage_parse(&bz, image, sizeof(image)), -EBADMSG);
	put32(0x24c, 0xfffffff0);
	CHECK_EQ(bzimage_parse(&bz, image, sizeof(image)), -EBADMSG);
	put32(0x24c, 1000);
	put32(0x248, 0xfffffff0);
	CHECK_EQ(bzimage_parse(&bz, image, sizeof(image)), -EBADMSG);
	image[0x206] = 7;
	CHECK_EQ(bzimage_parse(&bz, image, sizeof(image)), -EOPNOTSUPP);
}

int main(void)
{
	RUN(gzip_equals_zlib);
	RUN(xz_equals_liblzma);
	RUN(zstd_equals_libzstd);
	RUN(lz4_equals_liblz4);
	RUN(gzip_header_crc);
	RUN(truncated_streams_fail);
	RUN(no_known_format);
	RUN(bzimage_header);
	return unit_end();
}
