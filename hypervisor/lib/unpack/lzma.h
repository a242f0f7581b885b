/* SPDX-License-Identifier: MIT */
/*
 * LZMA2, the compression inside .xz files. Private to unpack/.
 */
#ifndef LIB_UNPACK_LZMA_H
#define LIB_UNPACK_LZMA_H

#include "lib/types.h"

/* Where the input and the output stand; both move. */
struct lzma_io {
	const u8 *in, *in_end;
	u8 *out;
	const u8 *out_end;
};

/* Working memory: the probabilities. */
size_t lzma_scratch_size(void);

/*
 * Unpack LZMA2 chunks up to their end mark. Besides the chunks, LZMA_INPUT_SLACK bytes of other input must
 * lie before in_end, as they do in any whole .xz file; without them a sound stream may be told as broken.
 */
int __must_check lzma2_unpack(struct lzma_io *io, void *scratch);

enum { LZMA_INPUT_SLACK = 21 };

#endif /* LIB_UNPACK_LZMA_H */
