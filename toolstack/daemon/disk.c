/* SPDX-License-Identifier: MIT */
/* See disk.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "daemon/disk.h"
#include "daemon/loop.h"
#include "daemon/script.h"

#define DEV_IS_BLOCK UINT64_MAX		/* file_dev of a block device; file_ino is its number */

static void identity(const struct stat *st, uint64_t *dev, uint64_t *ino)
{
	*dev = S_ISBLK(st->st_mode) ? DEV_IS_BLOCK : (uint64_t)st->st_dev;
	*ino = S_ISBLK(st->st_mode) ? (uint64_t)st->st_rdev : (uint64_t)st->st_ino;
}

/* The guest, other than by this very entry, that has this disk. */
static const struct guest *user_of(const struct guest_disk *disk, uint64_t dev, uint64_t ino)
{
	for (const struct guest *o = guests; o; o = o->next) {
		if (o->state == GUEST_STOPPED || !o->cfg)
			continue;
		for (size_t i = 0; i < o->n_disks && i < o->cfg->n_disks; i++) {
			const struct guest_disk *od = &o->cfg->disks[i];

			if (od == disk || o->disks[i].state == DEV_GONE || o->disks[i].file_dev != dev ||
			    o->disks[i].file_ino != ino || o->disks[i].file_ino == 0)
				continue;
			if ((disk->readonly && od->readonly) || (disk->shared && od->shared))
				continue;
			return o;
		}
	}
	return NULL;
}

static int check_unused(const struct guest_disk *disk, uint64_t dev, uint64_t ino, struct error *err)
{
	const struct guest *other = user_of(disk, dev, ino);
	int rc;

	if (!other)
		return 0;
	rc = error_set(err, ERR_CONFLICT, NULL, "disk '%s' (%s) is in use by guest '%s'", disk->target, disk->vdev,
		       other->name);
	error_hint(err, "stop that guest, use another disk, or, if both know how to share it, 'w!' for both");
	return rc;
}

static int open_target(const struct guest_disk *disk, struct stat *st, struct error *err)
{
	int fd = file_open_plain(disk->target, disk->readonly ? O_RDONLY : O_RDWR, true, st);

	if (fd == -EISDIR || fd == -ENOTBLK)
		return error_set(err, ERR_CONFIG, NULL, "disk '%s' (%s) is neither a file nor a block device",
				 disk->target, disk->vdev);
	if (fd < 0) {
		(void)error_set_errno(err, ERR_NONE, fd, NULL, "disk '%s' (%s)", disk->target, disk->vdev);
		if (fd == -ENOENT)
			error_hint(err, strncmp(disk->target, "/dev/", 5) ? "make it, for example: truncate -s 10G %s" :
				   "'lsblk' and 'lvs' show the devices there are; lvcreate makes volumes",
				   disk->target);
		return fd;
	}
	if (S_ISREG(st->st_mode) && st->st_size < 512) {
		close(fd);
		return error_set(err, ERR_CONFIG, NULL, "disk '%s' (%s) is empty", disk->target, disk->vdev);
	}
	return fd;
}

/* A block device that dom0 itself has mounted must not be written by a guest. */
static int check_exclusive(const struct guest_disk *disk, struct stat *st, struct error *err)
{
	int fd, rc;

	if (!S_ISBLK(st->st_mode) || disk->readonly || disk->shared)
		return 0;
	fd = file_open_plain(disk->target, O_RDONLY | O_EXCL, true, st);
	if (fd >= 0)
		close(fd);
	if (fd != -EBUSY)
		return 0;
	rc = error_set(err, ERR_CONFLICT, NULL, "disk '%s' (%s) is in use by this host", disk->target,
		       disk->vdev);
	error_hint(err, "unmount it, give it read-only ('r'), or, if both ends know how to share it, 'w!'");
	return rc;
}

/* Is this loop device the file's, and not one of a guest's?  The daemon's carry a tag: see loop.h. */
static bool is_hosts_loop(const char *name, const struct stat *st)
{
	struct loop_info64 info = { 0 };
	char path[300];
	bool yes;
	int fd;

	snprintf(path, sizeof(path), "/sys/block/%s/loop/backing_file", name);
	if (access(path, F_OK) < 0)
		return false;
	snprintf(path, sizeof(path), "/dev/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	yes = fd >= 0 && ioctl(fd, LOOP_GET_STATUS64, &info) == 0 && info.lo_inode == st->st_ino &&
	      info.lo_device == st->st_dev && strncmp((char *)info.lo_file_name, LOOP_TAG, strlen(LOOP_TAG)) != 0;
	if (fd >= 0)
		close(fd);
	return yes;
}

/* Nor an image that dom0 has mounted, or shows as a block device for other ends. */
static int check_loops(const struct guest_disk *disk, const struct stat *st, struct error *err)
{
	DIR *dir = S_ISREG(st->st_mode) && !disk->readonly && !disk->shared ? opendir("/sys/block") : NULL;
	struct dirent *e;
	int rc = 0;

	while (!rc && dir && (e = readdir(dir))) {
		if (strncmp(e->d_name, "loop", 4) != 0 || !is_hosts_loop(e->d_name, st))
			continue;
		rc = error_set(err, ERR_CONFLICT, NULL, "disk '%s' (%s) is in use by this host, as /dev/%s",
			       disk->target, disk->vdev, e->d_name);
		error_hint(err, "umount it there, or 'losetup -d /dev/%s'; or give it read-only ('r')", e->d_name);
	}
	if (dir)
		closedir(dir);
	return rc;
}

int disk_check(const struct guest_disk *disk, struct error *err)
{
	uint64_t dev, ino;
	struct stat st;
	int fd, rc;

	if (disk->script)
		return script_check(disk->script, err);
	if (!disk->target)
		return 0;
	fd = open_target(disk, &st, err);
	if (fd < 0)
		return fd;
	close(fd);
	identity(&st, &dev, &ino);
	rc = check_unused(disk, dev, ino, err);
	if (!rc)
		rc = check_loops(disk, &st, err);
	return rc ? rc : check_exclusive(disk, &st, err);
}

int disk_attach(const struct guest *g, const struct guest_disk *disk, struct guest_device *d,
		struct error *err)
{
	struct stat st;
	int fd, rc = 0;

	d->loop = -1;
	if (!disk->target || disk->script)
		return 0;
	fd = open_target(disk, &st, err);
	if (fd < 0)
		return fd;
	identity(&st, &d->file_dev, &d->file_ino);
	if (!S_ISBLK(st.st_mode))
		rc = d->loop = loop_attach(fd, disk->readonly, g->uuid, &st.st_rdev);
	close(fd);
	if (rc < 0) {
		rc = error_set_errno(err, ERR_RESOURCES, -rc, NULL, "no loop device for disk '%s'", disk->target);
		error_hint(err, "is the module 'loop' loaded? 'losetup -a' shows who uses them");
		return rc;
	}
	d->major = major(st.st_rdev);
	d->minor = minor(st.st_rdev);
	return 0;
}

int disk_claim(struct guest *g, size_t i, const struct guest_device *taken, struct error *err)
{
	g->disks[i] = *taken;
	return check_unused(&g->cfg->disks[i], taken->file_dev, taken->file_ino, err);
}

int disk_claim_number(struct guest *g, size_t i, unsigned int maj, unsigned int min, struct error *err)
{
	struct guest_device *d = &g->disks[i];

	d->major = maj;
	d->minor = min;
	d->file_dev = DEV_IS_BLOCK;
	d->file_ino = makedev(maj, min);
	return check_unused(&g->cfg->disks[i], d->file_dev, d->file_ino, err);
}

static bool in_use(int nr)
{
	for (struct guest *g = guests; g; g = g->next)
		for (size_t i = 0; i < g->n_disks; i++)
			if (g->disks[i].loop == nr)
				return true;
	return false;
}

void disk_sweep(const uint8_t *uuid)
{
	loop_sweep(uuid, in_use);
}

void disk_release(const uint8_t uuid[16], struct guest_device *d)
{
	int rc = d->loop >= 0 ? loop_detach(d->loop, uuid) : 0;

	if (rc && rc != -ENXIO && rc != -ENOENT)
		log_warn("loop device %d is not given back: %s", d->loop, strerror(-rc));
	d->loop = -1;
	d->file_dev = d->file_ino = 0;
}
