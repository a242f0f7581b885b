/* SPDX-License-Identifier: MIT */
/*
 * The store as its own process sees it: the same operations as over a socket, without one. Each call is in
 * the journal when it returns.
 */
#include "store/core.h"

#include "store/journal.h"
#include "store/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int resolve(const char *given, char *path)
{
	int rc = store_path_resolve(given, 0, path);

	return rc || *path == '@' ? -EINVAL : 0;
}

static int look(struct store *s, uint32_t tx, const char *given, struct node **n)
{
	char path[STORE_PATH_BUF];
	int rc = resolve(given, path);

	return rc ? rc : store_op_node(s->local, tx, path, STORE_PERM_READ, n);
}

static int change(struct store *s, uint32_t tx, const char *given, struct op *op)
{
	char path[STORE_PATH_BUF];
	int rc = resolve(given, path);

	if (rc)
		return rc;
	op->path = path;
	rc = store_op_change(s->local, tx, op);
	store_journal_commit(s);
	return rc;
}

int store_read(struct store *s, uint32_t tx, const char *path, char **value, size_t *len)
{
	struct node *n;
	int rc = look(s, tx, path, &n);
	size_t size;

	if (rc)
		return rc;
	size = store_node_value_len(n);
	*value = store_mem_alloc(size + 1);
	memcpy(*value, store_node_value(n), size);
	(*value)[size] = '\0';
	if (len)
		*len = size;
	return 0;
}

int store_write(struct store *s, uint32_t tx, const char *path, const void *value, size_t len)
{
	struct op op = { .type = OP_WRITE, .data = value, .len = len };

	return len > XENSTORE_PAYLOAD_MAX ? -E2BIG : change(s, tx, path, &op);
}

int store_mkdir(struct store *s, uint32_t tx, const char *path)
{
	struct op op = { .type = OP_MKDIR };

	return change(s, tx, path, &op);
}

int store_rm(struct store *s, uint32_t tx, const char *path)
{
	struct op op = { .type = OP_RM };

	return change(s, tx, path, &op);
}

int store_set_perms(struct store *s, uint32_t tx, const char *path, const struct store_perm *perms,
		    unsigned int n)
{
	struct op op = { .type = OP_PERMS, .data = perms, .len = n * sizeof(*perms) };
	unsigned int i;
	int which, rc;

	for (i = 0; i < n; i++)
		if (perms[i].domid >= STORE_DOMID_LIMIT || perms[i].access > 3)
			return -EINVAL;
	if (!n || n > 64)
		return -EINVAL;
	which = store_op_special(path);
	if (which < 0)
		return change(s, tx, path, &op);
	rc = store_op_set_special(s->local, which, perms, n);
	store_journal_commit(s);
	return rc;
}

int store_tx_start(struct store *s, uint32_t *tx)
{
	return store_txn_start(s->local, tx);
}

int store_tx_commit(struct store *s, uint32_t tx)
{
	struct txn *t = store_txn_find(s->local, tx);
	int rc = t ? store_txn_end(t, true) : -ENOENT;

	store_journal_commit(s);
	return rc;
}

void store_tx_abort(struct store *s, uint32_t tx)
{
	struct txn *t = store_txn_find(s->local, tx);

	if (t)
		store_txn_end(t, false);
}

int store_watch(struct store *s, const char *path, store_watch_fn *fn, void *ctx, struct store_watch **out)
{
	struct store_watch *w;
	int rc = store_watch_add(s->local, path, "", -1, &w);

	if (rc)
		return rc;
	w->fn = fn;
	w->ctx = ctx;
	w->strip = 0;
	store_watch_first(w);
	if (out)
		*out = w;
	return 0;
}

void store_unwatch(struct store *s, struct store_watch *w)
{
	(void)s;
	if (w)
		store_watch_free(w);
}
