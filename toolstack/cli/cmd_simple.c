/* SPDX-License-Identifier: MIT */
/*
 * Commands of one shape: an operation of the daemon on each guest that is named.  Success is silent,
 * as users of xl know it, except with -v or -n.
 */
#include <string.h>

#include "cli/cli.h"

int cli_change(struct cli *cli, const struct command *cmd, json_t *req, json_t **result)
{
	char guest[128];
	int rc;

	cli_safe(guest, sizeof(guest), json_text(req, "guest", ""));
	rc = cli_simple_call(cli, cmd->op, req, result);
	if (!rc && cli->dry_run && !cli->json)
		printf("%s%s%s: would be done\n", cmd->name, *guest ? " " : "", guest);
	return rc;
}

int cli_show_lists(struct cli *cli, const struct command *cmd, const struct args *args, const char *heading,
		   const char *field, void (*print)(const json_t *item))
{
	int worst = 0;

	for (int i = 0; i < args->n_words || i == 0; i++) {
		json_t *req = json_object(), *result = NULL;
		const json_t *list;
		int rc;

		if (args->n_words)
			json_object_set_new(req, "guest", json_string(args->words[i]));
		rc = cli_simple_call(cli, cmd->op, req, &result);
		list = json_object_get(result, field);
		if (!rc && !cli->json && heading) {
			puts(heading);
			heading = NULL;
		}
		for (size_t n = 0; !rc && !cli->json && n < json_array_size(list); n++)
			print(json_array_get(list, n));
		json_decref(result);
		worst = worst ? worst : rc;
	}
	return worst;
}

static int run_simple(struct cli *cli, const struct command *cmd, const struct args *args)
{
	int worst = 0;

	for (int i = 0; i < args->n_words; i++) {
		int rc = cli_change(cli, cmd, json_pack("{s:s}", "guest", args->words[i]), NULL);

		if (!rc && !cli->json && cli->verbose && !cli->dry_run)
			printf("%s %s: done\n", cmd->name, args->words[i]);
		worst = worst ? worst : rc;
	}
	return worst;
}

#define SIMPLE(var, word, text, more, ex, kind, ...) \
	const struct command var = { .name = word, \
				     .usage = "GUEST...", \
				     .summary = text, \
				     .help = more, \
				     .example = ex, \
				     .min_words = 1, \
				     .max_words = -1, \
				     .words = kind, \
				     .more_words = kind, \
				     .op = word, \
				     .run = run_simple, \
				     __VA_ARGS__ }

SIMPLE(cmd_pause, "pause", "stop a guest's CPUs for a while", "Its memory and devices stay.", "pause web",
       WORD_GUEST);
SIMPLE(cmd_unpause, "unpause", "let a paused guest go on", NULL, "unpause web", WORD_GUEST,
       .aliases = "resume");
SIMPLE(cmd_undefine, "undefine", "forget a defined guest",
       "Its disks stay. A running guest goes on, and is gone once it ends.", "undefine web", WORD_DEFINED,
       .aliases = "delete");
SIMPLE(cmd_disable, "disable", "do not start a guest with the host", NULL, "disable web", WORD_DEFINED);

static const struct option_def destroy_options[] = {
	{ 'f', "force", NULL, "accepted for compatibility: it never asks" },
	{ 0 }
};
SIMPLE(cmd_destroy, "destroy", "end a guest at once, as by pulling its plug",
       "Data that the guest has not written is lost; 'xl shutdown' asks it first.", "destroy web", WORD_GUEST,
       .options = destroy_options);
