/* SPDX-License-Identifier: MIT */
/* The log of one console: see console_log.c. */
#ifndef DAEMON_CONSOLE_LOG_H
#define DAEMON_CONSOLE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct console_log {
	int fd;			/* -1: not open */
	uint64_t size, limit;	/* bytes */
	bool line_open;		/* the last line has no end yet */
	char path[512];
};

void console_log_path(char *buf, size_t size, const char *name);
int console_log_open(struct console_log *log, const char *name, uint32_t limit_kib);
void console_log_write(struct console_log *log, const char *data, size_t len);
void console_log_close(struct console_log *log);

/* The files of a guest that has another name now; one that is open stays so. */
void console_log_rename(const char *from, const char *to);
/* At most the last max bytes of a guest's log, and (unless NULL) where it ends; NULL with errno.  Caller frees. */
char *console_log_tail(const char *name, size_t max, size_t *len, off_t *end);

#endif
