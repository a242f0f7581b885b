/* SPDX-License-Identifier: MIT */
/*
 * top: the guests, live.  On a terminal by ncurses; with -b as lines.  The daemon is asked for a sample each
 * time; the model makes rates and the small graphs of the last samples.
 */
#include <locale.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/top_screen.h"

/* ---- lines ---- */

static int run_batch(struct cli *cli, struct top_view *view, int64_t rounds)
{
	struct top_model m = { 0 };
	struct error err = ERROR_INIT;
	char line[160];
	int rc = top_sample(cli, &m, &err);

	while (!rc && rounds != 0) {
		struct timespec pause = { view->delay_s, 0 };

		nanosleep(&pause, NULL);
		rc = top_sample(cli, &m, &err);
		if (rc)
			break;
		top_sort(&m, view->sort);
		puts(top_heading);
		for (size_t i = 0; i < m.n; i++) {
			top_format_row(&m.rows[i], line, sizeof(line));
			puts(line);
		}
		fflush(stdout);
		if (rounds > 0)
			rounds--;
	}
	top_free(&m);
	return rc ? cli_fail(&err) : 0;
}

static int run_top(struct cli *cli, const struct command *cmd, const struct args *args)
{
	struct top_view view = { .sort = SORT_CPU, .delay_s = 2 };
	int64_t rounds = -1;
	int rc = args_number(args, "delay", 1, 60, &view.delay_s);

	if (!rc)
		rc = args_number(args, "iterations", 1, 1000000, &rounds);
	if (rc)
		return rc;
	if (cli->json)
		return cli_simple_call(cli, cmd->op, json_object(), NULL);
	view.vcpus = args_has(args, "vcpus");
	if (args_has(args, "batch") || !isatty(STDOUT_FILENO))
		return run_batch(cli, &view, rounds);
	setlocale(LC_ALL, "");
	return top_run_screen(cli, &view);
}

static const struct option_def options[] = {
	{ 'd', "delay", "SECONDS", "between two looks (2)" },
	{ 'b', "batch", NULL, "print lines instead of a screen" },
	{ 'i', "iterations", "N", "with --batch: end after so many" },
	{ 'v', "vcpus", NULL, "show each vCPU" },
	{ 0 }
};

const struct command cmd_top = {
	.name = "top", .usage = "", .summary = "watch what the guests use, live",
	.help = "CPU is in percent of one CPU, with a graph of the last samples; network and disk are "
		"bytes a second. Keys: c m n d N "
		"sort by CPU, memory, net, disk, name; v shows vCPUs; g lets the graph show CPU, net or disk; arrows "
		"scroll; + and - change the pace; q leaves.",
	.example = "top --delay 1", .options = options, .op = "sample", .run = run_top,
};
