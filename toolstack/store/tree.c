/* SPDX-License-Identifier: MIT */
/*
 * The tree; see tree.h. Every change walks down from the root and takes each node on the way for itself
 * (store_node_own), so snapshots keep what they saw:
 *
 *      live root ----> [ / ]'             snapshot root ----> [ / ]
 *                      |    \                                 |   \
 *                    [ a ]'  \------------- shared ----------]+   [ b ]
 *
 * after a write to /a, where ' marks the copies.
 */
#include "store/tree.h"

#include "store/path.h"

#include <errno.h>
#include <string.h>

void store_tree_init(struct tree *t, uint64_t *gen)
{
	struct store_perm p = { .domid = 0, .access = STORE_PERM_NONE };

	memset(t, 0, sizeof(*t));
	t->gen = gen;
	t->root = store_node_new("", 0, store_perms_new(&p, 1));
	t->root->gen = t->root->anchor = ++*gen;
}

void store_tree_fini(struct tree *t)
{
	store_node_put(t->root);
	t->root = NULL;
}

static void account(struct tree *t, const struct node *n, int sign)
{
	if (t->account)
		t->account(t->ctx, n, sign);
}

struct node *store_tree_find(const struct tree *t, const char *path, size_t len)
{
	struct node *n = t->root;
	const char *at = path, *name, *end = path + len;
	size_t name_len;

	while (at < end && (name = store_path_next(&at, &name_len))) {
		bool found;
		uint32_t i = store_node_index(n, name, name_len, &found);

		if (!found)
			return NULL;
		n = n->child[i];
	}
	return n;
}

struct node *store_tree_nearest(const struct tree *t, const char *path, unsigned int *missing)
{
	struct node *n = t->root;
	const char *at = path, *name;
	size_t len;

	*missing = 0;
	while ((name = store_path_next(&at, &len))) {
		bool found = false;
		uint32_t i = *missing ? 0 : store_node_index(n, name, len, &found);

		if (found)
			n = n->child[i];
		else
			++*missing;
	}
	return n;
}

static struct node *add_child(struct tree *t, struct node *parent, uint32_t i, const char *name, size_t len,
			      unsigned int owner)
{
	struct perms *ps = owner == OP_INHERIT ? store_perms_get(parent->perms) :
						 store_perms_chown(parent->perms, owner);
	struct node *n = store_node_new(name, len, ps);

	store_node_insert(parent, i, n);
	parent->gen = ++*t->gen;
	n->gen = n->anchor = *t->gen;
	account(t, n, 1);
	return n;
}

/* Walks to the node, owning each on the way; makes what is missing. */
static struct node *make(struct tree *t, const struct op *op, bool *created)
{
	struct node *n = store_node_own(&t->root);
	const char *at = op->path, *name;
	size_t len;

	*created = false;
	while ((name = store_path_next(&at, &len))) {
		bool found;
		uint32_t i = store_node_index(n, name, len, &found);

		if (found) {
			n = store_node_own(&n->child[i]);
		} else {
			n = add_child(t, n, i, name, len, op->owner);
			*created = true;
		}
	}
	return n;
}

static int apply_write(struct tree *t, const struct op *op)
{
	bool created;
	struct node *n = make(t, op, &created);

	account(t, n, -1);
	store_node_set_value(n, op->data, op->len);
	account(t, n, 1);
	n->gen = ++*t->gen;
	return 0;
}

static int apply_perms(struct tree *t, const struct op *op)
{
	bool created;
	struct node *n;

	if (!store_tree_find(t, op->path, strlen(op->path)))
		return -ENOENT;
	n = make(t, op, &created);
	account(t, n, -1);
	store_perms_put(n->perms);
	n->perms = store_perms_new(op->data, (unsigned int)(op->len / sizeof(struct store_perm)));
	account(t, n, 1);
	n->gen = n->anchor = ++*t->gen;
	return 0;
}

static void unaccount_all(struct tree *t, const struct node *n)
{
	uint32_t i;

	if (!t->account)
		return;
	t->account(t->ctx, n, -1);
	for (i = 0; i < n->nchild; i++)
		unaccount_all(t, n->child[i]);
}

static void drop_child(struct tree *t, struct node *parent, uint32_t i)
{
	struct node *n = store_node_erase(parent, i);

	unaccount_all(t, n);
	store_node_put(n);
	parent->gen = ++*t->gen;
}

static int apply_rm(struct tree *t, const struct op *op)
{
	size_t len = strlen(op->path), parent_len = store_path_parent_len(op->path, len);
	struct op up = { .type = OP_MKDIR, .owner = OP_INHERIT };
	char parent_path[STORE_PATH_BUF];
	const char *name = op->path + parent_len;
	struct node *parent;
	bool found;
	uint32_t i;

	if (len == 1)
		return -EINVAL;
	if (!store_tree_find(t, op->path, len))
		return -ENOENT;
	memcpy(parent_path, op->path, parent_len);
	parent_path[parent_len] = '\0';
	up.path = parent_path;
	parent = make(t, &up, &found);
	name += *name == '/';
	i = store_node_index(parent, name, strlen(name), &found);
	drop_child(t, parent, i);
	return 0;
}

int store_tree_apply(struct tree *t, const struct op *op)
{
	bool created;

	switch (op->type) {
	case OP_WRITE: return apply_write(t, op);
	case OP_MKDIR: make(t, op, &created); return 0;
	case OP_RM: return apply_rm(t, op);
	case OP_PERMS: return apply_perms(t, op);
	}
	return -EINVAL;
}

struct purge {
	struct tree *t;
	unsigned int domid;
	tree_removed_fn *removed;
	void *ctx;
	char path[STORE_PATH_BUF];
};

static bool names_domain(const struct perms *ps, unsigned int domid)
{
	unsigned int i;

	for (i = 0; i < ps->n; i++)
		if (ps->p[i].domid == domid)
			return true;
	return false;
}

/* Whether anything at or below n concerns the domain; nothing is copied before that is known. */
static bool concerns(const struct node *n, unsigned int domid)
{
	uint32_t i;

	if (names_domain(n->perms, domid))
		return true;
	for (i = 0; i < n->nchild; i++)
		if (concerns(n->child[i], domid))
			return true;
	return false;
}

static void purge_below(struct purge *p, struct node **slot, size_t len)
{
	struct node *n = store_node_own(slot);
	uint32_t i = 0;

	if (names_domain(n->perms, p->domid)) {
		struct perms *ps = store_perms_without(n->perms, p->domid);

		account(p->t, n, -1);
		store_perms_put(n->perms);
		n->perms = ps;
		account(p->t, n, 1);
		n->gen = n->anchor = ++*p->t->gen;
	}
	while (i < n->nchild) {
		struct node *c = n->child[i];
		size_t add = strlen(c->name) + 1;

		p->path[len] = '/';
		memcpy(p->path + len + 1, c->name, add);
		if (c->perms->p[0].domid == p->domid) {
			store_node_get(c);
			drop_child(p->t, n, i);
			p->removed(p->ctx, p->path, c, n);
			store_node_put(c);
			continue;
		}
		if (concerns(c, p->domid))
			purge_below(p, &n->child[i], len + add);
		i++;
	}
}

void store_tree_purge(struct tree *t, unsigned int domid, tree_removed_fn *removed, void *ctx)
{
	struct purge p = { .t = t, .domid = domid, .removed = removed, .ctx = ctx };

	if (!concerns(t->root, domid))
		return;
	if (t->root->perms->p[0].domid == domid) {
		struct node *n = store_node_own(&t->root);
		struct perms *ps = store_perms_chown(n->perms, 0);

		account(t, n, -1);
		store_perms_put(n->perms);
		n->perms = ps;
		account(t, n, 1);
	}
	purge_below(&p, &t->root, 0);
}

struct visit {
	tree_visit_fn *fn;
	void *ctx;
	char path[STORE_PATH_BUF];
};

static void visit(struct visit *v, struct node *n, struct node *parent, size_t len)
{
	uint32_t i;

	v->fn(v->ctx, len ? v->path : "/", n, parent);
	for (i = 0; i < n->nchild; i++) {
		size_t add = strlen(n->child[i]->name) + 1;

		v->path[len] = '/';
		memcpy(v->path + len + 1, n->child[i]->name, add);
		visit(v, n->child[i], n, len + add);
		v->path[len] = '\0';
	}
}

void store_tree_visit(const char *path, struct node *n, struct node *parent, tree_visit_fn *fn, void *ctx)
{
	struct visit v = { .fn = fn, .ctx = ctx };
	size_t len = strlen(path);

	if (len == 1)
		len = 0;
	memcpy(v.path, path, len);
	v.path[len] = '\0';
	visit(&v, n, parent, len);
}
