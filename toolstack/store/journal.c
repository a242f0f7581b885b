/* SPDX-License-Identifier: MIT */
/* The journal's file; see journal.h for the format and the promise. */
#include "store/journal.h"

#include "store/core.h"
#include "store/mem.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

/* an appended-to file is written afresh beyond this and 4 x its start */
#define AFRESH_BYTES	(1u << 20)

static_assert(sizeof(struct journal_header) == 48, "layout of the file");
static_assert(sizeof(struct journal_batch) == 12, "layout of the file");

struct journal {
	int fd;
	bool loading;		/* records come from the file: none are put */
	bool behind;		/* the file lacks something and must be written afresh */
	uint64_t retry_ms;	/* when behind: not to be tried again before */
	uint64_t bytes;		/* of the file that are good */
	uint64_t start_bytes;	/* size right after it was written afresh */
	char *buf;		/* batch header and records not yet written */
	size_t len, cap;
};

/* ---- putting ---- */

static bool off(const struct journal *j)
{
	return !j || j->loading;
}

static void put(struct journal *j, const void *data, size_t len)
{
	if (j->len + len > j->cap) {
		j->cap = (j->len + len) * 2;
		j->buf = store_mem_grow(j->buf, j->cap);
	}
	if (len)
		memcpy(j->buf + j->len, data, len);
	j->len += len;
}

static void put_u32(struct journal *j, uint32_t v)
{
	put(j, &v, sizeof(v));
}

static void put_bytes(struct journal *j, const void *data, size_t len)
{
	put_u32(j, (uint32_t)len);
	put(j, data, len);
}

static void put_string(struct journal *j, const char *s)
{
	put_bytes(j, s, strlen(s) + 1);
}

static void put_head(struct journal *j, enum journal_type type, uint32_t domid)
{
	static const struct journal_batch empty;

	if (!j->len)
		put(j, &empty, sizeof(empty));
	put_u32(j, type);
	put_u32(j, domid);
}

static void put_op(struct journal *j, const struct op *op)
{
	put_u32(j, op->type);
	put_u32(j, op->owner);
	put_string(j, op->path);
	put_bytes(j, op->data, op->len);
}

void store_journal_op(struct journal *j, const struct op *op)
{
	if (off(j))
		return;
	put_head(j, J_OP, 0);
	put_op(j, op);
}

void store_journal_special(struct journal *j, unsigned int which, const struct store_perm *p, unsigned int n)
{
	store_journal_bytes_of(j, J_SPECIAL, which, p, n * sizeof(*p));
}

void store_journal_introduce(struct journal *j, unsigned int domid, uint64_t gfn, uint32_t port)
{
	if (off(j))
		return;
	put_head(j, J_INTRODUCE, domid);
	put(j, &gfn, sizeof(gfn));
	put_u32(j, port);
}

void store_journal_numbers(struct journal *j, enum journal_type type, unsigned int domid, uint32_t a,
			   uint32_t b)
{
	if (off(j))
		return;
	put_head(j, type, domid);
	put_u32(j, a);
	put_u32(j, b);
}

void store_journal_watch(struct journal *j, unsigned int domid, const char *path, const char *token,
			 int depth)
{
	store_journal_token(j, J_WATCH, domid, path, token);
	if (!off(j))
		put_u32(j, (uint32_t)depth);
}

void store_journal_token(struct journal *j, enum journal_type type, unsigned int domid, const char *path,
			 const char *token)
{
	if (off(j))
		return;
	put_head(j, type, domid);
	put_string(j, path);
	put_string(j, token);
}

void store_journal_bytes_of(struct journal *j, enum journal_type type, unsigned int domid, const void *data,
			    size_t len)
{
	if (off(j))
		return;
	put_head(j, type, domid);
	put_bytes(j, data, len);
}

void store_journal_out(struct journal *j, unsigned int domid, const void *data, size_t len)
{
	store_journal_bytes_of(j, J_OUT, domid, data, len);
}

void store_journal_txn(struct journal *j, unsigned int domid, uint32_t id, bool start)
{
	store_journal_numbers(j, J_TXN, domid, id, start);
}

void store_journal_txn_op(struct journal *j, unsigned int domid, uint32_t id, const struct op *op)
{
	if (off(j))
		return;
	put_head(j, J_TXN_OP, domid);
	put_u32(j, id);
	put_op(j, op);
}

/* ---- writing ---- */

static int write_at(int fd, const void *data, size_t len, uint64_t at)
{
	while (len) {
		ssize_t n = pwrite(fd, data, len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		data = (const char *)data + n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

/* Completes the batch in memory, which begins at `from`. */
static void seal(struct journal *j, size_t from)
{
	struct journal_batch head = { .magic = JOURNAL_BATCH };
	char *records = j->buf + from + sizeof(head);

	head.len = (uint32_t)(j->len - from - sizeof(head));
	head.crc = (uint32_t)crc32(0, (const Bytef *)records, head.len);
	memcpy(j->buf + from, &head, sizeof(head));
}

/* Appends the batch in memory. What was written in part is cut off again. */
static int append(struct journal *j)
{
	size_t len = j->len;
	int rc;

	seal(j, 0);
	j->len = 0;
	rc = write_at(j->fd, j->buf, len, j->bytes);
	if (!rc)
		j->bytes += len;
	else if (ftruncate(j->fd, (off_t)j->bytes))
		rc = -errno;
	return rc;
}

/* The whole state, header and one batch, into memory. What was in memory unwritten is part of it. */
static void take_snapshot(struct store *s)
{
	struct journal *j = s->journal;
	struct journal_header h = { .magic = JOURNAL_MAGIC };

	if (s->opt.boot_id)
		strncpy(h.boot_id, s->opt.boot_id, sizeof(h.boot_id) - 1);
	j->len = 0;
	put(j, &h, sizeof(h));
	put(j, &(struct journal_batch){ 0 }, sizeof(struct journal_batch));
	store_snapshot_put(s, j);
	seal(j, sizeof(h));
}

/* Writes it beside the file and puts it in its place. */
static int replace_file(struct store *s)
{
	struct journal *j = s->journal;
	char *name;
	int fd, rc;

	if (asprintf(&name, "%s.new", s->opt.journal) < 0)
		return -ENOMEM;
	fd = open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	rc = fd < 0 ? -errno : write_at(fd, j->buf, j->len, 0);
	if (!rc && rename(name, s->opt.journal))
		rc = -errno;
	if (rc) {
		if (fd >= 0)
			close(fd);
		unlink(name);
	} else {
		if (j->fd >= 0)
			close(j->fd);
		j->fd = fd;
	}
	free(name);
	return rc;
}

/* Last resort of a full file system: over the old contents, which are of no use any more. */
static int overwrite_file(struct journal *j)
{
	int rc = write_at(j->fd, j->buf, j->len, 0);

	if (!rc && ftruncate(j->fd, (off_t)j->len))
		rc = -errno;
	return rc;
}

static int write_afresh(struct store *s)
{
	struct journal *j = s->journal;
	int rc;

	take_snapshot(s);
	rc = replace_file(s);
	if (rc && j->behind && j->len <= j->bytes)
		rc = overwrite_file(j);
	if (!rc)
		j->bytes = j->start_bytes = j->len;
	free(j->buf);
	j->buf = NULL;
	j->len = j->cap = 0;
	return rc;
}

/* The file could not be appended to. The store goes on, and once a second tries to write all of it afresh. */
static void catch_up(struct store *s)
{
	struct journal *j = s->journal;
	bool first = !j->behind;
	uint64_t now_ms = s->opt.clock->now_ms();
	int rc;

	j->len = 0;
	j->behind = true;
	if (first || now_ms >= j->retry_ms) {
		rc = write_afresh(s);
		j->behind = rc != 0;
		j->retry_ms = now_ms + 1000;
		if (rc && first)
			store_log(s, true,
				  "cannot write the journal '%s': %s. The store goes on, but would not "
				  "survive a restart; free some space there", s->opt.journal, strerror(-rc));
		if (!rc)
			store_log(s, false, "the journal '%s' is complete again", s->opt.journal);
	}
	if (j->behind)
		store_wake_in(s, 1000);
}

void store_journal_commit(struct store *s)
{
	struct journal *j = s->journal;

	if (!j || s->busy || (!j->len && !j->behind))
		return;
	if (j->behind || append(j))
		catch_up(s);
	else if (j->bytes > AFRESH_BYTES + 4 * j->start_bytes && write_afresh(s))
		/* too long, but whole: tried again when it has grown as much */
		j->start_bytes = j->bytes;
}

uint64_t store_journal_bytes(const struct store *s)
{
	return s->journal ? s->journal->bytes : 0;
}

/* ---- opening ---- */

/* Performs all good batches. *good receives the length of what is good. */
static void load(struct store *s, const char *data, size_t len, uint64_t *good)
{
	size_t at = sizeof(struct journal_header);
	struct journal_batch b;

	while (len - at >= sizeof(b)) {
		memcpy(&b, data + at, sizeof(b));
		if (b.magic != JOURNAL_BATCH || b.len > len - at - sizeof(b) ||
		    b.crc != crc32(0, (const Bytef *)data + at + sizeof(b), b.len))
			break;
		if (store_replay(s, data + at + sizeof(b), b.len))
			store_log(s, true, "journal '%s': records at %zu make no sense; left out",
				  s->opt.journal, at);
		at += sizeof(b) + b.len;
	}
	if (at < len)
		store_log(s, false,
			  "journal '%s': its last %zu bytes were being written when the store ended; "
			  "left out", s->opt.journal, len - at);
	*good = at;
}

static int read_all(int fd, char **data, size_t *len)
{
	struct stat st;
	size_t done = 0;

	if (fstat(fd, &st))
		return -errno;
	*len = (size_t)st.st_size;
	*data = store_mem_alloc(*len);
	while (done < *len) {
		ssize_t n = pread(fd, *data + done, *len - done, (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	*len = done;
	return 0;
}

static bool ours(const struct store *s, const char *data, size_t len)
{
	struct journal_header h;

	if (len < sizeof(h))
		return false;
	memcpy(&h, data, sizeof(h));
	h.boot_id[sizeof(h.boot_id) - 1] = '\0';
	return !memcmp(h.magic, JOURNAL_MAGIC, sizeof(h.magic)) &&
	       (!s->opt.boot_id || !strncmp(h.boot_id, s->opt.boot_id, sizeof(h.boot_id) - 1));
}

/* A file that cannot be used is kept for whoever wants to know, under another name. */
static void put_aside(struct store *s)
{
	char *name;

	if (asprintf(&name, "%s.old", s->opt.journal) < 0)
		return;
	if (!rename(s->opt.journal, name))
		store_log(s, false, "journal '%s' is of another boot or damaged; kept as '%s'",
			  s->opt.journal, name);
	free(name);
}

/*
 * A file system without room does not keep the store from starting: the file as it was read is appended to,
 * or where there is none, the store is behind from the start.
 */
static int begin(struct store *s, bool usable)
{
	struct journal *j = s->journal;
	int rc = write_afresh(s);

	if (rc != -ENOSPC && rc != -EDQUOT)
		return rc;
	if (!usable || ftruncate(j->fd, (off_t)j->bytes)) {
		catch_up(s);
		return 0;
	}
	j->start_bytes = j->bytes;
	store_log(s, true, "the file system of the journal '%s' is full; free some space there",
		  s->opt.journal);
	return 0;
}

int store_journal_open(struct store *s)
{
	struct journal *j;
	bool usable = false;
	char *data = NULL;
	size_t len = 0;
	int rc;

	if (!s->opt.journal)
		return 0;
	j = s->journal = store_mem_zalloc(sizeof(*j));
	j->fd = open(s->opt.journal, O_RDWR | O_CLOEXEC);
	if (j->fd >= 0) {
		rc = read_all(j->fd, &data, &len);
		if (rc)
			return rc;
		usable = ours(s, data, len);
		if (usable) {
			j->loading = true;
			load(s, data, len, &j->bytes);
			j->loading = false;
		} else if (len) {
			put_aside(s);
		}
		free(data);
	} else if (errno != ENOENT) {
		return -errno;
	}
	return begin(s, usable);
}

void store_journal_close(struct store *s)
{
	struct journal *j = s->journal;

	if (!j)
		return;
	if (j->fd >= 0)
		close(j->fd);
	free(j->buf);
	free(j);
	s->journal = NULL;
}
