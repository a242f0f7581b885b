/* SPDX-License-Identifier: MIT */
/*
 * Messages between xl and xend: a Unix stream socket, each message a 4-byte little-endian length
 * and that many bytes of JSON (one object).
 *
 *	request    {"v":1, "op":"create", "args":{...}}
 *	replies    {"progress":{"text":"building", "percent":40}}	any number, in between
 *		   {"data":...}						any number: streams (logs, dmesg)
 *		   {"ok":{...}}						the end, with the result
 *		   {"error":{"code","what","why","hint"}}		the end, failed
 *
 * One request at a time on a connection; a client may send the next after the end of the last, and
 * gives up by closing.  A reply may carry one file descriptor (SCM_RIGHTS): `console` does.  The
 * daemon learns who asks from SO_PEERCRED; the op table says what rights an operation needs.
 *
 * Invariant: every length is checked before memory is taken, every request is checked against the
 * op table (unknown operation, unknown argument, wrong type, missing argument) before a handler
 * sees it.  A connection belongs to one thread; no locks.
 */
#ifndef PROTO_PROTO_H
#define PROTO_PROTO_H

#include <jansson.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/strbuf.h"

#define PROTO_VERSION 1
#define PROTO_SOCKET "/run/xend/socket"
#define PROTO_SOCKET_ENV "XEND_SOCKET"		/* overrides the path; tests */
#define PROTO_REQUEST_MAX (1u << 20)		/* bytes a client may send in one message */
#define PROTO_REPLY_MAX (16u << 20)		/* bytes the daemon may send in one message */
#define PROTO_DATA_CHUNK (32u << 10)		/* advice: bytes of text in one "data" message */
#define PROTO_DEPTH_MAX 32			/* nesting of the JSON */
#define PROTO_QUEUE_MAX (32u << 20)		/* bytes waiting for a slow reader before it is cut off */

/* ---- operations: proto/ops.c ---- */

enum proto_type {
	PROTO_STR,		/* string, at most max bytes (0: 4096) */
	PROTO_TEXT,		/* string up to 256 KiB: a configuration */
	PROTO_INT,		/* integer within min..max */
	PROTO_BOOL,
	PROTO_STRS,		/* array of at most 256 strings */
	PROTO_GUEST,		/* a guest: "name", "domid" in digits, or UUID */
};

struct proto_arg {
	const char *name;
	enum proto_type type;
	bool required;
	int64_t min, max;	/* of PROTO_INT; max is the byte limit of PROTO_STR */
};

enum proto_access {
	PROTO_READ,		/* members of group xen, and root */
	PROTO_OPERATE,		/* members of group xen if the daemon's policy lets them, and root */
	PROTO_ADMIN,		/* root, unless the policy says otherwise */
};

#define PROTO_CHANGES 1u	/* takes "dry_run": check and report, change nothing */
#define PROTO_STREAMS 2u	/* sends "data" messages */
#define PROTO_PASSES_FD 4u	/* the "ok" carries a descriptor */
#define PROTO_LONG 8u		/* runs in a worker; sends progress */

struct proto_op {
	const char *name;
	enum proto_access access;
	unsigned int flags;
	const struct proto_arg *args;	/* ends with name == NULL */
	const char *result;		/* what "ok" holds, for readers */
};

extern const struct proto_op proto_ops[];
extern const size_t proto_n_ops;

const struct proto_op *proto_op_find(const char *name);

/* Check a request against the table.  On success *op and *args (borrowed from msg) are set. */
int proto_check_request(const json_t *msg, const struct proto_op **op, json_t **args, struct error *err)
	__must_check;

/* Arguments of a checked request, with a default for those not given. */
const char *proto_arg_str(const json_t *args, const char *name);	/* NULL if not given */
int64_t proto_arg_int(const json_t *args, const char *name, int64_t dflt);
bool proto_arg_bool(const json_t *args, const char *name);

/* ---- messages: proto/msg.c ---- */

/* Each returns a new reference or NULL without memory; args and result are stolen, even then. */
json_t *proto_make_request(const char *op, json_t *args);
json_t *proto_make_progress(int percent, const char *fmt, ...) __printf_like(2, 3);	/* -1: unknown */
json_t *proto_make_data(json_t *data);
json_t *proto_make_ok(json_t *result);
json_t *proto_make_error(const struct error *err);

/* Guests' bytes as a JSON string: what is not UTF-8 becomes U+FFFD.  NULs as well. */
json_t *proto_bytes(const void *data, size_t len);
json_t *proto_text(const char *text);	/* ours may have been cut within a character */
json_t *proto_error(const struct error *err);	/* {"code", "what", "why", "hint"} */

enum proto_reply_kind { PROTO_PROGRESS, PROTO_DATA, PROTO_OK, PROTO_ERROR };

/* Tell the kind of a reply; *body is borrowed.  For PROTO_ERROR err is filled (may be NULL). */
int proto_check_reply(const json_t *msg, enum proto_reply_kind *kind, json_t **body, struct error *err)
	__must_check;

/* ---- connections: proto/conn.c, proto/socket.c ---- */

struct proto_conn {
	int fd;
	uint32_t in_max;	/* largest message accepted: REQUEST_MAX in the daemon, REPLY_MAX in xl */
	struct strbuf in;	/* bytes received and not yet taken */
	int in_fd;		/* descriptor received and not yet taken, or -1 */
	size_t in_fd_at;	/* bytes of in up to where it came; 0: it belongs to the message handed out last */
	bool eof;
	struct strbuf out;	/* bytes queued and not yet written */
	size_t out_done;
	int out_fd;		/* descriptor to send with the message that starts at out_fd_at, or -1 */
	size_t out_fd_at, out_fd_end;
};

struct proto_peer {
	pid_t pid;
	uid_t uid;
	gid_t gid;
};

void proto_conn_init(struct proto_conn *conn, int fd, uint32_t in_max);
void proto_conn_close(struct proto_conn *conn);		/* closes all descriptors */

/*
 * For an event loop: the socket may be non-blocking.
 * proto_conn_fill() reads what is there (0; -EAGAIN nothing; -EPIPE other side closed; -EPROTO
 * nonsense).  proto_conn_next() hands out one whole message (0), or -EAGAIN when none is complete, or
 * -EMSGSIZE/-EPROTO for a broken one: then close.  proto_conn_take_fd() hands over the fd that came with
 * that message, or -1; one that is not taken before the next message is closed.
 */
int proto_conn_fill(struct proto_conn *conn) __must_check;
int proto_conn_next(struct proto_conn *conn, json_t **msg, struct error *err) __must_check;
int proto_conn_take_fd(struct proto_conn *conn);

/*
 * Queue msg (reference stolen, NULL gives -ENOMEM); fd, if not -1, is duplicated and goes along.
 * proto_conn_flush() writes what the socket takes: 0 all written, -EAGAIN wait for POLLOUT, other: close.
 */
int proto_conn_queue(struct proto_conn *conn, json_t *msg, int fd) __must_check;
int proto_conn_flush(struct proto_conn *conn) __must_check;

/* Blocking, for the CLI and workers.  timeout_ms < 0: no limit; -ETIMEDOUT. */
int proto_conn_send(struct proto_conn *conn, json_t *msg, int fd) __must_check;
int proto_conn_recv(struct proto_conn *conn, json_t **msg, int timeout_ms, struct error *err) __must_check;

const char *proto_socket_path(void);
int proto_connect(const char *path, struct proto_conn *conn, struct error *err) __must_check;
/* Make the listening socket: mode 0660, group gid (-1: leave); replaces a dead socket file. */
int proto_listen(const char *path, gid_t gid, struct error *err) __must_check;	/* fd or -Exxx */
int proto_peer(int fd, struct proto_peer *peer) __must_check;

#endif
