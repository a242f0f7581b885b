/* SPDX-License-Identifier: MIT */
/*
 * What the daemon and its process of consoles say to one another, over one pair of sockets that keeps messages whole:
 * the daemon calls, the process answers each call before it does anything else; between answers it may tell, of
 * itself, that a log is full.
 */
#ifndef DAEMON_CONSOLE_WIRE_H
#define DAEMON_CONSOLE_WIRE_H

#include <stdint.h>

#define CON_BYTES_MAX 8192

enum con_op {
	CON_OPEN,	/* with it comes the descriptor whose page at `offset` is the ring; `port` is ours */
	CON_LOG,	/* with it comes the log, if any; `bytes` is its limit (0: none); the first starts all */
	CON_ATTACH,	/* with it comes a reader, to be given the last `lines` first */
	CON_TAIL,	/* the last `bytes` */
	CON_CLOSE,
	CON_OP_COUNT,
};

#define CON_READ_ONLY 1u
#define CON_PTY 2u

struct con_call {
	uint32_t op, domid, port, flags, lines, pad;
	uint64_t offset, bytes;
};

enum con_kind { CON_ANSWER, CON_LOG_FULL };

struct con_answer {
	uint32_t kind, domid;
	int32_t rc;
	uint32_t len;
	char bytes[];
};

#endif
