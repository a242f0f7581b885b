/* SPDX-License-Identifier: MIT */
/*
 * net: the host's networks for guests.  `setup` moves a real interface into a bridge and takes the change
 * back unless it is confirmed in time, so that nobody locks himself out.
 */
#include <string.h>

#include "cli/cli.h"

static void print_leases(const json_t *leases)
{
	char mac[32], ip[64], guest[96];

	for (size_t i = 0; i < json_array_size(leases); i++) {
		const json_t *l = json_array_get(leases, i);

		printf("  %s  %-15s %s\n", cli_safe(mac, sizeof(mac), json_text(l, "mac", "?")),
		       cli_safe(ip, sizeof(ip), json_text(l, "ip", "?")),
		       cli_safe(guest, sizeof(guest), json_text(l, "guest", "-")));
	}
}

static void print_bridges(const json_t *result)
{
	const json_t *bridges = json_object_get(result, "bridges"),
		     *pending = json_object_get(result, "pending");

	for (size_t i = 0; i < json_array_size(bridges); i++) {
		const json_t *b = json_array_get(bridges, i), *ifs = json_object_get(b, "interfaces");

		printf("%s  %s  %s ", json_text(b, "name", "?"), json_text(b, "kind", "?"),
		       json_text(b, "address", "-"));
		for (size_t n = 0; n < json_array_size(ifs); n++)
			printf(" %s", json_string_value(json_array_get(ifs, n)));
		putchar('\n');
		print_leases(json_object_get(b, "leases"));
	}
	if (json_array_size(bridges) == 0)
		puts("no bridges: 'network = yes' in /etc/xend.conf makes the default network, 'xl net setup IF' "
		     "bridges a real interface");
	if (json_is_object(pending))
		printf("%s is on trial: 'xl net confirm' within %lld seconds keeps it\n",
		       json_text(pending, "bridge", "?"), (long long)json_number(pending, "seconds_left", 0));
}

static int run_net(struct cli *cli, const struct command *cmd, const struct args *args)
{
	const char *action = args->n_words ? args->words[0] : "status";
	const char *bridge = args_value(args, "bridge");
	json_t *req, *result = NULL;
	int64_t timeout = -1;
	char op[32];
	bool setup = strcmp(action, "setup") == 0, status = strcmp(action, "status") == 0;
	int rc = args_number(args, "timeout", 5, 3600, &timeout);

	if (rc)
		return rc;
	(void)cmd;
	if (!status && strcmp(action, "confirm") && strcmp(action, "rollback") && !setup)
		return cli_usage_error("net: '%s' is none of status, setup, confirm, rollback", action);
	if (setup && args->n_words < 2)
		return cli_usage_error("net setup: which interface? For example: xl net setup eth0");
	req = json_object();
	snprintf(op, sizeof(op), "net%s%s", status ? "" : "-", status ? "" : action);
	if (setup)
		json_object_set_new(req, "interface", json_string(args->words[1]));
	if (setup && bridge)
		json_object_set_new(req, "bridge", json_string(bridge));
	if (setup && timeout >= 0)
		json_object_set_new(req, "timeout_s", json_integer(timeout));
	rc = cli_simple_call(cli, op, req, &result);
	if (!rc && !cli->json && cli->dry_run && !status)
		printf("net %s: would be done\n", action);
	else if (!rc && !cli->json && !cli->quiet)
		print_bridges(result);
	if (!rc && !cli->dry_run && strcmp(action, "confirm") == 0)
		fputs("note: kept until the host reboots; write the bridge into the host's own network configuration "
		      "to have it then, too: xen(7)\n", stderr);
	json_decref(result);
	return rc;
}

static const struct option_def options[] = {
	{ 'b', "bridge", "NAME", "the bridge's name (br0)" },
	{ 't', "timeout", "SECONDS", "how long to wait for 'xl net confirm' (60)" },
	{ 0 }
};

const struct command cmd_net = {
	.name = "net", .usage = "[status | setup INTERFACE | confirm | rollback]",
	.summary = "the host's networks for guests",
	.help = "Guests have a network of their own (bridge, addresses, way out) without any set-up. "
		"'setup' puts a real interface into a bridge instead; without 'confirm' in time it is taken back. "
		"What is confirmed lasts until the host reboots; xen(7) shows how to keep it.",
	.example = "net setup eth0", .options = options, .max_words = 2, .words = WORD_NET, .op = "net",
	.run = run_net,
};
