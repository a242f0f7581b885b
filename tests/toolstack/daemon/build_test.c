/* SPDX-License-Identifier: MIT */
/*
 * The kernel parsers and the PV builder, over the fake hypervisor: every address that a guest is told at its
 * start is looked up in its own page tables and must show what stands there.
 */
#include <bzlib.h>
#include <errno.h>
#include <fcntl.h>
#include <lz4.h>
#include <lzma.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "abi/grant_table.h"
#include "build/pv.h"
#include "hv/calls.h"
#include "hv/domctl.h"
#include "hv/fake.h"
#include "elfkernel.h"

static unsigned int passed, failed;

#define CHECK(what, cond) \
	do { \
		if (cond) { \
			passed++; \
		} else { \
			failed++; \
			printf("not ok - %s (%s:%d)\n", what, __FILE__, __LINE__); \
		} \
	} while (0)

static const char *write_temp(const void *data, size_t len)
{
	static char path[64];
	int fd;

	snprintf(path, sizeof(path), "/tmp/build_test.%d", getpid());
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (write(fd, data, len) != (ssize_t)len)
		abort();
	close(fd);
	return path;
}

/* ---- images ---- */

static void check_loads(const char *what, const void *file, size_t len, const char *packed)
{
	struct error err = ERROR_INIT;
	struct image img;
	int rc = image_load(write_temp(file, len), &img, &err);

	if (rc)
		error_print(stdout, &err);
	CHECK(what, rc == 0);
	if (rc)
		return;
	CHECK(what, strcmp(img.info.packed, packed) == 0 && img.info.entry == EK_ENTRY);
	CHECK(what, img.bytes[0] == 0 && img.bytes[3] == 21 && img.bytes[EK_TEXT + 5] == 0);
	CHECK(what, img.info.vstart == EK_BASE + EK_PADDR && img.len == 53248);
	image_free(&img);
}

static void check_refused(const char *what, const void *file, size_t len, const char *words)
{
	struct error err = ERROR_INIT;
	struct image img;
	int rc = image_load(write_temp(file, len), &img, &err);

	CHECK(what, rc < 0 && strstr(err.why, words));
	if (rc >= 0 || !strstr(err.why, words))
		printf("    said: %s\n", err.why);
	if (rc == 0)
		image_free(&img);
}

static size_t lz4_frame(const uint8_t *in, size_t len, uint8_t *out, size_t room)
{
	uint32_t magic = 0x184c2102, n;

	n = (uint32_t)LZ4_compress_default((const char *)in, (char *)out + 8, (int)len, (int)room - 12);
	memcpy(out, &magic, 4);
	memcpy(out + 4, &n, 4);
	memcpy(out + 8 + n, &len, 4);	/* as the kernel's build appends */
	return 12 + n;
}

static size_t gzip(const uint8_t *in, size_t len, uint8_t *out, size_t room)
{
	z_stream z = { .next_in = (uint8_t *)in,
		       .avail_in = (unsigned int)len,
		       .next_out = out,
		       .avail_out = (unsigned int)room };

	deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
	deflate(&z, Z_FINISH);
	deflateEnd(&z);
	return room - z.avail_out;
}

static void test_codecs(const uint8_t *elf, size_t len)
{
	static uint8_t out[1 << 20];
	unsigned int bz = sizeof(out);
	size_t n = 0;

	check_loads("plain ELF", elf, len, "");
	check_loads("gzip", out, gzip(elf, len, out, sizeof(out)), "gzip");
	BZ2_bzBuffToBuffCompress((char *)out, &bz, (char *)(uintptr_t)elf, (unsigned int)len, 9, 0, 0);
	check_loads("bzip2", out, bz, "bzip2");
	if (lzma_easy_buffer_encode(6, LZMA_CHECK_CRC32, NULL, elf, len, out, &n, sizeof(out)) == LZMA_OK)
		check_loads("xz", out, n, "xz");
	check_loads("zstd", out, ZSTD_compress(out, sizeof(out), elf, len, 3), "zstd");
	check_loads("lz4", out, lz4_frame(elf, len, out, sizeof(out)), "lz4");
	n = gzip(elf, len, out, sizeof(out));
	check_refused("gzip cut short", out, n / 2, "damaged or cut short");
}

/* The payload behind a real-mode part of two sectors. */
static void test_bzimage(const uint8_t *elf, size_t len)
{
	static uint8_t file[1 << 20];
	uint32_t off = 0x100, n;
	uint16_t version = 0x20f;

	memset(file, 0, sizeof(file));
	n = (uint32_t)gzip(elf, len, file + 3 * 512 + off, sizeof(file) - 4096);
	file[0x1f1] = 2;
	memcpy(file + 0x202, "HdrS", 4);
	memcpy(file + 0x206, &version, 2);
	memcpy(file + 0x248, &off, 4);
	memcpy(file + 0x24c, &n, 4);
	check_loads("bzImage", file, 3 * 512 + off + n, "gzip");
	check_refused("bzImage cut short", file, 3 * 512 + off + n - 10, "cut short");
	version = 0x205;
	memcpy(file + 0x206, &version, 2);
	check_refused("old boot protocol", file, 3 * 512 + off + n, "boot protocol");
}

static void test_refused(void)
{
	struct ek_options no = { .no_notes = 1 };
	uint8_t *elf, junk[4096];
	size_t len;

	memset(junk, 0x55, sizeof(junk));
	check_refused("junk", junk, sizeof(junk), "not a kernel");
	elf = ek_make(&no, &len);
	check_refused("no notes", elf, len, "no Xen notes");
	free(elf);
	elf = ek_make(&(struct ek_options){ 0 }, &len);
	check_refused("ELF cut short", elf, 3000, "cut short");
	((Elf64_Phdr *)(elf + 64))->p_memsz = 1ull << 40;
	check_refused("huge", elf, len, "more than");
	((Elf64_Phdr *)(elf + 64))->p_memsz = UINT64_MAX - 5;
	check_refused("wrapping", elf, len, "damaged");
	((Elf64_Ehdr *)elf)->e_phnum = 60000;
	check_refused("too many headers", elf, len, "headers are broken");
	free(elf);
}

/* ---- the builder ---- */

/* What a guest's virtual address shows: a page, or NULL. */
static uint8_t *walk(uint64_t root, uint64_t va, bool *writable)
{
	uint64_t mfn = root, entry = 0;

	*writable = true;
	for (int level = 4; level >= 1; level--) {
		uint64_t *t = fake_page(mfn);

		entry = t[va >> (12 + 9 * (level - 1)) & 511];
		hv_unmap(t, 1);
		if (!(entry & 1))
			return NULL;
		*writable &= entry >> 1 & 1;
		mfn = entry >> 12 & ((1ull << 40) - 1);
	}
	return fake_page(mfn);
}

static int make_domain(struct pv_guest *g, unsigned int mib)
{
	struct hv_create c = { .uuid = { 1 }, .max_vcpus = 1 };
	struct xen_domctl_getdomaininfo info;

	g->domid = (domid_t)hv_domctl_create(0, &c);
	g->n_pages = g->max_pages = (uint64_t)mib << 8;
	if (hv_domctl_max_mem(g->domid, (g->n_pages << 2) + 1024) ||
	    hv_evtchn_alloc(g->domid, 0, &g->store_port) || hv_evtchn_alloc(g->domid, 0, &g->console_port) ||
	    hv_domctl_info(g->domid, &info))
		return -1;
	g->shared_info = info.shared_info_frame;
	return 0;
}

static void check_start_info(const struct pv_guest *g, const struct vcpu_guest_context *c,
			     const struct ek_options *o)
{
	uint64_t root = c->ctrlreg[3] >> 12, *p2m;
	bool w;
	struct start_info *si = (struct start_info *)walk(root, c->user_regs.rsi, &w);
	uint8_t *page;

	CHECK("start_info is mapped", si != NULL);
	if (!si)
		return;
	CHECK("magic", strcmp(si->magic, "xen-3.0-x86_64") == 0);
	CHECK("pages and ports", si->nr_pages == g->n_pages && si->store_evtchn == g->store_port &&
	      si->console.domU.evtchn == g->console_port && si->store_mfn == g->store_mfn);
	CHECK("command line", strcmp((char *)si->cmd_line, "hello=1") == 0);
	page = walk(root, si->pt_base, &w);
	CHECK("tables are mapped read-only", page && !w);
	p2m = (uint64_t *)walk(root, si->mfn_list, &w);
	CHECK("p2m is mapped", p2m != NULL);
	CHECK("p2m is where the kernel wants it", !o->p2m_base || si->mfn_list == o->p2m_base);
	if (p2m)
		CHECK("p2m tells frames of the guest",
		      fake->owner[p2m[0]] == g->domid && fake->owner[p2m[511]] == g->domid);
	if (o->mod_start_pfn)
		CHECK("the ramdisk is told by number", si->flags & SIF_MOD_START_PFN && si->mod_len == 5000);
	else
		CHECK("the ramdisk is mapped", (page = walk(root, si->mod_start, &w)) && page[1] == 'R' + 1);
	page = walk(root, EK_BASE + EK_PADDR + 4096, &w);
	CHECK("kernel text", page && page[0] == (uint8_t)(4096 * 7));
	CHECK("stack", walk(root, c->user_regs.rsp - 8, &w) && w);
}

static void test_build(const char *what, const struct ek_options *o, unsigned int mib)
{
	struct error err = ERROR_INIT;
	struct pv_guest g = { .cmdline = "hello=1", .ramdisk_len = 5000 };
	uint64_t before = fake_free_frames();
	struct vcpu_guest_context c;
	uint8_t *elf, disk[5000];
	struct image img;
	size_t len;

	printf("# %s\n", what);
	for (size_t i = 0; i < sizeof(disk); i++)
		disk[i] = (uint8_t)('R' + i);
	g.ramdisk_fd = memfd_create("disk", 0);
	if (write(g.ramdisk_fd, disk, sizeof(disk)) != sizeof(disk))
		abort();
	elf = ek_make(o, &len);
	CHECK("image", image_load(write_temp(elf, len), &img, &err) == 0);
	free(elf);
	g.image = &img;
	CHECK("domain", make_domain(&g, mib) == 0);
	CHECK("build", pv_build(&g, &err) == 0);
	if (err.code)
		error_print(stdout, &err);
	CHECK("context", hv_domctl_get_context(g.domid, 0, &c) == 0 && c.user_regs.rip == EK_ENTRY);
	check_start_info(&g, &c, o);
	CHECK("console by grant", hv_grant_map(g.domid, GNTTAB_RESERVED_CONSOLE) != NULL);
	CHECK("no other grant", hv_grant_map(g.domid, 5) == NULL);
	CHECK("destroy", hv_domctl_destroy(g.domid) == 0);
	CHECK("all memory is back", fake_free_frames() == before);
	image_free(&img);
	close(g.ramdisk_fd);
}

static void test_plan(void)
{
	struct image_info info = { .bits = 64,
				   .pv = true,
				   .virt_base = EK_BASE,
				   .vstart = EK_BASE + EK_PADDR,
				   .vend = EK_BASE + EK_PADDR + 0x3000000,
				   .entry = EK_BASE + EK_PADDR,
				   .p2m_base = IMAGE_UNSET,
				   .hypercall_page = IMAGE_UNSET,
				   .mod_start_pfn = true };
	struct error err = ERROR_INIT;
	struct pv_plan p;

	CHECK("64 MiB are too little",
	      pv_plan(&p, &info, 0, 64 << 8, &err) < 0 && err.code == ERR_RESOURCES && err.hint[0]);
	error_clear(&err);
	CHECK("128 MiB do", pv_plan(&p, &info, 20 << 20, 128 << 8, &err) == 0);
	CHECK("a huge guest", pv_plan(&p, &info, 0, 1ull << 28, &err) < 0 || p.end <= 1ull << 28);
	error_clear(&err);
	info.p2m_base = 0x8000000000;
	for (uint64_t pages = 128 << 8; pages < 1ull << 30; pages *= 3) {
		CHECK("with its own p2m", pv_plan(&p, &info, 1 << 20, pages, &err) == 0);
		CHECK("nothing overlaps",
		      p.ramdisk > p.stack && p.p2m >= p.ramdisk + p.n_ramdisk && p.end <= pages);
	}
}

/* For other tests: the same kernel as a file. */
static int write_kernel(const char *path)
{
	struct ek_options modern = { .p2m_base = 0x8000000000, .mod_start_pfn = 1 };
	size_t len;
	uint8_t *elf = ek_make(&modern, &len);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644), rc;

	rc = fd < 0 || write(fd, elf, len) != (ssize_t)len;
	free(elf);
	return rc;
}

int main(int argc, char **argv)
{
	struct error err = ERROR_INIT;
	struct ek_options plain = { 0 }, modern = { .p2m_base = 0x8000000000, .mod_start_pfn = 1 };
	uint8_t *elf;
	size_t len;

	if (argc == 3 && strcmp(argv[1], "--kernel") == 0)
		return write_kernel(argv[2]);
	if (hv_open(&err)) {
		error_print(stderr, &err);
		return 1;
	}
	if (argc == 4 && strcmp(argv[1], "--shutdown") == 0)	/* of a domain of XEND_FAKE_MACHINE */
		return fake_shutdown((domid_t)atoi(argv[2]), (unsigned int)atoi(argv[3])) ? 1 : 0;
	if (argc == 3 && strcmp(argv[1], "--clock") == 0)
		return printf("%lld\n", (long long)fake->domains[atoi(argv[2])].time_offset) < 0;
	elf = ek_make(&plain, &len);
	test_codecs(elf, len);
	test_bzimage(elf, len);
	free(elf);
	test_refused();
	test_plan();
	test_build("everything in the kernel's mapping", &plain, 32);
	test_build("p2m and ramdisk apart", &modern, 32);
	test_build("an odd number of pages", &modern, 33);
	(void)!unlink(write_temp("", 0));
	printf("%u passed, %u failed\n", passed, failed);
	return failed != 0;
}
