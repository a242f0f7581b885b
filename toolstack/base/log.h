/* SPDX-License-Identifier: MIT */
/*
 * The log: one line an event, to stderr, with a time stamp or, under systemd, with its level prefix
 * (systemd adds the time).  Lines from guests pass log_text() first, so that no guest can forge a
 * line or send escape codes to an administrator's terminal.  State is set once at start; after that
 * calls need no lock, since each line leaves in one write().
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stddef.h>

#include "base/error.h"

enum log_level { LOG_LEVEL_ERROR = 3, LOG_LEVEL_WARN = 4, LOG_LEVEL_INFO = 6, LOG_LEVEL_DEBUG = 7 };

typedef void log_sink_fn(enum log_level level, const char *line, void *arg);

/* ident is the process's short name ("xend", "xend-store"); the string must stay valid. */
void log_init(const char *ident, enum log_level level);
void log_set_sink(log_sink_fn *sink, void *arg);	/* tests; NULL restores stderr */

void log_line(enum log_level level, const char *fmt, ...) __printf_like(2, 3);
void log_error(enum log_level level, const struct error *err);

#define log_err(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...) log_line(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...) log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

/* Copy len bytes with control characters shown as \xNN; always ends dst with NUL.  Returns dst. */
char *log_text(char *dst, size_t dst_size, const void *src, size_t len);

#endif
