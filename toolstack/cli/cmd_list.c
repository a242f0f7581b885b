/* SPDX-License-Identifier: MIT */
/*
 * list.  The first six columns are those of xl, in its order and spelling, since scripts read them;
 * what people look for stands behind them.
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

static void print_row(const json_t *guest, bool verbose)
{
	const json_t *domid = json_object_get(guest, "domid");
	char name[128], id[16], status[32];

	if (json_is_integer(domid))
		snprintf(id, sizeof(id), "%lld", (long long)json_integer_value(domid));
	else
		strcpy(id, "-");
	printf("%-40s %5s %5lld %5lld     %-6s  %8.1f",
	       cli_safe(name, sizeof(name), json_text(guest, "name", "?")), id,
	       (long long)json_number(guest, "memory_kib", 0) / 1024,
	       (long long)json_number(guest, "vcpus", 0), json_text(guest, "flags", "------"),
	       (double)json_number(guest, "cpu_time_ns", 0) / 1e9);
	if (verbose)
		print_verbose(guest);
	printf("  %-8s ", cli_safe(status, sizeof(status), status_word(guest)));
	print_addresses(guest);
	putchar('\n');
}

static void print_heading(bool verbose)
{
	printf("Name                                        ID   Mem VCPUs\tState\tTime(s)");
	if (verbose)
		printf(" UUID                                 Reason-Code  Security-Label");
	puts("  Status   Address");
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

static int run_list(struct cli *cli, const struct command *cmd, const struct args *args)
{
	json_t *req = json_object(), *result = NULL;
	const json_t *guests;
	int rc;

	if (args_has(args, "all"))
		json_object_set_new(req, "all", json_true());
	if (args->n_words)
		json_object_set_new(req, "guest", json_string(args->words[0]));
	rc = cli_simple_call(cli, cmd->op, req, &result);
	if (rc || cli->json)
		goto out;
	guests = json_object_get(result, "guests");
	if (!args_has(args, "long") && !args_has(args, "names"))
		print_heading(args_has(args, "verbose"));
	for (size_t i = 0; i < json_array_size(guests); i++) {
		const json_t *guest = json_array_get(guests, i);
		char name[128];

		if (args_has(args, "names"))
			puts(cli_safe(name, sizeof(name), json_text(guest, "name", "?")));
		else if (args_has(args, "long"))
			print_long(guest);
		else
			print_row(guest, args_has(args, "verbose"));
	}
out:
	json_decref(result);
	return rc;
}

static const struct option_def options[] = {
	{ 'a', "all", NULL, "defined guests that do not run, too" },
	{ 'l', "long", NULL, "all that is known of each" },
	{ 0, "names", NULL, "names only, one a line" },
	{ 'v', "verbose", NULL, "UUID, why it ended, security label, too" },
	{ 0 }
};

const struct command cmd_list = {
	.name = "list", .aliases = "ls", .usage = "[GUEST]", .summary = "show the guests",
	.help = "State is r(unning) b(locked) p(aused) s(hut down) c(rashed) d(ying); Status says it in a "
		"word.",
	.example = "list --all", .options = options, .max_words = 1, .words = WORD_GUEST, .op = "list",
	.run = run_list,
};
