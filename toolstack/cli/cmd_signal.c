/* SPDX-License-Identifier: MIT */
/* sysrq and trigger: poking a guest. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

static int run_sysrq(struct cli *cli, const struct command *cmd, const struct args *args)
{
	const char *key = args->words[1];

	if (strlen(key) != 1 || !isalnum((unsigned char)key[0]))
		return cli_usage_error("sysrq: '%s' is not one letter or digit", key);
	return cli_change(cli, cmd, json_pack("{s:s, s:s}", "guest", args->words[0], "key", key),
			       NULL);
}

static int run_trigger(struct cli *cli, const struct command *cmd, const struct args *args)
{
	static const char *const names[] = { "nmi", "reset", "init", "power", "sleep", "s3resume" };
	json_t *req;
	bool known = false;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		known |= strcmp(names[i], args->words[1]) == 0;
	if (!known)
		return cli_usage_error("trigger: '%s' is none of nmi, reset, init, power, sleep, s3resume",
				       args->words[1]);
	req = json_pack("{s:s, s:s}", "guest", args->words[0], "trigger", args->words[1]);
	if (args->n_words > 2) {
		char *rest;
		long vcpu = strtol(args->words[2], &rest, 10);

		if (*rest || rest == args->words[2] || vcpu < 0 || vcpu > 127) {
			json_decref(req);
			return cli_usage_error("trigger: '%s' is no vCPU's number", args->words[2]);
		}
		json_object_set_new(req, "vcpu", json_integer(vcpu));
	}
	return cli_change(cli, cmd, req, NULL);
}

const struct command cmd_sysrq = {
	.name = "sysrq", .usage = "GUEST KEY", .summary = "press a magic SysRq key in a guest",
	.help = "The guest's kernel says on its console what it does: h for help, s to sync, t for "
		"tasks.", .example = "sysrq web t",
	.min_words = 2, .max_words = 2, .words = WORD_GUEST, .op = "sysrq", .run = run_sysrq,
};
const struct command cmd_trigger = {
	.name = "trigger", .usage = "GUEST EVENT [VCPU]", .summary = "send an event to a guest's CPU",
	.help = "EVENT is nmi, reset, init, power, sleep or s3resume; a PV guest takes nmi.",
	.example = "trigger web nmi 0",
	.min_words = 2, .max_words = 3, .words = WORD_GUEST, .more_words = WORD_TRIGGER, .op = "trigger",
	.run = run_trigger,
};
