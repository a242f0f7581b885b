/* SPDX-License-Identifier: MIT */
/*
 * A string that grows.  Always NUL-terminated once anything was added; a failed allocation or a
 * limit that was passed sets `failed` and makes later calls no-ops, so that a caller checks once at
 * the end.  No locks.
 */
#ifndef BASE_STRBUF_H
#define BASE_STRBUF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct strbuf {
	char *data;
	size_t len;
	size_t size;
	size_t limit;		/* 0: STRBUF_LIMIT */
	bool failed;
};

#define STRBUF_INIT { 0 }
#define STRBUF_LIMIT (64u << 20)

void strbuf_add(struct strbuf *sb, const void *data, size_t len);
void strbuf_puts(struct strbuf *sb, const char *s);
void strbuf_putc(struct strbuf *sb, char c);
void strbuf_printf(struct strbuf *sb, const char *fmt, ...) __printf_like(2, 3);
void strbuf_free(struct strbuf *sb);

/* Hand the string to the caller (who frees it) and empty sb; NULL if anything failed. */
char *strbuf_take(struct strbuf *sb);

/* Grow *items (of size item) so that index n fits; doubles.  0 or -ENOMEM. */
int array_reserve(void **items, size_t *cap, size_t n, size_t item) __must_check;

/* Length (1 to 4) of the valid UTF-8 sequence at text, of which left > 0 bytes are there; or 0. */
size_t utf8_length(const void *text, size_t left);
bool utf8_is_valid(const char *s);

/* The spelling among n names that is nearest to word, or NULL if none is near enough to be meant. */
const char *nearest_word(const char *word, const char *const *names, size_t n);

#endif
