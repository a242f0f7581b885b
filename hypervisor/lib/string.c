/* SPDX-License-Identifier: MIT */
/*
 * The memory and string functions that gcc may call on its own and that C code expects.
 *
 * Copies move eight bytes a step with the string instructions: on current CPUs microcode makes them as fast
 * as anything without vector registers, and under emulation one step costs one instruction. The ragged end of
 * a copy of eight bytes or more is one unaligned word that overlaps what was already copied. No locks; not
 * linked into host tests, where libc has these names.
 */
#include "lib/string.h"

#ifndef __clang__
/* Else gcc recognises the loop inside strlen as strlen, and calls it. */
#pragma GCC optimize ("no-tree-loop-distribute-patterns")
#endif

typedef u64 __attribute__((may_alias, aligned(1))) word_any_t;
typedef u32 __attribute__((may_alias, aligned(1))) half_any_t;

static inline word_any_t *word_at(void *p, size_t offset)
{
	return (word_any_t *)((u8 *)p + offset);
}

static inline const word_any_t *cword_at(const void *p, size_t offset)
{
	return (const word_any_t *)((const u8 *)p + offset);
}

/* Fewer than eight bytes: load all, then store all, so that overlap is harmless. */
static void copy_small(void *dst, const void *src, size_t n)
{
	u8 *d = dst;
	const u8 *s = src;

	if (n >= 4) {
		u32 first = *(const half_any_t *)s, last = *(const half_any_t *)(s + n - 4);

		*(half_any_t *)d = first;
		*(half_any_t *)(d + n - 4) = last;
	} else if (n) {
		u8 first = s[0], middle = s[n / 2], last = s[n - 1];

		d[0] = first;
		d[n / 2] = middle;
		d[n - 1] = last;
	}
}

void *memcpy(void *dst, const void *src, size_t n)
{
	void *d = dst;
	u64 last, words = n / 8;

	if (n < 8) {
		copy_small(dst, src, n);
		return dst;
	}
	last = *cword_at(src, n - 8);
	__asm__ volatile ("rep movsq" : "+D" (d), "+S" (src), "+c" (words) : : "memory");
	*word_at(dst, n - 8) = last;
	return dst;
}

/* Backwards, for a destination that starts inside the source. The ragged bytes are at the low end. */
static void copy_down(void *dst, const void *src, size_t n)
{
	u64 first = *cword_at(src, 0), words = n / 8;
	void *d = word_at(dst, n - 8);
	const void *s = cword_at(src, n - 8);

	__asm__ volatile ("std; rep movsq; cld" : "+D" (d), "+S" (s), "+c" (words) : : "memory");
	*word_at(dst, 0) = first;
}

void *memmove(void *dst, const void *src, size_t n)
{
	if (n < 8)
		copy_small(dst, src, n);
	else if ((size_t)((u8 *)dst - (const u8 *)src) >= n)
		return memcpy(dst, src, n);
	else if (dst != src)
		copy_down(dst, src, n);
	return dst;
}

void *memset(void *dst, int byte, size_t n)
{
	u64 pattern = (u8)byte * 0x0101010101010101UL, words = n / 8;
	void *d = dst;
	u8 *bytes = dst;

	if (n < 8) {
		while (n)
			bytes[--n] = byte;
		return dst;
	}
	__asm__ volatile ("rep stosq" : "+D" (d), "+c" (words) : "a" (pattern) : "memory");
	*word_at(dst, n - 8) = pattern;
	return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const u8 *x = a, *y = b;

	for (; n >= 8 && *cword_at(x, 0) == *cword_at(y, 0); n -= 8) {
		x += 8;
		y += 8;
	}
	for (; n; n--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

void *memchr(const void *mem, int byte, size_t n)
{
	const u8 *p = mem;

	for (; n; n--, p++)
		if (*p == (u8)byte)
			return (void *)p;
	return NULL;
}

size_t strlen(const char *s)
{
	const char *end = s;

	while (*end)
		end++;
	return end - s;
}

size_t strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n])
		n++;
	return n;
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n; n--, a++, b++)
		if (*a != *b || !*a)
			return (u8)*a - (u8)*b;
	return 0;
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, SIZE_MAX);
}

static int lower(char c)
{
	return c >= 'A' && c <= 'Z' ? c + 'a' - 'A' : (u8)c;
}

int strncasecmp(const char *a, const char *b, size_t n)
{
	for (; n; n--, a++, b++)
		if (lower(*a) != lower(*b) || !*a)
			return lower(*a) - lower(*b);
	return 0;
}

int strcasecmp(const char *a, const char *b)
{
	return strncasecmp(a, b, SIZE_MAX);
}

char *strchr(const char *s, int c)
{
	for (; *s != (char)c; s++)
		if (!*s)
			return NULL;
	return (char *)s;
}

char *strrchr(const char *s, int c)
{
	const char *found = NULL;

	do {
		if (*s == (char)c)
			found = s;
	} while (*s++);
	return (char *)found;
}

char *strstr(const char *hay, const char *needle)
{
	size_t n = strlen(needle);

	for (; strncmp(hay, needle, n) != 0; hay++)
		if (!*hay)
			return NULL;
	return (char *)hay;
}
