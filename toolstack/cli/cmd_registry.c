/* SPDX-License-Identifier: MIT */
/* enable, rename, wait, dump-core, config: single guests, by their records. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "conf/conf.h"

static int run_enable(struct cli *cli, const struct command *cmd, const struct args *args)
{
	int64_t order = -1, delay = -1;
	int rc = args_number(args, "order", 0, 1000, &order);

	if (!rc)
		rc = args_number(args, "delay", 0, 3600, &delay);
	for (int i = 0; !rc && i < args->n_words; i++) {
		json_t *req = json_pack("{s:s}", "guest", args->words[i]);

		if (order >= 0)
			json_object_set_new(req, "order", json_integer(order));
		if (delay >= 0)
			json_object_set_new(req, "delay_s", json_integer(delay));
		rc = cli_change(cli, cmd, req, NULL);
	}
	return rc;
}

static int run_rename(struct cli *cli, const struct command *cmd, const struct args *args)
{
	struct error err = ERROR_INIT;

	if (conf_check_name(args->words[1], &err))
		return cli_fail(&err);
	return cli_change(cli, cmd, json_pack("{s:s, s:s}", "guest", args->words[0], "new_name", args->words[1]),
			       NULL);
}

static int run_wait(struct cli *cli, const struct command *cmd, const struct args *args)
{
	static const char *const states[] = { "running", "stopped", "paused", "crashed", "address" };
	const char *state = args->n_words > 1 ? args->words[1] : "running";
	json_t *req;
	int64_t timeout = -1;
	int rc = args_number(args, "timeout", 0, 7 * 86400, &timeout);
	bool known = false;

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		known |= strcmp(states[i], state) == 0;
	if (!rc && !known)
		rc = cli_usage_error(
			"wait: '%s' is no state; one of running, stopped, paused, crashed, address", state);
	if (rc)
		return rc;
	req = json_pack("{s:s, s:s}", "guest", args->words[0], "state", state);
	if (timeout >= 0)
		json_object_set_new(req, "timeout_s", json_integer(timeout));
	return cli_simple_call(cli, cmd->op, req, NULL);
}

/* The daemon does not know our working folder. */
static char *absolute_path(const char *path)
{
	char *cwd = path[0] == '/' ? NULL : getcwd(NULL, 0), *full = NULL;

	if (asprintf(&full, "%s%s%s", cwd ? cwd : "", cwd ? "/" : "", path) < 0)
		full = NULL;
	free(cwd);
	return full;
}

static int run_dump_core(struct cli *cli, const struct command *cmd, const struct args *args)
{
	static const char *const switches[] = { "live", "crash", "reset" };
	json_t *req = json_pack("{s:s}", "guest", args->words[0]), *result = NULL;
	char *path = args->n_words > 1 ? absolute_path(args->words[1]) : NULL;
	int rc;

	if (path)
		json_object_set_new(req, "path", json_string(path));
	free(path);
	for (size_t i = 0; i < 3; i++)
		if (args_has(args, switches[i]))
			json_object_set_new(req, switches[i], json_true());
	rc = cli_change(cli, cmd, req, &result);
	if (!rc && !cli->json && !cli->dry_run)
		printf("%s: %lld bytes\n", json_text(result, "path", "?"),
		       (long long)json_number(result, "bytes", 0));
	json_decref(result);
	return rc;
}

/* A configuration in the format that was asked for. */
static int print_config(const struct guest_config *cfg, bool xml)
{
	char *text = xml ? conf_to_xml(cfg) : conf_to_text(cfg);

	fputs(text ? text : "", stdout);
	free(text);
	return text ? 0 : ERR_RESOURCES;
}

/* A file, converted without asking anyone. */
static int convert_file(struct cli *cli, const struct args *args)
{
	struct conf_options opt = { .lenient = args_has(args, "lenient") };
	struct conf_diags diags = { 0 };
	struct guest_config *cfg = NULL;
	json_t *json;
	int rc = conf_load(args->words[0], &opt, &cfg, &diags) ? ERR_CONFIG : 0;

	conf_diags_print(stderr, &diags);
	conf_diags_free(&diags);
	if (!rc && cli->json) {
		json = conf_to_json(cfg);
		rc = cli_print_json(json);
		json_decref(json);
	} else if (!rc) {
		rc = print_config(cfg, args_has(args, "xml"));
	}
	guest_config_free(cfg);
	return rc;
}

/* Of a word that may name a guest as well: a path, or a file that is called as configurations are. */
static bool names_file(const char *word)
{
	const char *dot = strrchr(word, '.');

	return strchr(word, '/') ||
	       (dot && (strcmp(dot, ".cfg") == 0 || strcmp(dot, ".xml") == 0) && access(word, R_OK) == 0);
}

/* The text as it was given, or with --full and --xml as we understood it. */
static int run_config(struct cli *cli, const struct command *cmd, const struct args *args)
{
	struct conf_diags diags = { 0 };
	struct guest_config *cfg = NULL;
	json_t *result = NULL;
	int rc;

	if (names_file(args->words[0]))
		return convert_file(cli, args);
	rc = cli_simple_call(cli, cmd->op, json_pack("{s:s}", "guest", args->words[0]), &result);
	if (rc || cli->json)
		goto out;
	if (!args_has(args, "full") && !args_has(args, "xml")) {
		fputs(json_text(result, "text", ""), stdout);
		goto out;
	}
	if (conf_from_json(json_object_get(result, "config"), NULL, &cfg, &diags)) {
		conf_diags_print(stderr, &diags);
		rc = ERR_INTERNAL;
		goto out;
	}
	rc = print_config(cfg, args_has(args, "xml"));
out:
	guest_config_free(cfg);
	conf_diags_free(&diags);
	json_decref(result);
	return rc;
}

static const struct option_def enable_options[] = {
	{ 'o', "order", "N", "lower ones start first (50)" },
	{ 'd', "delay", "SECONDS", "wait so long before the next order" },
	{ 0 }
};
static const struct option_def wait_options[] = {
	{ 't', "timeout", "SECONDS", "wait no longer than this" },
	{ 0 }
};
static const struct option_def dump_options[] = {
	{ 'l', "live", NULL, "do not pause it meanwhile" },
	{ 'c', "crash", NULL, "end it afterwards" },
	{ 'r', "reset", NULL, "restart it afterwards" },
	{ 0 }
};
static const struct option_def config_options[] = {
	{ 'f', "full", NULL, "as it was understood, in xl.cfg's syntax" },
	{ 'x', "xml", NULL, "as it was understood, in libvirt's format" },
	{ 0, "lenient", NULL, "of a file: keys that are not served are notes, not errors" },
	{ 0 }
};

const struct command cmd_enable = {
	.name = "enable", .usage = "GUEST...", .summary = "start a defined guest with the host",
	.example = "enable --order 10 db",
	.options = enable_options, .min_words = 1, .max_words = -1, .words = WORD_DEFINED,
	.more_words = WORD_DEFINED,
	.op = "enable", .run = run_enable,
};
const struct command cmd_rename = {
	.name = "rename", .usage = "GUEST NEWNAME", .summary = "give a guest another name",
	.example = "rename web web-old",
	.min_words = 2, .max_words = 2, .words = WORD_GUEST, .op = "rename", .run = run_rename,
};
const struct command cmd_wait = {
	.name = "wait", .usage = "GUEST [STATE]", .summary = "return when a guest is in a state",
	.help = "STATE is running (default), stopped, paused, crashed, or address: its network is up.",
	.example = "wait web address --timeout 60", .options = wait_options, .min_words = 1, .max_words = 2,
	.words = WORD_GUEST, .more_words = WORD_STATE, .op = "wait", .run = run_wait,
};
const struct command cmd_dump_core = {
	.name = "dump-core", .usage = "GUEST [FILE]", .summary = "write a guest's memory to a file for a "
		"debugger",
	.example = "dump-core web /var/tmp/web.core", .options = dump_options, .min_words = 1, .max_words = 2,
	.words = WORD_GUEST, .more_words = WORD_FILE, .op = "dump-core", .run = run_dump_core,
};
const struct command cmd_config = {
	.name = "config", .usage = "GUEST|FILE", .summary = "print a guest's configuration, or convert a file",
	.help = "A guest's is printed as it was given. A FILE has a '/' in its name; it is read in either format and "
		"printed in xl.cfg's syntax, or with --xml in libvirt's.",
	.example = "config --xml /etc/vm/web.cfg",
	.options = config_options, .min_words = 1, .max_words = 1, .words = WORD_GUEST, .op = "config",
	.run = run_config,
};
