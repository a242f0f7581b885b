/* SPDX-License-Identifier: MIT */
/*
 * Red-black tree, intrusive: a struct rb_node inside each element. Insert, erase and lookup take O(log n).
 *
 * The user supplies the order: rb_insert() takes a function that compares two nodes, rb_find() and
 * rb_find_first_ge() one that compares a key with a node. Equal elements are allowed and stay in the order in
 * which they were inserted. The caller locks.
 */
#ifndef LIB_RBTREE_H
#define LIB_RBTREE_H

#include "lib/types.h"

struct rb_node {
	struct rb_node *parent;
	struct rb_node *child[2];	/* left: smaller; right: greater */
	bool red;
};

struct rb_root {
	struct rb_node *node;
};

#define RB_ROOT			((struct rb_root){ NULL })
#define rb_entry(n, type, member)	container_of(n, type, member)

/* Negative, 0 or positive, as `a` (or the key) is before, equal to or behind `b`. */
typedef int rb_compare_fn(const struct rb_node *a, const struct rb_node *b);
typedef int rb_compare_key_fn(const void *key, const struct rb_node *node);

void rb_insert(struct rb_root *root, struct rb_node *node, rb_compare_fn *compare);
void rb_erase(struct rb_root *root, struct rb_node *node);

/* NULL if there is none. */
struct rb_node *rb_find(const struct rb_root *root, const void *key, rb_compare_key_fn *compare);
struct rb_node *rb_find_first_ge(const struct rb_root *root, const void *key, rb_compare_key_fn *compare);
struct rb_node *rb_first(const struct rb_root *root);
struct rb_node *rb_last(const struct rb_root *root);
struct rb_node *rb_next(const struct rb_node *node);
struct rb_node *rb_prev(const struct rb_node *node);

static inline bool rb_empty(const struct rb_root *root)
{
	return !root->node;
}

#endif /* LIB_RBTREE_H */
