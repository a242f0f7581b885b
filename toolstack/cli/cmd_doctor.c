/* SPDX-License-Identifier: MIT */
/*
 * doctor: what could be wrong with this host, each line with a remedy.  What can be seen without the
 * daemon is looked at here; the daemon adds its own view.
 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/cli.h"

enum verdict { GOOD, WARN, BAD };
static const char *const verdict_words[] = { "ok", "warn", "fail" };

static void add_check(json_t *list, const char *name, enum verdict v, const char *why, const char *fix)
{
	json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s}", "name", name, "status",
					      verdict_words[v], "why", why, "fix", v == GOOD ? "" : fix));
}

static bool first_line(const char *path, char *buf, size_t size)
{
	char *text = NULL;
	size_t len = 0;

	if (access(path, R_OK) || file_read(path, 65536, &text, &len, NULL))
		return false;
	snprintf(buf, size, "%.*s", (int)strcspn(text, "\n"), text);
	free(text);
	return true;
}

static void check_hypervisor(json_t *list)
{
	char type[64] = "", caps[64] = "";

	first_line("/sys/hypervisor/type", type, sizeof(type));
	if (strcmp(type, "xen")) {
		add_check(list, "hypervisor", BAD, "this Linux does not run on Xen",
			  "reboot and choose the Xen entry; if it was tried once and fell back, "
			  	"'journalctl -b -1' tells why");
		return;
	}
	add_check(list, "hypervisor", GOOD, "Linux runs on Xen", "");
	if (!first_line("/proc/xen/capabilities", caps, sizeof(caps)) || !strstr(caps, "control_d"))
		add_check(list, "control domain", BAD,
			  "this is not the control domain, or xenfs is not mounted",
			  "mount -t xenfs xenfs /proc/xen");
	else
		add_check(list, "control domain", GOOD, "this is dom0", "");
}

static void check_devices(json_t *list)
{
	static const struct { const char *path, *module; } need[] = {
		{ "/dev/xen/privcmd", "xen-privcmd" }, { "/dev/xen/evtchn", "xen-evtchn" },
		{ "/dev/xen/gntdev", "xen-gntdev" }, { "/dev/xen/xenbus_backend", "xenfs" },
	};
	char why[128], fix[128];

	for (size_t i = 0; i < sizeof(need) / sizeof(need[0]); i++) {
		bool there = access(need[i].path, F_OK) == 0;

		snprintf(why, sizeof(why), "%s %s", need[i].path, there ? "is there" : "is missing");
		snprintf(fix, sizeof(fix), "modprobe %s", need[i].module);
		add_check(list, need[i].path + 5, there ? GOOD : BAD, why, fix);
	}
}

static void check_modules(json_t *list)
{
	static const struct { const char *name, *dash, *what; } need[] = {
		{ "xen_blkback", "xen-blkback", "disks of guests" }, { "xen_netback", "xen-netback",
		"networks of guests" },
		{ "loop", "loop", "disk images in files" }, { "bridge", "bridge", "networks of guests" },
	};
	char path[64], why[96], fix[64];

	for (size_t i = 0; i < sizeof(need) / sizeof(need[0]); i++) {
		bool there;

		snprintf(path, sizeof(path), "/sys/module/%s", need[i].name);
		there = access(path, F_OK) == 0;
		snprintf(why, sizeof(why), "%s: %s", need[i].what,
			 there ? "the driver is loaded" : "the driver is not loaded");
		snprintf(fix, sizeof(fix), "modprobe %s", need[i].dash);
		add_check(list, need[i].dash, there ? GOOD : WARN, why, fix);
	}
}

static void check_bridges(json_t *list)
{
	DIR *dir = opendir("/sys/class/net");
	char why[256] = "bridges:", path[300];
	size_t len = strlen(why), bare = len;

	for (struct dirent *de = dir ? readdir(dir) : NULL; de; de = readdir(dir)) {
		snprintf(path, sizeof(path), "/sys/class/net/%s/bridge", de->d_name);
		if (de->d_name[0] != '.' && access(path, F_OK) == 0 && len + 20 < sizeof(why))
			len += (size_t)snprintf(why + len, sizeof(why) - len, " %s", de->d_name);
	}
	if (dir)
		closedir(dir);
	if (len == bare)
		add_check(list, "bridge", WARN, "there is no bridge",
			  "the daemon makes the default network when it starts; 'xl net setup IF' bridges "
			  	"a real interface");
	else
		add_check(list, "bridge", GOOD, why, "");
}

static void check_space(json_t *list, const char *path, unsigned long long need_mib)
{
	struct statvfs st;
	unsigned long long mib;
	char why[128];

	if (statvfs(path, &st) < 0)
		return;
	mib = (unsigned long long)st.f_bavail * st.f_frsize >> 20;
	snprintf(why, sizeof(why), "%s has %llu MiB free", path, mib);
	add_check(list, path, mib < need_mib ? WARN : GOOD, why, "make room: logs and core dumps need some");
}

static void check_store(json_t *list)
{
	bool there = access("/run/xenstored/socket", F_OK) == 0;

	add_check(list, "xenstore", there ? GOOD : BAD,
		  there ? "/run/xenstored/socket is there" : "/run/xenstored/socket is missing",
		  "systemctl start xend; no other xenstored may run beside it");
}

static void ask_daemon(struct cli *cli, json_t *list)
{
	struct cli_call call = { .op = "doctor", .args = json_object(), .quiet_errors = true };

	if (cli_call(cli, &call))
		add_check(list, "xend", BAD, call.err.why, call.err.hint);
	else
		json_array_extend(list, json_object_get(call.result, "checks"));
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
	check_hypervisor(list);
	check_devices(list);
	check_modules(list);
	check_store(list);
	check_bridges(list);
	check_space(list, "/var/log", 64);
	check_space(list, "/boot", 8);
	ask_daemon(cli, list);
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
