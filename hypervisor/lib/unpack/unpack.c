/* SPDX-License-Identifier: MIT */
/*
 * The front of the decoders: tell the format by its first bytes and call the one that knows it. Pure, no
 * locks.
 */
#include "lib/unpack/unpack.h"
#include "lib/unpack/formats.h"

static const struct {
	char name[8];
	u8 magic[6];
	u8 magic_len;
} formats[] = {
	[UNPACK_UNKNOWN] = { "unknown", { 0 }, 0 },
	[UNPACK_GZIP] = { "gzip", { 0x1f, 0x8b }, 2 },
	[UNPACK_XZ] = { "xz", { 0xfd, '7', 'z', 'X', 'Z', 0 }, 6 },
	[UNPACK_ZSTD] = { "zstd", { 0x28, 0xb5, 0x2f, 0xfd }, 4 },
	[UNPACK_LZ4] = { "lz4", { 0x02, 0x21, 0x4c, 0x18 }, 4 },
};

enum unpack_format unpack_detect(const void *in, size_t in_len)
{
	for (unsigned int i = UNPACK_GZIP; i < ARRAY_SIZE(formats); i++)
		if (in_len >= formats[i].magic_len && memcmp(in, formats[i].magic, formats[i].magic_len) == 0)
			return i;
	return UNPACK_UNKNOWN;
}

const char *unpack_format_name(enum unpack_format format)
{
	return formats[format].name;
}

int unpack(const void *in, size_t in_len, void *out, size_t out_len, void *scratch, size_t scratch_len,
	   size_t *produced)
{
	if (scratch_len < UNPACK_SCRATCH_SIZE || !IS_ALIGNED((u64)scratch, 8))
		return -EINVAL;
	switch (unpack_detect(in, in_len)) {
	case UNPACK_GZIP:
		return gzip_unpack(in, in_len, out, out_len, scratch, produced);
	case UNPACK_XZ:
		return xz_unpack(in, in_len, out, out_len, scratch, produced);
	case UNPACK_ZSTD:
		return zstd_unpack(in, in_len, out, out_len, scratch, produced);
	case UNPACK_LZ4:
		return lz4_unpack(in, in_len, out, out_len, scratch, produced);
	default:
		return -ENOEXEC;
	}
}
