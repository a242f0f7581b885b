/* SPDX-License-Identifier: MIT */
/* What `xl doctor` can see of the host without the daemon, each check with the remedy. */
#include <dirent.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/doctor.h"

#define BOOT_TRIAL "/var/lib/xen/boot-trial"

void doctor_add(json_t *list, const char *name, enum verdict v, const char *why, const char *fix)
{
	static const char *const verdict_words[] = { "ok", "warn", "fail" };

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

/* False: nothing that builds on the hypervisor can be there either. */
static bool check_hypervisor(json_t *list)
{
	char type[64] = "", caps[64] = "";

	first_line("/sys/hypervisor/type", type, sizeof(type));
	if (strcmp(type, "xen")) {
		doctor_add(list, "hypervisor", BAD, "this Linux does not run on Xen",
			  "reboot and choose the Xen entry");
		return false;
	}
	doctor_add(list, "hypervisor", GOOD, "Linux runs on Xen", "");
	if (!first_line("/proc/xen/capabilities", caps, sizeof(caps)) || !strstr(caps, "control_d"))
		doctor_add(list, "control domain", BAD,
			  "this is not the control domain, or xenfs is not mounted",
			  "mount -t xenfs xenfs /proc/xen");
	else
		doctor_add(list, "control domain", GOOD, "this is dom0", "");
	return true;
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
		doctor_add(list, need[i].path + 5, there ? GOOD : BAD, why, fix);
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
		doctor_add(list, need[i].dash, there ? GOOD : WARN, why, fix);
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
		doctor_add(list, "bridge", WARN, "there is no bridge",
			  "the daemon makes the default network when it starts; 'xl net setup IF' bridges "
			  	"a real interface");
	else
		doctor_add(list, "bridge", GOOD, why, "");
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
	doctor_add(list, path, mib < need_mib ? WARN : GOOD, why, "make room: logs and core dumps need some");
}

static void check_store(json_t *list)
{
	bool there = access("/run/xenstored/socket", F_OK) == 0;

	doctor_add(list, "xenstore", there ? GOOD : BAD,
		  there ? "/run/xenstored/socket is there" : "/run/xenstored/socket is missing",
		  "systemctl start xend; no other xenstored may run beside it");
}

/* The value behind "key=" in the boot trial's state; empty if there is none. */
static void trial_value(const char *text, const char *key, char *buf, size_t size)
{
	size_t len = strlen(key);

	buf[0] = '\0';
	for (const char *line = text; line && *line;
	     line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		if (strncmp(line, key, len) == 0 && line[len] == '=')
			snprintf(buf, size, "%.*s", (int)strcspn(line + len + 1, "\n"), line + len + 1);
}

/* How the first boot into Xen went: bootloader-hooks keep a record, also when it fell back to plain Linux. */
static void check_boot(json_t *list)
{
	char state[32], stage[32], reason[256], hint[256], why[400];
	char *text;
	size_t len;

	if (access(BOOT_TRIAL, R_OK) || file_read(BOOT_TRIAL, 65536, &text, &len, NULL))
		return;
	trial_value(text, "state", state, sizeof(state));
	trial_value(text, "stage", stage, sizeof(stage));
	trial_value(text, "reason", reason, sizeof(reason));
	trial_value(text, "hint", hint, sizeof(hint));
	free(text);
	if (strcmp(state, "failed") == 0) {
		snprintf(why, sizeof(why), "the trial boot failed at %s: %s", stage, reason);
		doctor_add(list, "boot", BAD, why, hint[0] ? hint : "xen-boot trial");
	} else {
		snprintf(why, sizeof(why), "trial boot: %s%s%s", state, reason[0] ? ", " : "", reason);
		doctor_add(list, "boot", GOOD, why, "");
	}
}

/* A guest's disks on files need loop devices; the kernel makes them as they are asked for. */
static void check_loop(json_t *list)
{
	if (access("/dev/loop-control", F_OK) == 0)
		doctor_add(list, "loop devices", GOOD, "/dev/loop-control is there", "");
	else
		doctor_add(list, "loop devices", WARN, "/dev/loop-control is missing: no disk images in files",
			  "modprobe loop");
}

/* Members of it use xl without being root. */
static void check_group(json_t *list)
{
	bool there = getgrnam("xen") != NULL;

	doctor_add(list, "group xen", there ? GOOD : WARN,
		  there ? "members of it may use xl" : "there is none: only root may use xl", "groupadd --system xen");
}

/* The settings of the boot entries, which also keep dom0 from having all memory. */
static void check_settings(json_t *list)
{
	if (access("/etc/grub.d/45_xen", F_OK))
		doctor_add(list, "boot entries", WARN, "GRUB has no script of ours, so no entry for Xen",
			  "install the package, or see 'xen-boot entry'");
	else if (access("/etc/grub.d/45_xen", X_OK))
		doctor_add(list, "boot entries", WARN, "/etc/grub.d/45_xen is switched off",
			  "chmod +x /etc/grub.d/45_xen; xen-boot refresh");
	else
		doctor_add(list, "boot entries", GOOD, "GRUB makes entries for Xen", "");
}

void doctor_check_host(json_t *list)
{
	check_boot(list);
	check_settings(list);
	check_group(list);
	check_space(list, "/var/lib/xend", 256);
	check_space(list, "/boot", 8);
}

void doctor_check_instead(json_t *list)
{
	if (check_hypervisor(list)) {
		check_devices(list);
		check_modules(list);
		check_store(list);
		check_bridges(list);
	}
	check_loop(list);
	check_space(list, "/var/log", 64);
}
