/* SPDX-License-Identifier: MIT */
/* String hash table; see strmap.h. Chains, doubled when the mean chain is longer than one. */
#include "store/strmap.h"

#include "store/mem.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

struct strmap_entry {
	struct strmap_entry *next;
	uint64_t hash;
	void *value;
	size_t len;
	char key[];
};

static uint64_t seed;

void store_strmap_init(struct strmap *m)
{
	memset(m, 0, sizeof(*m));
	if (!seed && getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != sizeof(seed))
		seed = (uintptr_t)m | 1;
}

/* FNV-1a started from the seed, with a final mix so that low bits depend on all bytes. */
static uint64_t hash_of(const char *key, size_t len)
{
	uint64_t h = 0xcbf29ce484222325ull ^ seed;
	size_t i;

	for (i = 0; i < len; i++)
		h = (h ^ (unsigned char)key[i]) * 0x100000001b3ull;
	h ^= h >> 32;
	h *= 0x9e3779b97f4a7c15ull;
	return h ^ (h >> 29);
}

static struct strmap_entry **slot_of(const struct strmap *m, const char *key, size_t len, uint64_t hash)
{
	struct strmap_entry **at = &m->bucket[hash & (m->nbuckets - 1)];

	while (*at && ((*at)->hash != hash || (*at)->len != len || memcmp((*at)->key, key, len)))
		at = &(*at)->next;
	return at;
}

static void grow(struct strmap *m)
{
	size_t i, n = m->nbuckets ? m->nbuckets * 2 : 64;
	struct strmap_entry **bucket = store_mem_zalloc(n * sizeof(*bucket));

	for (i = 0; i < m->nbuckets; i++) {
		while (m->bucket[i]) {
			struct strmap_entry *e = m->bucket[i];

			m->bucket[i] = e->next;
			e->next = bucket[e->hash & (n - 1)];
			bucket[e->hash & (n - 1)] = e;
		}
	}
	free(m->bucket);
	m->bucket = bucket;
	m->nbuckets = n;
}

void store_strmap_clear(struct strmap *m)
{
	size_t i;

	for (i = 0; i < m->nbuckets; i++) {
		while (m->bucket[i]) {
			struct strmap_entry *e = m->bucket[i];

			m->bucket[i] = e->next;
			free(e);
		}
	}
	free(m->bucket);
	m->bucket = NULL;
	m->nbuckets = m->count = 0;
}

void **store_strmap_find(const struct strmap *m, const char *key, size_t len)
{
	struct strmap_entry *e;

	if (!m->count)
		return NULL;
	e = *slot_of(m, key, len, hash_of(key, len));
	return e ? &e->value : NULL;
}

void **store_strmap_add(struct strmap *m, const char *key)
{
	size_t len = strlen(key);
	uint64_t hash = hash_of(key, len);
	struct strmap_entry **at, *e;

	if (m->count >= m->nbuckets)
		grow(m);
	at = slot_of(m, key, len, hash);
	if (*at)
		return &(*at)->value;
	e = store_mem_zalloc(sizeof(*e) + len + 1);
	e->hash = hash;
	e->len = len;
	memcpy(e->key, key, len);
	*at = e;
	m->count++;
	return &e->value;
}

void store_strmap_del(struct strmap *m, const char *key)
{
	size_t len = strlen(key);
	struct strmap_entry **at, *e;

	if (!m->count)
		return;
	at = slot_of(m, key, len, hash_of(key, len));
	e = *at;
	if (!e)
		return;
	*at = e->next;
	m->count--;
	free(e);
}
