/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a packed kernel, in two ways, chosen by the first byte:
 *
 *   as they are   unpacked into a buffer of a size also taken from the input; what we accept, the system's
 *                 library must accept too and give the same
 *   packed first  by the library; then we must give the input back
 */
#include <lzma.h>
#define crc32 zlib_crc32
#include <zlib.h>
#undef crc32
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "lib/unpack/bzimage.h"
#include "lib/unpack/unpack.h"

#define OUT_MAX		65536
#define REQUIRE(condition)	do { if (!(condition)) abort(); } while (0)

static u64 scratch[UNPACK_SCRATCH_SIZE / 8];
static unsigned char reference[OUT_MAX * 4];

static size_t reference_gzip(const u8 *in, size_t len)
{
	z_stream z = {
		.next_in = (u8 *)in, .avail_in = len, .next_out = reference, .avail_out = sizeof(reference),
	};
	int rc;

	inflateInit2(&z, 16 + 15);
	rc = inflate(&z, Z_FINISH);
	inflateEnd(&z);
	return rc == Z_STREAM_END ? z.total_out : (size_t)-1;
}

static size_t reference_xz(const u8 *in, size_t len)
{
	lzma_stream stream = LZMA_STREAM_INIT;
	size_t got;

	/* Index and footer may be broken, and the return value with them: we do not read them. */
	REQUIRE(lzma_stream_decoder(&stream, 1UL << 32, 0) == LZMA_OK);
	stream.next_in = in;
	stream.avail_in = len;
	stream.next_out = reference;
	stream.avail_out = sizeof(reference);
	(void)!lzma_code(&stream, LZMA_FINISH);
	got = stream.total_out;
	lzma_end(&stream);
	return got;
}

static void check_accepted(enum unpack_format format, const u8 *in, size_t len,
			   const u8 *out, size_t produced)
{
	size_t got = produced;

	if (format == UNPACK_GZIP)
		got = reference_gzip(in, len);
	else if (format == UNPACK_XZ)
		got = reference_xz(in, len);
	else
		return;
	REQUIRE(got == produced);
	REQUIRE(memcmp(reference, out, produced) == 0);
}

static void unpack_raw(const u8 *in, size_t len, size_t out_len)
{
	u8 *out = malloc(out_len ? out_len : 1);
	struct bzimage bz;
	size_t produced;

	if (bzimage_parse(&bz, in, len) == 0) {
		in = bz.payload;
		len = bz.payload_len;
	}
	if (unpack(in, len, out, out_len, scratch, sizeof(scratch), &produced) == 0) {
		REQUIRE(produced <= out_len);
		check_accepted(unpack_detect(in, len), in, len, out, produced);
	}
	free(out);
}

static size_t pack(unsigned int format, unsigned int level, const u8 *in, size_t len, u8 *packed, size_t max)
{
	size_t out = 0;

	if (format == 0) {
		lzma_options_lzma options;
		lzma_filter filters[3] = {
			{ .id = LZMA_FILTER_X86 }, { .id = LZMA_FILTER_LZMA2, .options = &options },
			{ .id = LZMA_VLI_UNKNOWN },
		};

		lzma_lzma_preset(&options, level % 7);
		options.dict_size = 65536;
		REQUIRE(lzma_stream_buffer_encode(filters + level % 2, LZMA_CHECK_CRC32, NULL, in, len,
						  packed, &out, max) == LZMA_OK);
	} else if (format == 1) {
		out = ZSTD_compress(packed, max, in, len, level % 8);
	} else {
		z_stream z = { .next_in = (u8 *)in, .avail_in = len, .next_out = packed, .avail_out = max };

		deflateInit2(&z, level % 10, Z_DEFLATED, 16 + 15, 8, level % 5);
		deflate(&z, Z_FINISH);
		deflateEnd(&z);
		out = z.total_out;
	}
	return out;
}

static void round_trip(const u8 *in, size_t len, unsigned int choice)
{
	size_t max = len * 2 + 1024, packed_len, produced;
	u8 *packed = malloc(max), *out = malloc(len ? len : 1);

	packed_len = pack(choice % 3, choice / 3, in, len, packed, max);
	REQUIRE(unpack(packed, packed_len, out, len, scratch, sizeof(scratch), &produced) == 0);
	REQUIRE(produced == len && memcmp(out, in, len) == 0);
	free(packed);
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	if (data[0] % 8 == 7)
		round_trip(data + 2, size - 2, data[1]);
	else
		unpack_raw(data + 2, size - 2, (size_t)data[0] * 64 + data[1] * 256 % OUT_MAX);
	return 0;
}
