/* SPDX-License-Identifier: MIT */
/*
 * Options of a command, by its table, through getopt_long.  The global options are understood behind
 * the command as well as before it.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "base/strbuf.h"

#define GLOBAL_BASE 1000	/* getopt values of our own: above all letters */
#define LOCAL_BASE 2000

const struct option_def cli_global_options[] = {
	{ 'v', "verbose", NULL, "say more while working" },
	{ 'q', "quiet", NULL, "no progress" },
	{ 'n', "dry-run", NULL, "check and tell, but change nothing" },
	{ 'N', NULL, NULL, "the same" },
	{ 0, "json", NULL, "print the result as JSON" },
	{ 0, "socket", "PATH", "where xend listens" },
	{ 'h', "help", NULL, "explain the command" },
	{ 0 }
};

int cli_usage_error(const char *fmt, ...)
{
	struct error err = ERROR_INIT;
	va_list ap;

	va_start(ap, fmt);
	error_vset(&err, ERR_USAGE, NULL, fmt, ap);
	va_end(ap);
	error_hint(&err, "'xl help' lists the commands, 'xl COMMAND --help' explains one");
	return cli_fail(&err);
}

struct builder {
	struct option longs[OPTIONS_MAX * 2];
	char shorts[OPTIONS_MAX * 4];
	size_t n_longs, n_shorts;
};

static void add_options(struct builder *b, const struct option_def *defs, int base,
			const struct option_def *skip)
{
	for (int i = 0; defs && (defs[i].letter || defs[i].name); i++) {
		bool taken = false;

		for (const struct option_def *s = skip; s && (s->letter || s->name); s++)
			taken |= s->letter && s->letter == defs[i].letter;
		if (defs[i].name && b->n_longs < OPTIONS_MAX * 2 - 1)
			b->longs[b->n_longs++] = (struct option){
				defs[i].name, defs[i].arg ? required_argument : no_argument, NULL, base + i
			};
		/* A command's own letter hides the global one: -v, -n and -h of older xl differ. */
		if (!defs[i].letter || taken || b->n_shorts + 3 > sizeof(b->shorts))
			continue;
		b->shorts[b->n_shorts++] = defs[i].letter;
		if (defs[i].arg)
			b->shorts[b->n_shorts++] = ':';
	}
	b->shorts[b->n_shorts] = '\0';
}

static void set_global(struct cli *cli, const char *name)
{
	if (!name)
		cli->dry_run = true;	/* -N, the older letter */
	else if (strcmp(name, "verbose") == 0)
		cli->verbose = true;
	else if (strcmp(name, "quiet") == 0)
		cli->quiet = true;
	else if (strcmp(name, "dry-run") == 0)
		cli->dry_run = true;
	else if (strcmp(name, "json") == 0)
		cli->json = true;
	else if (strcmp(name, "socket") == 0)
		cli->socket = optarg;
}

static int index_of_letter(const struct option_def *defs, int letter)
{
	for (int i = 0; defs && (defs[i].letter || defs[i].name); i++)
		if (defs[i].letter && defs[i].letter == letter)
			return i;
	return -1;
}

static int unknown_option(const struct command *cmd, const char *word)
{
	const char *names[OPTIONS_MAX * 2], *near = NULL;
	size_t n = 0;

	for (const struct option_def *o = cmd->options; o && (o->letter || o->name); o++)
		if (o->name)
			names[n++] = o->name;
	for (const struct option_def *o = cli_global_options; o->letter || o->name; o++)
		if (o->name)
			names[n++] = o->name;
	if (strncmp(word, "--", 2) == 0)
		near = nearest_word(word + 2, names, n);
	if (near)
		return cli_usage_error("%s: unknown option '%s' (did you mean '--%s'?)", cmd->name, word,
				       near);
	return cli_usage_error("%s: unknown option '%s'", cmd->name, word);
}

static int check_words(const struct command *cmd, const struct args *args)
{
	if (args->n_words < cmd->min_words)
		return cli_usage_error("%s: argument missing; usage: xl %s %s", cmd->name, cmd->name,
				       cmd->usage);
	if (cmd->max_words >= 0 && args->n_words > cmd->max_words)
		return cli_usage_error("%s: too many arguments, from '%s' on; usage: xl %s %s", cmd->name,
				       args->words[cmd->max_words], cmd->name, cmd->usage);
	return 0;
}

int args_parse(struct cli *cli, const struct command *cmd, int argc, char **argv, struct args *args)
{
	struct builder b = { .shorts = ":", .n_shorts = 1 };
	int c, i;

	memset(args, 0, sizeof(*args));
	args->defs = cmd->options;
	add_options(&b, cmd->options, LOCAL_BASE, NULL);
	add_options(&b, cli_global_options, GLOBAL_BASE, cmd->options);
	optind = 0;
	opterr = 0;
	while ((c = getopt_long(argc, argv, b.shorts, b.longs, NULL)) != -1) {
		if (c == ':')
			return cli_usage_error("%s: option '%s' needs a value", cmd->name, argv[optind - 1]);
		if (c == '?') {
			char letter[] = { '-', (char)optopt, 0 };

			return unknown_option(cmd,
					      optopt && optopt < GLOBAL_BASE ? letter : argv[optind - 1]);
		}
		i = c >= LOCAL_BASE    ? c - LOCAL_BASE
		    : c >= GLOBAL_BASE ? -1
				       : index_of_letter(cmd->options, c);
		if (i >= 0) {
			args->values[i] = optarg ? optarg : "";
			continue;
		}
		i = c >= GLOBAL_BASE ? c - GLOBAL_BASE : index_of_letter(cli_global_options, c);
		if (cli_global_options[i].letter == 'h') {
			cli_print_help(stdout, cmd);
			return -1;
		}
		set_global(cli, cli_global_options[i].name);
	}
	args->words = argv + optind;
	args->n_words = argc - optind;
	return check_words(cmd, args);
}

const char *args_value(const struct args *args, const char *name)
{
	for (int i = 0; args->defs && (args->defs[i].letter || args->defs[i].name); i++)
		if (args->defs[i].name ? strcmp(args->defs[i].name, name) == 0 :
		    args->defs[i].letter == name[0] && !name[1])
			return args->values[i];
	return NULL;
}

bool args_has(const struct args *args, const char *name)
{
	return args_value(args, name) != NULL;
}

int args_number(const struct args *args, const char *name, int64_t lo, int64_t hi, int64_t *num)
{
	const char *text = args_value(args, name);
	long long value;
	char *rest;

	if (!text)
		return 0;
	errno = 0;
	value = strtoll(text, &rest, 0);
	if (errno || *rest || rest == text || value < lo || value > hi)
		return cli_usage_error("option '%s': '%s' is not a number from %lld to %lld", name, text,
				       (long long)lo, (long long)hi);
	*num = value;
	return 0;
}
