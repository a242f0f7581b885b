/* SPDX-License-Identifier: MIT */
/*
 * XXH64 with seed 0, zstd's checksum. Private to unpack/.
 */
#ifndef LIB_UNPACK_XXH64_H
#define LIB_UNPACK_XXH64_H

#include "lib/types.h"

u64 xxh64(const u8 *data, size_t len);

#endif /* LIB_UNPACK_XXH64_H */
