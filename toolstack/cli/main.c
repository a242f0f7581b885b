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
	&cmd_new, &cmd_create, &cmd_define, &cmd_start, &cmd_shutdown, &cmd_reboot, &cmd_destroy, &cmd_pause,
	&cmd_unpause,
	&cmd_undefine, &cmd_enable, &cmd_disable, &cmd_rename, &cmd_wait, &cmd_dump_core,
	/* configuration */
	&cmd_check, &cmd_config, &cmd_config_update,
	/* looking */
	&cmd_list, &cmd_vm_list, &cmd_top, &cmd_console, &cmd_logs, &cmd_events, &cmd_uptime, &cmd_domid, &cmd_domname,
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

/* What users of Xen may type that we do not have; a name that ends with '-' stands for all that begin so. */
static const struct { const char *name, *instead; } absent[] = {
	{ "save", "saving and restoring guests comes in a later release; 'xl shutdown' and 'xl start' keep disks" },
	{ "restore", "saving and restoring guests comes in a later release" },
	{ "migrate", "moving guests to another host comes in a later release" },
	{ "migrate-receive", "moving guests to another host comes in a later release" },
	{ "remus", "moving guests to another host comes in a later release" },
	{ "suspend", "saving guests comes in a later release; 'xl pause' keeps it in memory" },
	{ "vncviewer", "screens of guests come in a later release; 'xl console' attaches to the console" },
	{ "cd-", "drives that change their disc come with HVM guests; 'xl block-attach' plugs a disk" },
	{ "button-press", "buttons come with HVM guests; 'xl shutdown' asks the guest" },
	{ "pci-", "PCI devices are dom0's: handing them to guests comes in a later release" },
	{ "usb", "USB devices are dom0's: handing them to guests comes in a later release" },
	{ "vtpm-", "virtual TPMs come in a later release" }, { "vkb-", "keyboards of guests come in a later release" },
	{ "vdispl-", "screens of guests come in a later release" }, { "vsnd-", "sound comes in a later release" },
	{ "channel-list", "channels come in a later release" },
	{ "qemu-monitor-command", "no QEMU serves a PV guest" },
	{ "cpupool-", "there is one CPU pool, Pool-0; 'xl vcpu-pin' and cpus= keep a guest on some CPUs" },
	{ "sched-credit", "the scheduler is steered by 'xl sched-credit2': weights and caps" },
	{ "sched-rtds", "the scheduler is steered by 'xl sched-credit2': weights and caps" },
	{ "sched-sedf", "the scheduler is steered by 'xl sched-credit2': weights and caps" },
	{ "sharing", "guests share no memory" },
	{ "claims", "'xl info' shows outstanding_claims" },
	{ "set-parameters", "options of the hypervisor are set at boot: xen-command-line(7)" },
	{ "psr-", "cache and bandwidth allocation is not served" },
	{ "getenforce", "the hypervisor has no security policy" },
	{ "setenforce", "the hypervisor has no security policy" },
	{ "loadpolicy", "the hypervisor has no security policy" },
	{ "devd", "the daemon xend serves devices" },
	{ "log", "'journalctl -u xend' shows the daemon's log, 'xl logs GUEST' a guest's console" },
};

static bool is_absent(const char *name, const char *entry)
{
	size_t len = strlen(entry);

	return entry[len - 1] == '-' || strcmp(entry, "usb") == 0 ? strncmp(name, entry, len) == 0 :
	       strcmp(name, entry) == 0;
}

int cli_unknown_command(const char *name)
{
	const char *names[128], *near;
	struct error err = ERROR_INIT;
	size_t n = 0;

	for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++)
		if (is_absent(name, absent[i].name)) {
			error_set(&err, ERR_UNSUPPORTED, NULL, "'%.40s' is not served: %s", name,
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
		return cli_unknown_command(argv[at]);
	rc = args_parse(&cli, cmd, argc - at, argv + at, &args);
	if (rc)
		return rc < 0 ? 0 : rc;
	rc = cmd->run(&cli, cmd, &args);
	if (fflush(stdout) == EOF && !rc)
		rc = ERR_FAILED;
	return rc;
}
