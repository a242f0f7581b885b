/* SPDX-License-Identifier: MIT */
/* block-attach, -detach, -list and the same for networks: devices of a running guest. */
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "cli/cli.h"
#include "conf/conf.h"

/* xl takes the specification in one word or in several. */
static char *join_words(const struct args *args, int first)
{
	struct strbuf sb = STRBUF_INIT;

	for (int i = first; i < args->n_words; i++)
		strbuf_printf(&sb, "%s%s", i > first ? "," : "", args->words[i]);
	return strbuf_take(&sb);
}

static int check_disk(const char *spec, struct error *err)
{
	struct guest_disk disk;
	int rc = conf_parse_disk(spec, &disk, err);

	if (!rc)
		guest_disk_clear(&disk);
	return rc;
}

static int check_vif(const char *spec, struct error *err)
{
	struct guest_vif vif;
	int rc = conf_parse_vif(spec, &vif, err);

	if (!rc)
		guest_vif_clear(&vif);
	return rc;
}

/* The two kinds of device: what the request and people call it, and the field of the answer that tells which it is. */
static const struct kind {
	const char *key, *what, *field;
	int (*check)(const char *spec, struct error *err);
} disk_kind = { "disk", "disk", "vdev", check_disk }, vif_kind = { "vif", "interface", "index", check_vif };

static int attach(struct cli *cli, const struct command *cmd, const struct args *args, const struct kind *kind)
{
	char *spec = join_words(args, 1), number[32];
	struct error err = ERROR_INIT;
	json_t *result = NULL;
	const json_t *value;
	int rc;

	if (!spec || kind->check(spec, &err)) {
		free(spec);
		return cli_fail(&err);
	}
	rc = cli_change(cli, cmd, json_pack("{s:s, s:s}", "guest", args->words[0], kind->key, spec), &result);
	value = json_object_get(result, kind->field);
	snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(value));
	if (!rc && !cli->json && !cli->dry_run && !cli->quiet)
		printf("%s %s of guest '%s'\n", kind->what,
		       json_is_integer(value) ? number : json_text(result, kind->field, "?"),
		       json_text(result, "name", "?"));
	json_decref(result);
	free(spec);
	return rc;
}

static int run_block_attach(struct cli *cli, const struct command *cmd, const struct args *args)
{
	return attach(cli, cmd, args, &disk_kind);
}

static int run_network_attach(struct cli *cli, const struct command *cmd, const struct args *args)
{
	return attach(cli, cmd, args, &vif_kind);
}

static int run_detach(struct cli *cli, const struct command *cmd, const struct args *args)
{
	const char *field = strcmp(cmd->op, "block-detach") == 0 ? "vdev" : "vif";
	json_t *req = json_pack("{s:s, s:s}", "guest", args->words[0], field, args->words[1]);

	if (args_has(args, "force") || (args->n_words > 2 && strcmp(args->words[2], "--force") == 0))
		json_object_set_new(req, "force", json_true());
	return cli_change(cli, cmd, req, NULL);
}

static void print_disk(const json_t *d)
{
	char target[300];

	printf("%-6lld %-6s %-5lld %-5lld %-5s %s\n", (long long)json_number(d, "devid", 0),
	       json_text(d, "vdev", "?"), (long long)json_number(d, "backend_domid", 0),
	       (long long)json_number(d, "state", 0), json_text(d, "mode", "?"),
	       cli_safe(target, sizeof(target), json_text(d, "target", "-")));
}

static void print_vif(const json_t *v)
{
	char bridge[32], ip[128], dev[32];

	printf("%-4lld %-5lld %-17s %-5lld %-16s %-12s %s\n", (long long)json_number(v, "index", 0),
	       (long long)json_number(v, "backend_domid", 0), json_text(v, "mac", "?"),
	       (long long)json_number(v, "state", 0),
	       cli_safe(bridge, sizeof(bridge), json_text(v, "bridge", "-")),
	       cli_safe(dev, sizeof(dev), json_text(v, "dev", "-")),
	       cli_safe(ip, sizeof(ip), json_text(v, "ip", "-")));
}

static int run_block_list(struct cli *cli, const struct command *cmd, const struct args *args)
{
	return cli_show_lists(cli, cmd, args, "Vdev   Name   BE    State Mode  Target",
			      "disks", print_disk);
}

static int run_network_list(struct cli *cli, const struct command *cmd, const struct args *args)
{
	return cli_show_lists(cli, cmd, args,
			      "Idx  BE    Mac               State Bridge           Device       Address",
			      "vifs", print_vif);
}

static const struct option_def force_options[] = {
	{ 'f', "force", NULL, "do not wait for the guest to let go" },
	{ 0 }
};

const struct command cmd_block_attach = {
	.name = "block-attach", .usage = "GUEST DISK", .summary = "plug a disk into a running guest",
	.help = "DISK is written as in vm.cfg(5).", .example = "block-attach web "
		"/srv/data.img,raw,xvdb,rw", .min_words = 2,
	.max_words = -1, .words = WORD_GUEST, .more_words = WORD_FILE, .op = "block-attach",
	.run = run_block_attach,
};
const struct command cmd_block_detach = {
	.name = "block-detach", .usage = "GUEST VDEV", .summary = "unplug a disk",
	.example = "block-detach web xvdb",
	.options = force_options, .min_words = 2, .max_words = 3, .words = WORD_GUEST,
	.op = "block-detach", .run = run_detach,
};
const struct command cmd_block_list = {
	.name = "block-list", .aliases = "block-ls", .usage = "GUEST...",
	.summary = "show a guest's disks", .example = "block-list web",
	.min_words = 1, .max_words = -1, .words = WORD_GUEST, .more_words = WORD_GUEST,
	.op = "block-list", .run = run_block_list,
};
const struct command cmd_network_attach = {
	.name = "network-attach", .usage = "GUEST [VIF]", .summary = "plug a network interface into a "
		"running guest",
	.help = "VIF is written as in vm.cfg(5); without it the guest joins the default network.",
	.example = "network-attach web bridge=br0", .min_words = 1, .max_words = -1, .words = WORD_GUEST,
	.op = "network-attach",
	.run = run_network_attach,
};
const struct command cmd_network_detach = {
	.name = "network-detach", .usage = "GUEST INDEX|MAC", .summary = "unplug a network interface",
	.example = "network-detach web 1", .options = force_options, .min_words = 2, .max_words = 3,
	.words = WORD_GUEST,
	.op = "network-detach", .run = run_detach,
};
const struct command cmd_network_list = {
	.name = "network-list", .aliases = "network-ls", .usage = "GUEST...",
	.summary = "show a guest's network interfaces",
	.example = "network-list web", .min_words = 1, .max_words = -1, .words = WORD_GUEST,
	.more_words = WORD_GUEST,
	.op = "network-list", .run = run_network_list,
};
