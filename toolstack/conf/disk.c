/* SPDX-License-Identifier: MIT */
/*
 * Disks: "target,format,vdev,access" by position, any of them by name, and the older prefixes
 * (phy:/dev/x,xvda,w).  Also the number that the guest knows a virtual disk by.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"
#include "conf/keys.h"

/* ---- virtual device names (the published vbd interface) ---- */

/* "a".."z", "aa".. to a number from 0; *s moves behind the letters. */
static int letters_to_index(const char **s, uint32_t *index)
{
	uint32_t n = 0;
	const char *p = *s;

	for (; *p >= 'a' && *p <= 'z'; p++) {
		if (p - *s >= 3)
			return -EINVAL;
		n = n * 26 + (uint32_t)(*p - 'a') + 1;
	}
	if (p == *s)
		return -EINVAL;
	*index = n - 1;
	*s = p;
	return 0;
}

static int digits_to_number(const char **s, uint32_t limit, uint32_t *num)
{
	uint32_t n = 0;
	const char *p = *s;

	for (; isdigit((unsigned char)*p); p++) {
		n = n * 10 + (uint32_t)(*p - '0');
		if (n >= limit)
			return -EINVAL;
	}
	if (p == *s || (**s == '0' && p - *s > 1))
		return -EINVAL;
	*num = n;
	*s = p;
	return 0;
}

static int xen_number(uint32_t disk, uint32_t part, uint32_t *devid)
{
	if (disk < 16 && part < 16)
		*devid = 202 << 8 | disk << 4 | part;
	else if (disk < (1 << 20) && part < 256)
		*devid = 1u << 28 | disk << 8 | part;
	else
		return -EINVAL;
	return 0;
}

/* "d5p1": disk and partition by number. */
static int numbered_name(const char *p, uint32_t *devid)
{
	uint32_t disk, part = 0;

	if (digits_to_number(&p, 1 << 20, &disk))
		return -EINVAL;
	if (*p == 'p' && (p++, digits_to_number(&p, 256, &part)))
		return -EINVAL;
	return *p ? -EINVAL : xen_number(disk, part, devid);
}

int conf_disk_devid(const char *vdev, uint32_t *devid)
{
	uint32_t disk, part = 0;
	const char *p;
	int64_t num;

	if (vdev[0] == 'd' && isdigit((unsigned char)vdev[1]))
		return numbered_name(vdev + 1, devid);
	if (isdigit((unsigned char)vdev[0])) {
		if (conf_number(vdev, &num) || num <= 0 || num >= INT64_C(1) << 29)
			return -EINVAL;
		*devid = (uint32_t)num;
		return 0;
	}
	if (strncmp(vdev, "xvd", 3) && strncmp(vdev, "sd", 2) && strncmp(vdev, "hd", 2))
		return -EINVAL;
	p = vdev + (vdev[0] == 'x' ? 3 : 2);
	if (letters_to_index(&p, &disk))
		return -EINVAL;
	if (*p && digits_to_number(&p, 256, &part))
		return -EINVAL;
	if (*p)
		return -EINVAL;
	if (vdev[0] == 'x')
		return xen_number(disk, part, devid);
	if (vdev[0] == 's' && disk < 16 && part < 16)
		*devid = 8 << 8 | disk << 4 | part;
	else if (vdev[0] == 'h' && disk < 4 && part < 64)
		*devid = (disk < 2 ? 3u : 22u) << 8 | (disk & 1) << 6 | part;
	else
		return -EINVAL;
	return 0;
}

/* ---- fields ---- */

static int parse_vdev(const char *text, void *at, struct error *err)
{
	struct guest_disk *d = at;
	size_t len = strlen(text);
	uint32_t devid;
	char name[32];

	if (len > 6 && strcmp(text + len - 6, ":cdrom") == 0) {
		d->cdrom = true;
		len -= 6;
	}
	snprintf(name, sizeof(name), "%.*s", (int)len, text);
	if (len >= sizeof(name) || conf_disk_devid(name, &devid)) {
		error_set(err, ERR_CONFIG, NULL, "'%.60s' names no virtual disk", text);
		error_hint(err, "the guest's names are xvda, xvdb, ..., with a partition xvda1");
		return error_to_errno(ERR_CONFIG);
	}
	return conf_set_string(&d->vdev, name, err);
}

static bool format_vdev(const void *at, struct strbuf *out)
{
	return conf_format_string(&((const struct guest_disk *)at)->vdev, out);
}

static int parse_access(const char *text, void *at, struct error *err)
{
	struct guest_disk *d = at;

	if (strcmp(text, "r") == 0 || strcmp(text, "ro") == 0)
		d->readonly = true;
	else if (strcmp(text, "w") == 0 || strcmp(text, "rw") == 0)
		d->readonly = false;
	else if (strcmp(text, "w!") == 0 || strcmp(text, "!") == 0)
		d->shared = true;
	else {
		error_set(err, ERR_CONFIG, NULL, "access '%.60s' is unknown", text);
		error_hint(err, "r or ro: read only; w or rw: read and write; w!: several guests may write");
		return error_to_errno(ERR_CONFIG);
	}
	return 0;
}

static bool format_access(const void *at, struct strbuf *out)
{
	const struct guest_disk *d = at;

	strbuf_puts(out, d->readonly ? "r" : d->shared ? "w!" : "rw");
	return true;
}

static bool is_format(const char *text)
{
	static const char *const words[] = { "",    "raw",  "aio",  "qcow", "qcow2", "empty",
					     "vhd", "vhdx", "vmdk", "vdi",  "qed" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(text, words[i]) == 0)
			return true;
	return false;
}

static int parse_format(const char *text, void *at, struct error *err)
{
	struct guest_disk *d = at;

	if (text[0] == '\0' || strcmp(text, "raw") == 0 || strcmp(text, "aio") == 0) {
		d->format = GUEST_DISK_RAW;
		return 0;
	}
	if (strcmp(text, "empty") == 0) {
		d->format = GUEST_DISK_EMPTY;
		return 0;
	}
	if (is_format(text)) {
		error_set(err, ERR_UNSUPPORTED, NULL, "disk format '%.20s' is not served", text);
		error_hint(err, "qemu-img convert -f %.20s -O raw OLD NEW.img; then format=raw", text);
		return error_to_errno(ERR_UNSUPPORTED);
	}
	error_set(err, ERR_CONFIG, NULL, "disk format '%.60s' is unknown", text);
	error_hint(err, "raw: image files, LVM volumes and other block devices");
	return error_to_errno(ERR_CONFIG);
}

static bool format_format(const void *at, struct strbuf *out)
{
	strbuf_puts(out, ((const struct guest_disk *)at)->format == GUEST_DISK_EMPTY ? "empty" : "raw");
	return true;
}

static int parse_backendtype(const char *text, void *at, struct error *err)
{
	struct guest_disk *d = at;

	if (strcmp(text, "phy") == 0) {
		d->backend = GUEST_BACKEND_PHY;
		return 0;
	}
	if (strcmp(text, "qdisk") && strcmp(text, "tap") && strcmp(text, "standalone"))
		return error_set(err, ERR_CONFIG, NULL, "backendtype '%.60s' is unknown", text);
	error_set(err, ERR_UNSUPPORTED, NULL, "backendtype '%.20s' is not served", text);
	error_hint(err,
		   "leave backendtype out: image files and block devices are served by the kernel's blkback");
	return error_to_errno(ERR_UNSUPPORTED);
}

static bool format_backendtype(const void *at, struct strbuf *out)
{
	if (((const struct guest_disk *)at)->backend != GUEST_BACKEND_PHY)
		return false;
	strbuf_puts(out, "phy");
	return true;
}

static int parse_devtype(const char *text, void *at, struct error *err)
{
	struct guest_disk *d = at;

	if (strcmp(text, "cdrom") && strcmp(text, "disk"))
		return error_set(err, ERR_CONFIG, NULL, "devtype '%.60s' is neither disk nor cdrom", text);
	d->cdrom = text[0] == 'c';
	return 0;
}

static bool format_devtype(const void *at, struct strbuf *out)
{
	if (!((const struct guest_disk *)at)->cdrom)
		return false;
	strbuf_puts(out, "cdrom");
	return true;
}

/* "block" is Xen's name for what the daemon does itself. */
static int parse_script(const char *text, void *at, struct error *err)
{
	struct guest_disk *d = at;

	return conf_set_script(&d->script, text, "block", err);
}

static bool format_script(const void *at, struct strbuf *out)
{
	return conf_format_string(&((const struct guest_disk *)at)->script, out);
}

/* Behind "phy:", "file:" and so on, which older files have; *file tells of those that cannot be a device. */
static const char *skip_prefixes(const char *text, bool *file)
{
	static const char *const prefixes[] = { "phy:", "file:", "raw:",     "aio:",
						"tap:", "tap2:", "tapdisk:", "ioemu:" };

	*file = false;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		size_t len = strlen(prefixes[i]);

		if (strncmp(text, prefixes[i], len) == 0) {
			*file |= prefixes[i][0] != 'p' && prefixes[i][0] != 'i';
			text += len;
			i = (size_t)-1;	/* tap:aio:/x has two */
		}
	}
	return text;
}

/* Prefixes that name a script: drbd:web is short for script=block-drbd,target=web. */
static int take_script_prefix(const char **text, struct guest_disk *d, struct error *err)
{
	static const char *const words[] = { "iscsi", "nbd", "enbd", "drbd" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t len = strlen(words[i]);
		char name[32];

		if (strncmp(*text, words[i], len) != 0 || (*text)[len] != ':')
			continue;
		*text += len + 1;
		snprintf(name, sizeof(name), "block-%s", words[i]);
		return parse_script(name, d, err);
	}
	return 0;
}

/* A bare name is a device below /dev; that of an image file is a mistake. */
static bool looks_like_file(const char *text)
{
	static const char *const ends[] = { ".img", ".raw", ".iso", ".qcow2", ".vhd", ".vmdk" };
	size_t len = strlen(text);

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		size_t n = strlen(ends[i]);

		if (len > n && strcmp(text + len - n, ends[i]) == 0)
			return true;
	}
	return false;
}

/* target= takes the rest of the text: fields behind it have become part of the path. */
static int refuse_trailing_fields(const char *text, struct error *err)
{
	static const char *const fields[] = { "format=", "vdev=", "access=", "devtype=", "script=", "backendtype=" };

	for (const char *s = strchr(text, ','); s; s = strchr(s + 1, ','))
		for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
			if (strncmp(s + 1 + strspn(s + 1, " "), fields[i], strlen(fields[i])) == 0)
				return error_set(err, ERR_CONFIG, NULL, "target= takes the rest of the text, so "
						 "'%.60s' must stand before it", s + 1);
	return 0;
}

static int refuse_relative(const char *text, struct error *err)
{
	error_set(err, ERR_CONFIG, NULL, "disk '%.100s' is not an absolute path", text);
	error_hint(err, "'/var/lib/xen/images/web.img,raw,xvda,rw' or 'phy:/dev/vg/web,xvda,w'");
	return error_to_errno(ERR_CONFIG);
}

static int parse_target(const char *text, void *at, struct error *err)
{
	struct guest_disk *d = at;
	bool file;
	int rc;

	text = skip_prefixes(text, &file);
	if (strncmp(text, "qcow", 4) == 0 && strchr(text, ':'))
		return parse_format("qcow2", at, err);
	if (strncmp(text, "vhd:", 4) == 0)
		return parse_format("vhd", at, err);
	rc = take_script_prefix(&text, d, err);
	if (!rc)
		rc = refuse_trailing_fields(text, err);
	if (rc || !text[0])
		return rc;
	return file && text[0] != '/' ? refuse_relative(text, err) : conf_set_string(&d->target, text, err);
}

static bool format_target(const void *at, struct strbuf *out)
{
	return conf_format_string(&((const struct guest_disk *)at)->target, out);
}

/* What is served without a script is a path; a bare name is a device's. */
static int make_path(struct guest_disk *d, struct error *err)
{
	char path[4096];

	if (!d->target || d->target[0] == '/')
		return 0;
	if (looks_like_file(d->target))
		return refuse_relative(d->target, err);
	if (snprintf(path, sizeof(path), "/dev/%s", d->target) >= (int)sizeof(path))
		return error_set(err, ERR_CONFIG, NULL, "disk '%.60s...' is too long a path", d->target);
	return conf_set_string(&d->target, path, err);
}

static void disk_init(void *item)
{
	struct guest_disk *d = item;

	d->discard = true;
	d->trusted = true;
}

/* target, [format,] vdev, access: a format is known by its word, since old files leave it out. */
static int disk_positional(void *item, unsigned int nth, const char *text, struct error *err)
{
	struct guest_disk *d = item;

	if (nth == 0)
		return parse_target(text, d, err);
	if (!d->vdev && is_format(text))
		return parse_format(text, d, err);
	if (!d->vdev)
		return parse_vdev(text, d, err);
	if (nth <= 3)
		return text[0] ? parse_access(text, d, err) : 0;
	if (!text[0])
		return 0;
	error_set(err, ERR_CONFIG, NULL, "'%.60s' is no field of a disk, or one value too many", text);
	error_hint(err, "a disk is TARGET,FORMAT,VDEV,ACCESS; further fields are in 'xl help config disk'");
	return error_to_errno(ERR_CONFIG);
}

static int parse_specification(const char *text, void *at, struct error *err)
{
	(void)at;
	if (strcmp(text, "xen") == 0)
		return 0;
	error_set(err, strcmp(text, "virtio") ? ERR_CONFIG : ERR_UNSUPPORTED, NULL,
		  "specification '%.20s' is not served", text);
	error_hint(err, "leave it out: the guest's own Xen driver serves the disk");
	return error_to_errno(ERR_UNSUPPORTED);
}

static int disk_finish(void *item, struct error *err)
{
	struct guest_disk *d = item;
	int rc;

	if (!d->vdev) {
		error_set(err, ERR_CONFIG, NULL, "has no virtual device");
		error_hint(err, "add the guest's name for it: '%s,raw,xvda,rw'",
			   d->target ? d->target : "/path/disk.img");
		return error_to_errno(ERR_CONFIG);
	}
	if (d->cdrom)
		d->readonly = true;
	if (!d->target && d->script)
		return error_set(err, ERR_CONFIG, NULL, "disk %s has a script, but no target to hand to it", d->vdev);
	if (!d->target && !d->cdrom)
		return error_set(err, ERR_CONFIG, NULL, "disk %s has no target", d->vdev);
	if (!d->target)
		d->format = GUEST_DISK_EMPTY;
	rc = d->script ? 0 : make_path(d, err);
	return rc ? rc : conf_disk_devid(d->vdev, &d->devid);
}

#define AT(f) offsetof(struct guest_disk, f)
static const struct conf_key disk_fields[] = {
	{ .name = "format", .kind = KEY_CUSTOM, .parse = parse_format, .format = format_format, .arg = "raw",
	  .help = "How the bytes are laid out. Only raw is served." },
	{ .name = "vdev", .kind = KEY_CUSTOM, .parse = parse_vdev, .format = format_vdev, .arg = "xvda",
	  .help = "The guest's name for the disk." },
	{ .name = "access", .kind = KEY_CUSTOM, .parse = parse_access, .format = format_access,
	  .arg = "ACCESS",
	  .help = "r or ro: the guest only reads; w or rw (default): it writes, too; w!: shared, the daemon does not "
		  "object to other users." },
	{ .name = "devtype", .kind = KEY_CUSTOM, .parse = parse_devtype, .format = format_devtype,
	  .arg = "cdrom",
	  .help = "A CD drive: read only, may be empty." },
	{ .name = "cdrom", .kind = KEY_FLAG, .flags = KEY_INPUT, .offset = AT(cdrom), .max = 1,
	  .help = "The same as devtype=cdrom." },
	{ .name = "removable", .kind = KEY_BOOL, .offset = AT(removable), .arg = "0|1",
	  .help = "Tell the guest that the medium can go." },
	{ .name = "backendtype", .kind = KEY_CUSTOM, .parse = parse_backendtype, .format = format_backendtype,
	  .arg = "phy", .help = "Insist on a block device." },
	{ .name = "backend", .kind = KEY_CUSTOM, .flags = KEY_INPUT, .parse = conf_parse_backend,
	  .format = conf_format_nothing, .arg = "GUEST",
	  .help = "The driver domain that serves it; there is only dom0." },
	{ .name = "script", .kind = KEY_CUSTOM, .parse = parse_script, .format = format_script, .arg = "PATH",
	  .help = "A program that makes the block device from what target= says. A bare name is one of "
		  "/etc/xen/scripts; iscsi:, nbd: and drbd: before the target are short for block-iscsi and so on. "
		  "xend(8) says how it is called. block names what the daemon does itself." },
	{ .name = "direct-io-safe", .kind = KEY_FLAG, .offset = AT(direct_io_safe), .max = 1,
	  .help = "Bypass dom0's page cache although that needs care." },
	{ .name = "discard", .kind = KEY_FLAG, .offset = AT(discard), .max = 1,
	  .help = "Pass the guest's discards on; this is the default." },
	{ .name = "no-discard", .kind = KEY_FLAG, .offset = AT(discard), .max = 0, .help = "Do not." },
	{ .name = "trusted", .kind = KEY_BOOL, .offset = AT(trusted), .arg = "0|1",
	  .help = "Whether the guest's driver should trust the backend." },
	{ .name = "untrusted", .kind = KEY_FLAG, .flags = KEY_INPUT, .offset = AT(trusted), .max = 0,
	  .help = "The same as trusted=0." },
	{ .name = "specification", .kind = KEY_CUSTOM, .flags = KEY_INPUT, .parse = parse_specification,
	  .format = conf_format_nothing, .arg = "xen", .help = "Kept for configurations that have it." },
	{ .name = "target", .kind = KEY_CUSTOM, .flags = KEY_REST, .parse = parse_target,
	  .format = format_target,
	  .arg = "PATH", .help = "The file or block device in dom0; stands last, since it may hold commas." },
	{ 0 }
};

static const size_t disk_strings[] = { AT(target), AT(script), AT(vdev), NO_STRING };

const struct conf_list conf_disk_list = {
	.item_size = sizeof(struct guest_disk), .max_items = GUEST_DISKS_MAX, .fields = disk_fields,
	.init = disk_init, .positional = disk_positional, .finish = disk_finish, .strings = disk_strings,
};

void guest_disk_clear(struct guest_disk *disk)
{
	conf_item_clear(&conf_disk_list, disk);
}

int conf_parse_disk(const char *spec, struct guest_disk *disk, struct error *err)
{
	int rc = conf_item_parse(&conf_disk_list, spec, disk, err);

	if (rc)
		error_what(err, "disk '%.100s'", spec);
	return rc;
}
