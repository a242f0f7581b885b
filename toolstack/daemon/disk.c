/* SPDX-License-Identifier: MIT */
/* See disk.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/disk.h"
#include "daemon/loop.h"

#define DEV_IS_BLOCK UINT64_MAX		/* file_dev of a block device; file_ino is its number */

static void identity(const struct stat *st, uint64_t *dev, uint64_t *ino)
{
	*dev = S_ISBLK(st->st_mode) ? DEV_IS_BLOCK : (uint64_t)st->st_dev;
	*ino = S_ISBLK(st->st_mode) ? (uint64_t)st->st_rdev : (uint64_t)st->st_ino;
}

/* The guest, other than g's own use of it, that has this disk. */
static const struct guest *user_of(const struct guest *g, const struct guest_disk *disk, uint64_t dev,
				   uint64_t ino)
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
	(void)g;
	return NULL;
}

static int open_target(const struct guest_disk *disk, struct stat *st, struct error *err)
{
	int fd = open(disk->target, (disk->readonly ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK), rc;

	if (fd < 0 || fstat(fd, st) < 0) {
		rc = error_set_errno(err, ERR_NONE, errno, NULL, "disk '%s' (%s)", disk->target, disk->vdev);
		if (rc == -ENOENT)
			error_hint(err, strncmp(disk->target, "/dev/", 5) ? "make it, for example: truncate -s 10G %s" :
				   "'lsblk' and 'lvs' show the devices there are; lvcreate makes volumes", disk->target);
		if (fd >= 0)
			close(fd);
		return rc;
	}
	if (!S_ISREG(st->st_mode) && !S_ISBLK(st->st_mode)) {
		close(fd);
		return error_set(err, ERR_CONFIG, NULL, "disk '%s' (%s) is neither a file nor a block device",
				 disk->target, disk->vdev);
	}
	if (S_ISREG(st->st_mode) && st->st_size < 512) {
		close(fd);
		return error_set(err, ERR_CONFIG, NULL, "disk '%s' (%s) is empty", disk->target, disk->vdev);
	}
	return fd;
}

/* A block device that dom0 itself has mounted must not be written by a guest. */
static int check_exclusive(const struct guest_disk *disk, const struct stat *st, struct error *err)
{
	int fd, rc;

	if (!S_ISBLK(st->st_mode) || disk->readonly || disk->shared)
		return 0;
	fd = open(disk->target, O_RDONLY | O_EXCL | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0) {
		close(fd);
		return 0;
	}
	if (errno != EBUSY)
		return 0;
	rc = error_set(err, ERR_CONFLICT, NULL, "disk '%s' (%s) is in use by this host", disk->target,
		       disk->vdev);
	error_hint(err, "unmount it, give it read-only ('r'), or, if both ends know how to share it, 'w!'");
	return rc;
}

int disk_check(const struct guest *g, const struct guest_disk *disk, struct error *err)
{
	const struct guest *other;
	uint64_t dev, ino;
	struct stat st;
	int fd, rc;

	if (disk->backend_domain && strcmp(disk->backend_domain, "0") != 0)
		return error_set(err, ERR_UNSUPPORTED, NULL,
				 "disk %s: backends outside dom0 are not supported", disk->vdev);
	if (disk->script) {
		rc = error_set(err, ERR_UNSUPPORTED, NULL, "disk %s: scripts for disks are not supported",
			       disk->vdev);
		error_hint(err, "set the device up before the guest starts, and give its path");
		return rc;
	}
	if (!disk->target)
		return 0;
	fd = open_target(disk, &st, err);
	if (fd < 0)
		return fd;
	close(fd);
	identity(&st, &dev, &ino);
	other = user_of(g, disk, dev, ino);
	if (other) {
		rc = error_set(err, ERR_CONFLICT, NULL, "disk '%s' (%s) is in use by guest '%s'",
			       disk->target, disk->vdev, other->name);
		error_hint(err, "stop that guest, use another disk, or, if both know how to share it, 'w!' "
				"for both");
		return rc;
	}
	return check_exclusive(disk, &st, err);
}

int disk_attach(const struct guest *g, const struct guest_disk *disk, struct guest_device *d,
		struct error *err)
{
	struct stat st;
	char path[32];
	int fd, nr;

	d->loop = -1;
	if (!disk->target)
		return 0;
	fd = open_target(disk, &st, err);
	if (fd < 0)
		return fd;
	identity(&st, &d->file_dev, &d->file_ino);
	if (S_ISBLK(st.st_mode)) {
		d->major = major(st.st_rdev);
		d->minor = minor(st.st_rdev);
		close(fd);
		return 0;
	}
	nr = loop_attach(fd, disk->readonly, g->uuid);
	close(fd);
	if (nr < 0) {
		int rc = error_set_errno(err, ERR_RESOURCES, -nr, NULL, "no loop device for disk '%s'",
					 disk->target);

		error_hint(err, "is the module 'loop' loaded? 'losetup -a' shows who uses them");
		return rc;
	}
	d->loop = nr;
	snprintf(path, sizeof(path), "/dev/loop%d", nr);
	if (stat(path, &st) < 0)
		return error_set_errno(err, ERR_INTERNAL, errno, NULL, "%s", path);
	d->major = major(st.st_rdev);
	d->minor = minor(st.st_rdev);
	return 0;
}

json_t *disk_to_json(size_t i, const struct guest_device *d)
{
	return json_pack("{s:{s:i, s:i, s:i, s:i, s:I, s:I}}", "disk", "index", (int)i, "loop", d->loop,
			 "major", (int)d->major, "minor", (int)d->minor, "dev", (json_int_t)d->file_dev,
			 "ino", (json_int_t)d->file_ino);
}

void disk_from_json(struct guest *g, const json_t *msg)
{
	const json_t *o = json_object_get(msg, "disk");
	size_t i = (size_t)json_integer_value(json_object_get(o, "index"));

	if (i >= g->n_disks)
		return;
	g->disks[i].loop = (int)json_integer_value(json_object_get(o, "loop"));
	g->disks[i].major = (uint32_t)json_integer_value(json_object_get(o, "major"));
	g->disks[i].minor = (uint32_t)json_integer_value(json_object_get(o, "minor"));
	g->disks[i].file_dev = (uint64_t)json_integer_value(json_object_get(o, "dev"));
	g->disks[i].file_ino = (uint64_t)json_integer_value(json_object_get(o, "ino"));
}

void disk_release(const struct guest *g, struct guest_device *d)
{
	int rc = d->loop >= 0 ? loop_detach(d->loop, g->uuid) : 0;

	if (rc && rc != -ENXIO && rc != -ENOENT)
		log_warn("guest '%s': loop device %d is not given back: %s", g->name, d->loop, strerror(-rc));
	d->loop = -1;
	d->file_dev = d->file_ino = 0;
}
