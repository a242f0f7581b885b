/* SPDX-License-Identifier: MIT */
/*
 * lib/rbtree.c: after each of many random insertions and removals the invariants and the order are checked.
 */
#include "unit.h"
#include "lib/rbtree.h"

#define ITEMS	300

struct item {
	struct rb_node node;
	int key, serial;
	bool in;
};

static struct item items[ITEMS];
static struct rb_root root;

static int compare(const struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct item, node)->key - rb_entry(b, struct item, node)->key;
}

static int compare_key(const void *key, const struct rb_node *node)
{
	return *(const int *)key - rb_entry(node, struct item, node)->key;
}

/* The number of black nodes on every way down, or -1. */
static int black_height(const struct rb_node *n)
{
	int left, right;

	if (!n)
		return 0;
	for (int side = 0; side < 2; side++) {
		const struct rb_node *child = n->child[side];

		if (child && (child->parent != n || (n->red && child->red)))
			return -1;
	}
	left = black_height(n->child[0]);
	right = black_height(n->child[1]);
	return left < 0 || left != right ? -1 : left + !n->red;
}

static bool valid(int count)
{
	struct rb_node *n, *prev = NULL;

	if (root.node && (root.node->red || root.node->parent))
		return false;
	if (black_height(root.node) < 0)
		return false;
	for (n = rb_first(&root); n; prev = n, n = rb_next(n), count--) {
		if (rb_prev(n) != prev || (prev && compare(prev, n) > 0))
			return false;
		/* Equal keys stay in the order of insertion. */
		if (prev && compare(prev, n) == 0 &&
		    rb_entry(prev, struct item, node)->serial > rb_entry(n, struct item, node)->serial)
			return false;
	}
	return count == 0 && rb_last(&root) == prev;
}

TEST(random_changes_keep_the_invariants)
{
	int count = 0;

	for (int round = 0; round < 20000; round++) {
		struct item *item = &items[unit_random() % ITEMS];

		if (item->in) {
			rb_erase(&root, &item->node);
			count--;
		} else {
			item->key = unit_random() % 200;
			item->serial = round;
			rb_insert(&root, &item->node, compare);
			count++;
		}
		item->in = !item->in;
		REQUIRE(valid(count));
	}
}

TEST(lookups)
{
	struct item three = { .key = 3 }, seven = { .key = 7 };
	struct rb_root two = RB_ROOT;
	int key;

	CHECK(rb_empty(&two) && !rb_first(&two) && !rb_last(&two));
	rb_insert(&two, &three.node, compare);
	rb_insert(&two, &seven.node, compare);
	key = 7;
	CHECK(rb_find(&two, &key, compare_key) == &seven.node);
	key = 5;
	CHECK(!rb_find(&two, &key, compare_key));
	CHECK(rb_find_first_ge(&two, &key, compare_key) == &seven.node);
	key = 8;
	CHECK(!rb_find_first_ge(&two, &key, compare_key));
}

int main(void)
{
	RUN(random_changes_keep_the_invariants);
	RUN(lookups);
	return unit_end();
}
