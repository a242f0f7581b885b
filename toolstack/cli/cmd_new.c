/* SPDX-License-Identifier: MIT */
/*
 * new: a first guest in one command.  A script of the package makes disk and configuration (distributions' tools do
 * the work, so it is a script); then the guest is defined and started here, like any other.
 */
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "cli/cli.h"
#include "conf/conf.h"

#define HELPER "/usr/lib/xen/new-guest"
#define WORDS_MAX 24

static const char *helper_path(void)
{
	const char *path = getenv("XEN_NEW_GUEST");

	return path ? path : HELPER;
}

/* The helper's words; those that hold a value of ours are kept in texts. */
static void make_words(struct cli *cli, const struct args *args, const char *words[WORDS_MAX], char *debian,
		       size_t size)
{
	static const char *const passed[] = { "image", "mem", "disk", "vcpus", "ssh-key", "bridge", "kernel",
					     "ramdisk" };
	static const char *const spelled[] = { "--image", "--mem", "--disk", "--vcpus", "--ssh-key", "--bridge",
					      "--kernel", "--ramdisk" };
	const char *suite = args_value(args, "suite");
	size_t n = 0;

	words[n++] = helper_path();
	words[n++] = args->words[0];
	for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++)
		if (args_has(args, passed[i])) {
			words[n++] = spelled[i];
			words[n++] = args_value(args, passed[i]);
		}
	if (args_has(args, "debian") || suite) {
		snprintf(debian, size, "--debian%s%s", suite ? "=" : "", suite ? suite : "");
		words[n++] = debian;
	}
	if (cli->dry_run)
		words[n++] = "--dry-run";
	if (cli->quiet || cli->json)
		words[n++] = "--quiet";
	words[n] = NULL;
}

/* Runs it on our terminal.  Its exit code; it tells itself what is wrong, and cleans up when interrupted. */
static int run_helper(const char *const words[], struct error *err)
{
	extern char **environ;
	int status = 0, rc;
	pid_t pid;

	rc = posix_spawn(&pid, words[0], NULL, NULL, (char *const *)(uintptr_t)words, environ);
	if (rc) {
		error_set_errno(err, ERR_NONE, rc, words[0], "cannot be run");
		error_hint(err, "it comes with the package; XEN_NEW_GUEST=PATH names another");
		return (int)err->code;
	}
	signal(SIGINT, SIG_IGN);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	signal(SIGINT, SIG_DFL);
	if (WIFEXITED(status) && WEXITSTATUS(status) <= ERR_CODE_MAX)
		return WEXITSTATUS(status);
	error_set(err, ERR_FAILED, words[0], "was interrupted");
	return ERR_FAILED;
}

/* What the helper has made becomes a defined guest that runs. */
static int define_and_start(struct cli *cli, const struct args *args, const char *name)
{
	const char *folder = getenv("XEN_CONFIGS");
	json_t *req = NULL, *result = NULL;
	char path[512];
	int rc;

	snprintf(path, sizeof(path), "%s/%s.cfg", folder ? folder : "/etc/vm", name);
	rc = cli_load_config(cli, path, NULL, 0, false, &req, NULL);
	if (!rc) {
		struct cli_call call = { .op = "define", .args = req };

		rc = cli_call(cli, &call);
		json_decref(call.result);
	}
	if (!rc && args_has(args, "no-start")) {
		json_t *made = json_pack("{s:s, s:s}", "name", name, "source", path);

		rc = cli->json ? cli_print_json(made) : 0;
		json_decref(made);
		return rc;
	}
	if (!rc)
		rc = cli_simple_call(cli, "start", json_pack("{s:s}", "guest", name), &result);
	if (rc)
		fprintf(stderr, "note: %s and its disk are kept; 'xl start %s' tries again\n", path, name);
	else if (args_has(args, "console") && !cli->json)
		rc = cli_attach_console(cli, name, 10000, 0x1d);
	else if (!cli->json && !cli->quiet)
		printf("guest '%s' runs as domain %lld; its console: xl console %s\n", name,
		       (long long)json_number(result, "domid", -1), name);
	json_decref(result);
	return rc;
}

/* Before minutes are spent on a disk: the daemon answers, and does not know such a guest yet. */
static int check_daemon(struct cli *cli, const char *name)
{
	struct cli_call call = { .op = "config", .args = json_pack("{s:s}", "guest", name), .quiet_errors = true };
	struct error err = ERROR_INIT;
	int rc = cli_call(cli, &call);

	json_decref(call.result);
	if (rc == ERR_NOT_FOUND)
		return 0;
	if (rc)
		return cli_fail(&call.err);
	error_set(&err, ERR_CONFLICT, NULL, "guest '%s' is there already", name);
	error_hint(&err, "choose another name; 'xl list --all' shows those in use");
	return cli_fail(&err);
}

static int run_new(struct cli *cli, const struct command *cmd, const struct args *args)
{
	const char *words[WORDS_MAX];
	struct error err = ERROR_INIT;
	char debian[64] = "";
	int rc;

	(void)cmd;
	if (conf_check_name(args->words[0], &err)) {
		if (strchr(args->words[0], '/'))
			error_hint(&err, "what xm called new is 'xl define FILE'");
		return cli_fail(&err);
	}
	if (!args_has(args, "image") && !args_has(args, "debian") && !args_has(args, "suite"))
		return cli_usage_error("new: say what to make it from: --debian, or --image FILE");
	make_words(cli, args, words, debian, sizeof(debian));
	rc = check_daemon(cli, args->words[0]);
	if (rc)
		return rc;
	rc = run_helper(words, &err);
	if (error_is_set(&err))
		return cli_fail(&err);
	return rc || cli->dry_run ? rc : define_and_start(cli, args, args->words[0]);
}

static const struct option_def options[] = {
	{ 'i', "image", "FILE", "copy this disk image (raw or qcow2), for instance a cloud image" },
	{ 0, "debian", NULL, "make a fresh Debian by mmdebstrap" },
	{ 0, "suite", "SUITE", "which Debian (bookworm)" },
	{ 'm', "mem", "MIB", "memory (1024)" },
	{ 'd', "disk", "SIZE", "size of the disk, like 8G; an image is never made smaller" },
	{ 0, "vcpus", "N", "virtual CPUs (1)" },
	{ 'k', "ssh-key", "FILE", "a public key that may log in" },
	{ 'b', "bridge", "NAME", "the bridge to join instead of the default network" },
	{ 0, "kernel", "FILE", "the kernel to boot (a copy of this host's)" },
	{ 0, "ramdisk", "FILE", "its initial ramdisk" },
	{ 'c', "console", NULL, "attach to its console" },
	{ 0, "no-start", NULL, "make it, do not start it" },
	{ 0 }
};

const struct command cmd_new = {
	.name = "new", .usage = "NAME --image FILE|--debian", .summary = "make a guest: disk, configuration, started",
	.help = "The disk goes to /var/lib/xen/images, the configuration to /etc/vm; the guest is defined and "
		"started. It boots a copy of this host's kernel, kept beside the disk. An image gets a small second "
		"disk that tells cloud-init its name, a password (printed) and the key. What was made is removed when "
		"something fails.",
	.example = "new web --debian --mem 1024 --ssh-key .ssh/id_ed25519.pub", .options = options, .min_words = 1,
	.max_words = 1, .run = run_new,
};
