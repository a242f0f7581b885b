/* SPDX-License-Identifier: MIT */
/*
 * The process that moves the bytes of consoles: it is nobody, sees no file, has no capability, and the system calls of
 * a list.  What it holds, all of it from the daemon: the event channels of the rings, and of each guest the one page
 * that is its ring, its open log, its pty and the sockets of those attached.
 */
#ifndef DAEMON_CONSOLE_PROCESS_H
#define DAEMON_CONSOLE_PROCESS_H

#include <sys/types.h>

#include "base/error.h"

struct event_base;

struct console_process {
	int events;			/* event channels */
	int lock;			/* of the daemon's folder: no other daemon before we are gone */
	const char *folder;		/* an empty one */
};

/* Its pid, and the daemon's end of the socket of calls. */
int console_process_start(struct console_process *p, pid_t *pid, int *calls, struct error *err) __must_check;

/* What it does, once it has given up its rights: serves calls on `sock` from this loop. 0 or -errno. */
int console_serve(struct event_base *base, int sock, int events) __must_check;

#endif
