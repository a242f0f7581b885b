/* SPDX-License-Identifier: MIT */
/*
 * The number that the linker derived from the image's contents: tells which build a crash dump belongs to.
 */
#ifndef CORE_BUILD_ID_H
#define CORE_BUILD_ID_H

#include "lib/types.h"

/* Its bytes, or NULL if the image has none. */
const u8 *build_id_get(u32 *len);
/* In hexadecimal. */
void build_id_format(char *buf, size_t size);

#endif
