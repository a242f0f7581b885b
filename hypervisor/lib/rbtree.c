/* SPDX-License-Identifier: MIT */
/*
 * Red-black tree. Invariants: the root is black, a red node has no red child, and every way from the root to
 * a missing child passes the same number of black nodes. Left and right are an index, so each case stands
 * once.
 *
 *        p               n
 *       / \   rotate    / \
 *      a   n   ---->   p   c       rotate(root, p, LEFT); the mirror image is rotate(root, n, RIGHT)
 *         / \         / \
 *        b   c       a   b
 */
#include "lib/rbtree.h"

enum { LEFT, RIGHT };

static inline bool is_red(const struct rb_node *n)
{
	return n && n->red;
}

static inline int side_of(const struct rb_node *n)
{
	return n->parent->child[RIGHT] == n;
}

/* Let `new` (may be NULL) stand where `old` stood under its parent. */
static void replace_child(struct rb_root *root, struct rb_node *old, struct rb_node *new)
{
	if (!old->parent)
		root->node = new;
	else
		old->parent->child[side_of(old)] = new;
	if (new)
		new->parent = old->parent;
}

/* Turn `p` down to `side`; its child on the other side takes its place. */
static void rotate(struct rb_root *root, struct rb_node *p, int side)
{
	struct rb_node *n = p->child[!side], *inner = n->child[side];

	replace_child(root, p, n);
	p->child[!side] = inner;
	if (inner)
		inner->parent = p;
	n->child[side] = p;
	p->parent = n;
}

/* `n` is red; its parent may be red too. */
static void fix_insert(struct rb_root *root, struct rb_node *n)
{
	while (is_red(n->parent)) {
		struct rb_node *parent = n->parent, *grand = parent->parent;
		int side = side_of(parent);
		struct rb_node *uncle = grand->child[!side];

		if (is_red(uncle)) {
			parent->red = false;
			uncle->red = false;
			grand->red = true;
			n = grand;
			continue;
		}
		if (side_of(n) != side) {
			rotate(root, parent, side);
			parent = n;
		}
		parent->red = false;
		grand->red = true;
		rotate(root, grand, !side);
		break;
	}
	root->node->red = false;
}

void rb_insert(struct rb_root *root, struct rb_node *node, rb_compare_fn *compare)
{
	struct rb_node **link = &root->node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = &parent->child[compare(node, parent) < 0 ? LEFT : RIGHT];
	}
	*node = (struct rb_node){ .parent = parent, .red = true };
	*link = node;
	fix_insert(root, node);
}

/* The way to parent->child[side] (may be NULL) is one black node short. */
static void fix_erase(struct rb_root *root, struct rb_node *parent, int side)
{
	struct rb_node *n, *sibling;

	for (;;) {
		sibling = parent->child[!side];
		if (sibling->red) {
			sibling->red = false;
			parent->red = true;
			rotate(root, parent, side);
			sibling = parent->child[!side];
		}
		if (is_red(sibling->child[LEFT]) || is_red(sibling->child[RIGHT]))
			break;
		sibling->red = true;
		n = parent;
		if (n->red || !n->parent) {
			n->red = false;
			return;
		}
		side = side_of(n);
		parent = n->parent;
	}
	if (!is_red(sibling->child[!side])) {
		sibling->child[side]->red = false;
		sibling->red = true;
		rotate(root, sibling, !side);
		sibling = parent->child[!side];
	}
	sibling->red = parent->red;
	parent->red = false;
	sibling->child[!side]->red = false;
	rotate(root, parent, side);
}

/* Give the place, children and colour of `old` to `new`. */
static void take_place(struct rb_root *root, struct rb_node *old, struct rb_node *new)
{
	replace_child(root, old, new);
	new->red = old->red;
	for (int side = LEFT; side <= RIGHT; side++) {
		new->child[side] = old->child[side];
		if (new->child[side])
			new->child[side]->parent = new;
	}
}

void rb_erase(struct rb_root *root, struct rb_node *node)
{
	struct rb_node *gone = node, *child, *parent;
	bool black_lost;
	int side;

	/* A node with two children swaps places with its successor, which has at most one. */
	if (node->child[LEFT] && node->child[RIGHT]) {
		gone = rb_next(node);
	}
	child = gone->child[gone->child[LEFT] ? LEFT : RIGHT];
	parent = gone->parent;
	side = parent ? side_of(gone) : LEFT;
	black_lost = !gone->red;
	replace_child(root, gone, child);
	if (gone != node) {
		if (parent == node)
			parent = gone;
		take_place(root, node, gone);
	}
	*node = (struct rb_node){ 0 };
	if (!black_lost)
		return;
	if (child)
		child->red = false;
	else if (parent)
		fix_erase(root, parent, side);
}

struct rb_node *rb_find(const struct rb_root *root, const void *key, rb_compare_key_fn *compare)
{
	struct rb_node *n = rb_find_first_ge(root, key, compare);

	return n && compare(key, n) == 0 ? n : NULL;
}

struct rb_node *rb_find_first_ge(const struct rb_root *root, const void *key, rb_compare_key_fn *compare)
{
	struct rb_node *n = root->node, *best = NULL;

	while (n) {
		if (compare(key, n) <= 0) {
			best = n;
			n = n->child[LEFT];
		} else {
			n = n->child[RIGHT];
		}
	}
	return best;
}

/* The outermost node below `n` on one side. */
static struct rb_node *outermost(struct rb_node *n, int side)
{
	while (n && n->child[side])
		n = n->child[side];
	return n;
}

struct rb_node *rb_first(const struct rb_root *root)
{
	return outermost(root->node, LEFT);
}

struct rb_node *rb_last(const struct rb_root *root)
{
	return outermost(root->node, RIGHT);
}

/* The neighbour in order: down on that side, or up until we came from the other one. */
static struct rb_node *step(const struct rb_node *n, int side)
{
	if (n->child[side])
		return outermost(n->child[side], !side);
	while (n->parent && side_of(n) == side)
		n = n->parent;
	return n->parent;
}

struct rb_node *rb_next(const struct rb_node *node)
{
	return step(node, RIGHT);
}

struct rb_node *rb_prev(const struct rb_node *node)
{
	return step(node, LEFT);
}
