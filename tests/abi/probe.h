/* SPDX-License-Identifier: MIT */
/*
 * What the generated probe is written in; the headers to look at are included before it. Each line it prints
 * has the name of one thing, so that a difference tells what differs.
 */
#ifndef PROBE_H
#define PROBE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static void put_num(const char *name, uintptr_t v)
{
	printf("number %s = %llx\n", name, (unsigned long long)v);
}

static void put_str(const char *name, uintptr_t v)
{
	printf("string %s = \"%s\"\n", name, (const char *)v);
}

static void put_bytes(const char *name, const char *field, const void *p, size_t n)
{
	const unsigned char *b = p;

	printf("bits %s.%s =", name, field);
	for (size_t i = 0; i < n; i++)
		printf("%02x", b[i]);
	printf("\n");
}

#define SIZE(t) printf("size %s = %zu\n", #t, sizeof(t))

#define FIELD(t, f) \
	printf("field %s.%s at %zu size %zu\n", #t, #f, offsetof(t, f), sizeof(((t *)0)->f))

#define FLEXIBLE(t, f) \
	printf("field %s.%s at %zu each %zu\n", #t, #f, offsetof(t, f), sizeof(((t *)0)->f[0]))

#define BITS(t, f) do {				\
	t x_;					\
	memset(&x_, 0, sizeof(x_));		\
	x_.f = ~0;				\
	put_bytes(#t, #f, &x_, sizeof(x_));	\
} while (0)

#define NUM(m) _Generic((m), char *: put_str, const char *: put_str, default: put_num)(#m, (uintptr_t)(m))

#endif
