/* SPDX-License-Identifier: MIT */
/* Recounts, from the tree and the lists, every number that is otherwise kept up to date by additions. */
#include "store/core.h"

#include "store/mem.h"

#include <stdlib.h>
#include <string.h>

struct count {
	unsigned int nodes, perm_entries, watches, txns;
	size_t bytes;
};

struct recount {
	struct count *of;
	struct store *s;
	unsigned int total;
	int faults;
};

static void count_node(void *ctx, const char *path, struct node *n, struct node *parent)
{
	struct recount *r = ctx;
	unsigned int i;

	(void)parent;
	r->total++;
	r->of[n->perms->p[0].domid].nodes++;
	r->of[n->perms->p[0].domid].bytes += store_node_bytes(n);
	for (i = 1; i < n->perms->n; i++)
		r->of[n->perms->p[i].domid].perm_entries++;
	for (i = 1; i < n->nchild; i++) {
		if (strcmp(n->child[i - 1]->name, n->child[i]->name) < 0)
			continue;
		store_log(r->s, true, "check: children of %s out of order", path);
		r->faults++;
	}
}

static void count_conn(struct recount *r, const struct conn *c)
{
	struct count *k = &r->of[c->who.domid];
	const struct store_watch *w;
	const struct txn *tx;

	TAILQ_FOREACH(w, &c->watches, by_conn) {
		k->watches++;
		k->bytes += sizeof(*w) + strlen(w->path) + strlen(w->token) + 2;
	}
	TAILQ_FOREACH(tx, &c->txns, link) {
		k->txns++;
		k->bytes += tx->bytes;
	}
}

static bool same(const struct count *k, const struct domain *d)
{
	return k->nodes == d->nodes && k->perm_entries == d->perm_entries && k->watches == d->watches &&
	       k->txns == d->txns && k->bytes == d->bytes;
}

int store_check(struct store *s)
{
	static const struct domain none;
	struct recount r = { .s = s };
	struct conn *c;
	unsigned int i;

	r.of = store_mem_zalloc(STORE_DOMID_LIMIT * sizeof(*r.of));
	store_tree_visit("/", s->live.root, NULL, count_node, &r);
	TAILQ_FOREACH(c, &s->conns, all)
		count_conn(&r, c);
	for (i = 0; i < STORE_DOMID_LIMIT; i++) {
		const struct domain *d = s->domains[i] ? s->domains[i] : &none;

		if (same(&r.of[i], d))
			continue;
		store_log(s, true, "check: domain %u: counted %u nodes %u entries %u watches %u transactions %zu "
			  "bytes, kept %u %u %u %u %zu", i, r.of[i].nodes, r.of[i].perm_entries, r.of[i].watches,
			  r.of[i].txns, r.of[i].bytes, d->nodes, d->perm_entries, d->watches, d->txns, d->bytes);
		r.faults++;
	}
	if (r.total != s->stats.nodes) {
		store_log(s, true, "check: %u nodes in the tree, %u counted", r.total, s->stats.nodes);
		r.faults++;
	}
	free(r.of);
	return r.faults;
}
