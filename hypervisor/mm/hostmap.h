/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor's own page tables: building the final half at boot, special mappings afterwards.
 */
#ifndef MM_HOSTMAP_H
#define MM_HOSTMAP_H

#include "lib/types.h"
#include "lib/typesafe.h"

enum hostmap_cache { HOSTMAP_WB, HOSTMAP_WC, HOSTMAP_UC };

/*
 * Maps [maddr, maddr + size), usually no RAM, readable and writable, never executable, for ever or until
 * hostmap_unmap(). Returns an address with the same offset in its page, or NULL when out of memory.
 */
void *hostmap_mmio(u64 maddr, u64 size, enum hostmap_cache cache);
void hostmap_unmap(void *va, u64 size);

/* Takes one page out of the direct map so that touching it faults (guard pages of stacks). */
int hostmap_guard_page(void *va);

/*
 * Boot: builds direct map, frame table and M2P from boot_info.e820 with the boot page tables still active, switches
 * CR3, and hands all free RAM to the page allocator. Reserved: the image, the modules, page 0 and the first 64 KiB's
 * trampoline.
 */
void mm_init(void);
void hostmap_drop_boot_mappings(void);	/* once all CPUs are up: the identity mapping goes */

extern u64 hostmap_l4_maddr;	/* the idle address space: what CR3 holds when no guest's tables are loaded */

#endif
