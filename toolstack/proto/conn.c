/* SPDX-License-Identifier: MIT */
/*
 * Connections: framing, queues, descriptors.  See proto.h.  A length is believed only after the
 * check against in_max; memory grows with the bytes that arrived, never with the length that was
 * promised.  JSON nesting is measured before the decoder recurses.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "proto/proto.h"

#define HEADER_BYTES 4

void proto_conn_init(struct proto_conn *conn, int fd, uint32_t in_max)
{
	*conn = (struct proto_conn){ .fd = fd, .in_max = in_max, .in_fd = -1, .out_fd = -1 };
	conn->in.limit = (size_t)in_max + 65536 * 2;
	conn->out.limit = PROTO_QUEUE_MAX;
}

void proto_conn_close(struct proto_conn *conn)
{
	if (conn->fd >= 0)
		close(conn->fd);
	if (conn->in_fd >= 0)
		close(conn->in_fd);
	if (conn->out_fd >= 0)
		close(conn->out_fd);
	strbuf_free(&conn->in);
	strbuf_free(&conn->out);
	conn->fd = conn->in_fd = conn->out_fd = -1;
}

/*
 * A socket hands out a descriptor together with what was sent before it, and nothing of what was sent behind: it
 * belongs to the message in which the bytes end that are there now.
 */
static void keep_fd(struct proto_conn *conn, int fd)
{
	if (fd >= 0 && conn->in_fd >= 0 && conn->in_fd_at) {
		close(fd);
	} else if (fd >= 0) {
		if (conn->in_fd >= 0)
			close(conn->in_fd);
		conn->in_fd = fd;
		conn->in_fd_at = conn->in.len;
	}
}

/* The first `len` bytes of in are a message that is handed out. */
static void next_fd(struct proto_conn *conn, size_t len)
{
	if (conn->in_fd >= 0 && !conn->in_fd_at) {
		close(conn->in_fd);
		conn->in_fd = -1;
	}
	conn->in_fd_at -= len < conn->in_fd_at ? len : conn->in_fd_at;
}

int proto_conn_fill(struct proto_conn *conn)
{
	char buf[65536];
	ssize_t n;
	int fd;

	if (conn->in.len > (size_t)conn->in_max + HEADER_BYTES)
		return -EPROTO;	/* it sends on and on without an answer to what was whole already */
	n = fd_recv(conn->fd, buf, sizeof(buf), &fd);
	if (n < 0)
		return n == -ECONNRESET ? -EPIPE : (int)n;
	if (n > 0)
		strbuf_add(&conn->in, buf, (size_t)n);
	keep_fd(conn, fd);
	if (n == 0) {
		conn->eof = true;
		return -EPIPE;
	}
	return conn->in.failed ? -EPROTO : 0;
}

/* Nesting of brackets outside strings; the decoder recurses as deep. */
static bool depth_is_sane(const char *s, size_t len)
{
	unsigned int depth = 0;
	bool quoted = false;

	for (size_t i = 0; i < len; i++) {
		if (quoted) {
			if (s[i] == '\\')
				i++;
			else if (s[i] == '"')
				quoted = false;
		} else if (s[i] == '"') {
			quoted = true;
		} else if (s[i] == '{' || s[i] == '[') {
			if (++depth > PROTO_DEPTH_MAX)
				return false;
		} else if ((s[i] == '}' || s[i] == ']') && depth) {
			depth--;
		}
	}
	return true;
}

static uint32_t get_le32(const char *p)
{
	const unsigned char *u = (const unsigned char *)p;

	return u[0] | (uint32_t)u[1] << 8 | (uint32_t)u[2] << 16 | (uint32_t)u[3] << 24;
}

int proto_conn_next(struct proto_conn *conn, json_t **msg, struct error *err)
{
	struct strbuf *in = &conn->in;
	json_error_t jerr;
	uint32_t len;

	if (in->len < HEADER_BYTES)
		return -EAGAIN;
	len = get_le32(in->data);
	if (len == 0 || len > conn->in_max) {
		error_set(err, ERR_DAEMON, "message", "length %u is not within 1 to %u", len, conn->in_max);
		return -EMSGSIZE;
	}
	if (in->len - HEADER_BYTES < len)
		return -EAGAIN;
	if (!depth_is_sane(in->data + HEADER_BYTES, len)) {
		error_set(err, ERR_DAEMON, "message", "is nested deeper than %d", PROTO_DEPTH_MAX);
		return -EPROTO;
	}
	*msg = json_loadb(in->data + HEADER_BYTES, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &jerr);
	if (!*msg || !json_is_object(*msg)) {
		json_decref(*msg);
		*msg = NULL;
		error_set(err, ERR_DAEMON, "message", "is not JSON");
		return -EPROTO;
	}
	next_fd(conn, HEADER_BYTES + len);
	in->len -= HEADER_BYTES + len;
	memmove(in->data, in->data + HEADER_BYTES + len, in->len + 1);
	return 0;
}

int proto_conn_take_fd(struct proto_conn *conn)
{
	int fd = conn->in_fd_at ? -1 : conn->in_fd;

	if (fd >= 0)
		conn->in_fd = -1;
	return fd;
}

int proto_conn_queue(struct proto_conn *conn, json_t *msg, int fd)
{
	struct strbuf *out = &conn->out;
	unsigned char head[HEADER_BYTES];
	char *text = msg ? json_dumps(msg, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
	size_t len = text ? strlen(text) : 0;
	int rc = 0;

	json_decref(msg);
	if (!text)
		return -ENOMEM;
	if (len > PROTO_REPLY_MAX || (fd >= 0 && conn->out_fd >= 0)) {
		rc = fd >= 0 && conn->out_fd >= 0 ? -EBUSY : -EMSGSIZE;
		goto out_free;
	}
	if (conn->out_done) {
		out->len -= conn->out_done;
		memmove(out->data, out->data + conn->out_done, out->len + 1);
		if (conn->out_fd >= 0) {
			conn->out_fd_at -= conn->out_done;
			conn->out_fd_end -= conn->out_done;
		}
		conn->out_done = 0;
	}
	if (fd >= 0) {
		conn->out_fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		if (conn->out_fd < 0) {
			rc = -errno;
			goto out_free;
		}
		conn->out_fd_at = out->len;
	}
	for (unsigned int i = 0; i < HEADER_BYTES; i++)
		head[i] = (unsigned char)(len >> (8 * i));
	strbuf_add(out, head, sizeof(head));
	strbuf_add(out, text, len);
	if (fd >= 0)
		conn->out_fd_end = out->len;
	rc = out->failed ? -ENOBUFS : 0;
out_free:
	free(text);
	return rc;
}

/* Up to the message that carries a descriptor, or that message with it and nothing behind it: see keep_fd(). */
static ssize_t send_some(struct proto_conn *conn)
{
	bool before = conn->out_fd >= 0 && conn->out_done < conn->out_fd_at;
	size_t end = before ? conn->out_fd_at : conn->out_fd >= 0 ? conn->out_fd_end : conn->out.len;

	return fd_send(conn->fd, conn->out.data + conn->out_done, end - conn->out_done, before ? -1 : conn->out_fd);
}

int proto_conn_flush(struct proto_conn *conn)
{
	while (conn->out_done < conn->out.len) {
		bool with_fd = conn->out_fd >= 0 && conn->out_done == conn->out_fd_at;
		ssize_t n = send_some(conn);

		if (n < 0)
			return n == -ECONNRESET ? -EPIPE : (int)n;
		if (with_fd) {
			close(conn->out_fd);
			conn->out_fd = -1;
		}
		conn->out_done += (size_t)n;
	}
	conn->out.len = 0;
	conn->out_done = 0;
	return 0;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

/* Wait for events until deadline (ms, -1: for ever).  0 or -Exxx. */
static int wait_for(int fd, short events, int64_t deadline)
{
	for (;;) {
		struct pollfd p = { fd, events, 0 };
		int64_t left = deadline < 0 ? -1 : deadline - now_ms();
		int n;

		if (deadline >= 0 && left <= 0)
			return -ETIMEDOUT;
		n = poll(&p, 1, left > 1000000 ? 1000000 : (int)left);
		if (n > 0)
			return 0;
		if (n < 0)
			return -errno;	/* -EINTR too: the caller may have been asked to stop */
	}
}

int proto_conn_send(struct proto_conn *conn, json_t *msg, int fd)
{
	int rc = proto_conn_queue(conn, msg, fd);

	while (!rc) {
		rc = proto_conn_flush(conn);
		if (rc != -EAGAIN)
			return rc;
		rc = wait_for(conn->fd, POLLOUT, -1);
		if (rc == -EINTR)
			rc = 0;
	}
	return rc;
}

int proto_conn_recv(struct proto_conn *conn, json_t **msg, int timeout_ms, struct error *err)
{
	int64_t deadline = timeout_ms < 0 ? -1 : now_ms() + timeout_ms;

	for (;;) {
		int rc = proto_conn_next(conn, msg, err);

		if (rc != -EAGAIN)
			return rc;
		rc = wait_for(conn->fd, POLLIN, deadline);
		if (rc == -ETIMEDOUT) {
			error_set(err, ERR_TIMEOUT, "xend", "did not answer within %d ms", timeout_ms);
			return rc;
		}
		if (rc)
			return rc;
		rc = proto_conn_fill(conn);
		if (rc && rc != -EAGAIN) {
			error_set(err, ERR_DAEMON, "xend", "closed the connection before it answered");
			error_hint(err, "'journalctl -u xend' may tell why");
			return rc;
		}
	}
}
