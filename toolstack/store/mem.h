/* SPDX-License-Identifier: MIT */
/*
 * Memory for the store. Running out of memory ends the process: every request is in the journal before its
 * reply leaves, so a restart loses nothing, while a half-done request in a starved process could. What one
 * client can make us allocate is bounded by its quota, never by luck.
 */
#ifndef STORE_MEM_H
#define STORE_MEM_H

#include <stddef.h>
#include <sys/queue.h>

void *store_mem_alloc(size_t size);
void *store_mem_zalloc(size_t size);
void *store_mem_grow(void *old, size_t size);
void *store_mem_dup(const void *data, size_t len);
char *store_mem_strdup(const char *s);

/* Walks a TAILQ whose current element may be removed by the body. */
#define STORE_TAILQ_EACH(var, head, field, next) \
	for ((var) = TAILQ_FIRST(head); (var) && ((next) = TAILQ_NEXT(var, field), 1); (var) = (next))

#endif
