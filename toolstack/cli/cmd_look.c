/* SPDX-License-Identifier: MIT */
/* uptime, domid, domname, metrics, events, version: short answers. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/cli.h"

static void print_uptime(const json_t *guest)
{
	char name[128], age[48];

	cli_format_duration(json_number(guest, "uptime_s", 0), age, sizeof(age));
	printf("%-33s %4lld %s\n", cli_safe(name, sizeof(name), json_text(guest, "name", "?")),
	       (long long)json_number(guest, "domid", -1), age);
}

static int run_uptime(struct cli *cli, const struct command *cmd, const struct args *args)
{
	return cli_show_lists(cli, cmd, args,
			      args_has(args, "short") ? NULL : "Name                                ID Uptime",
			      "guests", print_uptime);
}

static int run_domid(struct cli *cli, const struct command *cmd, const struct args *args)
{
	json_t *result = NULL;
	int rc = cli_simple_call(cli, cmd->op, json_pack("{s:s}", "guest", args->words[0]), &result);

	if (!rc && !cli->json)
		printf("%lld\n", (long long)json_number(result, "domid", -1));
	json_decref(result);
	return rc;
}

static int run_domname(struct cli *cli, const struct command *cmd, const struct args *args)
{
	json_t *result = NULL;
	char name[128];
	size_t len = strlen(args->words[0]);
	int rc;

	if (len == 0 || len > 5 || strspn(args->words[0], "0123456789") != len)
		return cli_usage_error("domname: '%s' is no domain number", args->words[0]);
	rc = cli_simple_call(cli, cmd->op, json_pack("{s:i}", "domid", atoi(args->words[0])), &result);
	if (!rc && !cli->json)
		puts(cli_safe(name, sizeof(name), json_text(result, "name", "?")));
	json_decref(result);
	return rc;
}

static int run_metrics(struct cli *cli, const struct command *cmd, const struct args *args)
{
	json_t *result = NULL;
	int rc = cli_simple_call(cli, cmd->op, json_object(), &result);

	(void)args;
	if (!rc && !cli->json)
		fputs(json_text(result, "text", ""), stdout);
	json_decref(result);
	return rc;
}

static int print_event(struct cli *cli, const json_t *data, void *arg)
{
	char name[128], detail[300], stamp[32];
	time_t when = (time_t)json_number(data, "time", 0);
	struct tm tm;

	(void)arg;
	if (cli->json) {
		json_dumpf(data, stdout, JSON_COMPACT);
		putchar('\n');
	} else {
		localtime_r(&when, &tm);
		strftime(stamp, sizeof(stamp), "%F %T", &tm);
		printf("%s %s %s %s\n", stamp, cli_safe(name, sizeof(name), json_text(data, "guest", "-")),
		       json_text(data, "event", "?"),
		       cli_safe(detail, sizeof(detail), json_text(data, "detail", "")));
	}
	return fflush(stdout) == EOF;
}

static int run_events(struct cli *cli, const struct command *cmd, const struct args *args)
{
	struct cli_call call = { .op = cmd->op, .args = json_object(), .on_data = print_event };
	int rc = cli_call(cli, &call);

	(void)args;
	json_decref(call.result);
	return rc;
}

static int run_version(struct cli *cli, const struct command *cmd, const struct args *args)
{
	struct cli_call call = { .op = cmd->op, .args = json_object(), .quiet_errors = true };
	int rc = cli_call(cli, &call);

	(void)args;
	if (cli->json && !rc)
		cli_print_json(call.result);
	else
		printf("xl %s\nxend %s\n", TOOLSTACK_VERSION,
		       rc ? "does not answer" : json_text(call.result, "xend_version", "?"));
	json_decref(call.result);
	return 0;
}

static const struct option_def uptime_options[] = {
	{ 's', "short", NULL, "without the heading" },
	{ 0 }
};

const struct command cmd_uptime = {
	.name = "uptime", .usage = "[GUEST...]", .summary = "since when guests run", .example = "uptime web",
	.options = uptime_options, .max_words = -1, .words = WORD_GUEST, .more_words = WORD_GUEST, .op = "uptime",
	.run = run_uptime,
};
const struct command cmd_domid = {
	.name = "domid", .usage = "GUEST", .summary = "a guest's domain number", .example = "domid web",
	.min_words = 1,
	.max_words = 1, .words = WORD_GUEST, .op = "domid", .run = run_domid,
};
const struct command cmd_domname = {
	.name = "domname", .usage = "DOMID", .summary = "the name of a domain number",
	.example = "domname 3", .min_words = 1,
	.max_words = 1, .op = "domname", .run = run_domname,
};
const struct command cmd_metrics = {
	.name = "metrics", .usage = "", .summary = "figures in the format of Prometheus",
	.help = "The same text stands on the socket /run/xend/metrics for scrapers.",
	.example = "metrics", .op = "metrics",
	.run = run_metrics,
};
const struct command cmd_events = {
	.name = "events", .usage = "", .summary = "tell what happens to guests, as it happens",
	.example = "events --json",
	.op = "events", .run = run_events,
};
const struct command cmd_version = {
	.name = "version", .usage = "", .summary = "versions of xl and of the daemon",
	.example = "version", .op = "version",
	.run = run_version,
};
