/* SPDX-License-Identifier: MIT */
/*
 * Builds a PV guest: takes its memory, loads kernel and ramdisk, writes p2m, page tables and start_info,
 * seeds its grant table so that dom0's daemons may map the store and console rings without being its builder,
 * and sets its first vCPU.  The steps stand in pv_build(), in order.  On failure nothing is undone here: the
 * caller destroys the domain, which gives back all it was given.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "abi/grant_table.h"
#include "base/file.h"
#include "build/pv.h"
#include "hv/calls.h"
#include "hv/domctl.h"

#define SUPER_ORDER 9u		/* memory is taken 2 MiB at a time where it can be */

struct build {
	struct pv_guest *g;
	struct pv_plan plan;
	xen_pfn_t *mfns;	/* the p2m: frame behind each pfn */
	struct error *err;
};

/* Take n extents from pfn on; those that memory did not suffice for are left to the caller. */
static int64_t populate(struct build *b, uint64_t pfn, uint64_t n, unsigned int order)
{
	xen_pfn_t *list = calloc(n ? n : 1, sizeof(*list));
	int64_t done = list ? 0 : -ENOMEM;

	for (uint64_t i = 0; list && i < n; i++)
		list[i] = pfn + (i << order);
	if (list)
		done = hv_memory_populate(b->g->domid, list, n, order);
	for (int64_t i = 0; i < done; i++)
		for (uint64_t j = 0; j < 1ull << order; j++)
			b->mfns[pfn + ((uint64_t)i << order) + j] = list[i] + j;
	free(list);
	return done;
}

static int take_memory(struct build *b)
{
	uint64_t n = b->g->n_pages, super = n >> SUPER_ORDER, at;
	int64_t done;
	int rc;

	b->mfns = calloc(n, sizeof(*b->mfns));
	if (!b->mfns)
		return error_set_errno(b->err, ERR_RESOURCES, ENOMEM, NULL, "cannot build the guest");
	rc = hv_memory_claim(b->g->domid, n);
	if (rc)
		return error_set(b->err, rc == -ENOMEM ? ERR_RESOURCES : ERR_FAILED, NULL,
				 "the host has less than %llu MiB free", (unsigned long long)(n >> 8));
	done = populate(b, 0, super, SUPER_ORDER);
	at = done > 0 ? (uint64_t)done << SUPER_ORDER : 0;
	if (done >= 0)
		done = populate(b, at, n - at, 0);
	if (done < 0 || (uint64_t)done < n - at)
		rc = error_set(b->err, ERR_RESOURCES, NULL, "the hypervisor gave %llu of %llu MiB (%s)",
			       (unsigned long long)((at + (done > 0 ? (uint64_t)done : 0)) >> 8),
			       (unsigned long long)(n >> 8),
			       done < 0 ? strerror((int)-done) : "out of memory");
	if (hv_memory_claim(b->g->domid, 0) < 0 && !rc)
		rc = error_set(b->err, ERR_FAILED, NULL, "cannot give back the rest of the memory claim");
	return rc;
}

/* n of the guest's pages, writable. */
static void *map(struct build *b, uint64_t pfn, uint64_t n)
{
	void *p = hv_map_foreign(b->g->domid, b->mfns + pfn, n, true, NULL);

	if (!p)
		(void)error_set_errno(b->err, ERR_FAILED, errno, NULL, "cannot map the guest's memory");
	return p;
}

/* len bytes of a file into the guest, zeroes behind them up to the end of the page. */
static int load_file(struct build *b, int fd, uint64_t len, uint64_t pfn, const char *what)
{
	uint64_t n = (len + HV_PAGE_SIZE - 1) >> HV_PAGE_SHIFT, at = 0;
	uint8_t *p;

	if (n == 0)
		return 0;
	p = map(b, pfn, n);
	if (!p)
		return -EIO;
	while (at < len) {
		ssize_t got = pread(fd, p + at, len - at, (off_t)at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return error_set_errno(b->err, ERR_FAILED, got ? errno : EIO, NULL,
					       "cannot read the %s", what);
		at += (uint64_t)got;
	}
	memset(p + len, 0, n * HV_PAGE_SIZE - len);
	return 0;
}

static int write_p2m(struct build *b)
{
	uint8_t *p = map(b, b->plan.p2m, b->plan.n_p2m);
	uint64_t n = b->g->n_pages;

	if (!p)
		return -EIO;
	if (b->plan.levels == 4) {
		memcpy(p, b->mfns, n * 8);
		memset(p + n * 8, 0xff, b->plan.n_p2m * HV_PAGE_SIZE - n * 8);
	} else {
		uint32_t *small = (uint32_t *)p;

		for (uint64_t i = 0; i < n; i++)
			small[i] = (uint32_t)b->mfns[i];
		memset(p + n * 4, 0xff, b->plan.n_p2m * HV_PAGE_SIZE - n * 4);
	}
	return 0;
}

/* The tables that pv_map_count() numbered; unmapped at once, since a mapped page cannot become a table. */
static int write_map(struct build *b, const struct pv_map *m, unsigned int top)
{
	for (unsigned int level = top; level >= 1; level--) {
		uint64_t n = m->n_tables[level];
		uint8_t *p;

		if (n == 0)
			continue;
		p = map(b, m->table_pfn[level], n);
		if (!p)
			return -EIO;
		for (uint64_t i = 0; i < n; i++) {
			uint64_t *table = (uint64_t *)(p + i * HV_PAGE_SIZE);

			memset(table, 0, HV_PAGE_SIZE);
			pv_map_fill(&b->plan, m, level, i, b->mfns, table);
			if (level == b->plan.levels && b->plan.p2m_map.to)
				pv_map_fill(&b->plan, &b->plan.p2m_map, level, i, b->mfns, table);
		}
		hv_unmap(p, n);
	}
	return 0;
}

static int write_tables(struct build *b)
{
	int rc = write_map(b, &b->plan.main, b->plan.levels);

	if (!rc && b->plan.p2m_map.to)
		rc = write_map(b, &b->plan.p2m_map, b->plan.levels - 1);
	return rc;
}

static uint64_t vaddr(const struct build *b, uint64_t pfn)
{
	return b->plan.virt_base + (pfn << HV_PAGE_SHIFT);
}

/* The fields that both widths of start_info have, at their full width. */
static void fill_start_info(const struct build *b, struct start_info *si)
{
	const struct pv_plan *p = &b->plan;
	struct pv_guest *g = b->g;

	snprintf(si->magic, sizeof(si->magic), "xen-3.0-x86_%d%s", p->levels == 4 ? 64 : 32,
		 p->levels == 4 ? "" : "p");
	si->nr_pages = g->n_pages;
	si->shared_info = g->shared_info << HV_PAGE_SHIFT;
	si->flags = SIF_VIRT_P2M_4TOOLS;
	si->store_mfn = g->store_mfn;
	si->store_evtchn = g->store_port;
	si->console.domU.mfn = g->console_mfn;
	si->console.domU.evtchn = g->console_port;
	si->pt_base = vaddr(b, p->tables);
	si->nr_pt_frames = p->n_tables;
	si->mfn_list = vaddr(b, p->p2m);
	if (p->p2m_map.to) {
		si->mfn_list = p->p2m_map.from;
		si->first_p2m_pfn = p->p2m;
		si->nr_p2m_frames = p->n_p2m_all;
	}
	if (g->ramdisk_len) {
		si->mod_start = p->ramdisk_mapped ? vaddr(b, p->ramdisk) : p->ramdisk;
		si->flags |= p->ramdisk_mapped ? 0 : SIF_MOD_START_PFN;
		si->mod_len = g->ramdisk_len;
	}
	snprintf((char *)si->cmd_line, sizeof(si->cmd_line), "%s", g->cmdline ? g->cmdline : "");
}

/* start_info as a 32-bit guest has it. */
struct start_info32 {
	char magic[32];
	uint32_t nr_pages, shared_info, flags, store_mfn, store_evtchn, console_mfn, console_evtchn;
	uint32_t pt_base, nr_pt_frames, mfn_list, mod_start, mod_len;
	char cmd_line[MAX_GUEST_CMDLINE];
	uint32_t first_p2m_pfn, nr_p2m_frames;
};
_Static_assert(sizeof(struct start_info32) == 32 + 12 * 4 + 1024 + 8, "published layout");

static void narrow_start_info(const struct start_info *si, struct start_info32 *out)
{
	*out = (struct start_info32){
		.nr_pages = (uint32_t)si->nr_pages,
		.shared_info = (uint32_t)si->shared_info,
		.flags = si->flags,
		.store_mfn = (uint32_t)si->store_mfn,
		.store_evtchn = si->store_evtchn,
		.console_mfn = (uint32_t)si->console.domU.mfn,
		.console_evtchn = si->console.domU.evtchn,
		.pt_base = (uint32_t)si->pt_base,
		.nr_pt_frames = (uint32_t)si->nr_pt_frames,
		.mfn_list = (uint32_t)si->mfn_list,
		.mod_start = (uint32_t)si->mod_start,
		.mod_len = (uint32_t)si->mod_len,
	};
	memcpy(out->magic, si->magic, sizeof(out->magic));
	memcpy(out->cmd_line, si->cmd_line, sizeof(out->cmd_line));
}

/* start_info, store ring, console ring: neighbours. */
static int write_special_pages(struct build *b)
{
	uint8_t *p = map(b, b->plan.start_info, 3);
	struct start_info si = { 0 };

	if (!p)
		return -EIO;
	memset(p, 0, 3 * HV_PAGE_SIZE);
	b->g->store_mfn = b->mfns[b->plan.store];
	b->g->console_mfn = b->mfns[b->plan.console];
	fill_start_info(b, &si);
	if (b->plan.levels == 4)
		memcpy(p, &si, sizeof(si));
	else
		narrow_start_info(&si, (struct start_info32 *)p);
	hv_unmap(p, 3);
	return 0;
}

/* All vCPUs start with events masked. */
static int init_shared_info(struct build *b)
{
	struct shared_info *s = hv_map_foreign(b->g->domid, &b->g->shared_info, 1, true, NULL);

	if (!s)
		return error_set_errno(b->err, ERR_FAILED, errno, NULL,
				       "cannot map the guest's shared info page");
	memset(s, 0, HV_PAGE_SIZE);
	for (unsigned int i = 0; i < XEN_LEGACY_MAX_VCPUS; i++)
		s->vcpu_info[i].evtchn_upcall_mask = 1;
	hv_unmap(s, 1);
	return 0;
}

static int seed_grants(struct build *b)
{
	struct grant_entry_v1 *t = hv_map_resource(b->g->domid, XENMEM_resource_grant_table,
						   XENMEM_resource_grant_table_id_shared, 0, 1);

	if (!t)
		return error_set_errno(b->err, ERR_FAILED, errno, NULL, "cannot map the guest's grant table");
	t[GNTTAB_RESERVED_CONSOLE].domid = 0;
	t[GNTTAB_RESERVED_CONSOLE].frame = (uint32_t)b->g->console_mfn;
	t[GNTTAB_RESERVED_CONSOLE].flags = GTF_permit_access;
	t[GNTTAB_RESERVED_XENSTORE].domid = 0;
	t[GNTTAB_RESERVED_XENSTORE].frame = (uint32_t)b->g->store_mfn;
	t[GNTTAB_RESERVED_XENSTORE].flags = GTF_permit_access;
	hv_unmap(t, 1);
	return 0;
}

static int start_vcpu(struct build *b)
{
	const struct image_info *info = &b->g->image->info;
	xen_pfn_t root = b->mfns[b->plan.main.table_pfn[b->plan.levels]];
	struct hv_pv_start start = {
		.bits = info->bits,
		.entry = info->entry,
		.stack = vaddr(b, b->plan.stack) + HV_PAGE_SIZE,
		.start_info = vaddr(b, b->plan.start_info),
		.root = root,
	};
	int rc = hv_mmuext_pin(b->g->domid, b->plan.levels == 4 ? MMUEXT_PIN_L4_TABLE : MMUEXT_PIN_L3_TABLE,
			       root);

	if (rc)
		return error_set_errno(b->err, ERR_INTERNAL, -rc, NULL,
				       "the hypervisor refuses the guest's page tables");
	if (info->hypercall_page != IMAGE_UNSET) {
		rc = hv_domctl_hypercall_page(
			b->g->domid, b->mfns[(info->hypercall_page - info->virt_base) >> HV_PAGE_SHIFT]);
		if (rc)
			return error_set_errno(b->err, ERR_INTERNAL, -rc, NULL,
					       "cannot write the hypercall page");
	}
	rc = hv_domctl_start_pv(b->g->domid, &start);
	if (rc)
		return error_set_errno(b->err, ERR_INTERNAL, -rc, NULL,
				       "the hypervisor refuses the guest's first vCPU");
	return 0;
}

int pv_build(struct pv_guest *g, struct error *err)
{
	struct build b = { .g = g, .err = err };
	const struct pv_plan *p = &b.plan;
	int rc = pv_plan(&b.plan, &g->image->info, g->ramdisk_len, g->n_pages, err);

	if (!rc && g->image->info.bits == 32) {
		rc = hv_domctl_set_address_size(g->domid, 32);
		if (rc) {
			rc = error_set(err, ERR_UNSUPPORTED, NULL,
				       "this hypervisor does not run 32-bit PV guests");
			error_hint(err, "use a 64-bit kernel");
		}
	}
	if (!rc)
		rc = take_memory(&b);
	if (!rc)
		rc = load_file(&b, g->image->fd, g->image->len, p->kernel, "unpacked kernel");
	if (!rc && g->ramdisk_len)
		rc = load_file(&b, g->ramdisk_fd, g->ramdisk_len, p->ramdisk, "ramdisk");
	if (!rc)
		rc = write_p2m(&b);
	if (!rc)
		rc = write_special_pages(&b);
	if (!rc)
		rc = write_tables(&b);
	if (!rc)
		rc = init_shared_info(&b);
	if (!rc)
		rc = seed_grants(&b);
	if (!rc)
		rc = start_vcpu(&b);
	if (!rc && hv_memory_set_map(g->domid, g->max_pages << HV_PAGE_SHIFT) < 0)
		rc = error_set(err, ERR_INTERNAL, NULL, "cannot set the guest's memory map");
	free(b.mfns);
	return rc;
}
