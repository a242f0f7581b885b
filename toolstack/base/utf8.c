/* SPDX-License-Identifier: MIT */
/* UTF-8 by the book: no overlong forms, no surrogates, no NUL, nothing above U+10FFFF.  Pure. */
#include <stdint.h>
#include <string.h>

#include "base/strbuf.h"

size_t utf8_length(const void *text, size_t left)
{
	const unsigned char *s = text;
	static const uint32_t least[5] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = s[0] < 0x80 ? 1 : (s[0] & 0xe0) == 0xc0 ? 2 : (s[0] & 0xf0) == 0xe0 ? 3 :
		   (s[0] & 0xf8) == 0xf0 ? 4 : 0;
	uint32_t c;

	if (n == 0 || n > left || s[0] == 0)
		return 0;
	c = n == 1 ? s[0] : s[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	return n;
}

bool utf8_is_valid(const char *s)
{
	size_t left = strlen(s);

	while (left) {
		size_t n = utf8_length(s, left);

		if (n == 0)
			return false;
		s += n;
		left -= n;
	}
	return true;
}
