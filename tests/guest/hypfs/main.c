/* SPDX-License-Identifier: MIT */
/*
 * hypfs_op reads a path and fills a buffer, both of lengths that the caller states. Each length around the right one,
 * paths that are none, memory that is not there; then what xenhypfs and xl set-parameters do: the list of a folder, a
 * text, a number, a parameter changed and put back.
 */
#include "guest.h"

#include "abi/hypfs.h"

const char test_title[] = "hypfs: every path, every length";

static uint8_t buffer[2][PAGE_SIZE] PAGE;

#define OP(cmd, path, len, buf, size) hypercall(hypfs_op, cmd, path, len, buf, size)
#define READ(path, buf, size) OP(XEN_HYPFS_OP_read, path, sizeof(path), buf, size)
#define BAD 0xffff830000000000ul

/* Whether the list in the buffer has this name; walks it by its own offsets, which must stay inside. */
static bool lists(const char *name, uint8_t type)
{
	const struct xen_hypfs_direntry *dir = (const void *)buffer[0];
	uint32_t at = 0;

	for (;;) {
		const struct xen_hypfs_dirlistentry *e = (const void *)(buffer[0] + sizeof(*dir) + at);

		if (at + sizeof(*e) > dir->content_len)
			return false;
		if (!strcmp(e->name, name))
			return e->e.type == type;
		if (!e->off_next)
			return false;
		at += e->off_next;
	}
}

static void paths(void)
{
	static const struct { const char *path; uint64_t len; long expect; } bad[] = {
		{ "", 0, -XEN_EINVAL }, { "", 1, -XEN_EINVAL }, { "params", 7, -XEN_EINVAL },
		{ "/params", 7, -XEN_EINVAL }, { "/params\0\0", 9, -XEN_EINVAL }, { "/", 1025, -XEN_EINVAL },
		{ "/", ~0ul, -XEN_EINVAL }, { "/nosuch", 8, -XEN_ENOENT }, { "/param", 7, -XEN_ENOENT },
		{ "/paramss", 9, -XEN_ENOENT }, { "//", 3, -XEN_ENOENT }, { "/params/loglvl/x", 17, -XEN_ENOENT },
		{ "/buildinfo/version/major/", 26, -XEN_ENOENT },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT(bad[i].expect, OP(XEN_HYPFS_OP_read, bad[i].path, bad[i].len, buffer[0], PAGE_SIZE));
	EXPECT(-XEN_EFAULT, OP(XEN_HYPFS_OP_read, BAD, 8, buffer[0], PAGE_SIZE));
	EXPECT(-XEN_EFAULT, READ("/params", BAD, PAGE_SIZE));
	EXPECT(-XEN_EOPNOTSUPP, OP(3, "/params", 8, buffer[0], PAGE_SIZE));
	EXPECT(1, OP(XEN_HYPFS_OP_get_version, 0, 0, 0, 0));
	EXPECT(-XEN_EINVAL, OP(XEN_HYPFS_OP_get_version, "/", 2, 0, 0));
}

static void lengths(void)
{
	struct xen_hypfs_direntry *e = (void *)buffer[0];
	uint32_t all;

	EXPECT(0, READ("/", e, PAGE_SIZE));
	all = sizeof(*e) + e->content_len;
	for (uint32_t size = 0; size < all; size++) {
		memset(buffer, 0xaa, sizeof(buffer));
		EXPECT(size < sizeof(*e) ? -XEN_EINVAL : -XEN_ENOBUFS, READ("/", e, size));
		CHECK(size < sizeof(*e) ? buffer[0][0] == 0xaa : sizeof(*e) + e->content_len == all, "size %u", size);
		CHECK(buffer[0][sizeof(*e)] == 0xaa, "size %u: written beyond", size);
	}
	EXPECT(0, READ("/", e, all));
	CHECK(buffer[0][all] == 0xaa, "written beyond the buffer");
}

static void contents(void)
{
	struct xen_hypfs_direntry *e = (void *)buffer[0];
	const char *text = (const char *)(e + 1);

	EXPECT(0, READ("/", e, PAGE_SIZE));
	CHECK(e->type == XEN_HYPFS_TYPE_DIR && !e->encoding && !e->pad, "the root is a folder");
	CHECK(lists("buildinfo", XEN_HYPFS_TYPE_DIR) && lists("params", XEN_HYPFS_TYPE_DIR), "its list");
	EXPECT(0, READ("/buildinfo", e, PAGE_SIZE));
	CHECK(lists("changeset", XEN_HYPFS_TYPE_STRING) && lists("version", XEN_HYPFS_TYPE_DIR),
	      "the list of buildinfo");
	EXPECT(0, READ("/buildinfo/version/minor", e, PAGE_SIZE));
	CHECK(e->type == XEN_HYPFS_TYPE_UINT && e->content_len == 4 && *(uint32_t *)(e + 1) == 17, "minor version");
	EXPECT(0, READ("/buildinfo/version/extra", e, PAGE_SIZE));
	CHECK(e->type == XEN_HYPFS_TYPE_STRING && e->content_len == strlen(text) + 1 && text[0] == '.',
	      "extra version");
	EXPECT(-XEN_EACCES, OP(XEN_HYPFS_OP_write_contents, "/buildinfo/version/extra", 25, "x", 2));
	EXPECT(-XEN_EACCES, OP(XEN_HYPFS_OP_write_contents, "/params", 8, "x", 2));
}

/* A hypervisor chooses its parameters; this one is Xen's and ours. */
static void parameter(void)
{
	static const char path[] = "/params/loglvl";
	struct xen_hypfs_direntry *e = (void *)buffer[0];
	const char *text = (const char *)(e + 1);
	char before[32];

	if (READ(path, e, PAGE_SIZE) == -XEN_ENOENT)
		return;
	CHECK(e->max_write_len && e->content_len < sizeof(before), "it can be written");
	memcpy(before, text, e->content_len);
	EXPECT(-XEN_EFAULT, OP(XEN_HYPFS_OP_write_contents, path, sizeof(path), BAD, 5));
	EXPECT(-XEN_EINVAL, OP(XEN_HYPFS_OP_write_contents, path, sizeof(path), "nonsense", 9));
	CHECK(OP(XEN_HYPFS_OP_write_contents, path, sizeof(path), "error", 5) < 0, "a text without its end");
	EXPECT(-XEN_ENOSPC, OP(XEN_HYPFS_OP_write_contents, path, sizeof(path), buffer[1], PAGE_SIZE));
	EXPECT(0, OP(XEN_HYPFS_OP_write_contents, path, sizeof(path), "error", 6));
	EXPECT(0, READ(path, e, PAGE_SIZE));
	CHECK(!strncmp(text, "error", 5), "it says '%s'", text);
	EXPECT(0, OP(XEN_HYPFS_OP_write_contents, path, sizeof(path), before, strlen(before) + 1));
}

void test_main(void)
{
	paths();
	lengths();
	contents();
	parameter();
}
