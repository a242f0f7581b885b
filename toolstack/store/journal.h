/* SPDX-License-Identifier: MIT */
/*
 * The journal: what the store must know again after it was killed. One file, only ever appended to:
 *
 *	header | batch | batch | batch ...		batch = magic, length, CRC-32, records
 *
 * A batch is one round's worth of records and counts whole or not at all: a kill can only cut the last one
 * short, and then nothing of it had been answered. The threat is the death of the process, not of the
 * machine, so a plain write() is enough and the file lives in /run. When it has grown, it is written afresh
 * beside the old one (snapshot.c) and renamed over it. If the file system is full, the store goes on, says so
 * once, and tries to write afresh until it can.
 *
 * Records are put into memory by the calls below and reach the file by store_journal_commit().
 */
#ifndef STORE_JOURNAL_H
#define STORE_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct journal;
struct op;
struct store;
struct store_perm;

#define JOURNAL_MAGIC	"xstore1\n"
#define JOURNAL_BATCH	0x68637462u

struct journal_header {
	char magic[8];
	char boot_id[40];
};

struct journal_batch {
	uint32_t magic, len, crc;
};

enum journal_type {
	J_OP = 1,	/* op: performed on the tree */
	J_SPECIAL,	/* which, permissions */
	J_INTRODUCE,	/* domid, gfn, port */
	J_RELEASE,	/* domid */
	J_GONE,		/* domid */
	J_TARGET,	/* domid, target */
	J_SHUTDOWN,	/* domid, yes or no */
	J_WATCH,	/* domid, path, token, depth */
	J_UNWATCH,	/* domid, path, token */
	J_COARSE,	/* domid, path, token: an event of this watch is held back */
	J_RESET,	/* domid: no watches, no transactions */
	J_INDEX,	/* domid, in, out: the ring starts (again) there, queues empty */
	J_IN,		/* domid, in: requests before this index are done */
	J_PART,		/* domid, bytes of a request that is not whole yet */
	J_OUT,		/* domid, bytes for the domain */
	J_TXN,		/* domid, id, start or end */
	J_TXN_OP,	/* domid, id, op */
};

/* Opens or makes the file and performs what it holds. */
int store_journal_open(struct store *s);
void store_journal_close(struct store *s);

/* Everything put so far is in the file when this returns (unless the file system is full). */
void store_journal_commit(struct store *s);
uint64_t store_journal_bytes(const struct store *s);

void store_journal_op(struct journal *j, const struct op *op);
void store_journal_special(struct journal *j, unsigned int which, const struct store_perm *p, unsigned int n);
void store_journal_introduce(struct journal *j, unsigned int domid, uint64_t gfn, uint32_t port);
/* The records that carry up to two numbers: RELEASE GONE TARGET SHUTDOWN RESET INDEX IN. */
void store_journal_numbers(struct journal *j, enum journal_type type, unsigned int domid, uint32_t a,
			   uint32_t b);
void store_journal_watch(struct journal *j, unsigned int domid, const char *path, const char *token,
			 int depth);
/* UNWATCH, COARSE. */
void store_journal_token(struct journal *j, enum journal_type type, unsigned int domid, const char *path,
			 const char *token);
void store_journal_bytes_of(struct journal *j, enum journal_type type, unsigned int domid, const void *data,
			    size_t len);
void store_journal_out(struct journal *j, unsigned int domid, const void *data, size_t len);
void store_journal_txn(struct journal *j, unsigned int domid, uint32_t id, bool start);
void store_journal_txn_op(struct journal *j, unsigned int domid, uint32_t id, const struct op *op);

/* snapshot.c: puts records that make the present state from nothing. */
void store_snapshot_put(struct store *s, struct journal *j);

/* replay.c: performs the records of one batch. 0, or -EINVAL for records that make no sense. */
int store_replay(struct store *s, const char *data, size_t len);

#endif
