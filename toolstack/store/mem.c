/* SPDX-License-Identifier: MIT */
/* Allocation that cannot fail; see mem.h for why. */
#include "store/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *must(void *p, size_t size)
{
	if (p)
		return p;
	fprintf(stderr, "store: out of memory (%zu bytes)\n", size);
	abort();
}

void *store_mem_alloc(size_t size)
{
	return must(malloc(size ? size : 1), size);
}

void *store_mem_zalloc(size_t size)
{
	return must(calloc(1, size ? size : 1), size);
}

void *store_mem_grow(void *old, size_t size)
{
	return must(realloc(old, size ? size : 1), size);
}

void *store_mem_dup(const void *data, size_t len)
{
	void *p = store_mem_alloc(len);

	if (len)
		memcpy(p, data, len);
	return p;
}

char *store_mem_strdup(const char *s)
{
	return store_mem_dup(s, strlen(s) + 1);
}
