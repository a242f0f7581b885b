/* SPDX-License-Identifier: MIT */
/*
 * Performs the journal's records on a store that has just been made. Records were written by ourselves and
 * carry a checksum, yet every length and index is checked: a damaged file must not become a damaged process.
 */
#include "store/journal.h"

#include "store/core.h"

#include <errno.h>
#include <string.h>

struct reader {
	const char *at, *end;
	bool bad;
};

static void take(struct reader *r, void *out, size_t len)
{
	if (r->bad || (size_t)(r->end - r->at) < len) {
		r->bad = true;
		memset(out, 0, len);
		return;
	}
	memcpy(out, r->at, len);
	r->at += len;
}

static uint32_t take_u32(struct reader *r)
{
	uint32_t v;

	take(r, &v, sizeof(v));
	return v;
}

static const char *take_bytes(struct reader *r, size_t *len)
{
	const char *p;

	*len = take_u32(r);
	if (r->bad || (size_t)(r->end - r->at) < *len) {
		r->bad = true;
		*len = 0;
		return "";
	}
	p = r->at;
	r->at += *len;
	return p;
}

static const char *take_string(struct reader *r)
{
	size_t len;
	const char *s = take_bytes(r, &len);

	if (!len || s[len - 1]) {
		r->bad = true;
		return "";
	}
	return s;
}

static bool perms_ok(const char *data, size_t len)
{
	struct store_perm p;
	size_t i;

	for (i = 0; i + sizeof(p) <= len; i += sizeof(p)) {
		memcpy(&p, data + i, sizeof(p));
		if (p.domid >= STORE_DOMID_LIMIT)
			return false;
	}
	return len && i == len;
}

static void take_op(struct reader *r, struct op *op)
{
	char canonical[STORE_PATH_BUF];

	memset(op, 0, sizeof(*op));
	op->type = take_u32(r);
	op->owner = take_u32(r);
	op->path = take_string(r);
	op->data = take_bytes(r, &op->len);
	if (op->owner != OP_INHERIT && op->owner >= STORE_DOMID_LIMIT)
		r->bad = true;
	if (*op->path != '/' || store_path_resolve(op->path, 0, canonical))
		r->bad = true;
	if (op->type == OP_PERMS && !perms_ok(op->data, op->len))
		r->bad = true;
}

static void do_special(struct store *s, struct reader *r, uint32_t which)
{
	size_t len;
	const char *data = take_bytes(r, &len);
	struct store_perm p[64];

	if (which >= SPECIAL_COUNT || len > sizeof(p)) {
		r->bad = true;
		return;
	}
	if (!perms_ok(data, len)) {
		r->bad = true;
		return;
	}
	memcpy(p, data, len);
	store_perms_put(s->special[which]);
	s->special[which] = store_perms_new(p, (unsigned int)(len / sizeof(*p)));
}

static void do_numbers(struct store *s, struct reader *r, uint32_t type, uint32_t domid)
{
	uint32_t a = take_u32(r), b = take_u32(r);
	struct domain *d = store_quota_get(s, domid);
	struct txn *tx;

	switch (type) {
	case J_RELEASE: store_domain_release(s, domid); return;
	case J_GONE: store_domain_purge(s, domid); return;
	case J_TARGET: store_domain_set_target(s, domid, a < STORE_DOMID_LIMIT ? a : domid); return;
	case J_SHUTDOWN: d->shutdown = a; return;
	default: break;
	}
	if (!d->conn) {
		r->bad = true;
		return;
	}
	switch (type) {
	case J_RESET:
		store_watch_drop_all(d->conn);
		store_txn_drop_all(d->conn);
		return;
	case J_INDEX: store_ring_set_index(d->conn, a, b); return;
	case J_IN: store_ring_restore_done(d->conn, a); return;
	default: break;
	}
	tx = store_txn_find(d->conn, a);	/* J_TXN */
	if (b && !tx)
		store_txn_restore(d->conn, a);
	else if (!b && tx)
		store_txn_end(tx, false);
}

static void do_watch(struct conn *c, struct reader *r, bool add)
{
	const char *path = take_string(r), *token = take_string(r);
	struct store_watch *w;

	if (add)
		r->bad |= store_watch_add(c, path, token, (int)take_u32(r), &w) != 0;
	else
		store_watch_del(c, path, token);
}

static void do_coarse(struct conn *c, struct reader *r)
{
	const char *given = take_string(r), *token = take_string(r);
	char path[STORE_PATH_BUF];
	struct store_watch *w;

	if (store_path_resolve(given, c->who.domid, path)) {
		r->bad = true;
		return;
	}
	w = store_watch_find(c, path, token);
	if (w)
		store_watch_hold(w);
}

static void do_bytes(struct conn *c, struct reader *r, uint32_t type)
{
	size_t len;
	const char *data = take_bytes(r, &len);

	if (type == J_OUT)
		store_ring_restore_out(c, data, len);
	else
		store_ring_restore_part(c, data, len);
}

static void do_txn_op(struct conn *c, struct reader *r)
{
	struct txn *tx = store_txn_find(c, take_u32(r));
	struct op op;

	take_op(r, &op);
	if (r->bad || !tx) {
		r->bad = true;
		return;
	}
	store_txn_log(tx, &op);
	store_tree_apply(&tx->tree, &op);
}

static void do_introduce(struct store *s, struct reader *r, uint32_t domid)
{
	uint64_t gfn;
	uint32_t port;

	take(r, &gfn, sizeof(gfn));
	port = take_u32(r);
	if (!r->bad)
		store_domain_introduce(s, domid, gfn, port);
}

static void do_record(struct store *s, struct reader *r)
{
	uint32_t type = take_u32(r), domid = take_u32(r);
	struct domain *d;
	struct op op;

	if (domid >= STORE_DOMID_LIMIT)
		r->bad = true;
	if (r->bad)
		return;
	d = store_quota_find(s, domid);
	switch (type) {
	case J_OP:
		take_op(r, &op);
		if (!r->bad)
			store_tree_apply(&s->live, &op);
		return;
	case J_SPECIAL: do_special(s, r, domid); return;
	case J_INTRODUCE: do_introduce(s, r, domid); return;
	case J_RELEASE: case J_GONE: case J_TARGET: case J_SHUTDOWN:
	case J_RESET: case J_INDEX: case J_IN: case J_TXN:
		do_numbers(s, r, type, domid);
		return;
	default: break;
	}
	if (!d || !d->conn || type > J_TXN_OP) {
		r->bad = true;
		return;
	}
	if (type == J_WATCH || type == J_UNWATCH)
		do_watch(d->conn, r, type == J_WATCH);
	else if (type == J_COARSE)
		do_coarse(d->conn, r);
	else if (type == J_PART || type == J_OUT)
		do_bytes(d->conn, r, type);
	else
		do_txn_op(d->conn, r);
}

int store_replay(struct store *s, const char *data, size_t len)
{
	struct reader r = { .at = data, .end = data + len };

	while (r.at < r.end && !r.bad)
		do_record(s, &r);
	return r.bad ? -EINVAL : 0;
}
