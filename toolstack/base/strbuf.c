/* SPDX-License-Identifier: MIT */
/*
 * Growing strings and arrays: see strbuf.h.  Sizes are checked before each addition; the limit makes
 * sure that hostile input cannot make us take all memory.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"

static bool strbuf_reserve(struct strbuf *sb, size_t more)
{
	size_t limit = sb->limit ? sb->limit : STRBUF_LIMIT;
	size_t size = sb->size ? sb->size : 64;
	char *data;

	if (sb->failed)
		return false;
	if (more >= limit || sb->len + more + 1 > limit)
		goto fail;
	while (size < sb->len + more + 1)
		size *= 2;
	if (size == sb->size)
		return true;
	data = realloc(sb->data, size);
	if (!data)
		goto fail;
	sb->data = data;
	sb->size = size;
	return true;
fail:
	sb->failed = true;
	return false;
}

void strbuf_add(struct strbuf *sb, const void *data, size_t len)
{
	if (!strbuf_reserve(sb, len))
		return;
	if (len)
		memcpy(sb->data + sb->len, data, len);
	sb->len += len;
	sb->data[sb->len] = '\0';
}

void strbuf_puts(struct strbuf *sb, const char *s)
{
	strbuf_add(sb, s, strlen(s));
}

void strbuf_putc(struct strbuf *sb, char c)
{
	strbuf_add(sb, &c, 1);
}

void strbuf_printf(struct strbuf *sb, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0) {
		sb->failed = true;
		return;
	}
	if (!strbuf_reserve(sb, (size_t)n))
		return;
	va_start(ap, fmt);
	vsnprintf(sb->data + sb->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	sb->len += (size_t)n;
}

void strbuf_free(struct strbuf *sb)
{
	size_t limit = sb->limit;

	free(sb->data);
	*sb = (struct strbuf){ .limit = limit };
}

char *strbuf_take(struct strbuf *sb)
{
	char *data = NULL;

	if (!sb->failed && !sb->data)
		strbuf_add(sb, "", 0);
	if (!sb->failed) {
		data = sb->data;
		sb->data = NULL;
	}
	strbuf_free(sb);
	return data;
}

int array_reserve(void **items, size_t *cap, size_t n, size_t item)
{
	size_t want = *cap ? *cap : 4;
	void *p;

	if (n < *cap)
		return 0;
	while (want <= n)
		want *= 2;
	p = reallocarray(*items, want, item);
	if (!p)
		return -ENOMEM;
	*items = p;
	*cap = want;
	return 0;
}
