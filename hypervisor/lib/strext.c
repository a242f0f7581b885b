/* SPDX-License-Identifier: MIT */
/*
 * The string functions that libc does not have; host tests link this file. Pure, no locks.
 */
#include "lib/string.h"

size_t strlcpy(char *dst, const char *src, size_t size)
{
	size_t len = strlen(src), n = len < size ? len : size - 1;

	if (size) {
		memcpy(dst, src, n);
		dst[n] = '\0';
	}
	return len;
}

const void *memchr_inv(const void *mem, u8 byte, size_t n)
{
	const u8 *p = mem;

	for (; n; n--, p++)
		if (*p != byte)
			return p;
	return NULL;
}

bool str_has_prefix(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}
