/* SPDX-License-Identifier: MIT */
/*
 * The checks that need the machine: files, devices, bridges, CPUs.  Names in use and free memory are
 * the daemon's to check, which knows the other guests.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/strbuf.h"
#include "conf/conf.h"

#define NAMES_MAX 8192	/* of a folder, looked at for a suggestion */

/* ---- the real host ---- */

static int real_file_state(const char *path, bool for_write, bool *is_block, uint64_t *size)
{
	struct stat st;
	int fd = file_open_plain(path, for_write ? O_RDWR : O_RDONLY, true, &st), rc = 0;

	if (fd < 0)
		return fd;
	*is_block = S_ISBLK(st.st_mode);
	*size = (uint64_t)st.st_size;
	if (*is_block && ioctl(fd, BLKGETSIZE64, size) < 0)
		rc = -errno;
	close(fd);
	return rc;
}

static bool real_bridge_exists(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/class/net/%.15s/bridge", name);
	if (access(path, F_OK) == 0)
		return true;
	snprintf(path, sizeof(path), "/sys/class/net/%.15s", name);
	/* Open vSwitch's bridges show no bridge/ folder, but a device. */
	return access("/sys/class/net/ovs-system", F_OK) == 0 && access(path, F_OK) == 0;
}

static void real_bridge_names(char *buf, size_t size)
{
	DIR *dir = opendir("/sys/class/net");
	size_t len = 0;

	buf[0] = '\0';
	for (struct dirent *de = dir ? readdir(dir) : NULL; de; de = readdir(dir)) {
		char path[300];

		snprintf(path, sizeof(path), "/sys/class/net/%s/bridge", de->d_name);
		if (de->d_name[0] != '.' && access(path, F_OK) == 0 && len + 20 < size)
			len += (size_t)snprintf(buf + len, size - len, "%s%s", len ? ", " : "", de->d_name);
	}
	if (dir)
		closedir(dir);
}

/* dom0 sees its own vCPUs only; who has asked the hypervisor puts the number in. */
static unsigned int unknown_host_cpus(void)
{
	return 0;
}

const struct conf_host_ops conf_real_host = {
	real_file_state, real_bridge_exists, real_bridge_names, unknown_host_cpus,
};

/* ---- checks ---- */

struct checker {
	const struct guest_config *cfg;
	const struct conf_host_ops *ops;
	struct conf_diags *diags;
};

static void found(struct checker *ck, struct error *err)
{
	error_what(err, "guest '%s'", ck->cfg->name);
	conf_diag_add(ck->diags, true, 0, err);
}

/* The names in a folder, at most NAMES_MAX; the caller frees them. */
static size_t read_names(const char *folder, char ***names)
{
	DIR *dir = opendir(folder);
	struct dirent *de;
	size_t n = 0, cap = 0;

	*names = NULL;
	while (dir && n < NAMES_MAX && (de = readdir(dir))) {
		if (array_reserve((void **)names, &cap, n, sizeof(**names)))
			break;
		(*names)[n] = strdup(de->d_name);
		n += (*names)[n] != NULL;
	}
	if (dir)
		closedir(dir);
	return n;
}

/* The files next to a missing one that were perhaps meant. */
static void hint_nearest_file(const char *path, struct error *err)
{
	const char *base = strrchr(path, '/'), *near;
	char folder[4096];
	char **names;
	size_t n;

	if (!base || base - path >= (int)sizeof(folder) - 1)
		return;
	snprintf(folder, sizeof(folder), "%.*s", (int)(base - path) + 1, path);
	if (access(folder, F_OK)) {
		error_hint(err, "the folder %.300s does not exist either", folder);
		return;
	}
	n = read_names(folder, &names);
	near = nearest_word(base + 1, (const char *const *)names, n);
	if (near && strcmp(near, base + 1) == 0)
		error_hint(err, "it is a link to something that is not there");
	else if (near)
		error_hint(err, "did you mean %.200s%.200s?", folder, near);
	else if (strcmp(folder, "/dev/") == 0)
		error_hint(err, "'lsblk' shows the devices there are");
	for (size_t i = 0; i < n; i++)
		free(names[i]);
	free(names);
}

static void explain_file(struct checker *ck, const char *what, const char *path, int rc, bool for_write)
{
	struct error err = ERROR_INIT;

	if (rc == -ENOENT) {
		error_set(&err, ERR_NOT_FOUND, NULL, "%s %.300s does not exist", what, path);
		hint_nearest_file(path, &err);
	} else if (rc == -EISDIR) {
		error_set(&err, ERR_CONFIG, NULL, "%s %.300s is a folder", what, path);
	} else if (rc == -ENOTBLK) {
		error_set(&err, ERR_CONFIG, NULL, "%s %.300s is neither a file nor a block device", what,
			  path);
	} else {
		error_set_errno(&err, ERR_NONE, rc, NULL, "%s %.300s cannot be %s", what, path,
				for_write ? "written" : "read");
		if (rc == -EROFS || rc == -EACCES || rc == -EPERM)
			error_hint(&err, for_write ? "mode r gives the guest a disk that it only reads" :
				   "check the file's mode and owner");
	}
	found(ck, &err);
}

static void check_boot_file(struct checker *ck, const char *what, const char *path)
{
	struct error err = ERROR_INIT;
	uint64_t size;
	bool block;
	int rc;

	if (!path)
		return;
	rc = ck->ops->file_state(path, false, &block, &size);
	if (rc) {
		if (rc == -ENOENT && ck->cfg->boot == GUEST_BOOT_PVGRUB && strcmp(what, "kernel") == 0) {
			error_set(&err, ERR_NOT_FOUND, NULL, "PV GRUB %.300s is not installed", path);
			error_hint(&err, "apt install grub-xen-host");
			found(ck, &err);
			return;
		}
		explain_file(ck, what, path, rc, false);
		return;
	}
	if (size == 0) {
		error_set(&err, ERR_CONFIG, NULL, "%s %.300s is empty", what, path);
		found(ck, &err);
	}
}

static void check_script(struct checker *ck, const char *script)
{
	struct error err = ERROR_INIT;
	uint64_t size;
	bool block;
	int rc;

	if (!script)
		return;
	rc = ck->ops->file_state(script, false, &block, &size);
	if (!rc)
		return;
	error_set_errno(&err, ERR_NONE, rc, NULL, "script %.300s cannot be used", script);
	error_hint(&err, "without script= the daemon sets the device up itself");
	found(ck, &err);
}

static void check_disk(struct checker *ck, const struct guest_disk *d)
{
	struct error err = ERROR_INIT;
	uint64_t size;
	char what[64];
	bool block;
	int rc;

	check_script(ck, d->script);
	if (!d->target || d->script)
		return;
	snprintf(what, sizeof(what), "disk %s:", d->vdev);
	rc = ck->ops->file_state(d->target, !d->readonly, &block, &size);
	if (rc) {
		explain_file(ck, what, d->target, rc, !d->readonly);
		return;
	}
	if (d->backend == GUEST_BACKEND_PHY && !block)
		error_set(&err, ERR_CONFIG, NULL,
			  "%s %.300s is not a block device, as backendtype=phy demands", what, d->target);
	else if (size < 512)
		error_set(&err, ERR_CONFIG, NULL, "%s %.300s has no sector (%llu bytes)", what, d->target,
			  (unsigned long long)size);
	if (error_is_set(&err)) {
		error_hint(&err, "truncate -s 4G FILE makes an empty disk image");
		found(ck, &err);
	}
}

static void check_vif(struct checker *ck, const struct guest_vif *v)
{
	struct error err = ERROR_INIT;
	char names[256];

	check_script(ck, v->script);
	if (!v->bridge || v->script || ck->ops->bridge_exists(v->bridge))
		return;
	error_set(&err, ERR_NOT_FOUND, NULL, "bridge '%s' does not exist", v->bridge);
	ck->ops->bridge_names(names, sizeof(names));
	if (names[0])
		error_hint(&err,
			   "'xl net setup IF' makes one, vif=[''] joins the default network; existing "
			   "bridges: %s",
			   names);
	else
		error_hint(&err, "'xl net setup IF' makes one from a network card, vif=[''] joins the "
				 "default network");
	found(ck, &err);
}

static void check_cpus(struct checker *ck, const struct guest_cpus *sets, size_t n)
{
	unsigned int host = ck->ops->host_cpus();
	struct error err = ERROR_INIT;
	char text[256];

	for (size_t i = 0; i < n; i++) {
		bool some = sets[i].node != 0 || host == 0;

		for (unsigned int cpu = 0; cpu < host && cpu < GUEST_CPUS_MAX; cpu++)
			some |= guest_cpus_has(&sets[i], cpu);
		if (some)
			continue;
		conf_format_cpus(&sets[i], text, sizeof(text));
		error_set(&err, ERR_CONFIG, NULL, "cpus = '%s': the host has CPUs 0-%u only", text, host - 1);
		found(ck, &err);
		return;
	}
}

int conf_check_host(const struct guest_config *cfg, const struct conf_host_ops *ops, struct conf_diags *diags)
{
	struct checker ck = { cfg, ops ? ops : &conf_real_host, diags };
	size_t before = diags->n_fatal;

	check_boot_file(&ck, "kernel", cfg->kernel);
	check_boot_file(&ck, "ramdisk", cfg->ramdisk);
	for (size_t i = 0; i < cfg->n_disks; i++)
		check_disk(&ck, &cfg->disks[i]);
	for (size_t i = 0; i < cfg->n_vifs; i++)
		check_vif(&ck, &cfg->vifs[i]);
	check_cpus(&ck, cfg->cpus_hard, cfg->n_cpus_hard);
	check_cpus(&ck, cfg->cpus_soft, cfg->n_cpus_soft);
	return diags->n_fatal == before ? 0 : -EBADMSG;
}
