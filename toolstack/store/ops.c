/* SPDX-License-Identifier: MIT */
/*
 * What a client may do to nodes. Each operation: find what it needs, check permission, then quota, then
 * remember the path for the transaction or perform on the live tree and tell the watchers. Everything that
 * can fail comes before the first change.
 */
#include "store/core.h"

#include "store/journal.h"

#include <errno.h>
#include <string.h>

/*
 * The node if the client has `need` on it. A missing node is -ENOENT only for who could have made or seen it,
 * that is, has `need` on the nearest node above; for others -EACCES, so that names do not leak.
 */
static int lookup(const struct tree *t, const struct actor *who, const char *path, unsigned int need,
		  struct node **out)
{
	unsigned int missing;
	struct node *n = store_tree_nearest(t, path, &missing);

	*out = n;
	if ((store_perms_access(n->perms, who) & need) != need)
		return -EACCES;
	return missing ? -ENOENT : 0;
}

static int transaction(struct conn *c, uint32_t txid, struct txn **tx)
{
	*tx = txid ? store_txn_find(c, txid) : NULL;
	return txid && !*tx ? -ENOENT : 0;
}

int store_op_node(struct conn *c, uint32_t txid, const char *path, unsigned int need, struct node **n)
{
	struct txn *tx;
	int rc = transaction(c, txid, &tx), found;

	if (rc)
		return rc;
	found = lookup(tx ? &tx->tree : &c->s->live, &c->who, path, need, n);
	if (tx && found != -EACCES) {
		rc = store_txn_touch(tx, path, TXN_FULL);
		if (rc)
			return rc;
	}
	return found;
}

/* Length of the path of the nearest existing node. */
static size_t nearest_len(const char *path, unsigned int missing)
{
	size_t len = strlen(path);

	while (missing--)
		len = store_path_parent_len(path, len);
	return len;
}

/* The paths that a change depends on: the node itself, and what a new one hangs on. */
static int touch(struct txn *tx, const struct op *op, unsigned int missing)
{
	char above[STORE_PATH_BUF];
	size_t len;
	int rc = store_txn_touch(tx, op->path, op->type == OP_MKDIR && !missing ? TXN_ANCHOR : TXN_FULL);

	if (rc || !missing)
		return rc;
	len = nearest_len(op->path, missing);
	memcpy(above, op->path, len);
	above[len] = '\0';
	return store_txn_touch(tx, above, TXN_ANCHOR);
}

static int check_quota(struct conn *c, const struct txn *tx, const struct op *op, unsigned int missing)
{
	unsigned int nperms = op->type == OP_PERMS ? (unsigned int)(op->len / sizeof(struct store_perm)) : 1;
	int rc = store_quota_node_size(c, op->type == OP_WRITE ? op->len : 0, nperms);

	if (!rc && missing && op->type != OP_RM)
		rc = store_quota_nodes(c, missing + (tx ? tx->created : 0));
	return rc;
}

static int change_in_txn(struct txn *tx, const struct op *op, unsigned int missing)
{
	int rc = touch(tx, op, missing);

	if (!rc)
		rc = store_txn_log(tx, op);
	if (!rc)
		rc = store_tree_apply(&tx->tree, op);
	if (!rc)
		tx->created += missing;
	return rc;
}

static int change_live(struct store *s, const struct op *op)
{
	struct node *before;
	struct perms *old;
	int rc;

	if (op->type == OP_RM)
		return store_txn_remove(s, op);
	before = store_tree_find(&s->live, op->path, strlen(op->path));
	old = before ? store_perms_get(before->perms) : NULL;
	rc = store_txn_perform(s, op);
	if (!rc)
		store_txn_tell(s, op->path, old);
	store_perms_put(old);
	return rc;
}

/* Removing what is not there is fine where its parent is; making what is there changes nothing. */
static bool nothing_to_do(const struct op *op, unsigned int missing, int *rc)
{
	if (op->type == OP_MKDIR && !missing)
		return true;
	if (op->type == OP_RM && missing) {
		*rc = missing == 1 ? 0 : -ENOENT;
		return true;
	}
	if (op->type == OP_PERMS && missing) {
		*rc = -ENOENT;
		return true;
	}
	return false;
}

/* Only the privileged may give a node away; the owner stays who it was. */
static bool gives_away(const struct conn *c, const struct op *op, const struct node *n)
{
	const struct store_perm *p = op->data;

	return op->type == OP_PERMS && !c->who.privileged && p[0].domid != n->perms->p[0].domid;
}

int store_op_change(struct conn *c, uint32_t txid, struct op *op)
{
	unsigned int missing, need = op->type == OP_PERMS ? STORE_PERM_OWNER : STORE_PERM_WRITE;
	struct store *s = c->s;
	struct tree *t;
	struct node *n;
	struct txn *tx;
	int rc = transaction(c, txid, &tx);

	if (rc)
		return rc;
	if (op->type == OP_RM && !op->path[1])
		return -EINVAL;
	t = tx ? &tx->tree : &s->live;
	rc = lookup(t, &c->who, op->path, need, &n);
	if (rc == -EACCES)
		return rc;
	n = store_tree_nearest(t, op->path, &missing);
	if (!missing && gives_away(c, op, n))
		return -EPERM;
	rc = 0;
	if (nothing_to_do(op, missing, &rc))
		return tx && !rc ? touch(tx, op, missing) : rc;
	rc = check_quota(c, tx, op, missing);
	if (rc)
		return rc;
	op->owner = c->who.privileged ? OP_INHERIT : c->who.domid;
	return tx ? change_in_txn(tx, op, missing) : change_live(s, op);
}

int store_op_set_special(struct conn *c, int which, const struct store_perm *p, unsigned int n)
{
	struct store *s = c->s;

	if (!c->who.privileged)
		return -EACCES;
	store_perms_put(s->special[which]);
	s->special[which] = store_perms_new(p, n);
	store_journal_special(s->journal, (unsigned int)which, p, n);
	return 0;
}
