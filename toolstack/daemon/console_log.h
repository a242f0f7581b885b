/* SPDX-License-Identifier: MIT */
/*
 * The files of console logs: LOG_DIR/console/NAME.log.  At its limit the log becomes NAME.log.1, in place of an older
 * one.  What is in them: console_lines.h.
 */
#ifndef DAEMON_CONSOLE_LOG_H
#define DAEMON_CONSOLE_LOG_H

#include <stddef.h>
#include <sys/types.h>

void console_log_path(char *buf, size_t size, const char *name);
/* A descriptor that appends, or -errno; with the folder that it is in. */
int console_log_open(const char *name);
/* The same, after what was there became the old log. */
int console_log_rotate(const char *name);
/* The files of a guest that has another name now; one that is open stays so. */
void console_log_rename(const char *from, const char *to);
/* At most the last max bytes of a guest's log, and (unless NULL) where it ends; NULL with errno.  Caller frees. */
char *console_log_tail(const char *name, size_t max, size_t *len, off_t *end);

#endif
