/* SPDX-License-Identifier: MIT */
/* info, dmesg, debug-keys: the host and its hypervisor. */
#include <inttypes.h>

#include "cli/cli.h"

/* The rows of `info` in the order that xl prints them; scripts cut at the colon. */
static const struct row {
	const char *label;
	const char *kib;	/* a field in KiB, shown as MiB; NULL: the field is called as the label */
} rows[] = {
	{ "host", NULL }, { "release", NULL }, { "version", NULL }, { "machine", NULL }, { "nr_cpus", NULL },
	{ "max_cpu_id", NULL }, { "nr_nodes", NULL }, { "cores_per_socket", NULL }, { "threads_per_core", NULL },
	{ "cpu_mhz", NULL }, { "hw_caps", NULL }, { "virt_caps", NULL }, { "total_memory", "total_memory_kib" },
	{ "free_memory", "free_memory_kib" }, { "sharing_freed_memory", "sharing_freed_kib" },
	{ "sharing_used_memory", "sharing_used_kib" }, { "outstanding_claims", "outstanding_kib" },
	{ "free_cpus", NULL }, { "xen_major", NULL }, { "xen_minor", NULL }, { "xen_extra", NULL },
	{ "xen_version", NULL }, { "xen_caps", NULL }, { "xen_scheduler", NULL }, { "xen_pagesize", NULL },
	{ "platform_params", NULL }, { "xen_changeset", NULL }, { "xen_commandline", NULL }, { "cc_compiler", NULL },
	{ "cc_compile_by", NULL }, { "cc_compile_domain", NULL }, { "cc_compile_date", NULL }, { "build_id", NULL },
	{ "xend_version", NULL },
};

static void print_row(const struct row *row, const json_t *info)
{
	const json_t *value = json_object_get(info, row->kib ? row->kib : row->label);
	char text[1024];

	if (json_is_string(value))
		printf("%-23s: %s\n", row->label, cli_safe(text, sizeof(text), json_string_value(value)));
	else if (json_is_integer(value))
		printf("%-23s: %" PRId64 "\n", row->label,
		       (int64_t)json_integer_value(value) / (row->kib ? 1024 : 1));
	else if (json_is_real(value))
		printf("%-23s: %.3f\n", row->label, json_real_value(value));
}

/* xl's table of -n.  Everything is one node here (CAVEATS.md), with all the memory. */
static void print_numa(const json_t *info)
{
	puts("numa_info              :\nnode:    memsize    memfree    distances");
	printf("%4d:    %6lld     %6lld      10\n", 0, (long long)json_number(info, "total_memory_kib", 0) / 1024,
	       (long long)json_number(info, "free_memory_kib", 0) / 1024);
}

static int run_info(struct cli *cli, const struct command *cmd, const struct args *args)
{
	json_t *result = NULL;
	int rc = cli_simple_call(cli, cmd->op, json_object(), &result);

	for (size_t i = 0; !rc && !cli->json && i < sizeof(rows) / sizeof(rows[0]); i++)
		print_row(&rows[i], result);
	if (!rc && !cli->json && args_has(args, "numa") && json_number(result, "nr_nodes", 1) == 1)
		print_numa(result);
	json_decref(result);
	return rc;
}

static int print_chunk(struct cli *cli, const json_t *data, void *arg)
{
	(void)cli;
	(void)arg;
	if (!json_is_string(data))
		return 0;
	return fwrite(json_string_value(data), 1, json_string_length(data), stdout) !=
		       json_string_length(data) ||
	       fflush(stdout) == EOF;
}

static int run_dmesg(struct cli *cli, const struct command *cmd, const struct args *args)
{
	struct cli_call call = { .op = cmd->op, .args = json_object(), .on_data = print_chunk };
	int rc;

	if (args_has(args, "clear"))
		json_object_set_new(call.args, "clear", json_true());
	rc = cli_call(cli, &call);
	json_decref(call.result);
	return rc;
}

static int run_logs(struct cli *cli, const struct command *cmd, const struct args *args)
{
	struct cli_call call = { .op = cmd->op, .args = json_pack("{s:s}", "guest", args->words[0]),
				 .on_data = print_chunk };
	int64_t lines = -1;
	int rc = args_number(args, "lines", 0, 1000000, &lines);

	if (rc) {
		json_decref(call.args);
		return rc;
	}
	if (lines >= 0)
		json_object_set_new(call.args, "lines", json_integer(lines));
	if (args_has(args, "follow"))
		json_object_set_new(call.args, "follow", json_true());
	rc = cli_call(cli, &call);
	json_decref(call.result);
	return rc;
}

static int run_debug_keys(struct cli *cli, const struct command *cmd, const struct args *args)
{
	return cli_change(cli, cmd, json_pack("{s:s}", "keys", args->words[0]), NULL);
}

static const struct option_def info_options[] = {
	{ 'n', "numa", NULL, "the NUMA nodes, too" },
	{ 0 }
};
static const struct option_def dmesg_options[] = {
	{ 'c', "clear", NULL, "empty the ring behind it" },
	{ 0 }
};
static const struct option_def logs_options[] = {
	{ 'l', "lines", "N", "only the last lines" },
	{ 'f', "follow", NULL, "go on as lines come" },
	{ 0 }
};

const struct command cmd_info = {
	.name = "info", .usage = "", .summary = "tell about the host and its hypervisor", .example = "info",
	.options = info_options, .op = "info", .run = run_info,
};
const struct command cmd_dmesg = {
	.name = "dmesg", .usage = "", .summary = "print the hypervisor's log", .example = "dmesg | tail",
	.options = dmesg_options, .op = "dmesg", .run = run_dmesg,
};
const struct command cmd_logs = {
	.name = "logs", .usage = "GUEST", .summary = "print what a guest's console said, with times",
	.help = "The files are /var/log/xend/console/GUEST.log.", .example = "logs -f web",
	.options = logs_options, .min_words = 1,
	.max_words = 1, .words = WORD_GUEST, .op = "logs", .run = run_logs,
};
const struct command cmd_debug_keys = {
	.name = "debug-keys", .usage = "KEYS", .summary = "press debug keys of the hypervisor",
	.help = "'h' lists them; 'xl dmesg' shows what they print.", .example = "debug-keys h",
	.min_words = 1, .max_words = 1,
	.op = "debug-keys", .run = run_debug_keys,
};
