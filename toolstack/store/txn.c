/* SPDX-License-Identifier: MIT */
/*
 * Transactions. One takes a reference to the root as it is (base), and works on a tree that starts out as
 * that root; it remembers each path it looked at or changed, and each change. At the end, if every such path
 * is in the live tree what it was in base, the changes are performed on the live tree, in order; else
 * -EAGAIN. So two transactions that make different children of one node do not disturb each other.
 */
#include "store/core.h"

#include "store/journal.h"
#include "store/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct txn *make(struct conn *c, uint32_t id)
{
	struct txn *tx = store_mem_zalloc(sizeof(*tx));

	tx->c = c;
	tx->id = id;
	tx->base = store_node_get(c->s->live.root);
	tx->tree.root = store_node_get(tx->base);
	tx->tree.gen = &c->s->gen;
	tx->bytes = sizeof(*tx);
	store_strmap_init(&tx->access);
	TAILQ_INIT(&tx->paths);
	TAILQ_INIT(&tx->ops);
	TAILQ_INSERT_TAIL(&c->txns, tx, link);
	c->dom->txns++;
	c->s->stats.transactions++;
	store_quota_bytes(c, (long)tx->bytes);
	return tx;
}

struct txn *store_txn_find(const struct conn *c, uint32_t id)
{
	struct txn *tx;

	TAILQ_FOREACH(tx, &c->txns, link)
		if (tx->id == id)
			return tx;
	return NULL;
}

int store_txn_start(struct conn *c, uint32_t *id)
{
	if (!c->who.privileged && c->dom->txns >= c->s->opt.limits.transactions)
		return -ENOSPC;
	do {
		*id = ++c->last_txid;
	} while (!*id || store_txn_find(c, *id));
	make(c, *id);
	store_quota_quiet(c, true);
	if (c->kind == CONN_RING)
		store_journal_txn(c->s->journal, c->who.domid, *id, true);
	return 0;
}

struct txn *store_txn_restore(struct conn *c, uint32_t id)
{
	struct txn *tx = make(c, id);

	tx->doomed = true;
	if (id > c->last_txid)
		c->last_txid = id;
	return tx;
}

static void drop(struct txn *tx)
{
	struct conn *c = tx->c;
	struct txn_path *p;
	struct txn_op *o;

	while ((p = TAILQ_FIRST(&tx->paths))) {
		TAILQ_REMOVE(&tx->paths, p, link);
		free(p);
	}
	while ((o = TAILQ_FIRST(&tx->ops))) {
		TAILQ_REMOVE(&tx->ops, o, link);
		free(o);
	}
	store_strmap_clear(&tx->access);
	store_tree_fini(&tx->tree);
	store_node_put(tx->base);
	store_quota_bytes(c, -(long)tx->bytes);
	TAILQ_REMOVE(&c->txns, tx, link);
	c->dom->txns--;
	c->s->stats.transactions--;
	free(tx);
}

void store_txn_drop_all(struct conn *c)
{
	struct txn *tx;

	while ((tx = TAILQ_FIRST(&c->txns)))
		drop(tx);
}

static void charge(struct txn *tx, size_t bytes)
{
	tx->bytes += bytes;
	store_quota_bytes(tx->c, (long)bytes);
}

/* Paths cost less than changes, but not nothing: four times as many are allowed. */
int store_txn_touch(struct txn *tx, const char *path, enum txn_access kind)
{
	void **slot = store_strmap_find(&tx->access, path, strlen(path));
	size_t len = strlen(path) + 1;
	struct txn_path *p;

	if (!slot) {
		if (!tx->c->who.privileged && tx->npaths >= 4 * tx->c->s->opt.limits.transaction_ops)
			return -ENOSPC;
		p = store_mem_alloc(sizeof(*p) + len);
		memcpy(p->path, path, len);
		TAILQ_INSERT_TAIL(&tx->paths, p, link);
		tx->npaths++;
		charge(tx, sizeof(*p) + 2 * len);
		slot = store_strmap_add(&tx->access, path);
	}
	*slot = (void *)((uintptr_t)*slot | kind);
	return 0;
}

int store_txn_log(struct txn *tx, const struct op *op)
{
	size_t path_len = strlen(op->path) + 1;
	struct txn_op *o;

	if (!tx->c->who.privileged && tx->nops >= tx->c->s->opt.limits.transaction_ops)
		return -ENOSPC;
	o = store_mem_alloc(sizeof(*o) + op->len + path_len);
	o->op = *op;
	if (op->len)
		memcpy(o->bytes, op->data, op->len);
	memcpy(o->bytes + op->len, op->path, path_len);
	o->op.data = o->bytes;
	o->op.path = o->bytes + op->len;
	TAILQ_INSERT_TAIL(&tx->ops, o, link);
	tx->nops++;
	charge(tx, sizeof(*o) + op->len + path_len);
	if (tx->c->kind == CONN_RING)
		store_journal_txn_op(tx->c->s->journal, tx->c->who.domid, tx->id, op);
	return 0;
}

static bool unchanged(const struct txn *tx, const struct txn_path *p)
{
	const struct tree base = { .root = tx->base };
	size_t len = strlen(p->path);
	const struct node *then = store_tree_find(&base, p->path, len);
	const struct node *now = store_tree_find(&tx->c->s->live, p->path, len);
	uintptr_t kind = (uintptr_t)*store_strmap_find(&tx->access, p->path, len);

	if (!then || !now)
		return then == now;
	if (kind & TXN_FULL)
		return then->gen == now->gen;
	return then->anchor == now->anchor;
}

static int check(const struct txn *tx)
{
	const struct txn_path *p;

	if (tx->doomed)
		return -EAGAIN;
	if (tx->base != tx->c->s->live.root)
		TAILQ_FOREACH(p, &tx->paths, link)
			if (!unchanged(tx, p))
				return -EAGAIN;
	return store_quota_nodes(tx->c, tx->created);
}

int store_txn_perform(struct store *s, const struct op *op)
{
	int rc = store_tree_apply(&s->live, op);

	if (!rc)
		store_journal_op(s->journal, op);
	return rc;
}

int store_txn_remove(struct store *s, const struct op *op)
{
	size_t len = strlen(op->path);
	struct node *n = store_tree_find(&s->live, op->path, len), *parent;
	int rc;

	if (!n)
		return -ENOENT;
	parent = store_node_get(store_tree_find(&s->live, op->path, store_path_parent_len(op->path, len)));
	store_node_get(n);
	rc = store_txn_perform(s, op);
	if (!rc)
		store_watch_fire_removed(s, op->path, n, parent);
	store_node_put(n);
	store_node_put(parent);
	return rc;
}

void store_txn_tell(struct store *s, const char *path, const struct perms *old)
{
	size_t len = strlen(path);
	const struct node *n = store_tree_find(&s->live, path, len);

	if (n)
		store_watch_fire(s, path, n, store_tree_find(&s->live, path, store_path_parent_len(path, len)), old);
}

/* A removal speaks at once, while the removed nodes are known; other changes speak once, at the end. */
static void perform_all(struct txn *tx)
{
	struct store *s = tx->c->s;
	const struct tree base = { .root = tx->base };
	struct strmap changed;
	struct txn_path *p;
	struct txn_op *o;

	store_strmap_init(&changed);
	TAILQ_FOREACH(o, &tx->ops, link) {
		if (o->op.type == OP_RM) {
			(void)store_txn_remove(s, &o->op);
		} else if (!store_txn_perform(s, &o->op)) {
			*store_strmap_add(&changed, o->op.path) = o;
		}
	}
	TAILQ_FOREACH(p, &tx->paths, link) {
		const struct node *old = store_tree_find(&base, p->path, strlen(p->path));

		if (store_strmap_find(&changed, p->path, strlen(p->path)))
			store_txn_tell(s, p->path, old ? old->perms : NULL);
	}
	store_strmap_clear(&changed);
}

int store_txn_end(struct txn *tx, bool commit)
{
	struct conn *c = tx->c;
	int rc = 0;

	if (commit) {
		rc = check(tx);
		if (!rc)
			perform_all(tx);
		c->s->stats.commits += !rc;
		c->s->stats.conflicts += rc == -EAGAIN;
		c->conflicts = rc == -EAGAIN ? c->conflicts + 1 : 0;
	}
	store_quota_quiet(c, false);
	if (c->kind == CONN_RING)
		store_journal_txn(c->s->journal, c->who.domid, tx->id, false);
	drop(tx);
	return rc;
}
