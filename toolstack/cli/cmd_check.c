/* SPDX-License-Identifier: MIT */
/*
 * check: everything that `create` would check, without making anything.  Works without the daemon; if one
 * answers, it adds what only it knows: names and disks in use, free memory.
 */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cli/cli.h"
#include "conf/conf.h"

/* The daemon's view.  Not reaching one is no fault of the configuration. */
static void ask_daemon(struct cli *cli, const char *text, size_t len, const char *path,
		       const struct conf_options *opt, struct conf_diags *diags)
{
	struct cli_call call = { .op = "check", .args = cli_pack_config(text, len, path, opt), .quiet_errors = true };
	bool files_bad = diags->n_fatal > 0;
	const json_t *problems;

	if (cli_call(cli, &call)) {
		if (cli->verbose)
			fprintf(stderr, "note: not asked the daemon: %s\n", call.err.why);
		return;
	}
	problems = json_object_get(call.result, "problems");
	for (size_t i = 0; i < json_array_size(problems); i++) {
		const json_t *p = json_array_get(problems, i);
		struct error err = ERROR_INIT;
		bool known = false;

		error_set(&err, error_code_by_name(json_text(p, "code", "failed")), json_text(p, "what", ""),
			  "%s", json_text(p, "why", "?"));
		if (*json_text(p, "hint", ""))
			error_hint(&err, "%s", json_text(p, "hint", ""));
		known = files_bad && err.code == ERR_NOT_FOUND;	/* said in other words */
		for (size_t j = 0; j < diags->n; j++)
			known |= strcmp(diags->items[j].err.why, err.why) == 0;
		if (!known)
			conf_diag_add(diags, true, 0, &err);
	}
	json_decref(call.result);
}

static json_t *diags_to_json(const struct conf_diags *diags)
{
	json_t *list = json_array();

	for (size_t i = 0; i < diags->n; i++) {
		const struct conf_diag *d = &diags->items[i];

		json_array_append_new(list,
				      json_pack("{s:b, s:i, s:s, s:s, s:s, s:s}", "fatal", d->fatal, "line",
						(int)d->line, "code", error_code_name(d->err.code), "what",
						d->err.what, "why", d->err.why, "hint", d->err.hint));
	}
	return list;
}

/* Overrides are words with '=' and no slash before it; all else are files. */
static bool is_override(const char *word)
{
	const char *eq = strchr(word, '=');

	return eq && eq != word && memchr(word, '/', (size_t)(eq - word)) == NULL;
}

static int check_one(struct cli *cli, const struct args *args, const char *word, struct conf_options *opt)
{
	char found[512];
	const char *path = cli_config_path(word, found, sizeof(found)), *slash = strrchr(path, '/');
	struct conf_diags diags = { 0 };
	struct guest_config *cfg = NULL;
	struct error err = ERROR_INIT;
	char *text = NULL;
	size_t len = 0;
	int rc;

	opt->source = slash ? slash + 1 : path;
	if (file_read(path, CONF_TEXT_MAX, &text, &len, &err)) {
		if (err.code == ERR_NOT_FOUND)
			error_hint(&err, "configurations are in /etc/vm");
		return cli_fail(&err);
	}
	rc = conf_parse(text, len, opt, &cfg, &diags);
	if (!rc && !args_has(args, "syntax")) {
		if (conf_check_host(cfg, NULL, &diags))
			rc = -1;
		ask_daemon(cli, text, len, path, opt, &diags);
	}
	if (cli->json) {
		json_t *out = json_pack("{s:s, s:b, s:o, s:o?}", "source", path, "good", diags.n_fatal == 0,
					"problems", diags_to_json(&diags), "config",
					cfg ? conf_to_json(cfg) : NULL);

		rc = cli_print_json(out);
		json_decref(out);
	} else {
		conf_diags_print(stderr, &diags);
		if (diags.n_fatal == 0 && !cli->quiet)
			printf("%s: guest '%s' is fine\n", path, cfg->name);
	}
	rc = diags.n_fatal ? ERR_CONFIG : 0;
	guest_config_free(cfg);
	conf_diags_free(&diags);
	free(text);
	return rc;
}

static int run_check(struct cli *cli, const struct command *cmd, const struct args *args)
{
	struct conf_options opt = { .lenient = args_has(args, "lenient") };
	const char **overrides = calloc((size_t)args->n_words, sizeof(*overrides));
	int worst = 0, files = 0;

	(void)cmd;
	if (!overrides)
		return ERR_RESOURCES;
	for (int i = 0; i < args->n_words; i++)
		if (is_override(args->words[i]))
			overrides[opt.n_overrides++] = args->words[i];
	opt.overrides = overrides;
	for (int i = 0; i < args->n_words; i++) {
		int rc;

		if (is_override(args->words[i]))
			continue;
		files++;
		rc = check_one(cli, args, args->words[i], &opt);
		worst = worst ? worst : rc;
	}
	free(overrides);
	return files ? worst : cli_usage_error("check: a configuration file is missing");
}

static const struct option_def options[] = {
	{ 's', "syntax", NULL, "the text only: no files, bridges, other guests" },
	{ 0, "lenient", NULL, "keys that Xen knows and we do not serve are notes, not errors" },
	{ 0 }
};

const struct command cmd_check = {
	.name = "check", .usage = "FILE... [KEY=VALUE]...", .summary = "find what is wrong with a "
		"configuration",
	.help = "Checks all that 'create' checks before it builds: keys, values, kernel, disks, bridges; "
		"with a running "
		"daemon also names and disks in use and free memory. Works for every user and without a "
			"daemon.",
	.example = "check /etc/vm/web.cfg", .options = options, .min_words = 1, .max_words = -1,
	.words = WORD_FILE,
	.more_words = WORD_FILE, .op = "check", .run = run_check,
};
