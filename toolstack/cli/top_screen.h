/* SPDX-License-Identifier: MIT */
/* The screen of `xl top`, and what it shares with the lines of --batch. */
#ifndef CLI_TOP_SCREEN_H
#define CLI_TOP_SCREEN_H

#include "cli/cli.h"
#include "cli/top_model.h"

struct top_view {
	enum top_sort sort;
	enum top_graph graph;
	bool vcpus;
	int first;			/* how many guests are scrolled out above */
	int64_t delay_s;
};

extern const char top_heading[];

int top_sample(struct cli *cli, struct top_model *m, struct error *err);	/* an exit code */
/* The columns without the graph. */
void top_format_row(const struct top_row *row, char *buf, size_t size);
int top_run_screen(struct cli *cli, struct top_view *view);			/* an exit code */

#endif
