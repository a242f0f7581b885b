/* SPDX-License-Identifier: MIT */
/*
 * hypfs_op: what this hypervisor is and what can be set while it runs, as a small constant tree of names. A node's
 * content is made when it is read; nothing is kept, so there is no lock. For dom0 (xenhypfs, xl set-parameters).
 */
#include "abi/hypfs.h"

#include "core/console.h"
#include "domain/guest_copy.h"
#include "hypercall/hypercall.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "version_info.h"

#define CONTENT_MAX	512

/* A folder has children (ends with name NULL), a number its value, a text what text() or fixed says. */
struct node {
	const char *name;
	const struct node *children;
	const char *fixed;
	const char *(*text)(void);
	int (*set)(const char *text);
	u32 number, max_write;
};

static const char *loglvl(void)
{
	return console_level(false);
}

static int set_loglvl(const char *text)
{
	return console_set_level(false, text);
}

static const char *guest_loglvl(void)
{
	return console_level(true);
}

static int set_guest_loglvl(const char *text)
{
	return console_set_level(true, text);
}

static const struct node version[] = {
	{ .name = "extra", .fixed = "." XEN_PRODUCT_VERSION }, { .name = "major", .number = 4 },
	{ .name = "minor", .number = 17 }, { 0 },
};
static const struct node buildinfo[] = {
	{ .name = "changeset", .fixed = XEN_CHANGESET }, { .name = "compile_date", .fixed = XEN_BUILD_DATE },
	{ .name = "compiler", .fixed = XEN_COMPILER }, { .name = "version", .children = version }, { 0 },
};
static const struct node pool_0[] = { { .name = "sched-gran", .fixed = "cpu" }, { 0 } };
static const struct node cpupool[] = { { .name = "0", .children = pool_0 }, { 0 } };
static const struct node params[] = {
	{ .name = "guest_loglvl", .text = guest_loglvl, .set = set_guest_loglvl, .max_write = CONSOLE_LEVEL_MAX },
	{ .name = "loglvl", .text = loglvl, .set = set_loglvl, .max_write = CONSOLE_LEVEL_MAX }, { 0 },
};
static const struct node root[] = {
	{ .name = "buildinfo", .children = buildinfo }, { .name = "cpupool", .children = cpupool },
	{ .name = "params", .children = params }, { 0 },
};
static const struct node top = { .name = "", .children = root };

/* What stands before a folder's list or a value, and then that: as the caller's buffer shall hold it. */
struct content {
	struct xen_hypfs_direntry e;
	u8 data[CONTENT_MAX];
};

static const char *text_of(const struct node *n)
{
	return n->text ? n->text() : n->fixed;
}

#define NAME_AT		offsetof(struct xen_hypfs_dirlistentry, name)
#define ENTRY_SIZE(n)	((u32)(NAME_AT + strlen((n)->name) + 1 + 3) & ~3u)

static u32 size_of(const struct node *n)
{
	u32 size = 0;

	for (const struct node *c = n->children; c && c->name; c++)
		size += ENTRY_SIZE(c);
	return n->children ? size : text_of(n) ? (u32)strlen(text_of(n)) + 1 : (u32)sizeof(n->number);
}

static struct xen_hypfs_direntry describe(const struct node *n)
{
	return (struct xen_hypfs_direntry){
		.type = n->children ? XEN_HYPFS_TYPE_DIR : text_of(n) ? XEN_HYPFS_TYPE_STRING : XEN_HYPFS_TYPE_UINT,
		.encoding = XEN_HYPFS_ENC_PLAIN, .content_len = size_of(n), .max_write_len = n->max_write,
	};
}

/* False if it does not fit, which no node of this tree does. */
static bool fill(const struct node *n, struct content *c)
{
	u32 at = 0;

	c->e = describe(n);
	if (c->e.content_len > CONTENT_MAX)
		return false;
	for (const struct node *child = n->children; child && child->name; child++) {
		struct xen_hypfs_direntry e = describe(child);
		u16 next = child[1].name ? (u16)ENTRY_SIZE(child) : 0;

		memset(c->data + at, 0, ENTRY_SIZE(child));
		memcpy(c->data + at, &e, sizeof(e));
		memcpy(c->data + at + offsetof(struct xen_hypfs_dirlistentry, off_next), &next, sizeof(next));
		memcpy(c->data + at + NAME_AT, child->name, strlen(child->name) + 1);
		at += ENTRY_SIZE(child);
	}
	if (!n->children && text_of(n))
		memcpy(c->data, text_of(n), c->e.content_len);
	else if (!n->children)
		memcpy(c->data, &n->number, sizeof(n->number));
	return true;
}

static const struct node *child_named(const struct node *n, const char *name, size_t len)
{
	for (const struct node *c = n->children; c && c->name; c++)
		if (strlen(c->name) == len && !strncmp(c->name, name, len))
			return c;
	return NULL;
}

/* "/params/loglvl" with its terminating zero, which `len` counts. */
static int find(u64 path_p, u64 len, const struct node **found)
{
	char path[XEN_HYPFS_MAX_PATHLEN];
	const struct node *n = &top;
	const char *at = path;

	if (!len || len > sizeof(path))
		return -EINVAL;
	if (guest_copy_from(path, path_p, len))
		return -EFAULT;
	if (path[len - 1] || strlen(path) != len - 1 || path[0] != '/')
		return -EINVAL;
	while (n && at[0] == '/' && at[1]) {
		const char *slash = strchr(at + 1, '/');
		size_t name_len = slash ? (size_t)(slash - at - 1) : strlen(at + 1);

		n = child_named(n, at + 1, name_len);
		at += 1 + name_len;
	}
	*found = n;
	return !n || (*at && at != path) ? -ENOENT : 0;
}

static int read(const struct node *n, u64 buf, u64 size)
{
	struct content c;
	u64 all;

	if (size < sizeof(c.e))
		return -EINVAL;
	if (!fill(n, &c))
		return -EIO;
	all = sizeof(c.e) + c.e.content_len;
	return guest_copy_to(buf, &c, size < all ? sizeof(c.e) : all) ? -EFAULT : size < all ? -ENOBUFS : 0;
}

static int write(const struct node *n, u64 buf, u64 size)
{
	char text[CONSOLE_LEVEL_MAX];

	if (!n->set)
		return -EACCES;
	if (!size || size > n->max_write || size > sizeof(text))
		return size ? -ENOSPC : -EINVAL;
	if (guest_copy_from(text, buf, size))
		return -EFAULT;
	return text[size - 1] ? -EINVAL : n->set(text);
}

long do_hypfs_op(u32 cmd, u64 path, u64 path_len, u64 buf, u64 size)
{
	const struct node *n;
	int rc;

	if (cmd == XEN_HYPFS_OP_get_version)
		return path || path_len || buf || size ? -EINVAL : XEN_HYPFS_VERSION;
	if (cmd != XEN_HYPFS_OP_read && cmd != XEN_HYPFS_OP_write_contents)
		return -EOPNOTSUPP;
	rc = find(path, path_len, &n);
	if (rc)
		return rc;
	return cmd == XEN_HYPFS_OP_read ? read(n, buf, size) : write(n, buf, size);
}
