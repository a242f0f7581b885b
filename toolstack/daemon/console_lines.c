/* SPDX-License-Identifier: MIT */
/* See console_lines.h. */
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/strbuf.h"
#include "daemon/console_lines.h"

void console_lines_use(struct console_lines *l, int fd, uint64_t limit)
{
	struct stat st;

	if (l->fd >= 0) {
		if (l->line_open)
			(void)!write(l->fd, "\n", 1);
		close(l->fd);
	}
	*l = (struct console_lines){ .fd = fd, .limit = limit };
	if (fd >= 0 && fstat(fd, &st) == 0)
		l->size = (uint64_t)st.st_size;
}

static void add_stamp(struct strbuf *sb)
{
	struct timespec ts;
	struct tm tm;
	char text[32];

	clock_gettime(CLOCK_REALTIME, &ts);
	localtime_r(&ts.tv_sec, &tm);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	strbuf_printf(sb, "%s.%03ld ", text, ts.tv_nsec / 1000000);
}

void console_lines_write(struct console_lines *l, const char *data, size_t len)
{
	struct strbuf sb = STRBUF_INIT;

	if (l->fd < 0)
		return;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)data[i];

		if (c == '\r')
			continue;
		if (!l->line_open)
			add_stamp(&sb);
		l->line_open = c != '\n';
		if (c == '\n' || c == '\t' || (c >= ' ' && c != 0x7f))
			strbuf_putc(&sb, (char)c);
		else
			strbuf_printf(&sb, "\\x%02x", c);
	}
	if (!sb.failed && sb.len && write(l->fd, sb.data, sb.len) == (ssize_t)sb.len)
		l->size += sb.len;
	strbuf_free(&sb);
}

bool console_lines_full(const struct console_lines *l)
{
	return l->fd >= 0 && l->limit && l->size > l->limit + (l->line_open ? CONSOLE_LINE_MAX : 0);
}
