/* SPDX-License-Identifier: MIT */
/* The tables of commands and codes as mdoc: the parts of xl(1) that `make man` puts in. */
#include <string.h>

#include "cli/commands.h"

static void put_text(FILE *out, const char *text)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", out);	/* not a request */
	for (; *text; text++) {
		if (*text == '\\')
			fputs("\\e", out);
		else if (*text == '.' && text[1] == ' ' && text[2] >= 'A' && text[2] <= 'Z')
			fputs(".\n", out), text++;
		else
			fputc(*text, out);
	}
}

/* A word inside a macro line, guarded against being taken for a macro or for punctuation. */
static void put_arg(FILE *out, const char *text)
{
	fputs(" \"\\&", out);
	for (; *text; text++)
		fputs(*text == '"' ? "\\(dq" : *text == '\\' ? "\\e" : (char[]){ *text, 0 }, out);
	fputc('"', out);
}

static void put_options(FILE *out, const struct option_def *defs)
{
	if (!defs)
		return;
	fputs(".Bl -tag -width Ds -compact\n", out);
	for (const struct option_def *o = defs; o->letter || o->name; o++) {
		if (!o->name)
			continue;
		fputs(".It", out);
		if (o->letter)
			fprintf(out, " Fl %c ,", o->letter);
		fprintf(out, " Fl Fl %s", o->name);
		if (o->arg) {
			fputs(" Ar", out);
			put_arg(out, o->arg);
		}
		fputc('\n', out);
		put_text(out, o->help);
		fputs(".\n", out);
	}
	fputs(".El\n", out);
}

void cli_mdoc_commands(FILE *out)
{
	fputs(".Bl -tag -width Ds\n", out);
	for (size_t i = 0; cli_commands[i]; i++) {
		const struct command *cmd = cli_commands[i];

		fputs(".It Ic", out);
		put_arg(out, cmd->name);
		if (cmd->usage[0]) {
			fputs(" Ar", out);
			put_arg(out, cmd->usage);
		}
		fprintf(out, "\n%c",
			cmd->summary[0] >= 'a' && cmd->summary[0] <= 'z' ? cmd->summary[0] - 32
									 : cmd->summary[0]);
		put_text(out, cmd->summary + 1);
		fputs(".\n", out);
		if (cmd->help) {
			put_text(out, cmd->help);
			fputc('\n', out);
		}
		put_options(out, cmd->options);
		if (cmd->aliases)
			fprintf(out, "Also called\n.Ic %s .\n", cmd->aliases);
		if (cmd->example) {
			fputs(".Dl", out);
			put_arg(out, "xl");
			put_arg(out, cmd->example);
			fputc('\n', out);
		}
	}
	fputs(".El\n", out);
}

void cli_mdoc_globals(FILE *out)
{
	put_options(out, cli_global_options);
}

void cli_mdoc_codes(FILE *out)
{
	fputs(".Bl -tag -width Ds -compact\n", out);
	for (int i = 0; i <= ERR_CODE_MAX; i++)
		fprintf(out, ".It %d %s\n%s\n", i, error_code_name((enum error_code)i),
			error_code_help((enum error_code)i));
	fputs(".El\n", out);
}
