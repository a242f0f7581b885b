/* SPDX-License-Identifier: MIT */
/*
 * Core dumps of PV guests: an ELF file without program headers whose sections are
 *
 *	.note.Xen	who, how many, which hypervisor
 *	.xen_prstatus	a vcpu_guest_context for each vCPU
 *	.xen_shared_info
 *	.xen_p2m	pairs of pfn and frame, one for each page that follows
 *	.xen_pages	the pages, page-aligned
 *
 * The file appears under its name only when it is whole.
 */
#include <assert.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/file.h"
#include "hv/calls.h"
#include "hv/domctl.h"
#include "stream/core.h"
#include "stream/p2m.h"

#define MAGIC_PV 0xf00febedu
#define BATCH 256u
#define LENT_PAGES 4096u	/* of the hypervisor, that a list may name beside the guest's own */

enum { SEC_NULL, SEC_NAMES, SEC_NOTE, SEC_PRSTATUS, SEC_SHARED, SEC_P2M, SEC_PAGES, SECTIONS };

static const char names[] = "\0.shstrtab\0.note.Xen\0.xen_prstatus\0.xen_shared_info\0.xen_p2m\0.xen_pages";

struct note {
	uint32_t namesz, descsz, type;
	char name[4];
};

struct notes {
	struct note none;
	struct note header;
	struct { uint64_t magic, nr_vcpus, nr_pages, page_size; } header_desc;
	struct note version;
	struct {
		uint64_t major, minor;
		char extra[16];
		char compiler[64], compile_by[16], compile_domain[32], compile_date[32];
		char capabilities[1024];
		char changeset[64];
		uint64_t virt_start;
		uint64_t page_size;
	} version_desc;
	struct note format;
	struct { uint64_t version; } format_desc;
} __attribute__((packed));

struct core {
	domid_t domid;
	int fd;
	uint64_t n_vcpus, n_pages;
	struct p2m_page *pages;
	uint64_t shared_info;
	Elf64_Shdr sec[SECTIONS];
	void (*progress)(int percent);
	struct error *err;
};

static struct note make_note(uint32_t type, uint32_t descsz)
{
	struct note n = { .namesz = 4, .descsz = descsz, .type = type, .name = "Xen" };

	return n;
}

static int put(struct core *c, const void *data, size_t len)
{
	int rc = fd_write_all(c->fd, data, len);

	return rc ? error_set_errno(c->err, ERR_RESOURCES, -rc, NULL, "cannot write the dump") : 0;
}

static uint32_t name_offset(const char *name)
{
	for (uint32_t i = 1; i < sizeof(names); i += (uint32_t)strlen(names + i) + 1)
		if (strcmp(names + i, name) == 0)
			return i;
	return 0;
}

/* Offsets, in the order in which the sections are written. */
static void layout(struct core *c)
{
	static const char *const sec_names[] = {
		"", ".shstrtab", ".note.Xen", ".xen_prstatus", ".xen_shared_info", ".xen_p2m", ".xen_pages"
	};
	uint64_t sizes[SECTIONS] = { 0,
				     sizeof(names),
				     sizeof(struct notes),
				     c->n_vcpus * sizeof(struct vcpu_guest_context),
				     HV_PAGE_SIZE,
				     c->n_pages * 16,
				     c->n_pages * HV_PAGE_SIZE };
	uint64_t at = sizeof(Elf64_Ehdr) + sizeof(c->sec);

	memset(c->sec, 0, sizeof(c->sec));
	for (int i = SEC_NAMES; i < SECTIONS; i++) {
		if (i == SEC_PAGES)
			at = (at + HV_PAGE_SIZE - 1) & ~(uint64_t)(HV_PAGE_SIZE - 1);
		c->sec[i].sh_name = name_offset(sec_names[i]);
		c->sec[i].sh_type = i == SEC_NAMES ? SHT_STRTAB : i == SEC_NOTE ? SHT_NOTE : SHT_PROGBITS;
		c->sec[i].sh_offset = at;
		c->sec[i].sh_size = sizes[i];
		c->sec[i].sh_addralign = i == SEC_PAGES ? HV_PAGE_SIZE : 1;
		at += sizes[i];
	}
	c->sec[SEC_PRSTATUS].sh_entsize = sizeof(struct vcpu_guest_context);
	c->sec[SEC_SHARED].sh_entsize = HV_PAGE_SIZE;
	c->sec[SEC_P2M].sh_entsize = 16;
	c->sec[SEC_PAGES].sh_entsize = HV_PAGE_SIZE;
}

static int write_headers(struct core *c)
{
	Elf64_Ehdr h = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
			 .e_type = ET_CORE,
			 .e_machine = EM_X86_64,
			 .e_version = EV_CURRENT,
			 .e_ehsize = sizeof(h),
			 .e_shoff = sizeof(h),
			 .e_shentsize = sizeof(Elf64_Shdr),
			 .e_shnum = SECTIONS,
			 .e_shstrndx = SEC_NAMES };
	int rc = put(c, &h, sizeof(h));

	if (!rc)
		rc = put(c, c->sec, sizeof(c->sec));
	return rc ? rc : put(c, names, sizeof(names));
}

static int write_notes(struct core *c)
{
	struct notes n = { .none = make_note(0x2000000, 0),
			   .header = make_note(0x2000001, sizeof(n.header_desc)),
			   .version = make_note(0x2000002, sizeof(n.version_desc)),
			   .format = make_note(0x2000003, sizeof(n.format_desc)) };
	struct hv_version v;
	int rc = hv_version(&v);

	if (rc)
		return error_set_errno(c->err, ERR_INTERNAL, -rc, NULL, "the hypervisor does not answer");
	n.header_desc.magic = MAGIC_PV;
	n.header_desc.nr_vcpus = c->n_vcpus;
	n.header_desc.nr_pages = c->n_pages;
	n.header_desc.page_size = n.version_desc.page_size = HV_PAGE_SIZE;
	n.version_desc.major = v.major;
	n.version_desc.minor = v.minor;
	n.version_desc.virt_start = v.virt_start;
	n.format_desc.version = 1;
	memcpy(n.version_desc.extra, v.extra, sizeof(v.extra));
	memcpy(n.version_desc.compiler, v.compiler, sizeof(v.compiler));
	memcpy(n.version_desc.compile_by, v.compile_by, sizeof(v.compile_by));
	memcpy(n.version_desc.compile_domain, v.compile_domain, sizeof(v.compile_domain));
	memcpy(n.version_desc.compile_date, v.compile_date, sizeof(v.compile_date));
	memcpy(n.version_desc.capabilities, v.capabilities, sizeof(v.capabilities));
	memcpy(n.version_desc.changeset, v.changeset, sizeof(v.changeset));
	return put(c, &n, sizeof(n));
}

static int write_state(struct core *c)
{
	struct vcpu_guest_context ctxt;
	void *page;
	int rc = 0;

	for (unsigned int v = 0; !rc && v < c->n_vcpus; v++) {
		/* A vCPU that was never started has no context: it is all zeroes. */
		if (hv_domctl_get_context(c->domid, v, &ctxt) < 0)
			memset(&ctxt, 0, sizeof(ctxt));
		rc = put(c, &ctxt, sizeof(ctxt));
	}
	if (rc)
		return rc;
	page = hv_map_foreign(c->domid, &c->shared_info, 1, false, NULL);
	if (!page)
		return error_set_errno(c->err, ERR_FAILED, errno, NULL,
				       "cannot map the guest's shared info page");
	rc = put(c, page, HV_PAGE_SIZE);
	hv_unmap(page, 1);
	return rc;
}

static int write_p2m(struct core *c)
{
	static_assert(sizeof(struct p2m_page) == 16, "as it stands in the file");
	return put(c, c->pages, c->n_pages * sizeof(*c->pages));
}

/* A page that cannot be mapped (the guest's list lies, or it is another's) is zeroes. */
static int write_batch(struct core *c, const xen_pfn_t *list, size_t n)
{
	static const uint8_t zeroes[HV_PAGE_SIZE];
	int errs[BATCH], rc = 0;
	uint8_t *p = hv_map_foreign(c->domid, list, n, false, errs);

	if (!p)
		return error_set_errno(c->err, ERR_FAILED, errno, NULL, "cannot map the guest's memory");
	for (size_t i = 0; !rc && i < n; i++)
		rc = put(c, errs[i] ? zeroes : p + i * HV_PAGE_SIZE, HV_PAGE_SIZE);
	hv_unmap(p, n);
	return rc;
}

static int write_pages(struct core *c)
{
	xen_pfn_t list[BATCH];
	size_t n = 0;
	int rc = 0, shown = 0;

	if (lseek(c->fd, (off_t)c->sec[SEC_PAGES].sh_offset, SEEK_SET) < 0)
		return error_set_errno(c->err, ERR_FAILED, errno, NULL, "cannot write the dump");
	for (uint64_t i = 0; !rc && i < c->n_pages; i++) {
		int percent = (int)(i * 100 / c->n_pages);

		list[n++] = c->pages[i].mfn;
		if (n == BATCH) {
			rc = write_batch(c, list, n);
			n = 0;
		}
		if (c->progress && percent >= shown + 10)
			c->progress(shown = percent);
	}
	return rc || !n ? rc : write_batch(c, list, n);
}

/* A full disk is told before the guest has waited for minutes. */
static int check_space(struct core *c, const char *path)
{
	struct statvfs s;
	int rc;

	if (fstatvfs(c->fd, &s) < 0)
		return error_set_errno(c->err, ERR_NONE, errno, NULL, "%s", path);
	if ((uint64_t)s.f_bavail * s.f_frsize > (c->n_pages + 64) * (HV_PAGE_SIZE + 16))
		return 0;
	rc = error_set(c->err, ERR_RESOURCES, NULL, "%s: %llu MiB are free there, the dump needs %llu", path,
		       (unsigned long long)((uint64_t)s.f_bavail * s.f_frsize >> 20),
		       (unsigned long long)(c->n_pages >> 8) + 1);
	error_hint(c->err, "give another path");
	return rc;
}

static int look(struct core *c)
{
	struct xen_domctl_getdomaininfo info;
	int rc = hv_domctl_info(c->domid, &info);

	if (rc)
		return error_set_errno(c->err, ERR_NOT_FOUND, -rc, NULL, "domain %d", c->domid);
	c->shared_info = info.shared_info_frame;
	c->n_vcpus = info.max_vcpu_id + 1;
	/* A list that names frames twice could fill any disk, and any memory. */
	return p2m_read(c->domid, info.shared_info_frame, info.tot_pages + LENT_PAGES, &c->pages, &c->n_pages, c->err);
}

int core_write(domid_t domid, const char *path, uint64_t *bytes, void (*progress)(int percent),
	       struct error *err)
{
	struct core c = { .domid = domid, .fd = -1, .progress = progress, .err = err };
	char *part = NULL;
	int rc = look(&c);

	if (!rc && asprintf(&part, "%s.part", path) < 0)
		rc = error_set_errno(err, ERR_RESOURCES, ENOMEM, NULL, "dump");
	if (!rc) {
		c.fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (c.fd < 0)
			rc = error_set_errno(err, ERR_NONE, errno, NULL, "%s", part);
	}
	if (!rc)
		rc = check_space(&c, path);
	layout(&c);
	if (!rc)
		rc = write_headers(&c);
	if (!rc)
		rc = write_notes(&c);
	if (!rc)
		rc = write_state(&c);
	if (!rc)
		rc = write_p2m(&c);
	if (!rc)
		rc = write_pages(&c);
	if (!rc && rename(part, path) < 0)
		rc = error_set_errno(err, ERR_NONE, errno, NULL, "%s", path);
	if (rc && c.fd >= 0)
		(void)unlink(part);
	if (c.fd >= 0)
		close(c.fd);
	free(part);
	free(c.pages);
	*bytes = c.sec[SEC_PAGES].sh_offset + c.sec[SEC_PAGES].sh_size;
	return rc;
}
