/* SPDX-License-Identifier: MIT */
/*
 * The init of a machine that only measures: runs the rows named in the environment variable `rows`
 * (a:b:c, put there by the kernel's command line; none: all), prints "row NAME HUNDREDTHS" each, and
 * switches the machine off. Called with an argument it is the program that the exec rows execute: it ends
 * at once.
 */
#include "linux.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <unistd.h>

#define LONG_ENOUGH	3000000u	/* ticks */
#define REPEATS		3

void die(const char *what)
{
	perror(what);
	sync();
	reboot(RB_POWER_OFF);
	_exit(1);
}

static bool wanted(const char *name)
{
	const char *list = getenv("rows");
	size_t len = strlen(name);

	if (!list || !*list)
		return true;
	for (; list; list = strchr(list, ':')) {
		list += *list == ':';
		if (!strncmp(list, name, len) && (list[len] == ':' || !list[len]))
			return true;
	}
	return false;
}

static uint64_t ticks_of(void (*run)(long n), long n)
{
	uint64_t before = rdtsc();

	run(n);
	return rdtsc() - before;
}

static void report(const struct row *row)
{
	uint64_t best = ~0ul;
	long n = 1;

	if (!wanted(row->name))
		return;
	if (row->prepare)
		row->prepare();
	while (ticks_of(row->run, n) < LONG_ENOUGH)
		n *= 2;
	for (int i = 0; i < REPEATS; i++) {
		uint64_t ticks = ticks_of(row->run, n);

		if (ticks < best)
			best = ticks;
	}
	if (row->finish)
		row->finish();
	printf("row %s %lu\n", row->name, best * 100 / n);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static const struct row *const tables[] = { call_rows, memory_rows, process_rows, pipe_rows };

	(void)argv;
	if (argc > 1)
		_exit(0);
	mount("dev", "/dev", "devtmpfs", 0, "");
	mount("proc", "/proc", "proc", 0, "");
	mount("tmp", "/tmp", "tmpfs", 0, "");
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (const struct row *row = tables[i]; row->name; row++)
			report(row);
	printf("rows done\n");
	fflush(stdout);
	reboot(RB_POWER_OFF);
	return 0;
}
