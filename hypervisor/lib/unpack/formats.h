/* SPDX-License-Identifier: MIT */
/*
 * What the decoders share: one entry point each, unaligned loads, and the copying of matches. Private to
 * unpack/.
 */
#ifndef LIB_UNPACK_FORMATS_H
#define LIB_UNPACK_FORMATS_H

#include "lib/errno.h"
#include "lib/string.h"
#include "lib/types.h"

/* Contract as for unpack(); the scratch memory is large enough and aligned, the magic has been seen. */
int gzip_unpack(const u8 *in, size_t in_len, u8 *out, size_t out_len, void *scratch, size_t *produced);
int xz_unpack(const u8 *in, size_t in_len, u8 *out, size_t out_len, void *scratch, size_t *produced);
int zstd_unpack(const u8 *in, size_t in_len, u8 *out, size_t out_len, void *scratch, size_t *produced);
int lz4_unpack(const u8 *in, size_t in_len, u8 *out, size_t out_len, void *scratch, size_t *produced);

typedef u16 __attribute__((may_alias, aligned(1))) unaligned_u16;
typedef u32 __attribute__((may_alias, aligned(1))) unaligned_u32;
typedef u64 __attribute__((may_alias, aligned(1))) unaligned_u64;

static inline u32 load16(const u8 *p)
{
	return *(const unaligned_u16 *)p;
}

static inline u32 load32(const u8 *p)
{
	return *(const unaligned_u32 *)p;
}

static inline u64 load64(const u8 *p)
{
	return *(const unaligned_u64 *)p;
}

static inline void store64(u8 *p, u64 value)
{
	*(unaligned_u64 *)p = value;
}

enum { COPY_SLACK = 8 };	/* bytes that copy_words() may touch beyond the length */

/* Reads and writes up to COPY_SLACK bytes too many; dst - src >= 8, or src is another buffer. */
static inline void copy_words(u8 *dst, const u8 *src, size_t len)
{
	u8 *end = dst + len;

	do {
		store64(dst, load64(src));
		dst += 8;
		src += 8;
	} while (dst < end);
}

/*
 * Append `len` bytes that lie `distance` back: they may be among those that are being written. The caller has
 * checked that `distance` bytes are behind `out`, distance > 0, and `len` before `end`. Returns the new out.
 *
 * A distance below 8 is a short period: once enough periods stand there byte by byte, words can be copied
 * from where the first began.
 */
static inline u8 *copy_match(u8 *out, size_t distance, size_t len, const u8 *end)
{
	const u8 *src = out - distance;
	u8 *stop = out + len;

	if (unlikely((size_t)(end - out) < len + COPY_SLACK)) {
		while (out < stop)
			*out++ = *src++;
		return stop;
	}
	if (unlikely(distance < 8)) {
		size_t warm_up = (8 + distance - 1) / distance * distance;

		for (size_t i = 0; i < warm_up && out < stop; i++, out++)
			*out = *(out - distance);
	}
	if (out < stop)
		copy_words(out, src, stop - out);
	return stop;
}

#endif /* LIB_UNPACK_FORMATS_H */
