/* SPDX-License-Identifier: MIT */
/*
 * bugreport: one archive with what a helper asks for first.  Nothing leaves the machine.  Each part that cannot be
 * had is replaced by the reason.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/proc.h"
#include "cli/cli.h"

static const struct { const char *file; const char *argv[8]; } outputs[] = {
	{ "uname", { "uname", "-a", NULL } },
	{ "os-release", { "cat", "/etc/os-release", NULL } },
	{ "cmdline", { "cat", "/proc/cmdline", NULL } },
	{ "cpuinfo", { "cat", "/proc/cpuinfo", NULL } },
	{ "meminfo", { "cat", "/proc/meminfo", NULL } },
	{ "lsmod", { "cat", "/proc/modules", NULL } },
	{ "lspci", { "lspci", "-nn", NULL } },
	{ "ip-addr", { "ip", "addr", NULL } },
	{ "kernel-log", { "dmesg", NULL } },
	{ "journal-xend", { "journalctl", "-u", "xend", "-b", "--no-pager", "-n", "5000", NULL } },
	{ "boot-trial", { "cat", "/var/lib/xen/boot-trial", NULL } },
	{ "xen-boot.default", { "cat", "/etc/default/xen-boot", NULL } },
	{ "logs-and-dumps", { "ls", "-lR", "/var/log/xend", NULL } },
	{ "lsblk", { "lsblk", "-o", "NAME,SIZE,TYPE,FSTYPE,MOUNTPOINTS", NULL } },
	{ "nft", { "nft", "list", "ruleset", NULL } },
	{ "bridges", { "ip", "-d", "link", "show", "type", "bridge", NULL } },
	{ "xl-version", { "xl", "version", NULL } },
	{ "xl-net", { "xl", "net", NULL } },
	{ "xl-vcpu-list", { "xl", "vcpu-list", NULL } },
	{ "xl-info", { "xl", "info", NULL } },
	{ "xl-list", { "xl", "list", "--all", "--long", NULL } },
	{ "xl-dmesg", { "xl", "dmesg", NULL } },
	{ "xl-doctor", { "xl", "doctor", NULL } },
	{ "store", { "xenstore-ls", "-f", NULL } },
};

static int save(const char *folder, const char *name, const char *text, size_t len, struct error *err)
{
	char path[512];
	FILE *f;

	/* Names come from the daemon: a plain one, so that nothing is written elsewhere. */
	if (strchr(name, '/') || name[0] == '.' || strlen(name) > 100)
		return error_set(err, ERR_DAEMON, "xend", "sent a file with the name '%.60s'", name);
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "wxe");
	if (!f || fwrite(text, 1, len, f) != len || fclose(f) == EOF)
		return error_set_errno(err, ERR_NONE, errno, path, "cannot be written");
	return 0;
}

static int save_outputs(const char *folder, struct error *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < sizeof(outputs) / sizeof(outputs[0]); i++) {
		struct proc_run run = { .argv = outputs[i].argv,
					.output_limit = 4 << 20,
					.timeout_ms = 20000 };
		struct error why = ERROR_INIT;
		struct proc_result res;

		if (proc_run(&run, &res, &why) && res.output_len == 0)
			rc = save(folder, outputs[i].file, why.why, strlen(why.why), err);
		else
			rc = save(folder, outputs[i].file, res.output ? res.output : "", res.output_len, err);
		free(res.output);
	}
	return rc;
}

static int save_from_daemon(struct cli *cli, const char *folder, struct error *err)
{
	struct cli_call call = { .op = "bugreport", .args = json_object(), .quiet_errors = true };
	const json_t *files;
	int rc = 0;

	if (cli_call(cli, &call))
		return save(folder, "xend-does-not-answer", call.err.why, strlen(call.err.why), err);
	files = json_object_get(call.result, "files");
	for (size_t i = 0; !rc && i < json_array_size(files); i++) {
		const json_t *f = json_array_get(files, i), *text = json_object_get(f, "text");

		rc = save(folder, json_text(f, "name", "unnamed"),
			  json_is_string(text) ? json_string_value(text) : "", json_string_length(text), err);
	}
	json_decref(call.result);
	return rc;
}

static int run_tar(const char *parent, const char *base, const char *out, struct error *err)
{
	const char *const argv[] = { "tar", "-C", parent, "-czf", out, base, NULL };
	struct proc_run run = { .argv = argv, .timeout_ms = 60000 };

	return proc_run(&run, NULL, err);
}

static void remove_tree(const char *path)
{
	const char *const argv[] = { "rm", "-rf", "--", path, NULL };
	struct proc_run run = { .argv = argv };

	if (proc_run(&run, NULL, NULL))
		fprintf(stderr, "note: %s is left over\n", path);
}

static int run_bugreport(struct cli *cli, const struct command *cmd, const struct args *args)
{
	char parent[] = "/tmp/xl-bugreport.XXXXXX", folder[128], base[64], out[512];
	struct error err = ERROR_INIT;
	time_t now = time(NULL);
	struct tm tm;
	int rc;

	(void)cmd;
	localtime_r(&now, &tm);
	strftime(base, sizeof(base), "xen-bugreport-%Y%m%d-%H%M%S", &tm);
	if (!mkdtemp(parent)) {
		error_set_errno(&err, ERR_NONE, errno, "/tmp", "no folder can be made");
		return cli_fail(&err);
	}
	snprintf(folder, sizeof(folder), "%s/%s", parent, base);
	if (args->n_words)
		snprintf(out, sizeof(out), "%s", args->words[0]);
	else
		snprintf(out, sizeof(out), "%s.tar.gz", base);
	rc = mkdir(folder, 0700) < 0 ? error_set_errno(&err, ERR_NONE, errno, folder, "cannot be made") : 0;
	if (!rc)
		rc = save_outputs(folder, &err);
	if (!rc)
		rc = save_from_daemon(cli, folder, &err);
	if (!rc)
		rc = run_tar(parent, base, out, &err);
	remove_tree(parent);
	if (rc)
		return cli_fail(&err);
	if (cli->json) {
		json_t *json = json_pack("{s:s}", "path", out);

		cli_print_json(json);
		json_decref(json);
	} else {
		printf("%s: look through it before you send it to anyone\n", out);
	}
	return 0;
}

const struct command cmd_bugreport = {
	.name = "bugreport", .usage = "[FILE.tar.gz]", .summary = "collect logs and states for who is to "
		"help",
	.example = "bugreport", .max_words = 1, .words = WORD_FILE, .op = "bugreport", .run = run_bugreport,
};
