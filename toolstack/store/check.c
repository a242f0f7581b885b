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
	unsigned int n;		/* of them */
	struct store *s;
	unsigned int total;
	int faults;
};

static void count_node(void *ctx, const char *path, struct node *n, struct node *parent)
{
	struct recount *r = ctx;
	const struct store_perm *p = n->perms->p;
	unsigned int i;

	(void)parent;
	r->total++;
	for (i = 0; i < n->perms->n; i++) {
		if (p[i].domid >= r->n) {
			store_log(r->s, true, "check: %s names domain %u, which is not known", path,
				  p[i].domid);
			r->faults++;
			return;
		}
	}
	r->of[p[0].domid].nodes++;
	r->of[p[0].domid].bytes += store_node_bytes(n);
	for (i = 1; i < n->perms->n; i++)
		r->of[p[i].domid].perm_entries++;
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

static void compare(struct recount *r, const struct domain *d)
{
	const struct count *k = &r->of[d->domid];

	if (same(k, d))
		return;
	store_log(r->s, true,
		  "check: domain %u: counted %u nodes %u entries %u watches %u transactions %zu bytes, "
		  "kept %u %u %u %u %zu", d->domid, k->nodes, k->perm_entries, k->watches, k->txns, k->bytes,
		  d->nodes, d->perm_entries, d->watches, d->txns, d->bytes);
	r->faults++;
}

/* One count more than the highest id that the store knows. */
static unsigned int domains(const struct store *s)
{
	const struct domain *d;
	unsigned int n = 1;

	TAILQ_FOREACH(d, &s->known, all)
		if (d->domid >= n)
			n = d->domid + 1;
	return n;
}

int store_check(struct store *s)
{
	struct recount r = { .s = s, .n = domains(s) };
	struct domain *d;
	struct conn *c;

	r.of = store_mem_zalloc(r.n * sizeof(*r.of));
	store_tree_visit("/", s->live.root, NULL, count_node, &r);
	TAILQ_FOREACH(c, &s->conns, all)
		count_conn(&r, c);
	TAILQ_FOREACH(d, &s->known, all)
		compare(&r, d);
	if (r.total != s->stats.nodes) {
		store_log(s, true, "check: %u nodes in the tree, %u counted", r.total, s->stats.nodes);
		r.faults++;
	}
	free(r.of);
	return r.faults;
}
