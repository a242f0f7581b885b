/* SPDX-License-Identifier: MIT */
/* info, dmesg, debug-keys: the host and its hypervisor. */
#include <inttypes.h>

#include "cli/cli.h"

/* The rows of `info` in the order that xl prints them; scripts cut at the colon. */
static const struct row {
	const char *label, *field;
	bool mib;		/* the field is KiB, shown as MiB */
} rows[] = {
	{ "host", "host", false }, { "release", "release", false }, { "version", "version", false },
	{ "machine", "machine", false }, { "nr_cpus", "nr_cpus", false }, { "max_cpu_id", "max_cpu_id",
	false },
	{ "nr_nodes", "nr_nodes", false }, { "cores_per_socket", "cores_per_socket", false },
	{ "threads_per_core", "threads_per_core", false }, { "cpu_mhz", "cpu_mhz", false }, { "hw_caps",
	"hw_caps", false },
	{ "virt_caps", "virt_caps", false }, { "total_memory", "total_memory_kib", true },
	{ "free_memory", "free_memory_kib", true }, { "sharing_freed_memory", "sharing_freed_kib", true },
	{ "sharing_used_memory", "sharing_used_kib", true }, { "outstanding_claims", "outstanding_kib",
	true },
	{ "free_cpus", "free_cpus", false }, { "xen_major", "xen_major", false }, { "xen_minor",
	"xen_minor", false },
	{ "xen_extra", "xen_extra", false }, { "xen_version", "xen_version", false }, { "xen_caps",
	"xen_caps", false },
	{ "xen_scheduler", "xen_scheduler", false }, { "xen_pagesize", "xen_pagesize", false },
	{ "platform_params", "platform_params", false }, { "xen_changeset", "xen_changeset", false },
	{ "xen_commandline", "xen_commandline", false }, { "cc_compiler", "cc_compiler", false },
	{ "cc_compile_by", "cc_compile_by", false }, { "cc_compile_domain", "cc_compile_domain", false },
	{ "cc_compile_date", "cc_compile_date", false }, { "build_id", "build_id", false },
	{ "xend_version", "xend_version", false },
};

static void print_row(const struct row *row, const json_t *info)
{
	const json_t *value = json_object_get(info, row->field);
	char text[1024];

	if (json_is_string(value))
		printf("%-23s: %s\n", row->label, cli_safe(text, sizeof(text), json_string_value(value)));
	else if (json_is_integer(value))
		printf("%-23s: %" PRId64 "\n", row->label,
		       (int64_t)json_integer_value(value) / (row->mib ? 1024 : 1));
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
