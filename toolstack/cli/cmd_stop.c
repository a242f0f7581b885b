/* SPDX-License-Identifier: MIT */
/* shutdown and reboot: asking a guest, and waiting for its answer if wanted. */
#include <string.h>

#include "cli/cli.h"

static int add_times(const struct args *args, bool with_force, json_t *req)
{
	int64_t timeout = -1, force = -1;
	int rc = args_number(args, "timeout", 1, 7 * 86400, &timeout);

	if (!rc && with_force)
		rc = args_number(args, "force-after", 0, 7 * 86400, &force);
	if (rc)
		return rc;
	if (args_has(args, "wait") || timeout >= 0 || force >= 0)
		json_object_set_new(req, "wait", json_true());
	if (timeout >= 0)
		json_object_set_new(req, "timeout_s", json_integer(timeout));
	if (force >= 0)
		json_object_set_new(req, "force_after_s", json_integer(force));
	return 0;
}

static int stop_one(struct cli *cli, const struct command *cmd, const struct args *args, const char *guest)
{
	json_t *req = json_pack("{s:s}", "guest", guest), *result = NULL;
	int rc = add_times(args, strcmp(cmd->op, "shutdown") == 0, req);
	bool done;

	if (rc) {
		json_decref(req);
		return rc;
	}
	rc = cli_simple_call(cli, cmd->op, req, &result);
	done = json_is_true(json_object_get(result, "done"));
	if (!rc && !cli->json && !cli->quiet) {
		if (cli->dry_run)
			printf("guest '%s' would be asked to %s\n", guest, cmd->name);
		else if (done)
			printf("guest '%s' has %s\n", guest,
			       strcmp(cmd->op, "reboot") ? "shut down" : "rebooted");
		else
			printf("guest '%s' was asked to %s\n", guest, cmd->name);
	}
	json_decref(result);
	return rc;
}

/* Every guest that runs, dom0 excepted. */
static int stop_all(struct cli *cli, const struct command *cmd, const struct args *args)
{
	struct cli_call call = { .op = "list", .args = json_object() };
	const json_t *guests;
	int worst = cli_call(cli, &call);

	guests = json_object_get(call.result, "guests");
	for (size_t i = 0; i < json_array_size(guests); i++) {
		const json_t *guest = json_array_get(guests, i);
		int rc;

		/* dom0, and domains of other makers, which have no name here */
		if (json_number(guest, "domid", 0) == 0 || json_text(guest, "name", "?")[0] == '(')
			continue;
		rc = stop_one(cli, cmd, args, json_text(guest, "name", "?"));
		worst = worst ? worst : rc;
	}
	json_decref(call.result);
	return worst;
}

static int run_stop(struct cli *cli, const struct command *cmd, const struct args *args)
{
	int worst = 0;

	if (args_has(args, "in-order"))
		return args_has(args, "all") && !args->n_words
			       ? cli_simple_call(cli, "shutdown-all", json_object(), NULL)
			       : cli_usage_error("shutdown: --in-order goes with --all");
	if (args_has(args, "all"))
		return stop_all(cli, cmd, args);
	if (args->n_words == 0)
		return cli_usage_error("%s: name a guest, or say --all", cmd->name);
	for (int i = 0; i < args->n_words; i++) {
		int rc = stop_one(cli, cmd, args, args->words[i]);

		worst = worst ? worst : rc;
	}
	return worst;
}

#define WAIT_OPTIONS \
	{ 'a', "all", NULL, "every guest" }, \
	{ 'w', "wait", NULL, "return when it is done" }, \
	{ 't', "timeout", "SECONDS", "wait no longer than this (60)" }, \
	{ 'F', "fallback", NULL, "accepted for compatibility" }

static const struct option_def shutdown_options[] = {
	WAIT_OPTIONS,
	{ 0, "force-after", "SECONDS", "destroy it if it has not shut down by then" },
	{ 0, "in-order", NULL, "with --all: as when the host goes, those that start last first, each within its "
	  "shutdown_timeout" },
	{ 0 }
};
static const struct option_def reboot_options[] = { WAIT_OPTIONS, { 0 } };

const struct command cmd_shutdown = {
	.name = "shutdown", .usage = "GUEST... | --all", .summary = "ask a guest to shut down",
	.help = "Waiting ends after 60 seconds and says whether the guest has taken note.",
	.example = "shutdown -w web",
	.options = shutdown_options, .max_words = -1, .words = WORD_GUEST, .more_words = WORD_GUEST,
	.op = "shutdown",
	.run = run_stop,
};
const struct command cmd_reboot = {
	.name = "reboot", .usage = "GUEST... | --all", .summary = "ask a guest to reboot",
	.help = "It comes back with the memory, vCPUs and devices that it had, plugged ones included; or, if it was "
		"defined anew meanwhile, as that says.",
	.example = "reboot -w web",
	.options = reboot_options, .max_words = -1, .words = WORD_GUEST, .more_words = WORD_GUEST,
	.op = "reboot",
	.run = run_stop,
};
