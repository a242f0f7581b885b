/* SPDX-License-Identifier: MIT */
/*
 * The heap of most tests: objects are malloc's, each by itself, so that ASan sees every access beyond or after one, and
 * memory can run out at any of them. mm_test links the real one instead.
 */
#include "mm/heap.h"

#include <stdlib.h>
#include <string.h>

#include "machine.h"

static u64 heap_used;
static u32 heap_objects_left;	/* 0: no limit; 1: none */

void machine_heap_fail_after(u32 objects)
{
	heap_objects_left = objects;
}

static bool heap_fails(void)
{
	if (heap_objects_left > 1)
		heap_objects_left--;
	return heap_objects_left == 1;
}

void heap_init(void)
{
}

/* Behind a header that remembers the size; sanitizers know the border. */
struct object {
	size_t size, pad[7];
};

void *heap_alloc(size_t size)
{
	struct object *o;

	if (heap_fails() || posix_memalign((void **)&o, 64, sizeof(*o) + size))
		return NULL;
	memset(o, 0, sizeof(*o) + size);
	o->size = size;
	heap_used += size;
	return o + 1;
}

void *heap_alloc_array(size_t n, size_t size)
{
	size_t total;

	return __builtin_mul_overflow(n, size, &total) ? NULL : heap_alloc(total);
}

void heap_free(void *p)
{
	struct object *o = p;

	if (!p)
		return;
	o--;
	heap_used -= o->size;
	free(o);
}

u64 heap_bytes_used(void)
{
	return heap_used;
}
