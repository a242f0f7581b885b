/* SPDX-License-Identifier: MIT */
/*
 * One node of the store. Nodes are counted and may be shared by several trees: the live one and the snapshots
 * that transactions took of it. A node with more than one reference is immutable; whoever wants to change it
 * takes a copy of its own first, from the root downwards (tree.c), so a node's references are those of its
 * parents' copies. Children are sorted by name.
 */
#ifndef STORE_NODE_H
#define STORE_NODE_H

#include <stddef.h>
#include <stdint.h>

#include "store/perm.h"

struct value {
	unsigned int refs;
	uint32_t len;
	char data[];
};

struct node {
	unsigned int refs;
	uint32_t nchild, cap;
	uint64_t gen;		/* changes with value, permissions, list of children */
	uint64_t anchor;	/* changes only with creation and permissions: what a new child depends on */
	struct perms *perms;
	struct value *value;	/* NULL when empty */
	struct node **child;
	char name[];
};

/* A node without children, one reference; takes over the reference to perms. */
struct node *store_node_new(const char *name, size_t len, struct perms *perms);
struct node *store_node_get(struct node *n);
void store_node_put(struct node *n);

/* Makes *slot a node with one reference, copying it where it is shared. */
struct node *store_node_own(struct node **slot);

/* Index of the child, or where it would go; *found tells which. */
uint32_t store_node_index(const struct node *n, const char *name, size_t len, bool *found);

/* Both need a node with one reference. insert takes over the child's reference, erase hands it out. */
void store_node_insert(struct node *n, uint32_t at, struct node *child);
struct node *store_node_erase(struct node *n, uint32_t at);

void store_node_set_value(struct node *n, const void *data, size_t len);

static inline size_t store_node_value_len(const struct node *n)
{
	return n->value ? n->value->len : 0;
}

static inline const char *store_node_value(const struct node *n)
{
	return n->value ? n->value->data : "";
}

/* Bytes this node is charged for. */
size_t store_node_bytes(const struct node *n);

#endif
