/* SPDX-License-Identifier: MIT */
/* The tables of commands and codes as mdoc: the parts of xl(1) that `make man` puts in. */
#include <ctype.h>

#include "base/mdoc.h"
#include "cli/commands.h"

/* A summary or an option's help: made a sentence. */
static void put_sentence(FILE *out, const char *text)
{
	char sentence[300];

	snprintf(sentence, sizeof(sentence), "%c%s.", toupper((unsigned char)text[0]), text + 1);
	mdoc_text(out, sentence);
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
			mdoc_arg(out, o->arg);
		}
		fputc('\n', out);
		put_sentence(out, o->help);
	}
	fputs(".El\n", out);
}

void cli_mdoc_commands(FILE *out)
{
	fputs(".Bl -tag -width Ds\n", out);
	for (size_t i = 0; cli_commands[i]; i++) {
		const struct command *cmd = cli_commands[i];

		fputs(".It Ic", out);
		mdoc_arg(out, cmd->name);
		if (cmd->usage[0]) {
			fputs(" Ar", out);
			mdoc_arg(out, cmd->usage);
		}
		fputc('\n', out);
		put_sentence(out, cmd->summary);
		if (cmd->help)
			mdoc_text(out, cmd->help);
		put_options(out, cmd->options);
		if (cmd->aliases)
			fprintf(out, "Also called\n.Ic %s .\n", cmd->aliases);
		if (cmd->example) {
			fputs(".Dl", out);
			mdoc_arg(out, "xl");
			mdoc_arg(out, cmd->example);
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
	for (int i = 0; i <= ERR_CODE_MAX; i++) {
		fprintf(out, ".It %d %s\n", i, error_code_name((enum error_code)i));
		mdoc_text(out, error_code_help((enum error_code)i));
	}
	fputs(".El\n", out);
}
