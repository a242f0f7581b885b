/* SPDX-License-Identifier: MIT */
/* Every command of xl, by the file that it lives in. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "cli/cli.h"

/* cmd_simple.c */
extern const struct command cmd_pause, cmd_unpause, cmd_undefine, cmd_disable, cmd_destroy;
/* cmd_new.c */
extern const struct command cmd_new;
/* cmd_create.c */
extern const struct command cmd_create, cmd_start, cmd_define, cmd_config_update;
/* cmd_stop.c */
extern const struct command cmd_shutdown, cmd_reboot;
/* cmd_registry.c */
extern const struct command cmd_enable, cmd_rename, cmd_wait, cmd_dump_core, cmd_config;
/* cmd_check.c */
extern const struct command cmd_check;
/* cmd_list.c, cmd_top.c, cmd_console.c */
extern const struct command cmd_list, cmd_vm_list, cmd_top, cmd_console;
/* cmd_look.c */
extern const struct command cmd_uptime, cmd_domid, cmd_domname, cmd_metrics, cmd_events, cmd_version;
/* cmd_resources.c */
extern const struct command cmd_mem_set, cmd_mem_max, cmd_vcpu_set, cmd_sched_credit2;
/* cmd_vcpu.c */
extern const struct command cmd_vcpu_list, cmd_vcpu_pin;
/* cmd_devices.c */
extern const struct command cmd_block_attach, cmd_block_detach, cmd_block_list, cmd_network_attach,
	cmd_network_detach, cmd_network_list;
/* cmd_signal.c */
extern const struct command cmd_sysrq, cmd_trigger;
/* cmd_host.c */
extern const struct command cmd_info, cmd_dmesg, cmd_logs, cmd_debug_keys;
/* cmd_net.c, cmd_doctor.c, cmd_bugreport.c */
extern const struct command cmd_net, cmd_doctor, cmd_bugreport;
/* cmd_help.c, cmd_completion.c */
extern const struct command cmd_help, cmd_explain, cmd_completion;

/* mdoc.c: parts of xl(1) */
void cli_mdoc_commands(FILE *out);
void cli_mdoc_globals(FILE *out);
void cli_mdoc_codes(FILE *out);

#endif
