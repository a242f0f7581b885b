/* SPDX-License-Identifier: MIT */
/*
 * Console logs: LOG_DIR/console/NAME.log, each line after the time at which it began, control characters
 * (but tab) shown as \xNN so that reading a log is safe.  At its limit the log becomes NAME.log.1, in place
 * of an older one: a guest can fill no more than twice the limit and LINE_MAX_LEN, whether it ends its lines or
 * not.  A full disk loses lines, nothing else.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/strbuf.h"
#include "daemon/console_log.h"
#include "daemon/xend.h"

#define LINE_MAX_LEN 4096u	/* a line longer than that may be cut where a log ends */

void console_log_path(char *buf, size_t size, const char *name)
{
	snprintf(buf, size, "%s/console/%s.log", xend.set.log_dir, name);
}

static int log_reopen(struct console_log *log)
{
	struct stat st;

	log->fd = open(log->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (log->fd < 0)
		return -errno;
	log->size = fstat(log->fd, &st) == 0 ? (uint64_t)st.st_size : 0;
	return 0;
}

int console_log_open(struct console_log *log, const char *name, uint32_t limit_kib)
{
	struct error err = ERROR_INIT;
	char dir[512];

	*log = (struct console_log){ .fd = -1, .limit = (uint64_t)limit_kib << 10 };
	snprintf(dir, sizeof(dir), "%s/console", xend.set.log_dir);
	if (file_make_dirs(dir, 0750, &err) < 0)
		return -EIO;
	console_log_path(log->path, sizeof(log->path), name);
	return log_reopen(log);
}

/* A line that is open is cut: it goes on in the new log, with a time of its own. */
static void log_rotate(struct console_log *log)
{
	char old[sizeof(log->path) + 4];

	if (log->line_open)
		(void)!write(log->fd, "\n", 1);
	log->line_open = false;
	close(log->fd);
	snprintf(old, sizeof(old), "%s.1", log->path);
	if (rename(log->path, old) < 0)
		(void)unlink(log->path);
	(void)log_reopen(log);
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

void console_log_write(struct console_log *log, const char *data, size_t len)
{
	struct strbuf sb = STRBUF_INIT;

	if (log->fd < 0)
		return;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)data[i];

		if (c == '\r')
			continue;
		if (!log->line_open)
			add_stamp(&sb);
		log->line_open = c != '\n';
		if (c == '\n' || c == '\t' || (c >= ' ' && c != 0x7f))
			strbuf_putc(&sb, (char)c);
		else
			strbuf_printf(&sb, "\\x%02x", c);
	}
	if (!sb.failed && sb.len && write(log->fd, sb.data, sb.len) == (ssize_t)sb.len)
		log->size += sb.len;
	strbuf_free(&sb);
	if (log->limit && log->size > log->limit + (log->line_open ? LINE_MAX_LEN : 0))
		log_rotate(log);
}

void console_log_close(struct console_log *log)
{
	if (log->fd < 0)
		return;
	if (log->line_open)
		console_log_write(log, "\n", 1);
	close(log->fd);
	log->fd = -1;
}

void console_log_rename(const char *from, const char *to)
{
	static const char *const ends[] = { "", ".1" };
	char old[512], new[512], old_file[516], new_file[516];

	console_log_path(old, sizeof(old), from);
	console_log_path(new, sizeof(new), to);
	for (size_t i = 0; i < 2; i++) {
		snprintf(old_file, sizeof(old_file), "%s%s", old, ends[i]);
		snprintf(new_file, sizeof(new_file), "%s%s", new, ends[i]);
		if (rename(old_file, new_file) < 0 && errno != ENOENT)
			log_warn("console log '%s': %s", new_file, strerror(errno));
	}
}

char *console_log_tail(const char *name, size_t max, size_t *len, off_t *end)
{
	char path[512], *text = NULL;
	struct stat st;
	ssize_t n = -1;
	int fd;

	console_log_path(path, sizeof(path), name);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0 && fstat(fd, &st) == 0 && (text = malloc(max))) {
		off_t from = st.st_size > (off_t)max ? st.st_size - (off_t)max : 0;

		n = pread(fd, text, max, from);
		*len = n < 0 ? 0 : (size_t)n;
		if (end)
			*end = from + (off_t)*len;
	}
	if (n < 0) {
		free(text);
		text = NULL;
	}
	if (fd >= 0)
		close(fd);
	return text;
}
