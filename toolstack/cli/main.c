/* SPDX-License-Identifier: MIT */
/*
 * xl: the table of commands, and the way from a command line to one of them.  Each command lives in
 * a cmd_*.c of the same shape; see cli.h.
 */
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/strbuf.h"
#include "cli/cli.h"
#include "cli/commands.h"

const struct command *const cli_commands[] = {
	/* a guest's life */
	&cmd_create, &cmd_define, &cmd_start, &cmd_shutdown, &cmd_reboot, &cmd_destroy, &cmd_pause,
	&cmd_unpause,
	&cmd_undefine, &cmd_enable, &cmd_disable, &cmd_rename, &cmd_wait, &cmd_dump_core,
	/* configuration */
	&cmd_check, &cmd_config, &cmd_config_update,
	/* looking */
	&cmd_list, &cmd_top, &cmd_console, &cmd_logs, &cmd_events, &cmd_uptime, &cmd_domid, &cmd_domname,
	&cmd_metrics,
	/* memory and CPUs */
	&cmd_mem_set, &cmd_mem_max, &cmd_vcpu_list, &cmd_vcpu_set, &cmd_vcpu_pin, &cmd_sched_credit2,
	/* devices */
	&cmd_block_attach, &cmd_block_detach, &cmd_block_list, &cmd_network_attach, &cmd_network_detach,
	&cmd_network_list,
	/* signals */
	&cmd_sysrq, &cmd_trigger,
	/* the host */
	&cmd_info, &cmd_dmesg, &cmd_debug_keys, &cmd_net, &cmd_doctor, &cmd_bugreport,
	/* xl itself */
	&cmd_help, &cmd_explain, &cmd_completion, &cmd_version,
	NULL
};

static bool has_alias(const struct command *cmd, const char *name)
{
	size_t len = strlen(name);

	for (const char *s = cmd->aliases; s && *s; s += strcspn(s, " "), s += strspn(s, " "))
		if (strcspn(s, " ") == len && strncmp(s, name, len) == 0)
			return true;
	return false;
}

const struct command *cli_find_command(const char *name)
{
	for (size_t i = 0; cli_commands[i]; i++)
		if (strcmp(cli_commands[i]->name, name) == 0 || has_alias(cli_commands[i], name))
			return cli_commands[i];
	return NULL;
}

/* What users of Xen may type that we do not have. */
static const struct { const char *name, *instead; } absent[] = {
	{ "save", "comes in a later release" }, { "restore", "comes in a later release" },
	{ "migrate", "comes in a later release" }, { "vncviewer", "comes with HVM guests" },
	{ "cd-insert", "comes with HVM guests" }, { "cd-eject", "comes with HVM guests" },
	{ "pci-attach", "comes in a later release; pci= in the configuration" },
	{ "pci-list", "comes in a later release" }, { "cpupool-list", "there is one pool, Pool-0" },
	{ "sched-credit", "the scheduler is steered by sched-credit2" }, { "sched-rtds",
	"the scheduler is steered by sched-credit2" },
};

static int unknown_command(const char *name)
{
	const char *names[128], *near;
	struct error err = ERROR_INIT;
	size_t n = 0;

	for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++)
		if (strcmp(absent[i].name, name) == 0) {
			error_set(&err, ERR_UNSUPPORTED, NULL, "'%s' is not served: %s", name,
				  absent[i].instead);
			return cli_fail(&err);
		}
	for (size_t i = 0; cli_commands[i] && n < 128; i++)
		names[n++] = cli_commands[i]->name;
	near = nearest_word(name, names, n);
	if (near)
		error_set(&err, ERR_USAGE, NULL, "unknown command '%.60s' (did you mean '%s'?)", name, near);
	else
		error_set(&err, ERR_USAGE, NULL, "unknown command '%.60s'", name);
	error_hint(&err, "'xl help' lists all commands");
	return cli_fail(&err);
}

/* Options before the command.  Index of the command's word, or -1 with *rc set. */
static int parse_leading(struct cli *cli, int argc, char **argv, int *rc)
{
	int i;

	*rc = 0;
	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		const char *a = argv[i];

		if (strcmp(a, "-v") == 0 || strcmp(a, "--verbose") == 0 || strcmp(a, "-vv") == 0 ||
		    strcmp(a, "-vvv") == 0)
			cli->verbose = true;
		else if (strcmp(a, "-q") == 0 || strcmp(a, "--quiet") == 0)
			cli->quiet = true;
		else if (strcmp(a, "-N") == 0 || strcmp(a, "-n") == 0 || strcmp(a, "--dry-run") == 0)
			cli->dry_run = true;
		else if (strcmp(a, "--json") == 0)
			cli->json = true;
		else if (strcmp(a, "--socket") == 0 && i + 1 < argc)
			cli->socket = argv[++i];
		else if (strncmp(a, "--socket=", 9) == 0)
			cli->socket = a + 9;
		else if (strcmp(a, "-h") == 0 || strcmp(a, "--help") == 0)
			return cli_print_help(stdout, NULL), -1;
		else if (strcmp(a, "--version") == 0)
			return printf("xl %s\n", TOOLSTACK_VERSION), -1;
		else if (strcmp(a, "-f") && strcmp(a, "-t") &&
			 strcmp(a, "-T")) /* old switches without effect */
			return *rc = cli_usage_error("unknown option '%s'", a), -1;
	}
	return i;
}

int main(int argc, char **argv)
{
	struct cli cli = { 0 };
	const struct command *cmd;
	struct args args;
	int at, rc;

	setlocale(LC_CTYPE, "");
	signal(SIGPIPE, SIG_IGN);
	log_init("xl", LOG_LEVEL_WARN);
	at = parse_leading(&cli, argc, argv, &rc);
	if (at < 0)
		return rc;
	if (at >= argc) {
		cli_print_help(stderr, NULL);
		return ERR_USAGE;
	}
	cmd = cli_find_command(argv[at]);
	if (!cmd)
		return unknown_command(argv[at]);
	rc = args_parse(&cli, cmd, argc - at, argv + at, &args);
	if (rc)
		return rc < 0 ? 0 : rc;
	rc = cmd->run(&cli, cmd, &args);
	if (fflush(stdout) == EOF && !rc)
		rc = ERR_FAILED;
	return rc;
}
