/* SPDX-License-Identifier: MIT */
/*
 * Where everything of a PV guest goes: see the picture in pv.h.  The number of page tables depends on the
 * length of what they map, which holds the page tables; the loop ends because both only grow.
 */
#include <errno.h>
#include <string.h>

#include "build/pv.h"

#define SLACK (512ull << 10)	/* mapped behind the stack, for a kernel's first allocations */
#define MAP_ALIGN (4ull << 20)

static uint64_t pages(uint64_t bytes)
{
	return (bytes + HV_PAGE_SIZE - 1) >> HV_PAGE_SHIFT;
}

static uint64_t take(uint64_t *pfn, uint64_t n)
{
	uint64_t first = *pfn;

	*pfn += n;
	return first;
}

/* Tables for everything up to `used` pages, the tables, the stack and the slack. */
static void plan_tables(struct pv_plan *p, uint64_t used)
{
	uint64_t n = 1, pfn;

	for (;;) {
		uint64_t len = ((used + n + 1) << HV_PAGE_SHIFT) + SLACK;

		p->main = (struct pv_map){ .from = p->virt_base };
		len = ((p->virt_base + len + MAP_ALIGN - 1) & ~(MAP_ALIGN - 1)) - p->virt_base;
		p->main.to = p->virt_base + len;
		pfn = used;
		pv_map_count(&p->main, p->levels, true, &pfn);
		if (pfn - used <= n)
			break;
		n = pfn - used;
	}
	p->tables = used;
	p->n_tables = pfn - used;
}

static int plan_check(const struct pv_plan *p, const struct image_info *info, struct error *err)
{
	uint64_t mapped = (p->main.to - p->main.from) >> HV_PAGE_SHIFT;
	uint64_t need = p->end > mapped ? p->end : mapped;
	int rc;

	if (p->main.to < p->main.from)
		return error_set(err, ERR_CONFIG, NULL,
				 "kernel and ramdisk do not fit behind the kernel's address %#llx",
				 (unsigned long long)info->virt_base);
	if (need <= p->n_pages)
		return 0;
	rc = error_set(
		err, ERR_RESOURCES, NULL,
		"%llu MiB are too little: kernel (%llu MiB), ramdisk (%llu MiB) and tables need %llu MiB",
		(unsigned long long)(p->n_pages >> 8), (unsigned long long)(p->n_kernel >> 8),
		(unsigned long long)(p->n_ramdisk >> 8), (unsigned long long)((need + 255) >> 8));
	error_hint(err, "set memory = %llu or more", (unsigned long long)((need + 255) >> 8) * 2);
	return rc;
}

int pv_plan(struct pv_plan *p, const struct image_info *info, uint64_t ramdisk_len, uint64_t n_pages,
	    struct error *err)
{
	uint64_t entry = info->bits == 64 ? 8 : 4, pfn;
	bool p2m_apart = info->p2m_base != IMAGE_UNSET;

	memset(p, 0, sizeof(*p));
	p->levels = info->bits == 64 ? 4 : 3;
	p->n_pages = n_pages;
	p->virt_base = info->virt_base;
	p->kernel = (info->vstart - info->virt_base) >> HV_PAGE_SHIFT;
	p->n_kernel = (info->vend - info->vstart) >> HV_PAGE_SHIFT;
	p->n_ramdisk = pages(ramdisk_len);
	p->n_p2m = p->n_p2m_all = pages(n_pages * entry);
	p->ramdisk_mapped = !info->mod_start_pfn;
	pfn = p->kernel + p->n_kernel;
	if (p->ramdisk_mapped)
		p->ramdisk = take(&pfn, p->n_ramdisk);
	if (!p2m_apart)
		p->p2m = take(&pfn, p->n_p2m);
	p->start_info = take(&pfn, 1);
	p->store = take(&pfn, 1);
	p->console = take(&pfn, 1);
	plan_tables(p, pfn);
	pfn += p->n_tables;
	p->stack = take(&pfn, 1);
	if (!p->ramdisk_mapped)
		p->ramdisk = take(&pfn, p->n_ramdisk);
	if (p2m_apart) {
		p->p2m = take(&pfn, p->n_p2m);
		p->p2m_map = (struct pv_map){
			.from = info->p2m_base,
			.to = info->p2m_base + (p->n_p2m << HV_PAGE_SHIFT),
			.pfn = p->p2m,
		};
		pv_map_count(&p->p2m_map, p->levels, false, &pfn);
		p->n_p2m_all = pfn - p->p2m;
		if (info->p2m_base >> 39 == (info->virt_base << 16 >> 16) >> 39)
			return error_set(err, ERR_CONFIG, NULL,
					 "the kernel wants its p2m within its own 512 GiB");
	}
	p->end = pfn;
	return plan_check(p, info, err);
}
