/* SPDX-License-Identifier: MIT */
/* Making a store, its round, and looking at it from outside; see store.h and core.h. */
#include "store/store.h"

#include "store/core.h"
#include "store/journal.h"
#include "store/mem.h"

#include <errno.h>
#include <event2/event.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void store_log(const struct store *s, bool is_error, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (s->opt.log)
		s->opt.log(s->opt.log_ctx, is_error, text);
	else if (is_error)
		fprintf(stderr, "store: %s\n", text);
}

void store_wake(struct store *s)
{
	static const struct timeval now;

	if (s->turn_event && !event_pending(s->turn_event, EV_TIMEOUT, NULL))
		event_add(s->turn_event, &now);
}

void store_wake_in(struct store *s, unsigned int ms)
{
	struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000 };
	uint64_t due = s->opt.clock->now_ms() + ms;

	if (!s->retry_event || (event_pending(s->retry_event, EV_TIMEOUT, NULL) && s->retry_ms <= due))
		return;
	s->retry_ms = due;
	event_add(s->retry_event, &tv);
}

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct store *s = arg;

	(void)fd;
	(void)what;
	if (store_turn(s))
		store_wake(s);
}

/* Time has passed: those who had used up their share get some, and the journal is tried again. */
static void on_retry(evutil_socket_t fd, short what, void *arg)
{
	struct store *s = arg;
	struct conn *c;

	(void)fd;
	(void)what;
	TAILQ_FOREACH(c, &s->conns, all) {
		if (c->waiting) {
			c->waiting = false;
			store_conn_ready(c);
		}
	}
	store_wake(s);
}

/* Everybody who was ready when the round began gets one share. */
static void serve_all(struct store *s)
{
	struct conn *c, *last = TAILQ_LAST(&s->ready, conn_list);
	bool done = !last;

	while (!done && (c = TAILQ_FIRST(&s->ready))) {
		done = c == last;
		TAILQ_REMOVE(&s->ready, c, ready);
		c->is_ready = false;
		if (!c->dead && store_conn_serve(c))
			store_conn_ready(c);
	}
}

static void flush_all(struct store *s)
{
	struct conn *c, *last = TAILQ_LAST(&s->dirty, conn_list);
	bool done = !last;

	while (!done && (c = TAILQ_FIRST(&s->dirty))) {
		done = c == last;
		TAILQ_REMOVE(&s->dirty, c, dirty);
		c->is_dirty = false;
		if (!c->dead)
			c->io->flush(c);
	}
}

bool store_turn(struct store *s)
{
	serve_all(s);
	store_journal_commit(s);
	flush_all(s);
	store_conn_reap(s);
	store_journal_commit(s);
	store_watch_deliver_local(s);
	return !TAILQ_EMPTY(&s->ready) || !TAILQ_EMPTY(&s->dirty) || !TAILQ_EMPTY(&s->local_events);
}

static void default_limits(struct store_limits *l)
{
	static const struct store_limits standard = {
		.nodes = 1000, .node_bytes = 2048, .perms = 5, .watches = 128, .transactions = 10,
		.transaction_ops = 1024, .events = 1024, .memory_bytes = 2560 << 10, .requests_per_s = 20000,
	};
	const unsigned int *from = (const unsigned int *)&standard;
	unsigned int *to = (unsigned int *)l;
	size_t i;

	for (i = 0; i < sizeof(*l) / sizeof(*to); i++)
		if (!to[i])
			to[i] = from[i];
}

static void local_nothing(struct conn *c)
{
	(void)c;
}

static void local_destroy(struct conn *c)
{
	free(c);
}

static void make_local(struct store *s)
{
	static const struct conn_io io = {
		.fill = local_nothing, .flush = local_nothing, .destroy = local_destroy,
	};

	s->local = store_mem_zalloc(sizeof(*s->local));
	store_conn_init(s->local, s, CONN_LOCAL, &io, 0);
	s->stats.connections = 0;
}

static void make_events(struct store *s, struct event_base *base)
{
	if (!base)
		return;
	s->base = base;
	s->turn_event = event_new(base, -1, 0, on_turn, s);
	s->retry_event = event_new(base, -1, 0, on_retry, s);
}

/* Counts the root, which the tree made before anybody listened. Numbers of generation never repeat. */
static void make_tree(struct store *s)
{
	const struct store_perm none = { .domid = 0, .access = STORE_PERM_NONE };
	struct timespec ts;
	unsigned int i;

	clock_gettime(CLOCK_REALTIME, &ts);
	s->gen = (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
	store_tree_init(&s->live, &s->gen);
	s->live.account = store_quota_account;
	s->live.ctx = s;
	store_quota_account(s, s->live.root, 1);
	for (i = 0; i < SPECIAL_COUNT; i++)
		s->special[i] = store_perms_new(&none, 1);
}

int store_new(struct event_base *base, const struct store_options *opt, struct store **out)
{
	struct store *s = store_mem_zalloc(sizeof(*s));
	int rc;

	s->opt = *opt;
	s->opt.journal = opt->journal ? store_mem_strdup(opt->journal) : NULL;
	s->opt.boot_id = opt->boot_id ? store_mem_strdup(opt->boot_id) : NULL;
	default_limits(&s->opt.limits);
	if (!s->opt.clock)
		s->opt.clock = &store_system_clock;
	TAILQ_INIT(&s->conns);
	TAILQ_INIT(&s->ready);
	TAILQ_INIT(&s->dirty);
	TAILQ_INIT(&s->local_events);
	TAILQ_INIT(&s->known);
	store_strmap_init(&s->watches);
	make_tree(s);
	make_local(s);
	s->loading = true;
	rc = store_journal_open(s);
	s->loading = false;
	store_conn_reap(s);
	if (rc) {
		store_free(s);
		return rc;
	}
	make_events(s, base);
	*out = s;
	return 0;
}

void store_start(struct store *s)
{
	struct domain *d, *next;

	STORE_TAILQ_EACH(d, &s->known, all, next) {
		int rc = d->introduced ? store_ring_attach(s, d, false) : 0;

		if (!rc)
			continue;
		store_log(s, true, "domain %u: cannot connect to its store ring again: %s", d->domid,
			  strerror(-rc));
		store_domain_release(s, d->domid);
	}
	store_journal_commit(s);
	store_wake(s);
}

void store_free(struct store *s)
{
	struct domain *d;
	struct conn *c;
	unsigned int i;

	store_journal_commit(s);
	store_journal_close(s);
	TAILQ_FOREACH(c, &s->conns, all)
		c->dead = true;
	store_conn_reap(s);
	store_sock_close(s);
	if (s->turn_event)
		event_free(s->turn_event);
	if (s->retry_event)
		event_free(s->retry_event);
	store_node_put(s->live.root);
	for (i = 0; i < SPECIAL_COUNT; i++)
		store_perms_put(s->special[i]);
	while ((d = TAILQ_FIRST(&s->known))) {
		TAILQ_REMOVE(&s->known, d, all);
		free(d);
	}
	store_strmap_clear(&s->watches);
	free((char *)s->opt.journal);
	free((char *)s->opt.boot_id);
	free(s);
}

void store_stats(const struct store *s, struct store_stats *st)
{
	*st = s->stats;
	st->watches = s->nwatches;
	st->journal_bytes = store_journal_bytes(s);
}

void store_usage(const struct store *s, unsigned int domid, struct store_usage *u)
{
	const struct domain *d = store_quota_find(s, domid);

	memset(u, 0, sizeof(*u));
	if (!d)
		return;
	u->nodes = d->nodes;
	u->watches = d->watches;
	u->transactions = d->txns;
	u->memory_bytes = d->bytes;
}
