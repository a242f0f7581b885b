/* SPDX-License-Identifier: MIT */
/*
 * The log: see log.h.  A line is built in a local buffer and leaves in one write(), so that lines of
 * several processes on one stderr do not mix.  Globals are set at start by the only thread there is.
 */
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"

#define LINE_MAX_BYTES 2048

static const char *log_ident = "";
static enum log_level log_max = LOG_LEVEL_INFO;
static bool log_journal;
static log_sink_fn *log_sink;
static void *log_sink_arg;

void log_init(const char *ident, enum log_level level)
{
	log_ident = ident;
	log_max = level;
	log_journal = getenv("JOURNAL_STREAM") != NULL;
}

void log_set_sink(log_sink_fn *sink, void *arg)
{
	log_sink = sink;
	log_sink_arg = arg;
}

/* "<6>xend: " for the journal, "12:34:56.789 xend: " for people. */
static int log_prefix(char *buf, size_t size, enum log_level level)
{
	static const char *const words[8] = {
		[LOG_LEVEL_ERROR] = "error: ", [LOG_LEVEL_WARN] = "warning: ",
	};
	const char *word = words[level & 7] ? words[level & 7] : "";
	struct timespec now;
	struct tm tm;

	if (log_journal)
		return snprintf(buf, size, "<%d>%s: ", level, log_ident);
	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &tm);
	return snprintf(buf, size, "%02d:%02d:%02d.%03ld %s: %s", tm.tm_hour, tm.tm_min, tm.tm_sec,
			now.tv_nsec / 1000000, log_ident, word);
}

void log_line(enum log_level level, const char *fmt, ...)
{
	char line[LINE_MAX_BYTES];
	size_t len = 0;
	va_list ap;
	int n;

	if (level > log_max)
		return;
	if (!log_sink)
		len = (size_t)log_prefix(line, sizeof(line) / 2, level);
	va_start(ap, fmt);
	n = vsnprintf(line + len, sizeof(line) - len - 1, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	len += (size_t)n;
	if (len > sizeof(line) - 2)
		len = sizeof(line) - 2;
	if (log_sink) {
		log_sink(level, line, log_sink_arg);
		return;
	}
	line[len++] = '\n';
	/* A log that cannot be written has nowhere to complain. */
	while (write(STDERR_FILENO, line, len) < 0 && errno == EINTR)
		;
}

void log_error(enum log_level level, const struct error *err)
{
	if (!error_is_set(err))
		return;
	log_line(level, "%s%s%s%s%s%s", err->what, err->what[0] ? ": " : "", err->why,
		 err->hint[0] ? " (hint: " : "", err->hint, err->hint[0] ? ")" : "");
}

char *log_text(char *dst, size_t dst_size, const void *src, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	const unsigned char *s = src;
	size_t o = 0;

	if (dst_size == 0)
		return dst;
	for (size_t i = 0; i < len && o + 5 <= dst_size; i++) {
		if (s[i] >= 0x20 && s[i] < 0x7f && s[i] != '\\') {
			dst[o++] = (char)s[i];
			continue;
		}
		dst[o++] = '\\';
		dst[o++] = 'x';
		dst[o++] = hex[s[i] >> 4];
		dst[o++] = hex[s[i] & 15];
	}
	dst[o] = '\0';
	return dst;
}
