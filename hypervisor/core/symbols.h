/* SPDX-License-Identifier: MIT */
/*
 * Names of functions, from the table that core/symtab.awk put into the image. Read only.
 */
#ifndef CORE_SYMBOLS_H
#define CORE_SYMBOLS_H

#include "lib/types.h"

/* The function that holds `address`, or NULL; *offset into it, and its size up to the next one. */
const char *symbol_find(u64 address, u32 *offset, u32 *size);
/* "name+0x12/0x34", or the bare number. */
void symbol_format(char *buf, size_t len, u64 address);

#endif
