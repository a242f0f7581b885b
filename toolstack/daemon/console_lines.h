/* SPDX-License-Identifier: MIT */
/*
 * A guest's bytes as lines of a log: each after the time at which it began, control characters (but tab) shown as
 * \xNN so that reading a log is safe.  The file is the daemon's, which gives another when this one is full
 * (console_log.h).
 */
#ifndef DAEMON_CONSOLE_LINES_H
#define DAEMON_CONSOLE_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONSOLE_LINE_MAX 4096u	/* a line longer than that may be cut where a log ends */

struct console_lines {
	int fd;			/* -1: nothing is kept */
	uint64_t size, limit;	/* bytes; limit 0: none */
	bool line_open;		/* the last line has no end yet */
};

/* From now on into this file, which is taken over; a line that is open is cut, and goes on with a time of its own. */
void console_lines_use(struct console_lines *l, int fd, uint64_t limit);
/* A full disk loses lines, nothing else. */
void console_lines_write(struct console_lines *l, const char *data, size_t len);
bool console_lines_full(const struct console_lines *l);

#endif
