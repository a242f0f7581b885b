/* SPDX-License-Identifier: MIT */
/*
 * completion: a bash script made from the tables, so that it knows every command, option and key.
 * Guests' names are asked from the daemon when they are needed.
 */
#include <string.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "conf/keys.h"

static const char *const word_actions[] = {
	[WORD_NONE] = "",
	[WORD_GUEST] = "_xl_guests",
	[WORD_DEFINED] = "_xl_guests --all",
	[WORD_FILE] = "_xl_files",
	[WORD_COMMAND] = "_xl_words \"$_xl_commands config\"",
	[WORD_KEY] = "_xl_keys",
	[WORD_STATE] = "_xl_words \"running stopped paused crashed address\"",
	[WORD_TRIGGER] = "_xl_words \"nmi reset init power sleep s3resume\"",
	[WORD_NET] = "_xl_words \"status setup confirm rollback\"",
};

static void print_option_words(const struct option_def *defs)
{
	for (const struct option_def *o = defs; o && (o->letter || o->name); o++) {
		if (o->name)
			printf("--%s ", o->name);
		if (o->letter)
			printf("-%c ", o->letter);
	}
}

static const char prologue[] =
	"# bash completion for xl and xm; made by 'xl completion bash'\n"
	"_xl_words() { mapfile -t -O \"${#COMPREPLY[@]}\" COMPREPLY < <(compgen -W \"$1\" -- \"$cur\"); }\n"
	"_xl_guests() { _xl_words \"$(xl list --names \"$@\" 2>/dev/null | tr '\\n' ' ')\"; }\n"
	"_xl_files() {\n"
	"\tcompopt -o filenames\n"
	"\tif [[ -z $cur && -d /etc/vm ]]; then cur=/etc/vm/; fi\n"
	"\tmapfile -t -O \"${#COMPREPLY[@]}\" COMPREPLY < <(compgen -f -- \"$cur\")\n"
	"}\n"
	"_xl_keys() { compopt -o nospace; mapfile -t COMPREPLY < <(compgen -S = -W \"$_xl_config_keys\" "
		"-- \"$cur\"); }\n";

static const char walker[] =
	"\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} cmd= words=0 i\n"
	"\tCOMPREPLY=()\n"
	"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	"\t\tif [[ ${COMP_WORDS[i]} == -* ]]; then continue; fi\n"
	"\t\tif [[ -z $cmd ]]; then cmd=${COMP_WORDS[i]}; else words=$((words + 1)); fi\n"
	"\tdone\n"
	"\tif [[ -z $cmd ]]; then _xl_words \"$_xl_commands $_xl_global\"; return; fi\n"
	"\tcase $cmd in\n";

/* Behind an option whose value is of a kind that we know: that kind. */
static void print_values(const struct option_def *defs, const char *arg, const char *action)
{
	bool some = false;

	for (const struct option_def *o = defs; o && (o->letter || o->name); o++) {
		if (!o->arg || strcmp(o->arg, arg))
			continue;
		fputs(some ? " " : "\t\tif [[ \" ", stdout);
		some = true;
		if (o->name)
			printf("--%s", o->name);
		if (o->letter)
			printf("%s-%c", o->name ? " " : "", o->letter);
	}
	if (some)
		printf(" \" == *\" $prev \"* ]]; then %s; return; fi\n", action);
}

static void print_case(const struct command *cmd)
{
	printf("\t%s", cmd->name);
	for (const char *s = cmd->aliases; s && *s; s += strcspn(s, " "), s += strspn(s, " "))
		printf("|%.*s", (int)strcspn(s, " "), s);
	puts(")");
	print_values(cmd->options, "FILE", word_actions[WORD_FILE]);
	print_values(cmd->options, "GUEST", word_actions[WORD_GUEST]);
	printf("\t\tif [[ $cur == -* ]]; then _xl_words \"");
	print_option_words(cmd->options);
	printf("$_xl_global\"");
	if (cmd->max_words != 0 && cmd->words != WORD_NONE)
		printf("\n\t\telif [[ $words == 0 ]]; then %s", word_actions[cmd->words]);
	if (cmd->max_words != 1 && cmd->more_words != WORD_NONE)
		printf("\n\t\telif [[ $words -gt 0 ]]; then %s", word_actions[cmd->more_words]);
	printf("\n\t\tfi ;;\n");
}

static int run_completion(struct cli *cli, const struct command *cmd, const struct args *args)
{
	(void)cli;
	(void)cmd;
	if (args->n_words && strcmp(args->words[0], "bash"))
		return cli_usage_error("completion: there is one for bash only, not for '%s'",
				       args->words[0]);
	fputs(prologue, stdout);
	fputs("_xl_commands=\"", stdout);
	for (size_t i = 0; cli_commands[i]; i++)
		printf("%s%s", i ? " " : "", cli_commands[i]->name);
	fputs("\"\n_xl_global=\"", stdout);
	print_option_words(cli_global_options);
	fputs("\"\n_xl_config_keys=\"", stdout);
	conf_for_each_key(sec, key)
		printf("%s ", key->name);
	fputs("\"\n_xl() {\n", stdout);
	fputs(walker, stdout);
	for (size_t i = 0; cli_commands[i]; i++)
		print_case(cli_commands[i]);
	fputs("\tesac\n}\ncomplete -F _xl xl xm\n", stdout);
	return 0;
}

const struct command cmd_completion = {
	.name = "completion", .usage = "[bash]", .summary = "print a script that completes xl's words in "
		"bash",
	.help = "The package installs it; by hand: xl completion bash > "
		"/usr/share/bash-completion/completions/xl",
	.example = "completion bash", .max_words = 1, .run = run_completion,
};
