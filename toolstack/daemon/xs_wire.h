/* SPDX-License-Identifier: MIT */
/*
 * What the daemon and its store process say to one another, over two pairs of sockets that keep messages
 * whole: calls (daemon asks, store answers), and asks (the store wants a ring, or tells of a watch; rings are
 * answered).  Two, so that each may wait for its answer while the other does.
 */
#ifndef DAEMON_XS_WIRE_H
#define DAEMON_XS_WIRE_H

#include <stdint.h>

#define XS_BYTES_MAX 8192

enum xs_op {
	XS_OP_BEGIN, XS_OP_INTRODUCE, XS_OP_RELEASE, XS_OP_IS_INTRODUCED, XS_OP_SHUTDOWN, XS_OP_GONE,
	XS_OP_READ, XS_OP_WRITE, XS_OP_MKDIR, XS_OP_RM, XS_OP_PERMS,
	XS_OP_TX_START, XS_OP_TX_COMMIT, XS_OP_TX_ABORT, XS_OP_WATCH, XS_OP_STATS,
	XS_OP_COUNT,
};

/* bytes: a path with its NUL, then data. */
struct xs_call {
	uint32_t op, tx, domid, port;
	uint64_t gfn;
	uint32_t path_len, data_len;
	char bytes[];
};

struct xs_answer {
	int32_t rc;
	uint32_t tx;
	uint32_t len;
	char bytes[];
};

enum xs_ask_op { XS_ASK_RING, XS_ASK_RING_CLOSE, XS_ASK_EVENT };

/* bytes: the path of an event. */
struct xs_ask {
	uint32_t op, domid, port, len;
	char bytes[];
};

/* With it comes the descriptor whose page at this offset is the ring; none for domain 0. */
struct xs_ring {
	int32_t rc;
	uint32_t port;		/* ours */
	uint64_t offset;
};

#endif
