/* SPDX-License-Identifier: MIT */
/*
 * Memory and string functions. string.c defines those that libc also has, with libc's meaning, and is linked
 * into the hypervisor only; strext.c defines the others and is linked everywhere. Nothing here allocates.
 */
#ifndef LIB_STRING_H
#define LIB_STRING_H

#include "lib/types.h"

/* string.c: as in libc. */
void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int byte, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *mem, int byte, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
int strcasecmp(const char *a, const char *b);
int strncasecmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
char *strstr(const char *hay, const char *needle);

/* strext.c */

/*
 * Copy with truncation; dst is always terminated if size > 0. Returns strlen(src): >= size means truncated.
 */
size_t strlcpy(char *dst, const char *src, size_t size);
/* The first byte that differs from `byte`, or NULL if all are equal. */
const void *memchr_inv(const void *mem, u8 byte, size_t n);
bool str_has_prefix(const char *s, const char *prefix);

static inline void clear_page(void *page)
{
	u64 count = PAGE_SIZE / 8;

	__asm__ volatile ("rep stosq" : "+D" (page), "+c" (count) : "a" (0UL) : "memory");
}

static inline void copy_page(void *dst, const void *src)
{
	u64 count = PAGE_SIZE / 8;

	__asm__ volatile ("rep movsq" : "+D" (dst), "+S" (src), "+c" (count) : : "memory");
}

#endif /* LIB_STRING_H */
