/* SPDX-License-Identifier: MIT */
/* See console_log.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "daemon/console_log.h"
#include "daemon/xend.h"

void console_log_path(char *buf, size_t size, const char *name)
{
	snprintf(buf, size, "%s/console/%s.log", xend.set.log_dir, name);
}

int console_log_open(const char *name)
{
	struct error err = ERROR_INIT;
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/console", xend.set.log_dir);
	if (file_make_dirs(path, 0750, &err) < 0)
		return -EIO;
	console_log_path(path, sizeof(path), name);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
	return fd < 0 ? -errno : fd;
}

int console_log_rotate(const char *name)
{
	char path[512], old[sizeof(path) + 4];

	console_log_path(path, sizeof(path), name);
	snprintf(old, sizeof(old), "%s.1", path);
	if (rename(path, old) < 0)
		(void)unlink(path);
	return console_log_open(name);
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
