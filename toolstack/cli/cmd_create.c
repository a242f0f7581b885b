/* SPDX-License-Identifier: MIT */
/* create, define, start, config-update: from a configuration to a guest. */

#include <string.h>

#include "cli/cli.h"

/* Numbers and switches that create and start share, into the request. */
static int add_start_args(const struct args *args, json_t *req)
{
	int64_t wait_s = -1;
	int rc = args_number(args, "wait", 0, 7 * 86400, &wait_s);

	if (rc)
		return rc;
	if (wait_s >= 0)
		json_object_set_new(req, "wait_s", json_integer(wait_s));
	if (args_has(args, "paused"))
		json_object_set_new(req, "paused", json_true());
	return 0;
}

static int after_start(struct cli *cli, const struct args *args, const json_t *result)
{
	const char *name = json_text(result, "name", "?");

	if (cli->json)
		return 0;
	if (cli->dry_run) {
		printf("guest '%s' would be started\n", name);
		return 0;
	}
	if (args_has(args, "console"))
		return cli_attach_console(cli, name, 10000, 0x1d);
	if (!cli->quiet)
		printf("guest '%s' runs as domain %lld\n", name, (long long)json_number(result, "domid", -1));
	return 0;
}

/* xl's -f FILE and --defconfig=FILE; or the first word. */
static int find_config(const struct args *args, const char **path, int *first_override)
{
	const char *given = args_value(args, "defconfig");

	if (!given)
		given = args_value(args, "f");
	*first_override = given ? 0 : 1;
	if (given)
		*path = given;
	else if (args->n_words)
		*path = args->words[0];
	else
		return cli_usage_error("a configuration file is missing: xl create /etc/vm/NAME.cfg");
	return 0;
}

/* xl's -F: return when the guest has ended. */
static int wait_for_end(struct cli *cli, const json_t *result)
{
	struct cli_call call = { .op = "wait", .args = json_pack("{s:s, s:s}", "guest", json_text(result, "name", "?"),
								 "state", "stopped") };
	int rc = cli_call(cli, &call);

	json_decref(call.result);
	return rc;
}

static int run_create(struct cli *cli, const struct command *cmd, const struct args *args)
{
	json_t *req = NULL, *result = NULL;
	const char *path = NULL;
	int first = 0, rc;

	rc = find_config(args, &path, &first);
	if (!rc)
		rc = cli_load_config(cli, path, args->words + first, args->n_words - first,
				     args_has(args, "lenient"), &req, NULL);
	if (!rc && (rc = add_start_args(args, req)))
		json_decref(req);
	if (!rc)
		rc = cli_simple_call(cli, cmd->op, req, &result);
	if (!rc)
		rc = after_start(cli, args, result);
	if (!rc && args_has(args, "foreground") && !cli->dry_run)
		rc = wait_for_end(cli, result);
	json_decref(result);
	return rc;
}

static int run_start(struct cli *cli, const struct command *cmd, const struct args *args)
{
	json_t *req, *result = NULL;
	int rc = 0;

	for (int i = 0; !rc && i < args->n_words; i++) {
		req = json_pack("{s:s}", "guest", args->words[i]);
		rc = add_start_args(args, req);
		if (rc)
			json_decref(req);
		else
			rc = cli_simple_call(cli, cmd->op, req, &result);
		if (!rc)
			rc = after_start(cli, args, result);
		json_decref(result);
		result = NULL;
	}
	return rc;
}

static int run_define(struct cli *cli, const struct command *cmd, const struct args *args)
{
	json_t *req = NULL, *result = NULL;
	int rc;

	rc = cli_load_config(cli, args->words[0], args->words + 1, args->n_words - 1,
			     args_has(args, "lenient"), &req, NULL);
	if (!rc)
		rc = cli_simple_call(cli, cmd->op, req, &result);
	if (!rc && !cli->json && !cli->quiet)
		printf("guest '%s' %s%s\n", json_text(result, "name", "?"),
		       cli->dry_run ? "would be " : "is ",
		       json_is_true(json_object_get(result, "created")) ? "defined" : "defined anew");
	json_decref(result);
	return rc;
}

static int run_config_update(struct cli *cli, const struct command *cmd, const struct args *args)
{
	json_t *req = NULL, *result = NULL;
	const char *path = args_value(args, "defconfig");
	int first = path ? 1 : 2, rc;

	if (!path && args->n_words < 2 && strpbrk(args->words[0], "./"))
		return cli_usage_error("config-update: whose? xl config-update GUEST %s", args->words[0]);
	if (!path && args->n_words < 2)
		return cli_usage_error("config-update: which file? xl config-update %s /etc/vm/%s.cfg", args->words[0],
				       args->words[0]);
	rc = cli_load_config(cli, path ? path : args->words[1], args->words + first, args->n_words - first,
			     args_has(args, "lenient"), &req, NULL);
	if (!rc) {
		json_object_set_new(req, "guest", json_string(args->words[0]));
		rc = cli_simple_call(cli, cmd->op, req, &result);
	}
	if (!rc && !cli->json && !cli->quiet) {
		const json_t *changed = json_object_get(result, "changed");

		printf("guest '%s': %zu key%s changed", json_text(result, "name", "?"),
		       json_array_size(changed), json_array_size(changed) == 1 ? "" : "s");
		for (size_t i = 0; i < json_array_size(changed); i++)
			printf("%s %s", i ? "," : ":", json_string_value(json_array_get(changed, i)));
		putchar('\n');
	}
	json_decref(result);
	return rc;
}

#define START_OPTIONS \
	{ 'p', "paused", NULL, "leave it paused before its first instruction" }, \
	{ 'c', "console", NULL, "attach to its console" }, \
	{ 'w', "wait", "SECONDS", "watch it for so long, and report if it ends at once" }
#define LENIENT { 0, "lenient", NULL, "keys that Xen knows and we do not serve are notes, not errors" }

static const struct option_def create_options[] = {
	START_OPTIONS, LENIENT,
	{ 'f', "defconfig", "FILE", "the configuration, instead of the first word" },
	{ 0, "dryrun", NULL, "the same as --dry-run" },
	{ 'F', "foreground", NULL, "return when the guest has ended" },
	{ 'V', "vncviewer", NULL, "refused: a PV guest has no screen here" },
	{ 'A', "vncviewer-autopass", NULL, "refused, like -V" },
	{ 'e', "noautorestart", NULL, "accepted for compatibility: see on_reboot in vm.cfg(5)" },
	{ 'd', "debug", NULL, "accepted for compatibility" },
	{ 0, "ignore-global-affinity-masks", NULL, "accepted for compatibility: there are none" },
	{ 0 }
};
static const struct option_def start_options[] = { START_OPTIONS, { 0 } };
static const struct option_def define_options[] = { LENIENT, { 0 } };
static const struct option_def update_options[] = {
	LENIENT, { 'f', "defconfig", "FILE", "the configuration, instead of the second word" },
	{ 'd', "debug", NULL, "accepted for compatibility" }, { 0 }
};

static int run_create_or_dry(struct cli *cli, const struct command *cmd, const struct args *args)
{
	cli->dry_run |= args_has(args, "dryrun");
	if (args_has(args, "vncviewer") || args_has(args, "vncviewer-autopass")) {
		struct error err = ERROR_INIT;

		error_set(&err, ERR_UNSUPPORTED, NULL, "create: screens of guests come in a later release");
		error_hint(&err, "'xl create FILE -c' attaches to the guest's console");
		return cli_fail(&err);
	}
	return run_create(cli, cmd, args);
}

const struct command cmd_create = {
	.name = "create", .usage = "FILE [KEY=VALUE]...", .summary = "start a guest from a configuration",
	.help = "Everything is checked before anything is built. A FILE without a '/' that is not here is looked for "
		"in /etc/vm, with and without .cfg. KEY=VALUE replaces what the file says. The guest is "
		"forgotten when it ends; 'xl define' keeps it.",
	.example = "create /etc/vm/web.cfg memory=1024 -c", .options = create_options, .max_words = -1,
	.words = WORD_FILE, .more_words = WORD_KEY, .op = "create", .run = run_create_or_dry,
};
const struct command cmd_start = {
	.name = "start", .usage = "GUEST...", .summary = "start defined guests", .example = "start web",
	.options = start_options, .min_words = 1, .max_words = -1, .words = WORD_DEFINED,
	.more_words = WORD_DEFINED,
	.op = "start", .run = run_start,
};
const struct command cmd_define = {
	.name = "define", .usage = "FILE [KEY=VALUE]...", .summary = "make a guest known to the host, to "
		"be started later",
	.help = "A guest that is defined again gets the new configuration at its next start.",
	.example = "define /etc/vm/web.cfg",
	.options = define_options, .min_words = 1, .max_words = -1, .words = WORD_FILE,
	.more_words = WORD_KEY,
	.op = "define", .run = run_define,
};
const struct command cmd_config_update = {
	.name = "config-update", .usage = "GUEST FILE [KEY=VALUE]...",
	.summary = "give a guest a new configuration for its next start",
	.example = "config-update web /etc/vm/web.cfg",
	.options = update_options, .min_words = 1, .max_words = -1, .words = WORD_GUEST,
	.more_words = WORD_FILE,
	.op = "config-update", .run = run_config_update,
};
