/* SPDX-License-Identifier: MIT */
/* vcpu-list and vcpu-pin: where guests' CPUs run. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "conf/conf.h"

static void print_vcpu(const json_t *v)
{
	const json_t *cpu = json_object_get(v, "cpu");
	char name[128], where[16], hard[256], soft[256];

	if (json_is_integer(cpu) && json_is_true(json_object_get(v, "online")))
		snprintf(where, sizeof(where), "%lld", (long long)json_integer_value(cpu));
	else
		strcpy(where, "-");
	printf("%-33s %5lld %5lld %4s   %-3s %10.1f  %s / %s\n",
	       cli_safe(name, sizeof(name), json_text(v, "name", "?")),
	       (long long)json_number(v, "domid", -1), (long long)json_number(v, "vcpu", 0), where,
	       json_text(v, "state", "---"), (double)json_number(v, "cpu_time_ns", 0) / 1e9,
	       cli_safe(hard, sizeof(hard), json_text(v, "hard", "all")),
	       cli_safe(soft, sizeof(soft), json_text(v, "soft", "all")));
}

static int run_vcpu_list(struct cli *cli, const struct command *cmd, const struct args *args)
{
	return cli_show_lists(cli, cmd, args,
			      "Name                                 ID  VCPU   CPU State   Time(s) "
			      "Affinity (Hard / Soft)",
			      "vcpus", print_vcpu);
}

/* "-" leaves an affinity as it is. */
static int add_cpus(json_t *req, const char *name, const char *text)
{
	struct error err = ERROR_INIT;
	struct guest_cpus cpus;

	if (strcmp(text, "-") == 0)
		return 0;
	if (conf_parse_cpus(text, &cpus, &err))
		return cli_fail(&err);
	json_object_set_new(req, name, json_string(text));
	return 0;
}

static int run_vcpu_pin(struct cli *cli, const struct command *cmd, const struct args *args)
{
	const char *which = args->words[1];
	json_t *req;
	long vcpu = -1;
	char *rest;
	int rc;

	if (strcmp(which, "all")) {
		vcpu = strtol(which, &rest, 10);
		if (*rest || rest == which || vcpu < 0 || vcpu > 127)
			return cli_usage_error("vcpu-pin: '%s' is neither a vCPU's number nor all", which);
	}
	req = json_pack("{s:s, s:i}", "guest", args->words[0], "vcpu", (int)vcpu);
	rc = add_cpus(req, "hard", args->words[2]);
	if (!rc && args->n_words > 3)
		rc = add_cpus(req, "soft", args->words[3]);
	if (rc) {
		json_decref(req);
		return rc;
	}
	return cli_change(cli, cmd, req, NULL);
}

static const struct option_def pin_options[] = {
	{ 'f', "force", NULL, "accepted for compatibility" },
	{ 0, "ignore-global-affinity-masks", NULL, "accepted for compatibility: there are none" },
	{ 0 }
};

const struct command cmd_vcpu_list = {
	.name = "vcpu-list",
	.usage = "[GUEST...]",
	.summary = "show guests' vCPUs and where they may run",
	.example = "vcpu-list web",
	.max_words = -1,
	.words = WORD_GUEST,
	.more_words = WORD_GUEST,
	.op = "vcpu-list",
	.run = run_vcpu_list,
};
const struct command cmd_vcpu_pin = {
	.name = "vcpu-pin", .usage = "GUEST VCPU|all CPUS [SOFT]", .summary = "say on which CPUs a vCPU "
		"may run",
	.help = "CPUS and SOFT are lists as in vm.cfg(5): 0-3,^1, all, nodes:0. A '-' leaves one as it is.",
	.example = "vcpu-pin web all 0-3", .options = pin_options, .min_words = 3, .max_words = 4,
	.words = WORD_GUEST,
	.op = "vcpu-pin", .run = run_vcpu_pin,
};
