/* SPDX-License-Identifier: MIT */
/*
 * A guest's console: its ring on one side; on the other a pty (for tools that look for one), any number of
 * attached clients, and a log on disk with a time stamp a line.  The bytes move in a process without rights
 * (console_process.h); a call here is one message there and one back, which it, never blocking, gives at once.
 *
 * If that process dies the daemon ends: started again, it takes up the consoles of all guests.
 */
#ifndef DAEMON_CONSOLE_H
#define DAEMON_CONSOLE_H

#include <stddef.h>

#include "abi/types.h"
#include "base/error.h"

struct console;

int consoles_init(struct error *err) __must_check;	/* starts the process */
void consoles_end(void);

/* Give it the ring (grant 0), and a port bound to the guest's. */
int console_open(struct console **out, const char *name, domid_t domid, evtchn_port_t port, uint32_t log_kib,
		 struct error *err) __must_check;
/* Takes what is left in the ring, tells the readers, closes everything.  NULL is fine. */
void console_close(struct console *c);

const char *console_tty(const struct console *c);	/* "/dev/pts/3" */
void console_rename(struct console *c, const char *name);	/* of its log, from the next rotation on */

/* A stream socket whose other end is fed with the console; the first bytes are the last lines. */
int console_attach(struct console *c, unsigned int replay_lines, bool read_only);

/* The last lines as the log has them, at most size - 1 bytes, NUL-terminated; how many bytes. */
size_t console_tail(const struct console *c, char *buf, size_t size);

#endif
