/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a packed kernel, or as a bzImage around one, unpacked into a buffer whose size is also taken
 * from the input. What we accept, the system's library must accept too and give the same. (The way round,
 * that we accept what the libraries pack, is in tests/unit/unpack_test.c.)
 */
#include <lzma.h>
#define crc32 zlib_crc32
#include <zlib.h>
#undef crc32
#include <stdlib.h>
#include <string.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "lib/unpack/bzimage.h"
#include "lib/unpack/unpack.h"

#define OUT_MAX		16640
#define REQUIRE(condition)	do { if (!(condition)) abort(); } while (0)

static u64 scratch[UNPACK_SCRATCH_SIZE / 8];
static unsigned char reference[OUT_MAX * 2];

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

/* Bytes behind the last frame are ours to ignore, not the library's: give it the frames alone. */
static bool reference_zstd(const u8 *in, size_t len, size_t *got)
{
	size_t whole = 0, frame;

	while (whole + 4 <= len && memcmp(in + whole, in, 4) == 0) {
		frame = ZSTD_findFrameCompressedSize(in + whole, len - whole);
		if (ZSTD_getErrorCode(frame) == ZSTD_error_frameParameter_windowTooLarge)
			return false;
		REQUIRE(!ZSTD_isError(frame));
		whole += frame;
	}
	*got = ZSTD_decompress(reference, sizeof(reference), in, whole);
	/* We do not care for windows, for we have the whole output. */
	return ZSTD_getErrorCode(*got) != ZSTD_error_frameParameter_windowTooLarge;
}

static void check_accepted(enum unpack_format format, const u8 *in, size_t len,
			   const u8 *out, size_t produced)
{
	size_t got = produced;

	if (format == UNPACK_GZIP)
		got = reference_gzip(in, len);
	else if (format == UNPACK_XZ)
		got = reference_xz(in, len);
	else if (format != UNPACK_ZSTD || !reference_zstd(in, len, &got))
		return;
	REQUIRE(got == produced);
	REQUIRE(memcmp(reference, out, produced) == 0);
}

static void unpack_one(const u8 *in, size_t len, size_t out_len)
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	unpack_one(data + 2, size - 2, (size_t)data[0] * 64 + data[1]);
	return 0;
}
