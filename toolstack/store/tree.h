/* SPDX-License-Identifier: MIT */
/*
 * A tree of nodes and the four operations that change it. Pure: no permissions, no quotas, no watches; those
 * are decided before (ops.c). Operations are data (struct op), because the same one is performed on a
 * transaction's tree, kept, performed again on the live tree at commit, written to the journal and performed
 * once more after a restart. Taking a snapshot is taking a reference to the root.
 */
#ifndef STORE_TREE_H
#define STORE_TREE_H

#include "store/node.h"

struct tree {
	struct node *root;
	uint64_t *gen;		/* the store's one counter of changes */
	/* Told of every node that the tree gains (+1) or loses (-1); a changed node is lost, then gained. */
	void (*account)(void *ctx, const struct node *n, int sign);
	void *ctx;
};

enum op_type {
	OP_WRITE = 1,	/* set the value, making the node and its missing parents */
	OP_MKDIR,	/* make the node and its missing parents, where absent */
	OP_RM,		/* remove the node and all below it */
	OP_PERMS,	/* replace the permissions; data is an array of struct store_perm */
};

#define OP_INHERIT	0xffffffffu	/* owner: new nodes belong to whom their parent belongs */

struct op {
	enum op_type type;
	unsigned int owner;	/* of nodes that WRITE and MKDIR create */
	const char *path;
	const void *data;
	size_t len;
};

void store_tree_init(struct tree *t, uint64_t *gen);
void store_tree_fini(struct tree *t);

/* The node, or NULL. Valid until the tree changes; take a reference to keep it. */
struct node *store_tree_find(const struct tree *t, const char *path, size_t len);

/* The deepest existing node at or above path; *depth_missing counts the components that do not exist. */
struct node *store_tree_nearest(const struct tree *t, const char *path, unsigned int *missing);

/* Performs the operation. 0; -ENOENT where RM or PERMS finds no node; -EINVAL for RM of the root. */
int store_tree_apply(struct tree *t, const struct op *op);

/* Removes every node (with all below it) that domid owns, and its entries in the permissions of others. */
typedef void tree_removed_fn(void *ctx, const char *path, struct node *removed, struct node *parent);
void store_tree_purge(struct tree *t, unsigned int domid, tree_removed_fn *removed, void *ctx);

/* Calls fn for each node below and including n, parents first. */
typedef void tree_visit_fn(void *ctx, const char *path, struct node *n, struct node *parent);
void store_tree_visit(const char *path, struct node *n, struct node *parent, tree_visit_fn *fn, void *ctx);

#endif
