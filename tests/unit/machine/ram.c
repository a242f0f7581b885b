/* SPDX-License-Identifier: MIT */
/*
 * RAM, its frames and the tables that describe it. Single-threaded.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "machine.h"
#include "machine_internal.h"
#include "mm/hostmap.h"
#include "mm/m2p.h"
#include "mm/page_alloc.h"
#include "mm/pt.h"

/* Far from anything that the C library or ASan maps, and no address that a test's guest uses. */
#define RAM_WANTED	((void *)0x500000000000ul)
#define RESERVED_FRAMES	16u

u8 *host_ram;
u64 *m2p_table;
u64 m2p_entries = MACHINE_FRAMES;
u64 hostmap_l4_maddr;

u64 m2p_extent_mfn(u64 n)
{
	return n ? 0 : RESERVED_FRAMES - 1;
}

static void own(u64 first, u64 last, u16 owner)
{
	for (u64 n = first; n <= last; n++)
		frame_table[n] = (struct frame){ .refs = FRAME_ALLOCATED | 1, .owner = owner };
}

static void make_hypervisor_l4(void)
{
	u64 *l4 = page_alloc_zeroed();

	hostmap_l4_maddr = virt_to_maddr(l4);
	/* what stands there only has to be recognised again */
	for (u32 i = HV_SLOT_FIRST; i <= HV_SLOT_LAST; i++)
		l4[i] = hostmap_l4_maddr | PTE_HV_TABLE | (u64)i << 52;
}

void machine_ram_start(void)
{
	static u8 valid[MACHINE_FRAMES / 512 + 1];

	host_ram = mmap(RAM_WANTED, MACHINE_FRAMES * PAGE_SIZE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (host_ram == MAP_FAILED)
		abort();
	frame_table = calloc(MACHINE_FRAMES, sizeof(*frame_table));
	m2p_table = malloc(MACHINE_FRAMES * sizeof(*m2p_table));
	memset(m2p_table, 0xff, MACHINE_FRAMES * sizeof(*m2p_table));
	memset(valid, 0xff, sizeof(valid));
	frame_valid_map = valid;
	frame_max = MACHINE_FRAMES;
	own(0, MACHINE_FRAMES - 1, OWNER_XEN);
	own(MACHINE_IO_FIRST, MACHINE_IO_LAST, OWNER_IO);
	page_alloc_reclaim_region(RESERVED_FRAMES * PAGE_SIZE, MACHINE_IO_FIRST * PAGE_SIZE);
	page_alloc_reclaim_region((MACHINE_IO_LAST + 1) * PAGE_SIZE, MACHINE_FRAMES * PAGE_SIZE);
	make_hypervisor_l4();
}
