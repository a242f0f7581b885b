/* SPDX-License-Identifier: MIT */
/* Counted, shareable nodes; see node.h. */
#include "store/node.h"

#include "store/mem.h"

#include <stdlib.h>
#include <string.h>

struct node *store_node_new(const char *name, size_t len, struct perms *perms)
{
	struct node *n = store_mem_zalloc(sizeof(*n) + len + 1);

	n->refs = 1;
	n->perms = perms;
	memcpy(n->name, name, len);
	return n;
}

struct node *store_node_get(struct node *n)
{
	n->refs++;
	return n;
}

static void value_put(struct value *v)
{
	if (v && !--v->refs)
		free(v);
}

/* Depth is bounded by the longest path, so recursion is too. */
void store_node_put(struct node *n)
{
	uint32_t i;

	if (!n || --n->refs)
		return;
	for (i = 0; i < n->nchild; i++)
		store_node_put(n->child[i]);
	free(n->child);
	value_put(n->value);
	store_perms_put(n->perms);
	free(n);
}

struct node *store_node_own(struct node **slot)
{
	struct node *old = *slot, *n;
	uint32_t i;

	if (old->refs == 1)
		return old;
	n = store_node_new(old->name, strlen(old->name), store_perms_get(old->perms));
	n->gen = old->gen;
	n->anchor = old->anchor;
	n->value = old->value;
	if (n->value)
		n->value->refs++;
	n->nchild = n->cap = old->nchild;
	n->child = old->nchild ? store_mem_dup(old->child, old->nchild * sizeof(*old->child)) : NULL;
	for (i = 0; i < n->nchild; i++)
		n->child[i]->refs++;
	old->refs--;
	*slot = n;
	return n;
}

uint32_t store_node_index(const struct node *n, const char *name, size_t len, bool *found)
{
	uint32_t lo = 0, hi = n->nchild;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		int c = strncmp(n->child[mid]->name, name, len);

		if (!c && n->child[mid]->name[len])
			c = 1;
		if (!c) {
			*found = true;
			return mid;
		}
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	*found = false;
	return lo;
}

void store_node_insert(struct node *n, uint32_t at, struct node *child)
{
	if (n->nchild == n->cap) {
		n->cap = n->cap ? n->cap * 2 : 4;
		n->child = store_mem_grow(n->child, n->cap * sizeof(*n->child));
	}
	memmove(&n->child[at + 1], &n->child[at], (n->nchild - at) * sizeof(*n->child));
	n->child[at] = child;
	n->nchild++;
}

struct node *store_node_erase(struct node *n, uint32_t at)
{
	struct node *child = n->child[at];

	n->nchild--;
	memmove(&n->child[at], &n->child[at + 1], (n->nchild - at) * sizeof(*n->child));
	return child;
}

void store_node_set_value(struct node *n, const void *data, size_t len)
{
	struct value *v = NULL;

	if (len) {
		v = store_mem_alloc(sizeof(*v) + len);
		v->refs = 1;
		v->len = (uint32_t)len;
		memcpy(v->data, data, len);
	}
	value_put(n->value);
	n->value = v;
}

size_t store_node_bytes(const struct node *n)
{
	return sizeof(*n) + sizeof(void *) + strlen(n->name) + 1 + store_node_value_len(n) +
	       n->perms->n * sizeof(n->perms->p[0]);
}
