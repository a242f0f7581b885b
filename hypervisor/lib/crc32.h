/* SPDX-License-Identifier: MIT */
/*
 * CRC-32 as in IEEE 802.3, zlib and xz: reflected, polynomial 0xedb88320.
 */
#ifndef LIB_CRC32_H
#define LIB_CRC32_H

#include "lib/types.h"

/* Start with crc = 0 and feed the result back for data in pieces. */
u32 crc32(u32 crc, const void *data, size_t len);

#endif /* LIB_CRC32_H */
