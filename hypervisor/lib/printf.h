/* SPDX-License-Identifier: MIT */
/*
 * Formatted text into a buffer.
 *
 * Understood: flags - 0 # + space, width and precision (numbers or *), sizes hh h l ll z t j, and
 * %d %i %u %x %X %o %c %s %p %%. A pointer prints as 16 hexadecimal digits. No floating point and no %n.
 * An unknown conversion is copied as it stands, and no argument is taken for it or for any after it.
 */
#ifndef LIB_PRINTF_H
#define LIB_PRINTF_H

#include "lib/types.h"

/* As in C: the length the whole text would have; the buffer is always terminated if size > 0. */
int vsnprintf(char *buf, size_t size, const char *fmt, va_list args) __printf(3, 0);
int snprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);

/* The same, but the result is the number of characters that are in the buffer, without the terminator. */
int vscnprintf(char *buf, size_t size, const char *fmt, va_list args) __printf(3, 0);
int scnprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);

#endif /* LIB_PRINTF_H */
