/* SPDX-License-Identifier: MIT */
/* mem-set, mem-max, vcpu-set, sched-credit2: how much a guest gets. */
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "conf/conf.h"

#define BALLOON_S 10	/* that mem-set gives a guest, if nothing is said */

static int parse_memory(const char *text, uint64_t *kib)
{
	struct error err = ERROR_INIT;

	if (conf_parse_mem_kib(text, 'M', kib, &err) == 0 && *kib)
		return 0;
	if (!error_is_set(&err))
		error_set(&err, ERR_USAGE, NULL, "'%.40s' is no amount of memory", text);
	error_hint(&err, "MiB, or with a suffix: 512, 512M, 2G");
	err.code = ERR_USAGE;
	return cli_fail(&err);
}

static int run_memory(struct cli *cli, const struct command *cmd, const struct args *args)
{
	char actual[32], target[32];
	json_t *req, *result = NULL;
	int64_t wait_s = cmd == &cmd_mem_set ? BALLOON_S : -1;
	uint64_t kib = 0;
	int rc = parse_memory(args->words[1], &kib);

	if (!rc)
		rc = args_number(args, "wait", 0, 3600, &wait_s);
	if (rc)
		return rc;
	req = json_pack("{s:s, s:I}", "guest", args->words[0], "kib", (json_int_t)kib);
	if (wait_s >= 0)
		json_object_set_new(req, "wait_s", json_integer(wait_s));
	if (args_has(args, "force"))
		json_object_set_new(req, "force", json_true());
	rc = cli_change(cli, cmd, req, &result);
	if (!rc && !cli->json && !cli->quiet && !cli->dry_run && json_object_get(result, "reached")) {
		cli_format_kib((uint64_t)json_number(result, "actual_kib", 0), actual, sizeof(actual));
		cli_format_kib((uint64_t)json_number(result, "target_kib", 0), target, sizeof(target));
		if (json_is_true(json_object_get(result, "reached")))
			printf("guest '%s' has %s\n", args->words[0], actual);
		else
			printf("guest '%s' has %s now and is on its way to %s\n", args->words[0], actual,
			       target);
	}
	json_decref(result);
	return rc;
}

static int run_vcpu_set(struct cli *cli, const struct command *cmd, const struct args *args)
{
	char *rest;
	long n = strtol(args->words[1], &rest, 10);

	if (*rest || n < 1 || n > 128)
		return cli_usage_error("vcpu-set: '%s' is not a number from 1 to 128", args->words[1]);
	return cli_change(cli, cmd, json_pack("{s:s, s:i}", "guest", args->words[0], "vcpus", (int)n), NULL);
}

static void print_schedule(const json_t *result)
{
	const json_t *guests = json_object_get(result, "guests");

	if (json_object_get(result, "ratelimit_us"))
		printf("Cpupool Pool-0: ratelimit=%lldus\n",
		       (long long)json_number(result, "ratelimit_us", 0));
	puts("Name                                ID Weight  Cap");
	for (size_t i = 0; i < json_array_size(guests); i++) {
		const json_t *guest = json_array_get(guests, i);
		char name[128];

		printf("%-33s %4lld %6lld %4lld\n",
		       cli_safe(name, sizeof(name), json_text(guest, "name", "?")),
		       (long long)json_number(guest, "domid", -1), (long long)json_number(guest, "weight", 0),
		       (long long)json_number(guest, "cap", 0));
	}
}

static int run_sched(struct cli *cli, const struct command *cmd, const struct args *args)
{
	const char *guest = args_value(args, "domain");
	int64_t weight = -1, cap = -1, limit = -1;
	json_t *req, *result = NULL;
	int rc = args_number(args, "weight", 1, 65535, &weight);

	if (!rc)
		rc = args_number(args, "cap", 0, 100 * 1024, &cap);
	if (!rc)
		rc = args_number(args, "ratelimit_us", 0, 500000, &limit);
	if (!guest && args->n_words)
		guest = args->words[0];
	if (!rc && !guest && (weight >= 0 || cap >= 0))
		rc = cli_usage_error("sched-credit2: whose weight or cap? Say -d GUEST");
	if (rc)
		return rc;
	req = json_object();
	if (guest)
		json_object_set_new(req, "guest", json_string(guest));
	if (weight >= 0)
		json_object_set_new(req, "weight", json_integer(weight));
	if (cap >= 0)
		json_object_set_new(req, "cap", json_integer(cap));
	if (limit >= 0)
		json_object_set_new(req, "ratelimit_us", json_integer(limit));
	if (weight < 0 && cap < 0 && limit < 0)
		rc = cli_simple_call(cli, cmd->op, req, &result);
	else
		rc = cli_change(cli, cmd, req, NULL);
	if (result && !cli->json)
		print_schedule(result);
	json_decref(result);
	return rc;
}

static const struct option_def memory_options[] = {
	{ 'w', "wait", "SECONDS", "give the guest so long to get there (10)" },
	{ 'f', "force", NULL, "even if it is less than a kernel needs" },
	{ 'm', "mem", NULL, "accepted for compatibility" },
	{ 0 }
};
static const struct option_def vcpu_options[] = {
	{ 'i', "ignore-host", NULL, "accepted for compatibility: more vCPUs than CPUs are allowed" },
	{ 0 }
};
static const struct option_def sched_options[] = {
	{ 'd', "domain", "GUEST", "the guest" },
	{ 'w', "weight", "N", "its share when CPUs are short, 1 to 65535" },
	{ 'c', "cap", "PERCENT", "the most it gets: 50 is half a CPU; 0 no limit" },
	{ 's', "schedparam", NULL, "accepted for compatibility: show the parameters" },
	{ 'r', "ratelimit_us", "MICROSECONDS", "shortest run before another guest takes over" },
	{ 'p', "cpupool", "POOL", "accepted for compatibility: there is one pool" },
	{ 0 }
};

const struct command cmd_mem_set = {
	.name = "mem-set", .usage = "GUEST MEMORY", .summary = "give a running guest more or less memory",
	.help = "MEMORY is in MiB, or with a suffix: 512M, 2G. Says whether the guest got there. Less than 48 MiB "
		"and a sixteenth of maxmem is refused: Linux gives up what it needs itself, and hangs.",
	.example = "mem-set web 1G",
	.options = memory_options, .min_words = 2, .max_words = 2, .words = WORD_GUEST, .op = "mem-set",
	.run = run_memory,
};
const struct command cmd_mem_max = {
	.name = "mem-max", .usage = "GUEST MEMORY", .summary = "set the most memory a guest may have",
	.example = "mem-max web 2G",
	.min_words = 2, .max_words = 2, .words = WORD_GUEST, .op = "mem-max", .run = run_memory,
};
const struct command cmd_vcpu_set = {
	.name = "vcpu-set", .usage = "GUEST N", .summary = "set how many vCPUs of a guest may be online",
	.help = "Up to maxvcpus of its configuration. The guest takes those away that are too many; new ones it brings "
		"online itself, or is told to: echo 1 > /sys/devices/system/cpu/cpu1/online",
	.example = "vcpu-set web 2",
	.options = vcpu_options, .min_words = 2, .max_words = 2, .words = WORD_GUEST, .op = "vcpu-set",
	.run = run_vcpu_set,
};
const struct command cmd_sched_credit2 = {
	.name = "sched-credit2", .usage = "[-d GUEST [-w N] [-c PERCENT]]",
	.summary = "show or set weights and caps",
	.example = "sched-credit2 -d web -w 512", .options = sched_options, .max_words = 1,
	.words = WORD_GUEST,
	.op = "sched-credit2", .run = run_sched,
};
