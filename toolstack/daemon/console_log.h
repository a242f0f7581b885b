/* SPDX-License-Identifier: MIT */
/* The log of one console: see console_log.c. */
#ifndef DAEMON_CONSOLE_LOG_H
#define DAEMON_CONSOLE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

#endif
