/* SPDX-License-Identifier: MIT */
/*
 * Decompression of a whole buffer into a whole buffer: gzip, xz, zstd and lz4 (the legacy format), which are
 * how Linux kernels are packed. Used at boot for dom0's kernel, and on the host by tests.
 *
 * The input is not trusted: nothing is read or written outside the three buffers, whatever it says. The
 * window of each format is the output buffer itself. No memory is allocated, no state is kept, no locks.
 */
#ifndef LIB_UNPACK_UNPACK_H
#define LIB_UNPACK_UNPACK_H

#include "lib/types.h"

enum unpack_format { UNPACK_UNKNOWN, UNPACK_GZIP, UNPACK_XZ, UNPACK_ZSTD, UNPACK_LZ4 };

/* Working memory that unpack() needs, whatever the format; aligned to 8 bytes. */
#define UNPACK_SCRATCH_SIZE	KiB(192)

/* Told by the first bytes. */
enum unpack_format unpack_detect(const void *in, size_t in_len);
const char *unpack_format_name(enum unpack_format format);

/*
 * Unpack one stream. Bytes behind its end are ignored: Linux's build appends the unpacked size.
 * -ENOEXEC: no format known here; -EBADMSG: damaged or truncated; -ENOSPC: does not fit `out_len`;
 * -EOPNOTSUPP: an option of the format that kernels do not use (a dictionary, another filter).
 * *produced is set on success only.
 */
int __must_check unpack(const void *in, size_t in_len, void *out, size_t out_len,
			void *scratch, size_t scratch_len, size_t *produced);

#endif /* LIB_UNPACK_UNPACK_H */
