/* SPDX-License-Identifier: MIT */
/*
 * Building dom0 from the loader's modules: the kernel (a Linux bzImage or an ELF file, possibly compressed) and an
 * initrd. Runs once, on the boot CPU, before any guest runs; whatever is wrong with the modules ends in one line
 * that says what and what to do.
 *
 * The new domain's memory, in its own frame numbers (pfn), as the PV ABI has it:
 *
 *   0 .. kernel .. [initrd] [p2m] start_info, page tables, stack, padding     mapped from VIRT_BASE on
 *   then [initrd, if the kernel takes it unmapped] [p2m and its tables, if the kernel wants it elsewhere]
 *   then everything else
 */
#ifndef BUILDER_BUILDER_H
#define BUILDER_BUILDER_H

#include "core/param.h"
#include "domain/domain.h"
#include "lib/elf.h"

struct kernel_image {
	struct elf_view elf;
	void *buffer;			/* unpacked, if it was packed: whole pages, to be freed */
	u64 buffer_bytes;
	u64 entry, virt_base, hypercall_page, init_p2m;
	u64 paddr_offset;
	bool has_hypercall_page, has_init_p2m, initrd_unmapped;
	u64 virt_end;			/* end of the last segment */
};

struct build {
	struct domain *d;
	struct kernel_image k;
	u64 *p2m;			/* contiguous frames of the domain itself */
	u64 nr_pages, done_pages;
	/* layout, in pfns */
	u64 initrd_pfn, initrd_pages, initrd_len;
	u64 p2m_pfn, p2m_pages, p2m_table_pages;
	u64 start_info_pfn, pt_pfn, pt_pages, stack_pfn, map_end_pfn;
	u64 boot_end_pfn;		/* end of all of the above */
	u64 next_table;			/* pfn of the next unused page-table page */
};

/* Finds kernel and notes; unpacks. Panics with a message that says what is wrong with the module. */
void image_load(struct kernel_image *k, const void *module, u64 size);
void image_free(struct kernel_image *k);
/* Whether the segments' contents cover all of this page. */
bool image_fills(const struct kernel_image *k, u64 pfn);
/* Copies the segments into the domain's frames. */
void image_place(const struct build *b);

/* Frames for pfns [done_pages, until). Panics when there are none. */
void build_populate(struct build *b, u64 until);
static inline void *build_virt(const struct build *b, u64 pfn)
{
	return mfn_to_virt(mfn(b->p2m[pfn]));
}

/* Page tables for [virt_base, ...) and the p2m; returns the L4's frame, pinned. */
mfn_t build_page_tables(struct build *b);
u64 build_count_tables(u64 va, u64 pages);

void builder_dom0(void);
void builder_start_dom0(void);	/* everything is ready: it runs */
extern const struct param builder_params[];
u32 builder_vcpus(u32 cpus);		/* dom0_max_vcpus= on a machine of so many CPUs */
extern bool builder_pin_vcpus;		/* dom0_vcpus_pin */

#endif
