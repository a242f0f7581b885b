/* SPDX-License-Identifier: MIT */
/*
 * Coming and going of domains: introduced (a ring), shut down, released, gone. The same functions serve the
 * daemon's calls, the requests of clients, and the journal at start.
 */
#include "store/core.h"

#include "store/journal.h"
#include "store/mem.h"

#include <errno.h>
#include <stdlib.h>

int store_domain_introduce(struct store *s, unsigned int domid, uint64_t gfn, uint32_t port)
{
	struct domain *d = store_quota_get(s, domid);
	bool fresh = !d->introduced;
	int rc = 0;

	d->gfn = gfn;
	d->port = port;
	d->introduced = true;
	if (!d->conn)
		d->conn = store_ring_new(s, d);
	store_conn_reset(d->conn);
	store_journal_introduce(s->journal, domid, gfn, port);
	store_journal_numbers(s->journal, J_RESET, domid, 0, 0);
	if (!s->loading)
		rc = store_ring_attach(s, d, true);
	if (rc) {
		store_journal_numbers(s->journal, J_RELEASE, domid, 0, 0);
		d->introduced = false;
		store_ring_detach(d);
		if (!fresh)
			store_watch_fire_special(s, SPECIAL_RELEASE, domid);
	} else if (fresh) {
		d->shutdown = false;
		store_journal_numbers(s->journal, J_SHUTDOWN, domid, 0, 0);
		store_watch_fire_special(s, SPECIAL_INTRODUCE, domid);
	}
	return rc;
}

int store_domain_release(struct store *s, unsigned int domid)
{
	struct domain *d = store_quota_find(s, domid);

	if (!d || !d->introduced)
		return -ENOENT;
	d->introduced = false;
	store_journal_numbers(s->journal, J_RELEASE, domid, 0, 0);
	store_ring_detach(d);
	store_watch_fire_special(s, SPECIAL_RELEASE, domid);
	return 0;
}

int store_domain_set_target(struct store *s, unsigned int domid, unsigned int target)
{
	struct domain *d = store_quota_get(s, domid);
	struct conn *c;

	d->target = target;
	TAILQ_FOREACH(c, &s->conns, all)
		if (c->who.domid == domid)
			c->who.target = target;
	store_journal_numbers(s->journal, J_TARGET, domid, target, 0);
	return 0;
}

static void removed(void *store, const char *path, struct node *n, struct node *parent)
{
	store_watch_fire_removed(store, path, n, parent);
}

/* Whoever acted for the domain does so no longer. */
static void forget_target(struct store *s, unsigned int domid)
{
	struct domain *d;

	TAILQ_FOREACH(d, &s->known, all)
		if (d->target == domid && d->domid != domid)
			store_domain_set_target(s, d->domid, d->domid);
}

void store_domain_purge(struct store *s, unsigned int domid)
{
	struct domain *d = store_quota_find(s, domid);
	bool introduced;

	if (!d || domid == 0)
		return;
	introduced = d->introduced;
	if (introduced) {
		d->introduced = false;
		store_ring_detach(d);
	}
	forget_target(s, domid);
	d->target = domid;
	d->shutdown = false;
	if (d->nodes || d->perm_entries) {
		store_tree_purge(&s->live, domid, removed, s);
		d = store_quota_find(s, domid);
	}
	store_journal_numbers(s->journal, J_GONE, domid, 0, 0);
	store_watch_fire_special(s, SPECIAL_RELEASE, domid);
	if (d)
		store_quota_drop(s, d);
}

/* ---- the daemon's calls ---- */

static int valid(unsigned int domid)
{
	return domid < STORE_DOMID_LIMIT ? 0 : -EINVAL;
}

int store_introduce(struct store *s, unsigned int domid, uint64_t gfn, uint32_t port)
{
	int rc = valid(domid);

	if (!rc)
		rc = store_domain_introduce(s, domid, gfn, port);
	store_journal_commit(s);
	return rc;
}

int store_release(struct store *s, unsigned int domid)
{
	int rc = store_domain_release(s, domid);

	store_journal_commit(s);
	return rc;
}

bool store_is_introduced(const struct store *s, unsigned int domid)
{
	const struct domain *d = store_quota_find(s, domid);

	return d && d->introduced;
}

void store_kick(struct store *s, unsigned int domid)
{
	struct domain *d = store_quota_find(s, domid);

	if (!d || !d->conn)
		return;
	store_conn_ready(d->conn);
	store_conn_dirty(d->conn);
}

void store_domain_shutdown(struct store *s, unsigned int domid)
{
	struct domain *d = store_quota_find(s, domid);

	if (!d || d->shutdown)
		return;
	d->shutdown = true;
	store_journal_numbers(s->journal, J_SHUTDOWN, domid, 1, 0);
	store_watch_fire_special(s, SPECIAL_RELEASE, domid);
	store_journal_commit(s);
}

int store_resume(struct store *s, unsigned int domid)
{
	struct domain *d = store_quota_find(s, domid);

	if (!d || !d->introduced)
		return -ENOENT;
	d->shutdown = false;
	store_journal_numbers(s->journal, J_SHUTDOWN, domid, 0, 0);
	store_journal_commit(s);
	return 0;
}

void store_domain_gone(struct store *s, unsigned int domid)
{
	store_domain_purge(s, domid);
	store_journal_commit(s);
}

int store_set_target(struct store *s, unsigned int domid, unsigned int target)
{
	int rc = valid(domid) ? -EINVAL : valid(target);

	if (!rc)
		rc = store_domain_set_target(s, domid, target);
	store_journal_commit(s);
	return rc;
}

/* By ids taken beforehand: fn may make any domain go. */
void store_each_domain(struct store *s, void (*fn)(void *ctx, unsigned int domid, bool introduced), void *ctx)
{
	unsigned int *ids, i, n = 0;
	struct domain *d;

	TAILQ_FOREACH(d, &s->known, all)
		n++;
	ids = store_mem_alloc(n * sizeof(*ids));
	n = 0;
	TAILQ_FOREACH(d, &s->known, all)
		ids[n++] = d->domid;
	for (i = 0; i < n; i++)
		if (s->domains[ids[i]])
			fn(ctx, ids[i], s->domains[ids[i]]->introduced);
	free(ids);
}
