/* SPDX-License-Identifier: MIT */
/* help and explain: from the tables to people. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "conf/help.h"

static void print_options(FILE *out, const struct option_def *defs)
{
	for (const struct option_def *o = defs; o && (o->letter || o->name); o++) {
		char left[64];
		int n = 0;

		if (!o->name)
			continue;
		if (o->letter)
			n = snprintf(left, sizeof(left), "-%c, ", o->letter);
		else
			n = snprintf(left, sizeof(left), "    ");
		snprintf(left + n, sizeof(left) - (size_t)n, "--%s%s%s", o->name, o->arg ? " " : "",
			 o->arg ? o->arg : "");
		fprintf(out, "  %-28s %s\n", left, o->help);
	}
}

static void print_wrapped(FILE *out, const char *text)
{
	int column = 0;

	while (text && *text) {
		int len = (int)strcspn(text, " ");

		if (column + len > 88) {
			fputc('\n', out);
			column = 0;
		}
		column += fprintf(out, "%s%.*s", column ? " " : "", len, text);
		text += len + (text[len] == ' ');
	}
	fputc('\n', out);
}

static void print_overview(FILE *out)
{
	fputs("usage: xl [OPTIONS] COMMAND ...\n\nGuests run from configurations in /etc/vm: see "
	      "vm.cfg(5).\n\n",
	      out);
	for (size_t i = 0; cli_commands[i]; i++)
		fprintf(out, "  %-16s %s\n", cli_commands[i]->name, cli_commands[i]->summary);
	fputs("\nOptions, before or behind the command:\n", out);
	print_options(out, cli_global_options);
	fputs("\n'xl COMMAND --help' explains one; 'xl help config' lists the keys of a configuration;\n"
	      "'xl explain CODE' tells what an exit code means.\n", out);
}

void cli_print_help(FILE *out, const struct command *cmd)
{
	if (!cmd) {
		print_overview(out);
		return;
	}
	fprintf(out, "usage: xl %s %s%s\n\n", cmd->name, cmd->options ? "[OPTIONS] " : "", cmd->usage);
	fprintf(out, "%c%s.",
		cmd->summary[0] >= 'a' && cmd->summary[0] <= 'z' ? cmd->summary[0] - 32 : cmd->summary[0],
		cmd->summary + 1);
	fputc('\n', out);
	if (cmd->help)
		print_wrapped(out, cmd->help);
	if (cmd->options)
		fputc('\n', out);
	print_options(out, cmd->options);
	if (cmd->aliases)
		fprintf(out, "\nAlso called: %s\n", cmd->aliases);
	if (cmd->example)
		fprintf(out, "\nExample: xl %s\n", cmd->example);
}

/* What the manual pages are made from. */
static int print_mdoc(const char *part)
{
	if (strcmp(part, "keys") == 0)
		conf_help_mdoc(stdout);
	else if (strcmp(part, "commands") == 0)
		cli_mdoc_commands(stdout);
	else if (strcmp(part, "globals") == 0)
		cli_mdoc_globals(stdout);
	else if (strcmp(part, "codes") == 0)
		cli_mdoc_codes(stdout);
	else
		return cli_usage_error("help --mdoc: parts are keys, commands, globals and codes");
	return 0;
}

static int run_help(struct cli *cli, const struct command *cmd, const struct args *args)
{
	const struct command *about;

	(void)cli;
	(void)cmd;
	if (args_has(args, "mdoc"))
		return print_mdoc(args_value(args, "mdoc"));
	if (args->n_words == 0 || args_has(args, "long")) {
		cli_print_help(stdout, NULL);
		return 0;
	}
	if (strcmp(args->words[0], "config") == 0 && args->n_words == 1) {
		conf_help_all(stdout);
		return 0;
	}
	if (strcmp(args->words[0], "config") == 0) {
		const char *near = conf_key_nearest(args->words[1]);

		if (conf_help_key(stdout, args->words[1]) == 0)
			return 0;
		if (near)
			return cli_usage_error("unknown key '%s' (did you mean '%s'?)", args->words[1], near);
		return cli_usage_error("unknown key '%s'", args->words[1]);
	}
	about = cli_find_command(args->words[0]);
	if (!about)
		return cli_unknown_command(args->words[0]);
	cli_print_help(stdout, about);
	return 0;
}

static int run_explain(struct cli *cli, const struct command *cmd, const struct args *args)
{
	char *rest = NULL;
	long code = args->n_words ? strtol(args->words[0], &rest, 10) : -1;

	(void)cmd;
	if (args->n_words && (*rest || rest == args->words[0]))
		for (code = ERR_CODE_MAX; code >= 0; code--)
			if (strcmp(error_code_name((enum error_code)code), args->words[0]) == 0)
				break;
	if (args->n_words && (code < 0 || code > ERR_CODE_MAX))
		return cli_usage_error("explain: '%.40s' is no exit code: they are 0 to %d; 'xl explain' lists them",
				       args->words[0], ERR_CODE_MAX);
	if (cli->json) {
		json_t *list = json_array();
		int rc;

		for (int i = 0; i <= ERR_CODE_MAX; i++)
			if (code < 0 || code == i)
				json_array_append_new(list,
						      json_pack("{s:i, s:s, s:s}", "code", i, "name",
								error_code_name((enum error_code)i), "help",
								error_code_help((enum error_code)i)));
		rc = cli_print_json(list);
		json_decref(list);
		return rc;
	}
	for (int i = 0; i <= ERR_CODE_MAX; i++)
		if (code < 0 || code == i)
			printf("%2d  %-12s %s\n", i, error_code_name((enum error_code)i),
			       error_code_help((enum error_code)i));
	return 0;
}

static const struct option_def help_options[] = {
	{ 0, "long", NULL, "accepted for compatibility" },
	{ 0, "mdoc", "PART", "a part of the manual pages, from the tables" },
	{ 0 }
};

const struct command cmd_help = {
	.name = "help", .usage = "[COMMAND | config [KEY]]", .summary = "explain a command, or a key of a "
		"configuration",
	.example = "help config disk", .options = help_options, .max_words = 2, .words = WORD_COMMAND,
	.more_words = WORD_KEY,
	.run = run_help,
};
const struct command cmd_explain = {
	.name = "explain", .usage = "[CODE]", .summary = "tell what an exit code means",
	.example = "explain 6", .max_words = 1,
	.run = run_explain,
};
