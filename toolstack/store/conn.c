/* SPDX-License-Identifier: MIT */
/*
 * A client's connection, whatever carries it: bytes in, messages out, and the share of each round. Output is
 * bounded: answers by not serving a client that does not fetch them, events by holding back all but one
 * per watch once a client has too many unread.
 */
#include "store/core.h"

#include "store/journal.h"
#include "store/mem.h"

#include <stdlib.h>
#include <string.h>

#define TURN_REQUESTS	8		/* served to one client in one round */
#define REPLY_BACKLOG	(4 * STORE_MSG_MAX)
#define PRIVILEGED_EVENTS 65536u

void store_conn_init(struct conn *c, struct store *s, enum conn_kind kind, const struct conn_io *io,
		     unsigned int domid)
{
	c->s = s;
	c->kind = kind;
	c->io = io;
	c->dom = store_quota_get(s, domid);
	c->dom->conns++;
	c->who.domid = domid;
	c->who.target = c->dom->target;
	c->who.privileged = domid == 0;
	TAILQ_INIT(&c->out);
	TAILQ_INIT(&c->watches);
	TAILQ_INIT(&c->txns);
	TAILQ_INSERT_TAIL(&s->conns, c, all);
	s->stats.connections++;
}

void store_conn_ready(struct conn *c)
{
	if (!c->is_ready && !c->dead) {
		c->is_ready = true;
		TAILQ_INSERT_TAIL(&c->s->ready, c, ready);
	}
	store_wake(c->s);
}

void store_conn_dirty(struct conn *c)
{
	if (!c->is_dirty) {
		c->is_dirty = true;
		TAILQ_INSERT_TAIL(&c->s->dirty, c, dirty);
	}
	store_wake(c->s);
}

static void drop_output(struct conn *c)
{
	struct outmsg *m;

	while ((m = TAILQ_FIRST(&c->out))) {
		TAILQ_REMOVE(&c->out, m, link);
		free(m);
	}
	c->reply_bytes = 0;
	c->events = 0;
}

void store_conn_reset(struct conn *c)
{
	store_watch_drop_all(c);
	store_txn_drop_all(c);
	drop_output(c);
	c->in_off = c->in_len = 0;
	c->stalled = false;
}

void store_conn_kill(struct conn *c)
{
	c->dead = true;
	store_conn_dirty(c);
}

static void destroy(struct conn *c)
{
	struct store *s = c->s;
	struct domain *d = c->dom;

	store_conn_reset(c);
	store_quota_quiet(c, false);
	if (c->is_ready)
		TAILQ_REMOVE(&s->ready, c, ready);
	if (c->is_dirty)
		TAILQ_REMOVE(&s->dirty, c, dirty);
	TAILQ_REMOVE(&s->conns, c, all);
	s->stats.connections--;
	free(c->in);
	c->io->destroy(c);
	d->conns--;
	store_quota_drop(s, d);
}

bool store_conn_reap(struct store *s)
{
	struct conn *c, *next;
	bool any = false;

	STORE_TAILQ_EACH(c, &s->conns, all, next) {
		if (!c->dead)
			continue;
		destroy(c);
		any = true;
	}
	return any;
}

/* Rings only: their output survives a restart, so it is written down with what caused it. */
static void queue(struct conn *c, struct outmsg *m)
{
	TAILQ_INSERT_TAIL(&c->out, m, link);
	c->events += m->events;
	if (!m->events)
		c->reply_bytes += m->len;
	if (c->kind == CONN_RING)
		store_journal_out(c->s->journal, c->who.domid, m->data, m->len);
	store_conn_dirty(c);
}

static struct outmsg *message(const struct xsd_sockmsg *hdr)
{
	struct outmsg *m = store_mem_alloc(sizeof(*m) + sizeof(*hdr) + hdr->len);

	m->len = sizeof(*hdr) + hdr->len;
	m->sent = 0;
	m->events = hdr->type == XS_WATCH_EVENT;
	memcpy(m->data, hdr, sizeof(*hdr));
	return m;
}

void store_conn_send(struct conn *c, uint32_t type, uint32_t req_id, uint32_t tx_id, const void *data,
		     size_t len)
{
	struct xsd_sockmsg hdr = { .type = type, .req_id = req_id, .tx_id = tx_id, .len = (uint32_t)len };
	struct outmsg *m = message(&hdr);

	if (len)
		memcpy(m->data + sizeof(hdr), data, len);
	queue(c, m);
}

/* The same event once more, while the last one waits unsent at the end of the queue, says nothing new. */
static bool repeats_last(const struct conn *c, const struct outmsg *m)
{
	const struct outmsg *last = TAILQ_LAST(&c->out, outmsg_list);

	return last && last->events && !last->sent && last->len == m->len &&
	       !memcmp(last->data, m->data, m->len);
}

void store_conn_event(struct conn *c, const char *path, const char *token)
{
	size_t path_len = strlen(path) + 1, token_len = strlen(token) + 1;
	struct xsd_sockmsg hdr = { .type = XS_WATCH_EVENT, .len = (uint32_t)(path_len + token_len) };
	struct outmsg *m = message(&hdr);

	memcpy(m->data + sizeof(hdr), path, path_len);
	memcpy(m->data + sizeof(hdr) + path_len, token, token_len);
	if (repeats_last(c, m)) {
		free(m);
		return;
	}
	c->s->stats.events++;
	queue(c, m);
}

/* Output found in the journal: any number of messages, which count as one answer. */
void store_conn_queue_raw(struct conn *c, const void *data, size_t len)
{
	struct outmsg *m = store_mem_alloc(sizeof(*m) + len);

	m->len = len;
	m->sent = 0;
	m->events = 0;
	memcpy(m->data, data, len);
	TAILQ_INSERT_TAIL(&c->out, m, link);
	c->reply_bytes += len;
}

void store_conn_sent(struct conn *c, size_t n)
{
	struct outmsg *m;

	while ((m = TAILQ_FIRST(&c->out))) {
		size_t part = m->len - m->sent < n ? m->len - m->sent : n;

		m->sent += part;
		n -= part;
		if (m->sent < m->len)
			break;
		TAILQ_REMOVE(&c->out, m, link);
		c->events -= m->events;
		if (!m->events)
			c->reply_bytes -= m->len;
		free(m);
	}
	if (c->coarse)
		store_watch_coarse(c);
	if (c->stalled && c->reply_bytes <= REPLY_BACKLOG) {
		c->stalled = false;
		store_conn_ready(c);
	}
}

bool store_conn_event_room(const struct conn *c)
{
	return c->events < (c->who.privileged ? PRIVILEGED_EVENTS : c->s->opt.limits.events);
}

/* The next whole message of the input: its header, with *body. False where there is none (yet). */
static bool next_message(struct conn *c, struct xsd_sockmsg *hdr, char **body)
{
	size_t have = c->in_len - c->in_off;

	if (have < sizeof(*hdr))
		return false;
	memcpy(hdr, c->in + c->in_off, sizeof(*hdr));
	if (hdr->len > XENSTORE_PAYLOAD_MAX) {
		store_log(c->s, true, "domain %u: a message of %u bytes; the limit is %u. Connection closed",
			  c->who.domid, hdr->len, XENSTORE_PAYLOAD_MAX);
		c->io->broken(c, XENSTORE_ERROR_PROTO);
		return false;
	}
	*body = c->in + c->in_off + sizeof(*hdr);
	return have >= sizeof(*hdr) + hdr->len;
}

/* Moves a partial message to the front, so that the buffer always has room for a whole one. */
static void compact(struct conn *c)
{
	if (!c->in_off)
		return;
	memmove(c->in, c->in + c->in_off, c->in_len - c->in_off);
	c->in_len -= c->in_off;
	c->in_off = 0;
}

static bool serve(struct conn *c, unsigned int *served)
{
	struct xsd_sockmsg hdr;
	unsigned int n;
	bool filled = false;
	char *body;

	if (!c->in)
		c->in = store_mem_alloc(CONN_IN_MAX);
	for (n = 0; n < TURN_REQUESTS && !c->dead; n++) {
		if (c->stalled)
			return false;
		if (c->reply_bytes > REPLY_BACKLOG) {
			c->stalled = true;
			return false;
		}
		if (!next_message(c, &hdr, &body)) {
			compact(c);
			if (c->dead)
				return false;
			if (filled)
				return c->in_len > 0;	/* a part: looked for the rest next round */
			filled = true;
			c->io->fill(c);
			if (c->dead || !next_message(c, &hdr, &body))
				return false;
		}
		c->in_off += sizeof(hdr) + hdr.len;
		c->s->busy++;
		store_request_run(c, &hdr, body);
		c->s->busy--;
		if (c->kind == CONN_RING && !c->dead)
			store_ring_consumed(c, sizeof(hdr) + hdr.len);
		++*served;
	}
	return !c->dead;
}

bool store_conn_serve(struct conn *c)
{
	unsigned int served = 0, wait_ms;
	uint64_t start;
	bool more;

	if (!store_quota_may_run(c, &wait_ms)) {
		c->waiting = true;
		store_wake_in(c->s, wait_ms);
		return false;
	}
	start = store_quota_clock(c);
	more = serve(c, &served);
	store_quota_charge(c, served, start);
	return more;
}
