/* SPDX-License-Identifier: MIT */
/*
 * doctor: what could be wrong with this host, each line with a remedy.  What can be seen without the
 * daemon is looked at here (doctor_checks.c); the daemon adds its own view.
 */
#include <string.h>
#include <unistd.h>

#include "cli/doctor.h"

static void ask_daemon(struct cli *cli, json_t *list)
{
	struct cli_call call = { .op = "doctor", .args = json_object(), .quiet_errors = true };

	if (cli_call(cli, &call)) {
		doctor_add(list, "xend", BAD, call.err.why, call.err.hint);
		doctor_check_instead(list);
	} else {
		json_array_extend(list, json_object_get(call.result, "checks"));
	}
	json_decref(call.result);
}

/* After an upgrade the old daemon goes on until it is restarted. */
static void check_versions(struct cli *cli, json_t *list)
{
	struct cli_call call = { .op = "version", .args = json_object(), .quiet_errors = true };
	const char *theirs;
	char why[128];

	if (cli_call(cli, &call) == 0) {
		theirs = json_text(call.result, "xend_version", "?");
		snprintf(why, sizeof(why), "xl is %s, xend is %.40s", TOOLSTACK_VERSION, theirs);
		doctor_add(list, "versions", strcmp(theirs, TOOLSTACK_VERSION) ? WARN : GOOD, why,
			   "systemctl restart xend: guests do not notice");
	}
	json_decref(call.result);
}

static void print_check(const json_t *check)
{
	const char *status = json_text(check, "status", "?"), *fix = json_text(check, "fix", "");
	bool colour = isatty(STDOUT_FILENO);
	const char *on = !colour		       ? ""
			 : strcmp(status, "ok") == 0   ? "\033[32m"
			 : strcmp(status, "warn") == 0 ? "\033[33m"
						       : "\033[31m";
	char name[64], why[400], text[400];

	printf("%s%-5s%s %-20s %s\n", on, status, colour ? "\033[0m" : "",
	       cli_safe(name, sizeof(name), json_text(check, "name", "?")),
	       cli_safe(why, sizeof(why), json_text(check, "why", "")));
	if (*fix && strcmp(status, "ok"))
		printf("      fix: %s\n", cli_safe(text, sizeof(text), fix));
}

static int run_doctor(struct cli *cli, const struct command *cmd, const struct args *args)
{
	json_t *list = json_array(), *out;
	size_t bad = 0, warn = 0;

	(void)cmd;
	(void)args;
	doctor_check_host(list);
	ask_daemon(cli, list);
	check_versions(cli, list);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *status = json_text(json_array_get(list, i), "status", "");

		bad += strcmp(status, "fail") == 0;
		warn += strcmp(status, "warn") == 0;
		if (!cli->json)
			print_check(json_array_get(list, i));
	}
	out = json_pack("{s:o}", "checks", list);
	if (cli->json)
		cli_print_json(out);
	else
		printf("%zu problem%s, %zu warning%s\n", bad, bad == 1 ? "" : "s", warn,
		       warn == 1 ? "" : "s");
	json_decref(out);
	return bad ? ERR_FAILED : 0;
}

const struct command cmd_doctor = {
	.name = "doctor", .usage = "", .summary = "look for what is wrong with this host, and say how to "
		"mend it",
	.example = "doctor", .op = "doctor", .run = run_doctor,
};
