/* SPDX-License-Identifier: MIT */
/*
 * list.  The first six columns are those of xl, in its order and spelling, since scripts read them;
 * what people look for stands behind them: a word for the state, age, addresses.
 */
#include <string.h>

#include "cli/cli.h"

/* What a person calls it: a guest that waits for work is running all the same. */
static const char *status_word(const json_t *guest)
{
	const char *state = json_text(guest, "state", "?");

	if (strcmp(state, "blocked") == 0)
		return "idle";
	return state;
}

static void print_addresses(const json_t *guest)
{
	const json_t *list = json_object_get(guest, "addresses");
	char text[64];

	if (json_array_size(list) == 0)
		fputs("-", stdout);
	for (size_t i = 0; i < json_array_size(list); i++)
		printf("%s%s", i ? "," : "",
		       cli_safe(text, sizeof(text), json_string_value(json_array_get(list, i))));
}

/* xl's three columns of --verbose. */
static void print_verbose(const json_t *guest)
{
	char uuid[48], reason[32];

	printf(" %-36s %-12s %s", cli_safe(uuid, sizeof(uuid), json_text(guest, "uuid", "-")),
	       cli_safe(reason, sizeof(reason), json_text(guest, "reason", "-")), "-");
}

/* Two places are enough to see how old a guest is: 3d 4h, 2h 5m, 40s. */
static void short_age(const json_t *guest, char *buf, size_t size)
{
	long long s = (long long)json_number(guest, "uptime_s", -1);

	if (s < 0)
		snprintf(buf, size, "-");
	else if (s < 60)
		snprintf(buf, size, "%llds", s);
	else if (s < 3600)
		snprintf(buf, size, "%lldm%llds", s / 60, s % 60);
	else if (s < 86400)
		snprintf(buf, size, "%lldh%lldm", s / 3600, s / 60 % 60);
	else
		snprintf(buf, size, "%lldd%lldh", s / 86400, s / 3600 % 24);
}

/* Columns that were asked for, as bits. */
enum { SHOW_VERBOSE = 1, SHOW_LABEL = 2, SHOW_POOL = 4, SHOW_NODE = 8 };

static void print_row(const json_t *guest, unsigned int show)
{
	const json_t *domid = json_object_get(guest, "domid");
	char name[128], id[16], status[32], age[32];

	if (json_is_integer(domid))
		snprintf(id, sizeof(id), "%lld", (long long)json_integer_value(domid));
	else
		strcpy(id, "-");
	printf("%-40s %5s %5lld %5lld     %-6s  %8.1f",
	       cli_safe(name, sizeof(name), json_text(guest, "name", "?")), id,
	       (long long)json_number(guest, "memory_kib", 0) / 1024,
	       (long long)json_number(guest, "vcpus", 0), json_text(guest, "flags", "------"),
	       (double)json_number(guest, "cpu_time_ns", 0) / 1e9);
	if (show & SHOW_VERBOSE)
		print_verbose(guest);
	if (show & SHOW_LABEL)
		printf(" %-16s", "-");
	if (show & SHOW_POOL)
		printf(" %-16s", "Pool-0");
	if (show & SHOW_NODE)
		printf(" %-13s", "any node");
	short_age(guest, age, sizeof(age));
	printf("  %-8s %-7s ", cli_safe(status, sizeof(status), status_word(guest)), age);
	print_addresses(guest);
	putchar('\n');
}

static void print_heading(unsigned int show)
{
	printf("Name                                        ID   Mem VCPUs\tState\tTime(s)");
	if (show & SHOW_VERBOSE)
		printf(" UUID                                 Reason-Code  Security-Label");
	if (show & SHOW_LABEL)
		printf(" Security Label  ");
	if (show & SHOW_POOL)
		printf(" Cpupool         ");
	if (show & SHOW_NODE)
		printf(" NODE Affinity");
	puts("  Status   Uptime  Address");
}

static void print_long(const json_t *guest)
{
	char text[256], age[48];

	printf("%s\n", cli_safe(text, sizeof(text), json_text(guest, "name", "?")));
	if (json_is_integer(json_object_get(guest, "domid")))
		printf("  domain      %lld\n", (long long)json_number(guest, "domid", 0));
	printf("  uuid        %s\n", cli_safe(text, sizeof(text), json_text(guest, "uuid", "-")));
	printf("  state       %s", status_word(guest));
	if (json_is_string(json_object_get(guest, "reason")))
		printf(" (%s)", cli_safe(text, sizeof(text), json_text(guest, "reason", "")));
	printf("\n  memory      %lld MiB, at most %lld\n",
	       (long long)json_number(guest, "memory_kib", 0) / 1024,
	       (long long)json_number(guest, "maxmem_kib", 0) / 1024);
	printf("  vcpus       %lld, at most %lld\n", (long long)json_number(guest, "vcpus", 0),
	       (long long)json_number(guest, "maxvcpus", 0));
	printf("  cpu time    %.1f s\n", (double)json_number(guest, "cpu_time_ns", 0) / 1e9);
	if (json_is_number(json_object_get(guest, "uptime_s"))) {
		cli_format_duration(json_number(guest, "uptime_s", 0), age, sizeof(age));
		printf("  up          %s\n", age);
	}
	fputs("  addresses   ", stdout);
	print_addresses(guest);
	printf("\n  defined     %s%s\n", json_is_true(json_object_get(guest, "persistent")) ? "yes" : "no",
	       json_is_true(json_object_get(guest, "autostart")) ? ", starts with the host" : "");
	if (json_is_string(json_object_get(guest, "source")))
		printf("  config      %s\n", cli_safe(text, sizeof(text), json_text(guest, "source", "")));
}

static void print_guests(const json_t *guests, const struct args *args, unsigned int show)
{
	for (size_t i = 0; i < json_array_size(guests); i++) {
		const json_t *guest = json_array_get(guests, i);
		char name[128];

		if (args_has(args, "names"))
			puts(cli_safe(name, sizeof(name), json_text(guest, "name", "?")));
		else if (args_has(args, "long"))
			print_long(guest);
		else
			print_row(guest, show);
	}
}

static int run_list(struct cli *cli, const struct command *cmd, const struct args *args)
{
	unsigned int show = (args_has(args, "verbose") ? SHOW_VERBOSE : 0) |
			    (args_has(args, "context") ? SHOW_LABEL : 0) | (args_has(args, "cpupool") ? SHOW_POOL : 0) |
			    (args_has(args, "numa") ? SHOW_NODE : 0);
	bool heading = !cli->json && !args_has(args, "long") && !args_has(args, "names");
	int worst = 0;

	for (int i = 0; i < args->n_words || i == 0; i++) {
		json_t *req = json_object(), *result = NULL;
		int rc;

		if (args_has(args, "all"))
			json_object_set_new(req, "all", json_true());
		if (args->n_words)
			json_object_set_new(req, "guest", json_string(args->words[i]));
		rc = cli_simple_call(cli, cmd->op, req, &result);
		if (!rc && heading)
			print_heading(show);
		heading &= rc != 0;
		if (!rc && !cli->json)
			print_guests(json_object_get(result, "guests"), args, show);
		json_decref(result);
		worst = worst ? worst : rc;
	}
	return worst;
}

static void print_vm(const json_t *guest)
{
	long long domid = (long long)json_number(guest, "domid", -1);
	char uuid[48], name[128];

	if (domid > 0)
		printf("%-36s  %-5lld %s\n", cli_safe(uuid, sizeof(uuid), json_text(guest, "uuid", "-")), domid,
		       cli_safe(name, sizeof(name), json_text(guest, "name", "?")));
}

static int run_vm_list(struct cli *cli, const struct command *cmd, const struct args *args)
{
	return cli_show_lists(cli, cmd, args, "UUID                                  ID    name",
			      "guests", print_vm);
}

static const struct option_def options[] = {
	{ 'a', "all", NULL, "defined guests that do not run, too" },
	{ 'l', "long", NULL, "all that is known of each" },
	{ 0, "names", NULL, "names only, one a line" },
	{ 'v', "verbose", NULL, "UUID, why it ended, security label, too" },
	{ 'Z', "context", NULL, "the security label, too; guests here have none" },
	{ 'c', "cpupool", NULL, "the CPU pool, too; there is one" },
	{ 'n', "numa", NULL, "the NUMA nodes, too; there is one" },
	{ 0 }
};

const struct command cmd_list = {
	.name = "list", .aliases = "ls", .usage = "[GUEST...]", .summary = "show the guests",
	.help = "State is r(unning) b(locked) p(aused) s(hut down) c(rashed) d(ying); Status says it in a "
		"word.",
	.example = "list --all", .options = options, .max_words = -1, .words = WORD_GUEST,
	.more_words = WORD_GUEST, .op = "list", .run = run_list,
};
const struct command cmd_vm_list = {
	.name = "vm-list", .usage = "", .summary = "show UUIDs, numbers and names of the guests that run",
	.example = "vm-list", .op = "list", .run = run_vm_list,
};
