/* SPDX-License-Identifier: MIT */
/*
 * A domain's connection: two byte queues in a page it shares with us, and an event channel. The domain may
 * write anything at any time into the page, so every index is loaded once, checked, and our own ones are kept
 * here and only ever copied out.
 *
 * A domain signals only if the queue was empty before it wrote, and full before it read: whatever it adds
 * while it sees something of its own unread comes without a word. So nothing stays in the request queue, a
 * part of a request neither; and whenever req_cons or rsp_prod has been moved, the other index is looked at
 * once more, since the domain may have looked at ours just before.
 *
 * Across a restart nothing may be lost or done twice:
 *  - req_cons in the page moves only after the requests before it are in the journal as done, and what has
 *    come of the next one is in the journal as it is;
 *  - answers are in the journal, as bytes of a stream, before they enter the page, and rsp_prod in the page
 *    then tells which of them have entered.
 *
 *	request stream:	... done | in_done ... pulled | in_pulled ... arrived | req_prod
 *	answer stream:	... in the page | out_pos ... queued |
 */
#include "store/core.h"

#include "store/journal.h"
#include "store/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct ring {
	struct conn c;
	struct xenstore_domain_interface *page;	/* NULL: not mapped (yet) */
	uint32_t in_done, in_pulled;
	uint32_t part;		/* bytes from in_done on that the journal holds: a request not yet whole */
	uint32_t told;		/* req_cons as the page has it */
	uint32_t out_pos;
	bool broken;		/* ignored until the domain reconnects */
	bool reset;		/* the domain asked to reconnect: to be granted once that is in the journal */
	bool poke;		/* something in the page changed */
};

static struct ring *ring_of(const struct conn *c)
{
	return (struct ring *)c;
}

static uint32_t load(const uint32_t *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

static void save(uint32_t *p, uint32_t v)
{
	__atomic_store_n(p, v, __ATOMIC_RELEASE);
}

/* The same, and seen before anything is loaded that comes after. */
static void publish(uint32_t *p, uint32_t v)
{
	__atomic_store_n(p, v, __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* The domain wrote nonsense: forget all it had, tell it, and ignore it until it reconnects. */
static void ring_broken(struct conn *c, unsigned int why)
{
	struct ring *r = ring_of(c);

	if (r->broken)
		return;
	r->broken = true;
	store_conn_reset(c);
	r->part = 0;
	r->in_pulled = r->in_done;
	store_journal_numbers(c->s->journal, J_RESET, c->who.domid, 0, 0);
	store_journal_numbers(c->s->journal, J_INDEX, c->who.domid, r->in_done, r->out_pos);
	if (r->page)
		save(&r->page->error, why);
	r->poke = true;
	store_conn_dirty(c);
}

static bool wants_reset(struct ring *r)
{
	struct conn *c = &r->c;

	if (r->reset || load(&r->page->connection) != XENSTORE_RECONNECT)
		return r->reset;
	r->reset = true;
	r->broken = false;
	store_conn_reset(c);
	r->in_done = r->in_pulled = r->out_pos = r->part = 0;
	store_journal_numbers(c->s->journal, J_RESET, c->who.domid, 0, 0);
	store_journal_numbers(c->s->journal, J_INDEX, c->who.domid, 0, 0);
	store_conn_dirty(c);
	return true;
}

/* A request that is not whole leaves the ring nevertheless: the journal keeps what has come so far. */
static void keep_part(struct ring *r)
{
	struct conn *c = &r->c;
	struct xsd_sockmsg hdr;
	size_t have = c->in_len - c->in_off;

	if (have <= r->part)
		return;
	if (have >= sizeof(hdr)) {
		memcpy(&hdr, c->in + c->in_off, sizeof(hdr));
		if (hdr.len > XENSTORE_PAYLOAD_MAX || have >= sizeof(hdr) + hdr.len)
			return;
	}
	store_journal_bytes_of(c->s->journal, J_PART, c->who.domid, c->in + c->in_off + r->part,
			       have - r->part);
	r->part = (uint32_t)have;
	r->poke = true;
	store_conn_dirty(c);
}

static void pull(struct ring *r)
{
	struct conn *c = &r->c;
	uint32_t prod = load(&r->page->req_prod), n = prod - r->in_pulled;

	if (prod - (r->in_done + r->part) > XENSTORE_RING_SIZE || n > XENSTORE_RING_SIZE) {
		store_log(c->s, true,
			  "domain %u: its store ring claims %u bytes of request; it holds %u. Ignored "
			  "until it reconnects", c->who.domid, prod - r->in_done, XENSTORE_RING_SIZE);
		ring_broken(c, XENSTORE_ERROR_RINGIDX);
		return;
	}
	if (n > CONN_IN_MAX - c->in_len)
		n = (uint32_t)(CONN_IN_MAX - c->in_len);
	while (n) {
		uint32_t at = MASK_XENSTORE_IDX(r->in_pulled);
		uint32_t run = XENSTORE_RING_SIZE - at < n ? XENSTORE_RING_SIZE - at : n;

		memcpy(c->in + c->in_len, r->page->req + at, run);
		c->in_len += run;
		r->in_pulled += run;
		n -= run;
	}
}

static void ring_fill(struct conn *c)
{
	struct ring *r = ring_of(c);

	if (!r->page || wants_reset(r) || r->broken)
		return;
	pull(r);
	if (!r->broken)
		keep_part(r);
}

void store_ring_consumed(struct conn *c, size_t len)
{
	struct ring *r = ring_of(c);

	r->in_done += (uint32_t)len;
	r->part = 0;
	r->poke = true;
	store_journal_numbers(c->s->journal, J_IN, c->who.domid, r->in_done, 0);
	store_conn_dirty(c);
}

/* Copies what fits of the queue into the page. True where something was copied. */
static bool push(struct ring *r)
{
	struct conn *c = &r->c;
	uint32_t cons = load(&r->page->rsp_cons), room = XENSTORE_RING_SIZE - (r->out_pos - cons);
	uint32_t total = 0;
	struct outmsg *m;

	if (room > XENSTORE_RING_SIZE) {
		store_log(c->s, true,
			  "domain %u: its store ring says it fetched answers that were never sent. "
			  "Ignored until it reconnects", c->who.domid);
		ring_broken(c, XENSTORE_ERROR_RINGIDX);
		return false;
	}
	TAILQ_FOREACH(m, &c->out, link) {
		size_t from = m->sent;

		while (room && from < m->len) {
			uint32_t at = MASK_XENSTORE_IDX(r->out_pos + total);
			size_t run = XENSTORE_RING_SIZE - at;

			run = run < room ? run : room;
			run = run < m->len - from ? run : m->len - from;
			memcpy(r->page->rsp + at, m->data + from, run);
			from += run;
			total += (uint32_t)run;
			room -= (uint32_t)run;
		}
	}
	if (!total)
		return false;
	r->out_pos += total;
	publish(&r->page->rsp_prod, r->out_pos);
	r->poke = true;
	store_conn_sent(c, total);
	return true;
}

/* Tells how far requests have been taken. What came meanwhile came without a signal. */
static void acknowledge(struct ring *r)
{
	uint32_t taken = r->in_done + r->part;
	bool moved = taken != r->told;

	r->told = taken;
	publish(&r->page->req_cons, taken);
	if (moved && load(&r->page->req_prod) != r->in_pulled)
		store_conn_ready(&r->c);
}

static void grant_reset(struct ring *r)
{
	save(&r->page->req_cons, 0);
	save(&r->page->req_prod, 0);
	save(&r->page->rsp_cons, 0);
	save(&r->page->rsp_prod, 0);
	save(&r->page->server_features, XENSTORE_SERVER_FEATURE_RECONNECTION | XENSTORE_SERVER_FEATURE_ERROR);
	save(&r->page->error, XENSTORE_ERROR_NONE);
	save(&r->page->connection, XENSTORE_CONNECTED);
	r->told = 0;
	r->reset = false;
	r->poke = true;
}

static void ring_flush(struct conn *c)
{
	struct ring *r = ring_of(c);

	if (!r->page)
		return;
	if (r->reset)
		grant_reset(r);
	if (!r->broken) {
		acknowledge(r);
		while (push(r) && !TAILQ_EMPTY(&c->out))
			;
	}
	if (r->poke) {
		r->poke = false;
		c->s->opt.ring->notify(c->s->opt.ring_ctx, c->who.domid);
	}
}

static void unmap(struct ring *r)
{
	struct store *s = r->c.s;

	if (r->page)
		s->opt.ring->close(s->opt.ring_ctx, r->c.who.domid, r->page);
	r->page = NULL;
}

static void ring_destroy(struct conn *c)
{
	unmap(ring_of(c));
	free(c);
}

struct conn *store_ring_new(struct store *s, struct domain *d)
{
	static const struct conn_io io = {
		.fill = ring_fill, .flush = ring_flush, .broken = ring_broken, .destroy = ring_destroy,
	};
	struct ring *r = store_mem_zalloc(sizeof(*r));

	store_conn_init(&r->c, s, CONN_RING, &io, d->domid);
	return &r->c;
}

/* What was in the page when the last process died: everything queued before rsp_prod has been delivered. */
static void resume(struct ring *r)
{
	struct conn *c = &r->c;
	uint32_t prod = load(&r->page->rsp_prod);
	size_t queued = 0, delivered = prod - r->out_pos;
	struct outmsg *m;

	TAILQ_FOREACH(m, &c->out, link)
		queued += m->len;
	if (delivered > queued) {
		store_log(c->s, true, "domain %u: its store ring was changed while nobody served it. Ignored "
			  "until it reconnects", c->who.domid);
		ring_broken(c, XENSTORE_ERROR_RINGIDX);
		return;
	}
	r->out_pos = prod;
	store_conn_sent(c, delivered);
	store_journal_numbers(c->s->journal, J_INDEX, c->who.domid, r->in_done, r->out_pos);
	if (r->part)
		store_journal_bytes_of(c->s->journal, J_PART, c->who.domid, c->in, r->part);
	TAILQ_FOREACH(m, &c->out, link)
		store_journal_out(c->s->journal, c->who.domid, m->data + m->sent, m->len - m->sent);
}

/*
 * Domain 0's kernel may have been talking to an earlier server, so its ring goes on where it is; the ring of
 * any other domain that is introduced starts empty.
 */
static void begin(struct ring *r)
{
	if (r->c.who.domid == 0) {
		r->in_done = r->in_pulled = r->told = load(&r->page->req_cons);
		r->out_pos = load(&r->page->rsp_prod);
		save(&r->page->server_features,
		     XENSTORE_SERVER_FEATURE_RECONNECTION | XENSTORE_SERVER_FEATURE_ERROR);
	} else {
		r->in_done = r->in_pulled = r->out_pos = 0;
		grant_reset(r);
	}
	store_journal_numbers(r->c.s->journal, J_INDEX, r->c.who.domid, r->in_done, r->out_pos);
}

int store_ring_attach(struct store *s, struct domain *d, bool fresh)
{
	struct ring *r = ring_of(d->conn);
	void *page;
	int rc;

	if (!fresh && r->page)
		return 0;
	if (!s->opt.ring)
		return -ENOSYS;
	unmap(r);
	rc = s->opt.ring->open(s->opt.ring_ctx, d->domid, d->gfn, d->port, &page);
	if (rc)
		return rc;
	r->page = page;
	if (fresh)
		begin(r);
	else
		resume(r);
	r->poke = true;
	store_conn_dirty(d->conn);
	store_conn_ready(d->conn);
	return 0;
}

void store_ring_detach(struct domain *d)
{
	store_conn_reset(d->conn);
	unmap(ring_of(d->conn));
	store_conn_kill(d->conn);
	d->conn = NULL;
}

/* ---- for journal and snapshot ---- */

void store_ring_set_index(struct conn *c, uint32_t in, uint32_t out)
{
	struct ring *r = ring_of(c);
	struct outmsg *m;

	while ((m = TAILQ_FIRST(&c->out)))
		store_conn_sent(c, m->len - m->sent);
	c->in_off = c->in_len = 0;
	r->in_done = r->in_pulled = in;
	r->out_pos = out;
	r->part = 0;
}

void store_ring_get_index(const struct conn *c, uint32_t *in, uint32_t *out)
{
	*in = ring_of(c)->in_done;
	*out = ring_of(c)->out_pos;
}

void store_ring_restore_done(struct conn *c, uint32_t in)
{
	struct ring *r = ring_of(c);

	r->in_done = r->in_pulled = in;
	r->part = 0;
	c->in_off = c->in_len = 0;
}

void store_ring_restore_part(struct conn *c, const void *data, size_t len)
{
	struct ring *r = ring_of(c);

	if (!c->in)
		c->in = store_mem_alloc(CONN_IN_MAX);
	if (len > CONN_IN_MAX - c->in_len)
		return;
	memcpy(c->in + c->in_len, data, len);
	c->in_len += len;
	r->part += (uint32_t)len;
	r->in_pulled += (uint32_t)len;
}

void store_ring_restore_out(struct conn *c, const void *data, size_t len)
{
	store_conn_queue_raw(c, data, len);
}

size_t store_ring_part(const struct conn *c, const char **data)
{
	*data = c->in ? c->in + c->in_off : NULL;
	return ring_of(c)->part;
}
