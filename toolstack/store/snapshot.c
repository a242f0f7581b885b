/* SPDX-License-Identifier: MIT */
/*
 * The present state as journal records, so that a fresh file starts with them: the tree as the writes and
 * permissions that make it, then each domain's connection. Transactions are written as their changes only;
 * after a restart they are performed on the tree of that moment and answer -EAGAIN at their end, which every
 * client must expect anyway.
 */
#include "store/journal.h"

#include "store/core.h"

#include <string.h>

static bool same_perms(const struct perms *a, const struct perms *b)
{
	return a == b || (a->n == b->n && !memcmp(a->p, b->p, a->n * sizeof(a->p[0])));
}

static void put_node(void *ctx, const char *path, struct node *n, struct node *parent)
{
	struct journal *j = ctx;
	struct op op = { .type = OP_WRITE, .owner = OP_INHERIT, .path = path };

	op.data = store_node_value(n);
	op.len = store_node_value_len(n);
	store_journal_op(j, &op);
	if (!parent || !same_perms(n->perms, parent->perms)) {
		op.type = OP_PERMS;
		op.data = n->perms->p;
		op.len = n->perms->n * sizeof(n->perms->p[0]);
		store_journal_op(j, &op);
	}
}

static void put_txns(struct journal *j, const struct conn *c)
{
	const struct txn *tx;
	const struct txn_op *o;

	TAILQ_FOREACH(tx, &c->txns, link) {
		store_journal_txn(j, c->who.domid, tx->id, true);
		TAILQ_FOREACH(o, &tx->ops, link)
			store_journal_txn_op(j, c->who.domid, tx->id, &o->op);
	}
}

static void put_conn(struct journal *j, const struct conn *c)
{
	unsigned int domid = c->who.domid;
	const struct store_watch *w;
	const struct outmsg *m;
	const char *part;
	uint32_t in, out;
	size_t len;

	store_ring_get_index(c, &in, &out);
	store_journal_numbers(j, J_INDEX, domid, in, out);
	len = store_ring_part(c, &part);
	if (len)
		store_journal_bytes_of(j, J_PART, domid, part, len);
	TAILQ_FOREACH(m, &c->out, link)
		store_journal_out(j, domid, m->data + m->sent, m->len - m->sent);
	TAILQ_FOREACH(w, &c->watches, by_conn) {
		store_journal_watch(j, domid, w->path + w->strip, w->token, w->depth);
		if (w->coarse)
			store_journal_token(j, J_COARSE, domid, w->path + w->strip, w->token);
	}
	put_txns(j, c);
}

void store_snapshot_put(struct store *s, struct journal *j)
{
	struct domain *d;
	unsigned int i;

	store_tree_visit("/", s->live.root, NULL, put_node, j);
	for (i = 0; i < SPECIAL_COUNT; i++)
		store_journal_special(j, i, s->special[i]->p, s->special[i]->n);
	TAILQ_FOREACH(d, &s->known, all) {
		if (d->introduced) {
			store_journal_introduce(j, d->domid, d->gfn, d->port);
			put_conn(j, d->conn);
		}
		if (d->target != d->domid)
			store_journal_numbers(j, J_TARGET, d->domid, d->target, 0);
		if (d->shutdown)
			store_journal_numbers(j, J_SHUTDOWN, d->domid, 1, 0);
	}
}
