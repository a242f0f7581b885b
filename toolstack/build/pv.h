/* SPDX-License-Identifier: MIT */
/*
 * Building a PV guest in memory.  The virtual layout, from virt_base up, and the frames behind it:
 *
 *	pfn 0 = virt_base
 *	  kernel | ramdisk* | p2m* | start_info | store | console | page tables | boot stack | slack to 4 MiB
 *	  not mapped there: ramdisk and p2m, when the kernel's notes allow (p2m at its own address)
 *
 * pv_plan() does all the arithmetic and all the checks and touches nothing; pv_build() then takes memory and
 * writes.  pv_build() leaves its mappings of guest frames in place: it runs in a process that ends right
 * after, which is the cheapest way to give them back, and must have ended before the guest is unpaused.
 */
#ifndef BUILD_PV_H
#define BUILD_PV_H

#include "build/image.h"
#include "hv/hv.h"

#define PV_LEVELS_MAX 4

/* A stretch of virtual addresses and the page tables that map it; index is the level, 1 the lowest. */
struct pv_map {
	uint64_t from, to;		/* page-aligned, to exclusive; from == to: not used */
	uint64_t pfn;			/* behind `from` */
	uint64_t table_pfn[PV_LEVELS_MAX + 1];
	uint64_t n_tables[PV_LEVELS_MAX + 1];
};

struct pv_plan {
	unsigned int levels;		/* 4, or 3 for 32-bit PAE */
	uint64_t n_pages;
	uint64_t virt_base;
	/* pfns */
	uint64_t kernel, ramdisk, p2m, start_info, store, console, tables, stack, end;
	uint64_t n_kernel, n_ramdisk, n_p2m, n_p2m_all, n_tables;
	bool ramdisk_mapped;
	struct pv_map main, p2m_map;
};

/* What to build, and what came of it. */
struct pv_guest {
	domid_t domid;
	const struct image *image;
	int ramdisk_fd;			/* -1: none */
	uint64_t ramdisk_len;
	const char *cmdline;
	uint64_t n_pages;		/* given to the guest now */
	uint64_t max_pages;		/* its memory map reaches here */
	evtchn_port_t store_port, console_port;
	xen_pfn_t shared_info;		/* its frame, from the hypervisor */
	/* results */
	xen_pfn_t store_mfn, console_mfn;
};

/* The pages that a guest of this shape needs at least. */
int pv_plan(struct pv_plan *plan, const struct image_info *info, uint64_t ramdisk_len, uint64_t n_pages,
	    struct error *err) __must_check;

int pv_build(struct pv_guest *g, struct error *err) __must_check;

/* ---- pv_tables.c ---- */

/* Number the tables of map from *pfn on; *pfn moves behind them.  With root: the top level too. */
void pv_map_count(struct pv_map *map, unsigned int levels, bool root, uint64_t *pfn);

/* Fill one page (table number i of its level) of a map; mfns[] is the p2m of all pages. */
void pv_map_fill(const struct pv_plan *plan, const struct pv_map *map, unsigned int level, uint64_t i,
		 const xen_pfn_t *mfns, uint64_t *table);

#endif
