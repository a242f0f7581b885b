/* SPDX-License-Identifier: MIT */
/* See p2m.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hv/domctl.h"
#include "hv/hv.h"
#include "stream/p2m.h"

#define PER_PAGE 512u
#define PFN_MAX (1ull << 31)	/* 8 TiB: beyond, the list makes no sense */
#define BATCH 1024u		/* pages of numbers that are mapped at a time */

static uint64_t up(uint64_t n)
{
	return (n + PER_PAGE - 1) / PER_PAGE;
}

typedef int take_fn(void *ctx, const xen_pfn_t *numbers, uint64_t from, uint64_t count);

/* The n numbers that lie, 512 a page, in the guest's frames[], as many at a time as are mapped. */
static int each_batch(domid_t domid, const xen_pfn_t *frames, uint64_t n, take_fn *take, void *ctx)
{
	int rc = 0;

	for (uint64_t page = 0; !rc && page < up(n); page += BATCH) {
		uint64_t pages = up(n) - page < BATCH ? up(n) - page : BATCH;
		uint64_t from = page * PER_PAGE, count = pages * PER_PAGE;
		void *p = hv_map_foreign(domid, frames + page, pages, false, NULL);

		if (!p)
			return -errno;
		rc = take(ctx, p, from, n - from < count ? n - from : count);
		hv_unmap(p, pages);
	}
	return rc;
}

static int copy_batch(void *ctx, const xen_pfn_t *numbers, uint64_t from, uint64_t count)
{
	memcpy((xen_pfn_t *)ctx + from, numbers, count * sizeof(*numbers));
	return 0;
}

static int read_level(domid_t domid, const xen_pfn_t *frames, uint64_t n, xen_pfn_t *out)
{
	return each_batch(domid, frames, n, copy_batch, out);
}

/* What shared info says, read once. */
struct root {
	uint64_t n;			/* pfns */
	xen_pfn_t list;			/* the three-level list; ~0 where the next two hold instead */
	uint64_t cr3, vaddr;		/* page table and address of the list as one array */
};

static int read_root(domid_t domid, xen_pfn_t shared_info, struct root *r)
{
	struct shared_info *s = hv_map_foreign(domid, &shared_info, 1, false, NULL);

	if (!s)
		return -errno;
	r->n = __atomic_load_n(&s->arch.max_pfn, __ATOMIC_RELAXED);
	r->list = __atomic_load_n(&s->arch.pfn_to_mfn_frame_list_list, __ATOMIC_RELAXED);
	r->cr3 = __atomic_load_n(&s->arch.p2m_cr3, __ATOMIC_RELAXED);
	r->vaddr = __atomic_load_n(&s->arch.p2m_vaddr, __ATOMIC_RELAXED);
	hv_unmap(s, 1);
	if (r->n == 0 || r->n > PFN_MAX || (r->list == 0 && r->cr3 == 0) || up(up(r->n)) > PER_PAGE ||
	    r->vaddr & (HV_PAGE_SIZE - 1))
		return -ENODATA;
	return 0;
}

/* The frames of the list's pages, from the three-level list. */
static int leaves_from_list(domid_t domid, const struct root *r, xen_pfn_t *leaves)
{
	xen_pfn_t *mids = calloc(up(up(r->n)), sizeof(*mids));
	int rc = mids ? read_level(domid, &r->list, up(up(r->n)), mids) : -ENOMEM;

	if (!rc)
		rc = read_level(domid, mids, up(r->n), leaves);
	free(mids);
	return rc;
}

/*
 * One level down: tables[] cover the address range at `level`, their entries become the tables of the level
 * below. Returns how many, or -errno; the range's first entry comes first.
 */
static int64_t descend(domid_t domid, uint64_t from, uint64_t to, unsigned int level, const xen_pfn_t *tables,
		       xen_pfn_t **below)
{
	unsigned int table_shift = HV_PAGE_SHIFT + 9 * level, entry_shift = table_shift - 9;
	uint64_t first = (from >> table_shift) * PER_PAGE, at = (from >> entry_shift) - first;
	uint64_t last = (to >> entry_shift) - first, n = last - at + 1;
	xen_pfn_t *entries = calloc(last + 1, sizeof(*entries));
	int rc = entries ? read_level(domid, tables, last + 1, entries) : -ENOMEM;

	for (uint64_t i = 0; !rc && i < n; i++) {
		uint64_t e = entries[at + i];

		if (!(e & 1) || (level > 1 && e >> 7 & 1))
			rc = -ENODATA;
		entries[i] = e >> HV_PAGE_SHIFT & ((1ull << 40) - 1);
	}
	if (rc) {
		free(entries);
		return rc;
	}
	*below = entries;
	return (int64_t)n;
}

/* The same, by walking the guest's page table over the list as one array. */
static int leaves_from_tables(domid_t domid, const struct root *r, xen_pfn_t *leaves)
{
	uint64_t from = r->vaddr & ((1ull << 48) - 1), to = from + up(r->n) * HV_PAGE_SIZE - 1;
	xen_pfn_t *tables = malloc(sizeof(*tables));
	int64_t n = 1;

	if (!tables || to >> 48)
		n = -ENODATA;
	else
		tables[0] = xen_cr3_to_pfn(r->cr3);
	for (unsigned int level = 4; n > 0 && level >= 1; level--) {
		xen_pfn_t *below = NULL;

		n = descend(domid, from, to, level, tables, &below);
		free(tables);
		tables = below;
	}
	if (n > 0)
		memcpy(leaves, tables, up(r->n) * sizeof(*leaves));
	free(tables);
	return n < 0 ? (int)n : 0;
}

/* The pages that have a frame, as they come; no more memory than `limit` of them need. */
struct found {
	struct p2m_page *pages;
	uint64_t n, room, limit;
};

static int add(struct found *f, uint64_t pfn, xen_pfn_t mfn)
{
	if (mfn >> 52)		/* none, or with the guest's own marks */
		return 0;
	if (f->n == f->limit)
		return -E2BIG;
	if (f->n == f->room) {
		uint64_t room = f->room ? 2 * f->room : 4096;
		struct p2m_page *grown = reallocarray(f->pages, room, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		f->pages = grown;
		f->room = room;
	}
	f->pages[f->n++] = (struct p2m_page){ pfn, mfn };
	return 0;
}

/* The guest may write its list meanwhile: each entry is read once. */
static int add_batch(void *ctx, const xen_pfn_t *mfns, uint64_t from, uint64_t count)
{
	int rc = 0;

	for (uint64_t i = 0; !rc && i < count; i++)
		rc = add(ctx, from + i, __atomic_load_n(&mfns[i], __ATOMIC_RELAXED));
	return rc;
}

static int explain(int rc, uint64_t limit, struct error *err)
{
	if (rc == -ENODATA)
		return error_set(err, ERR_GUEST, NULL,
				 "the guest has not told where its memory is: its kernel did not get that far");
	if (rc == -E2BIG)
		return error_set(err, ERR_GUEST, NULL,
				 "the guest's list of its memory names more than %llu pages: it has less",
				 (unsigned long long)limit);
	return error_set_errno(err, ERR_GUEST, -rc, NULL, "the guest's list of its memory cannot be read");
}

int p2m_read(domid_t domid, xen_pfn_t shared_info, uint64_t limit, struct p2m_page **pages, uint64_t *n,
	     struct error *err)
{
	struct found f = { .limit = limit };
	xen_pfn_t *leaves = NULL;
	struct root r = { 0 };
	int rc = read_root(domid, shared_info, &r);

	if (!rc) {
		leaves = calloc(up(r.n), sizeof(*leaves));
		rc = leaves ? 0 : -ENOMEM;
	}
	if (!rc)
		rc = r.cr3 ? leaves_from_tables(domid, &r, leaves) : leaves_from_list(domid, &r, leaves);
	if (!rc)
		rc = each_batch(domid, leaves, r.n, add_batch, &f);
	free(leaves);
	if (rc) {
		free(f.pages);
		return explain(rc, limit, err);
	}
	*pages = f.pages;
	*n = f.n;
	return 0;
}
