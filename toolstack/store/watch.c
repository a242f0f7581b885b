/* SPDX-License-Identifier: MIT */
/*
 * Watches: who is to be told of a change. Watches are found by path in one hash table, so a change costs its
 * depth, not the number of watches. A client hears only of nodes that it may read, or whose parent it may
 * read. When a client has too many events unread, a watch holds back further ones and later sends a single
 * one that carries the watch's own path, which clients know from the first event of every watch: "look
 * again".
 */
#include "store/core.h"

#include "store/journal.h"
#include "store/mem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN_MAX	(XENSTORE_PAYLOAD_MAX - XENSTORE_ABS_PATH_MAX - 2)

static const char *const special_name[SPECIAL_COUNT] = { "@introduceDomain", "@releaseDomain" };

int store_op_special(const char *path)
{
	int i;

	for (i = 0; i < SPECIAL_COUNT; i++)
		if (!strcmp(path, special_name[i]))
			return i;
	return -ENOENT;
}

struct store_watch *store_watch_find(const struct conn *c, const char *path, const char *token)
{
	struct store_watch *w;

	TAILQ_FOREACH(w, &c->watches, by_conn)
		if (!strcmp(w->path, path) && !strcmp(w->token, token))
			return w;
	return NULL;
}

static size_t charge(const struct store_watch *w)
{
	return sizeof(*w) + strlen(w->path) + strlen(w->token) + 2;
}

static void link_watch(struct store *s, struct store_watch *w)
{
	void **slot = store_strmap_add(&s->watches, w->path);
	struct watch_list *list = *slot;

	if (!list) {
		list = store_mem_alloc(sizeof(*list));
		TAILQ_INIT(list);
		*slot = list;
	}
	TAILQ_INSERT_TAIL(list, w, by_path);
	s->nwatches++;
}

int store_watch_add(struct conn *c, const char *given, const char *token, int depth, struct store_watch **out)
{
	char path[STORE_PATH_BUF];
	struct store_watch *w;

	if (store_path_resolve(given, c->who.domid, path) || strlen(token) > TOKEN_MAX)
		return -EINVAL;
	if (*path == '@' && store_op_special(path) < 0)
		return -EINVAL;
	if (c->kind != CONN_LOCAL && store_watch_find(c, path, token))
		return -EEXIST;
	if (!c->who.privileged && c->dom->watches >= c->s->opt.limits.watches)
		return -E2BIG;
	w = store_mem_zalloc(sizeof(*w));
	w->c = c;
	w->path = store_mem_strdup(path);
	w->token = store_mem_strdup(token);
	w->strip = strlen(path) - strlen(given);
	w->depth = depth;
	TAILQ_INSERT_TAIL(&c->watches, w, by_conn);
	link_watch(c->s, w);
	c->dom->watches++;
	store_quota_bytes(c, (long)charge(w));
	if (c->kind == CONN_RING)
		store_journal_watch(c->s->journal, c->who.domid, given, token, depth);
	*out = w;
	return 0;
}

void store_watch_free(struct store_watch *w)
{
	struct store *s = w->c->s;
	void **slot = store_strmap_find(&s->watches, w->path, strlen(w->path));
	struct watch_list *list = *slot;
	struct local_event *e, *next;

	TAILQ_REMOVE(list, w, by_path);
	if (TAILQ_EMPTY(list)) {
		store_strmap_del(&s->watches, w->path);
		free(list);
	}
	if (w->fn) {
		STORE_TAILQ_EACH(e, &s->local_events, link, next) {
			if (e->w != w)
				continue;
			TAILQ_REMOVE(&s->local_events, e, link);
			free(e);
		}
	}
	s->nwatches--;
	w->c->dom->watches--;
	w->c->coarse -= w->coarse;
	store_quota_bytes(w->c, -(long)charge(w));
	TAILQ_REMOVE(&w->c->watches, w, by_conn);
	free(w->path);
	free(w->token);
	free(w);
}

int store_watch_del(struct conn *c, const char *given, const char *token)
{
	char path[STORE_PATH_BUF];
	struct store_watch *w;

	if (store_path_resolve(given, c->who.domid, path))
		return -EINVAL;
	w = store_watch_find(c, path, token);
	if (!w)
		return -ENOENT;
	if (c->kind == CONN_RING)
		store_journal_token(c->s->journal, J_UNWATCH, c->who.domid, given, token);
	store_watch_free(w);
	return 0;
}

void store_watch_drop_all(struct conn *c)
{
	struct store_watch *w;

	while ((w = TAILQ_FIRST(&c->watches)))
		store_watch_free(w);
}

static void local_event(struct store_watch *w, const char *path)
{
	size_t len = strlen(path) + 1;
	struct local_event *e = store_mem_alloc(sizeof(*e) + len);

	e->w = w;
	memcpy(e->path, path, len);
	TAILQ_INSERT_TAIL(&w->c->s->local_events, e, link);
	store_wake(w->c->s);
}

void store_watch_hold(struct store_watch *w)
{
	struct conn *c = w->c;

	if (w->coarse)
		return;
	w->coarse = true;
	c->coarse++;
	if (c->kind == CONN_RING)
		store_journal_token(c->s->journal, J_COARSE, c->who.domid, w->path + w->strip, w->token);
}

/* Path is below w->path, so it has at least w->strip bytes to cut. */
static void send_event(struct store_watch *w, const char *path)
{
	struct conn *c = w->c;

	if (w->fn) {
		local_event(w, path);
		return;
	}
	if (w->coarse)
		return;
	if (!store_conn_event_room(c)) {
		store_watch_hold(w);
		return;
	}
	store_conn_event(c, path + w->strip, w->token);
}

void store_watch_first(struct store_watch *w)
{
	send_event(w, w->path);
}

void store_watch_coarse(struct conn *c)
{
	struct store_watch *w;

	if (c->s->loading)
		return;
	TAILQ_FOREACH(w, &c->watches, by_conn) {
		if (!c->coarse || !store_conn_event_room(c))
			return;
		if (!w->coarse)
			continue;
		w->coarse = false;
		c->coarse--;
		send_event(w, w->path);
	}
}

struct change {
	const char *path;
	const struct node *n, *parent;
	const struct perms *old;
};

static bool may_hear(const struct conn *c, const struct change *ch)
{
	if (c->who.privileged)
		return true;
	if (ch->n && (store_perms_access(ch->n->perms, &c->who) & STORE_PERM_READ))
		return true;
	if (ch->old && (store_perms_access(ch->old, &c->who) & STORE_PERM_READ))
		return true;
	return ch->parent && (store_perms_access(ch->parent->perms, &c->who) & STORE_PERM_READ);
}

static void fire_at(struct store *s, const char *at, size_t len, const struct change *ch)
{
	void **slot = store_strmap_find(&s->watches, at, len);
	struct store_watch *w, *next;

	if (!slot)
		return;
	STORE_TAILQ_EACH(w, (struct watch_list *)*slot, by_path, next) {
		if (w->depth >= 0 && store_path_depth(ch->path, w->path) > (unsigned int)w->depth)
			continue;
		if (may_hear(w->c, ch))
			send_event(w, ch->path);
	}
}

void store_watch_fire(struct store *s, const char *path, const struct node *n, const struct node *parent,
		      const struct perms *old)
{
	const struct change ch = { .path = path, .n = n, .parent = parent, .old = old };
	size_t len = strlen(path);

	if (!s->watches.count)
		return;
	for (;;) {
		fire_at(s, path, len, &ch);
		if (len == 1)
			return;
		len = store_path_parent_len(path, len);
	}
}

static void removed_below(void *ctx, const char *path, struct node *n, struct node *parent)
{
	const struct change ch = { .path = path, .n = n, .parent = parent };

	fire_at(ctx, path, strlen(path), &ch);
}

void store_watch_fire_removed(struct store *s, const char *path, struct node *n, struct node *parent)
{
	uint32_t i;

	store_watch_fire(s, path, n, parent, NULL);
	if (!s->watches.count)
		return;
	for (i = 0; i < n->nchild; i++) {
		char below[STORE_PATH_BUF];

		snprintf(below, sizeof(below), "%s/%s", path, n->child[i]->name);
		store_tree_visit(below, n->child[i], n, removed_below, s);
	}
}

/* A watch with a depth wants to know which domain: "@releaseDomain/7". */
void store_watch_fire_special(struct store *s, unsigned int which, unsigned int domid)
{
	const char *name = special_name[which];
	void **slot = store_strmap_find(&s->watches, name, strlen(name));
	struct store_watch *w, *next;
	char with_id[32];

	if (!slot)
		return;
	snprintf(with_id, sizeof(with_id), "%s/%u", name, domid);
	STORE_TAILQ_EACH(w, (struct watch_list *)*slot, by_path, next) {
		if (!(store_perms_access(s->special[which], &w->c->who) & STORE_PERM_READ))
			continue;
		send_event(w, w->depth > 0 ? with_id : w->path);
	}
}

/* Serves what was there at the start of the call; what the callbacks cause comes in the next round. */
bool store_watch_deliver_local(struct store *s)
{
	struct local_event *e, *last = TAILQ_LAST(&s->local_events, local_event_list);
	bool done = !last;

	while (!done && (e = TAILQ_FIRST(&s->local_events))) {
		done = e == last;
		TAILQ_REMOVE(&s->local_events, e, link);
		e->w->fn(e->w->ctx, e->path);
		free(e);
	}
	return !TAILQ_EMPTY(&s->local_events);
}
