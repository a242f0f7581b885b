/* SPDX-License-Identifier: MIT */
/*
 * The log of a console: lines with their times, nothing that could harm a terminal, and never more than twice its
 * limit on the disk, whether the guest ends its lines or not.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/console_lines.h"
#include "daemon/console_log.h"
#include "daemon/xend.h"

#define LIMIT_KIB 64u

struct xend xend;
static char dir[] = "/tmp/console_lines_test.XXXXXX";
static unsigned int passed, failed;

static void check(const char *what, bool good)
{
	passed += good;
	failed += !good;
	if (!good)
		printf("not ok - %s\n", what);
}

static char *path_of(const char *name, const char *suffix)
{
	static char path[600];

	snprintf(path, sizeof(path), "%s/console/%s.log%s", dir, name, suffix);
	return path;
}

static size_t size_of(const char *name, const char *suffix)
{
	struct stat st;

	return stat(path_of(name, suffix), &st) == 0 ? (size_t)st.st_size : 0;
}

/* Ten times the limit, in pieces as a ring gives them; the line ends after `line` bytes, never if that is 0. */
static void flood(const char *name, size_t line)
{
	char piece[2000];
	struct console_lines log = { .fd = -1 };
	size_t most = 0, at = 0, both;

	memset(piece, 'x', sizeof(piece));
	console_lines_use(&log, console_log_open(name), LIMIT_KIB << 10);
	check("open", log.fd >= 0);
	while (at < 10 * LIMIT_KIB * 1024) {
		for (size_t i = 0; i < sizeof(piece); i++, at++)
			piece[i] = line && at % line == line - 1 ? '\n' : 'x';
		console_lines_write(&log, piece, sizeof(piece));
		if (console_lines_full(&log))
			console_lines_use(&log, console_log_rotate(name), LIMIT_KIB << 10);
		both = size_of(name, "") + size_of(name, ".1");
		most = both > most ? both : most;
	}
	console_lines_use(&log, -1, 0);
	check(line ? "lines: twice the limit at most" : "no line: twice the limit at most",
	      most <= 2 * (LIMIT_KIB * 1024 + 8192));
	check("the last limit's worth is kept", size_of(name, "") + size_of(name, ".1") >= LIMIT_KIB * 1024);
}

static void what_is_written(void)
{
	static const char said[] = "one\r\ntwo\ttabs\n\x1b[2J\x7f" "end";
	char text[512] = "", *line;
	struct console_lines log = { .fd = -1 };
	unsigned int n = 0;
	FILE *f;

	console_lines_use(&log, console_log_open("w"), LIMIT_KIB << 10);
	check("open", log.fd >= 0);
	console_lines_write(&log, said, sizeof(said) - 1);
	console_lines_use(&log, -1, 0);
	f = fopen(path_of("w", ""), "r");
	while (f && fgets(text, sizeof(text), f)) {
		static const char *const want[] = { "one\n", "two\ttabs\n", "\\x1b[2J\\x7fend\n" };

		line = text + strlen("2026-01-01 00:00:00.000 ");
		check("a line as it should be", n < 3 && strlen(text) > 24 && !strcmp(line, want[n]));
		n++;
	}
	check("three lines", n == 3);
	if (f)
		fclose(f);
}

int main(void)
{
	char text[64];

	if (!mkdtemp(dir))
		return 1;
	xend.set.log_dir = dir;
	what_is_written();
	flood("lines", 80);
	flood("long", 30000);
	flood("endless", 0);
	for (const char *const *n = (const char *const[]){ "w", "lines", "long", "endless", NULL }; *n; n++) {
		unlink(path_of(*n, ""));
		unlink(path_of(*n, ".1"));
	}
	snprintf(text, sizeof(text), "%s/console", dir);
	(void)rmdir(text);
	(void)rmdir(dir);
	printf("%u passed, %u failed\n", passed, failed);
	return failed > 0;
}
