/* SPDX-License-Identifier: MIT */
/*
 * The requests of the protocol, one function each, behind one table. A function takes its payload apart, asks
 * ops.c, and leaves its answer in the call; 0 without an answer means "OK". The dispatcher sends it, or the
 * name of the error.
 */
#include "store/core.h"

#include "store/journal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct call {
	struct store *s;
	struct conn *c;
	const struct xsd_sockmsg *hdr;
	char *body;
	size_t len;
	size_t reply_len;
	char reply[XENSTORE_PAYLOAD_MAX];
	bool replied;			/* an empty answer, not "OK" */
	struct store_watch *first;	/* a watch whose first event follows the answer */
};

static int reply(struct call *q, const void *data, size_t len)
{
	q->replied = true;
	if (len > sizeof(q->reply) - q->reply_len)
		return -E2BIG;
	if (len)
		memcpy(q->reply + q->reply_len, data, len);
	q->reply_len += len;
	return 0;
}

static int reply_string(struct call *q, const char *s)
{
	return reply(q, s, strlen(s) + 1);
}

/* The payload as exactly n strings. */
static int strings(struct call *q, const char **out, int n)
{
	return store_wire_split(q->body, q->len, out, n) == n ? 0 : -EINVAL;
}

/* The payload as one path of a node. */
static int one_path(struct call *q, char *path)
{
	const char *given;

	if (strings(q, &given, 1) || store_path_resolve(given, q->c->who.domid, path) || *path == '@')
		return -EINVAL;
	return 0;
}

static int readable(struct call *q, struct node **n)
{
	char path[STORE_PATH_BUF];
	int rc = one_path(q, path);

	return rc ? rc : store_op_node(q->c, q->hdr->tx_id, path, STORE_PERM_READ, n);
}

static int do_read(struct call *q)
{
	struct node *n;
	int rc = readable(q, &n);

	return rc ? rc : reply(q, store_node_value(n), store_node_value_len(n));
}

static int do_directory(struct call *q)
{
	struct node *n;
	uint32_t i;
	int rc = readable(q, &n);

	q->replied = true;
	for (i = 0; !rc && i < n->nchild; i++)
		rc = reply_string(q, n->child[i]->name);
	return rc;
}

/* As many whole names as fit, from a byte offset on; an empty name after the last. */
static int do_directory_part(struct call *q)
{
	char path[STORE_PATH_BUF], gen[24];
	const char *arg[2];
	struct node *n;
	uint64_t skip;
	uint32_t i;
	int rc;

	if (strings(q, arg, 2) || store_path_resolve(arg[0], q->c->who.domid, path) || *path == '@' ||
	    store_wire_number(arg[1], UINT32_MAX, &skip))
		return -EINVAL;
	rc = store_op_node(q->c, q->hdr->tx_id, path, STORE_PERM_READ, &n);
	if (rc)
		return rc;
	snprintf(gen, sizeof(gen), "%" PRIu64, n->gen);
	rc = reply_string(q, gen);
	for (i = 0; !rc && i < n->nchild; i++) {
		size_t len = strlen(n->child[i]->name) + 1;

		if (skip >= len) {
			skip -= len;
			continue;
		}
		if (len > sizeof(q->reply) - q->reply_len)
			return 0;
		rc = reply(q, n->child[i]->name + skip, len - skip);
		skip = 0;
	}
	return reply(q, "", 1) ? 0 : rc;
}

static int do_write(struct call *q)
{
	char path[STORE_PATH_BUF];
	struct op op = { .type = OP_WRITE, .path = path };
	const char *value;
	const char *given = store_wire_first(q->body, q->len, &value, &op.len);

	if (!given || store_path_resolve(given, q->c->who.domid, path) || *path == '@')
		return -EINVAL;
	op.data = value;
	return store_op_change(q->c, q->hdr->tx_id, &op);
}

static int change_path(struct call *q, enum op_type type)
{
	char path[STORE_PATH_BUF];
	struct op op = { .type = type, .path = path };
	int rc = one_path(q, path);

	return rc ? rc : store_op_change(q->c, q->hdr->tx_id, &op);
}

static int do_mkdir(struct call *q)
{
	return change_path(q, OP_MKDIR);
}

static int do_rm(struct call *q)
{
	return change_path(q, OP_RM);
}

static int do_get_perms(struct call *q)
{
	char path[STORE_PATH_BUF], text[8];
	const struct perms *ps;
	const char *given;
	struct node *n;
	unsigned int i;
	int rc = 0, special;

	if (strings(q, &given, 1) || store_path_resolve(given, q->c->who.domid, path))
		return -EINVAL;
	special = store_op_special(path);
	if (special >= 0) {
		ps = q->s->special[special];
		if (!q->c->who.privileged)
			return -EACCES;
	} else if (*path == '@') {
		return -EINVAL;
	} else {
		rc = store_op_node(q->c, q->hdr->tx_id, path, STORE_PERM_READ, &n);
		if (rc)
			return rc;
		ps = n->perms;
	}
	for (i = 0; !rc && i < ps->n; i++) {
		store_perm_format(&ps->p[i], text);
		rc = reply_string(q, text);
	}
	return rc;
}

#define PERMS_MAX	64	/* entries anybody may give a node */

static int do_set_perms(struct call *q)
{
	char path[STORE_PATH_BUF];
	const char *arg[PERMS_MAX + 1];
	struct store_perm p[PERMS_MAX];
	struct op op = { .type = OP_PERMS, .path = path, .data = p };
	int i, n = store_wire_split(q->body, q->len, arg, PERMS_MAX + 1), special;

	if (n < 2 || store_path_resolve(arg[0], q->c->who.domid, path))
		return -EINVAL;
	memset(p, 0, sizeof(p));
	for (i = 1; i < n; i++)
		if (store_perm_parse(arg[i], &p[i - 1]))
			return -EINVAL;
	special = store_op_special(path);
	if (special >= 0)
		return store_op_set_special(q->c, special, p, (unsigned int)n - 1);
	if (*path == '@')
		return -EINVAL;
	op.len = (size_t)(n - 1) * sizeof(p[0]);
	return store_op_change(q->c, q->hdr->tx_id, &op);
}

static int do_watch(struct call *q)
{
	const char *arg[3];
	int n = store_wire_split(q->body, q->len, arg, 3);
	uint64_t depth = 0;

	if (n < 2 || (n == 3 && *arg[2] && store_wire_number(arg[2], XENSTORE_ABS_PATH_MAX, &depth)))
		return -EINVAL;
	return store_watch_add(q->c, arg[0], arg[1], n == 3 && *arg[2] ? (int)depth : -1, &q->first);
}

static int do_unwatch(struct call *q)
{
	const char *arg[3];
	int n = store_wire_split(q->body, q->len, arg, 3);

	return n < 2 ? -EINVAL : store_watch_del(q->c, arg[0], arg[1]);
}

static int do_reset_watches(struct call *q)
{
	store_watch_drop_all(q->c);
	store_txn_drop_all(q->c);
	if (q->c->kind == CONN_RING)
		store_journal_numbers(q->s->journal, J_RESET, q->c->who.domid, 0, 0);
	return 0;
}

static int do_transaction_start(struct call *q)
{
	char text[16];
	uint32_t id;
	int rc;

	if (q->hdr->tx_id)
		return -EBUSY;
	rc = store_txn_start(q->c, &id);
	if (rc)
		return rc;
	snprintf(text, sizeof(text), "%" PRIu32, id);
	return reply_string(q, text);
}

static int do_transaction_end(struct call *q)
{
	struct txn *tx = store_txn_find(q->c, q->hdr->tx_id);
	const char *arg;

	if (strings(q, &arg, 1) || (strcmp(arg, "T") && strcmp(arg, "F")))
		return -EINVAL;
	return tx ? store_txn_end(tx, *arg == 'T') : -ENOENT;
}

static int one_domid(struct call *q, unsigned int *domid)
{
	const char *arg;

	return strings(q, &arg, 1) ? -EINVAL : store_wire_domid(arg, domid);
}

static void told(struct call *q, unsigned int domid)
{
	const struct store_ring_ops *ops = q->s->opt.ring;

	if (ops && ops->told)
		ops->told(q->s->opt.ring_ctx, domid, store_wire_type_name(q->hdr->type));
}

/* The frame number is signed decimal: old clients sent what overflowed a long. */
static int do_introduce(struct call *q)
{
	const char *arg[4];
	int n = store_wire_split(q->body, q->len, arg, 4);
	unsigned int domid;
	uint64_t port;
	int64_t gfn;
	int rc;

	if (n < 3 || store_wire_domid(arg[0], &domid) || !domid || store_wire_signed(arg[1], &gfn) ||
	    store_wire_number(arg[2], UINT32_MAX, &port))
		return -EINVAL;
	rc = store_domain_introduce(q->s, domid, (uint64_t)gfn, (uint32_t)port);
	if (!rc)
		told(q, domid);
	return rc;
}

static int do_release(struct call *q)
{
	unsigned int domid;
	int rc = one_domid(q, &domid);

	if (rc || !domid)
		return -EINVAL;
	rc = store_domain_release(q->s, domid);
	if (!rc)
		told(q, domid);
	return rc;
}

static int do_resume(struct call *q)
{
	unsigned int domid;
	int rc = one_domid(q, &domid);

	if (!rc)
		rc = store_resume(q->s, domid);
	if (!rc)
		told(q, domid);
	return rc;
}

static int do_set_target(struct call *q)
{
	const char *arg[2];
	unsigned int domid, target;

	if (strings(q, arg, 2) || store_wire_domid(arg[0], &domid) || store_wire_domid(arg[1], &target))
		return -EINVAL;
	if (!domid || !target)		/* nobody acts for domain 0 */
		return -EINVAL;
	if (!store_is_introduced(q->s, domid) || !store_is_introduced(q->s, target))
		return -ENOENT;
	return store_domain_set_target(q->s, domid, target);
}

static int do_get_domain_path(struct call *q)
{
	char path[32];
	unsigned int domid;
	int rc = one_domid(q, &domid);

	if (rc)
		return rc;
	store_path_home(domid, path, sizeof(path));
	return reply_string(q, path);
}

static int do_is_domain_introduced(struct call *q)
{
	unsigned int domid;
	int rc = one_domid(q, &domid);

	return rc ? rc : reply_string(q, domid == 0 || store_is_introduced(q->s, domid) ? "T" : "F");
}

static int control_quota(struct call *q, const char *domain)
{
	const struct store_limits *l = &q->s->opt.limits;
	struct store_usage u = { 0 };
	char text[512];
	unsigned int domid;

	if (domain && store_wire_domid(domain, &domid))
		return -EINVAL;
	if (domain)
		store_usage(q->s, domid, &u);
	snprintf(text, sizeof(text), "nodes %u of %u\nwatches %u of %u\ntransactions %u of %u\n"
		 "memory %zu of %u bytes\nnode-size %u\nnode-permissions %u\ntransaction-nodes %u\n",
		 u.nodes, l->nodes, u.watches, l->watches, u.transactions, l->transactions, u.memory_bytes,
		 l->memory_bytes, l->node_bytes, l->perms, l->transaction_ops);
	return reply_string(q, text);
}

static int do_control(struct call *q)
{
	const char *arg[4];
	int n = store_wire_split(q->body, q->len, arg, 4);

	if (n < 1)
		return -EINVAL;
	if (!strcmp(arg[0], "help"))
		return reply_string(q, "check\nhelp\nprint|<text>\nquota|[<domid>]\n");
	if (!strcmp(arg[0], "check"))
		return store_check(q->s) ? -EIO : reply_string(q, "OK");
	if (!strcmp(arg[0], "print") && n == 2) {
		store_log(q->s, false, "control: %s", arg[1]);
		return 0;
	}
	if (!strcmp(arg[0], "quota") && n <= 2)
		return control_quota(q, n == 2 ? arg[1] : NULL);
	return -EINVAL;
}

enum {
	PRIVILEGED = 1,		/* for domain 0 only */
	FREES = 2,		/* allowed to a domain that uses too much memory */
};

static const struct {
	int (*run)(struct call *q);
	unsigned int flags;
} table[] = {
	[XS_CONTROL]		= { do_control, PRIVILEGED },
	[XS_DIRECTORY]		= { do_directory, 0 },
	[XS_READ]		= { do_read, 0 },
	[XS_GET_PERMS]		= { do_get_perms, 0 },
	[XS_WATCH]		= { do_watch, 0 },
	[XS_UNWATCH]		= { do_unwatch, FREES },
	[XS_TRANSACTION_START]	= { do_transaction_start, 0 },
	[XS_TRANSACTION_END]	= { do_transaction_end, FREES },
	[XS_INTRODUCE]		= { do_introduce, PRIVILEGED },
	[XS_RELEASE]		= { do_release, PRIVILEGED },
	[XS_GET_DOMAIN_PATH]	= { do_get_domain_path, 0 },
	[XS_WRITE]		= { do_write, 0 },
	[XS_MKDIR]		= { do_mkdir, 0 },
	[XS_RM]			= { do_rm, FREES },
	[XS_SET_PERMS]		= { do_set_perms, 0 },
	[XS_IS_DOMAIN_INTRODUCED] = { do_is_domain_introduced, 0 },
	[XS_RESUME]		= { do_resume, PRIVILEGED },
	[XS_SET_TARGET]		= { do_set_target, PRIVILEGED },
	[XS_RESET_WATCHES]	= { do_reset_watches, FREES },
	[XS_DIRECTORY_PART]	= { do_directory_part, 0 },
};

static int run(struct call *q)
{
	uint32_t type = q->hdr->type;

	if (type >= sizeof(table) / sizeof(table[0]) || !table[type].run)
		return -ENOSYS;
	if ((table[type].flags & PRIVILEGED) && !q->c->who.privileged)
		return -EACCES;
	if (!(table[type].flags & FREES) && !store_quota_memory_ok(q->c))
		return -ENOMEM;
	return table[type].run(q);
}

void store_request_run(struct conn *c, const struct xsd_sockmsg *hdr, char *body)
{
	struct call q;
	const char *error;
	int rc;

	q.s = c->s;
	q.c = c;
	q.hdr = hdr;
	q.body = body;
	q.len = hdr->len;
	q.reply_len = 0;
	q.replied = false;
	q.first = NULL;
	c->s->stats.requests++;
	rc = run(&q);
	if (rc) {
		error = store_wire_error_name(-rc);
		store_conn_send(c, XS_ERROR, hdr->req_id, hdr->tx_id, error, strlen(error) + 1);
	} else if (q.replied) {
		store_conn_send(c, hdr->type, hdr->req_id, hdr->tx_id, q.reply, q.reply_len);
	} else {
		store_conn_send(c, hdr->type, hdr->req_id, hdr->tx_id, "OK", 3);
	}
	if (q.first)
		store_watch_first(q.first);
}
