/* SPDX-License-Identifier: MIT */
/*
 * Building the hypervisor's half of the address space, once, from the memory map that the loader gave:
 *
 *   1. a new level 4 with the direct map of all RAM and the image's sections (tables from below 4 GiB, which the
 *      boot tables still map), then CR3 switches to it;
 *   2. the frame table and the M2P, backed for each 2 MiB block that has RAM;
 *   3. everything left goes to the page allocator.
 *
 * Invariant: a page of the image is writable only outside text and read-only data, under either of its addresses.
 */
#include "boot/boot_info.h"
#include "core/log.h"
#include "core/panic.h"
#include "lib/string.h"
#include "mm/boot_alloc.h"
#include "mm/heap.h"
#include "mm/hostmap.h"
#include "mm/m2p.h"
#include "mm/page_alloc.h"
#include "mm/pt.h"
#include "x86/cpu_ops.h"
#include "x86/features.h"

#define BLOCK_SHIFT	21			/* RAM comes in blocks of 2 MiB for the tables' purposes */
#define CHUNK_SHIFT	30
#define BLOCK_FRAMES	(1ul << (BLOCK_SHIFT - PAGE_SHIFT))
#define LOW_MEMORY_END	(MiB(1))		/* firmware's tables lie in it whatever the map says */

extern char image_start[], text_end[], rodata_end[], image_end[];

u64 *m2p_table = (u64 *)M2P_RW_VIRT_START;
u64 m2p_entries;

static u64 *l4;
static u64 table_limit = GiB(4);
static u8 *valid_map;

static u64 boot_table(void)
{
	u64 page = boot_alloc(PAGE_SIZE, PAGE_SIZE, table_limit);

	if (!page)
		panic("no memory left for the hypervisor's page tables");
	page_clear(maddr_to_virt(page));
	return page;
}

static void map(u64 va, u64 maddr, u64 size, u64 flags, u32 levels)
{
	if (pt_map(l4, va, maddr, size, flags, levels, boot_table))
		panic("cannot map %#lx bytes at %#lx", size, va);
}

/* The image's two addresses: where it is linked, and its alias in the direct map, which never is executable. */
static void map_image(void)
{
	u64 base = boot_info.image_start;
	u64 text = text_end - image_start, ro = rodata_end - image_start, all = image_end - image_start;

	map((u64)image_start, base, text, PTE_HV_RX, 1);
	map((u64)text_end, base + text, ro - text, PTE_HV_RO, 1);
	map((u64)rodata_end, base + ro, ROUNDUP(all, PAGE_SIZE) - ro, PTE_HV_RW, 1);
	map(DIRECTMAP_VIRT_START + base, base, ro, PTE_HV_RO, 1);
	map(DIRECTMAP_VIRT_START + base + ro, base + ro, ROUNDUP(all, PAGE_SIZE) - ro, PTE_HV_RW, 1);
}

/* [start, end) of the direct map but for the image, which map_image() does with 4 KiB pages. */
static void map_direct(u64 start, u64 end, u64 flags)
{
	u64 img = boot_info.image_start, img_end = ROUNDUP(boot_info.image_end, PAGE_SIZE);
	u32 levels = cpu_features.page_1g ? 3 : 2;

	if (start >= end)
		return;
	if (start < img_end && end > img) {
		map_direct(start, MIN(img, end), flags);
		map_direct(MAX(img_end, start), end, flags);
		return;
	}
	map(DIRECTMAP_VIRT_START + start, start, end - start, flags, levels);
}

static void map_all_ram(void)
{
	for (u32 i = 0; i < boot_info.nr_e820; i++) {
		const struct e820_entry *e = &boot_info.e820[i];
		u64 start = MAX(ROUNDDOWN(e->start, PAGE_SIZE), MiB(1)), end = ROUNDUP(e->start + e->size, PAGE_SIZE);

		if (e->type == E820_RAM || e->type == E820_ACPI || e->type == E820_NVS)
			map_direct(start, end, PTE_HV_RW);
	}
	/* the first MiB whole */
	map(DIRECTMAP_VIRT_START, 0, 0xa0000, PTE_HV_RW, 1);
	map(DIRECTMAP_VIRT_START + 0xa0000, 0xa0000, 0x20000, PTE_HV_RW | PTE_CACHE_UC, 1);
	map(DIRECTMAP_VIRT_START + 0xc0000, 0xc0000, 0x40000, PTE_HV_RW, 1);
}

/* Level 3 tables that must exist before guests copy our level-4 slots. */
static void prepare_slots(void)
{
	static const u64 slots[] = { M2P_VIRT_START, FRAME_TABLE_VIRT_START, M2P_RW_VIRT_START, VMAP_VIRT_START };

	for (u32 i = 0; i < ARRAY_SIZE(slots); i++)
		pt_walk(l4, slots[i], 3, boot_table);
}

static u64 highest_ram(void)
{
	u64 top = 0;

	for (u32 i = 0; i < boot_info.nr_e820; i++)
		if (boot_info.e820[i].type == E820_RAM)
			top = MAX(top, boot_info.e820[i].start + boot_info.e820[i].size);
	if (top > DIRECTMAP_VIRT_END - DIRECTMAP_VIRT_START)
		panic("RAM reaches %#lx, beyond the direct map's 5 TiB", top);
	return top;
}

static bool block_has_ram(u64 block)
{
	return valid_map[block];
}

static void mark_valid_blocks(void)
{
	u64 bytes = (frame_max >> (BLOCK_SHIFT - PAGE_SHIFT)) + 1;
	u64 at = boot_alloc(bytes, PAGE_SIZE, ~0ul);

	if (!at)
		panic("no memory for the map of valid frames");
	valid_map = maddr_to_virt(at);
	memset(valid_map, 0, ROUNDUP(bytes, PAGE_SIZE));
	for (u32 i = 0; i < boot_info.nr_e820; i++) {
		const struct e820_entry *e = &boot_info.e820[i];

		if (e->type != E820_RAM || !e->size)
			continue;
		for (u64 b = e->start >> BLOCK_SHIFT; b <= (e->start + e->size - 1) >> BLOCK_SHIFT; b++)
			valid_map[b] = 1;
	}
	frame_valid_map = valid_map;
}

/* Memory for `bytes` of a table at `va`, filled with `fill`. */
static void back(u64 va, u64 bytes, u32 levels, u8 fill, u64 also_va)
{
	u64 at = boot_alloc(bytes, levels > 1 ? MiB(2) : PAGE_SIZE, ~0ul);

	if (!at)
		panic("no memory for %lu KiB of frame tables", bytes >> 10);
	memset(maddr_to_virt(at), fill, bytes);
	map(va, at, bytes, PTE_HV_RW, levels);
	if (also_va) {
		map(also_va, at, bytes, PTE_HV_RO | PTE_USER, levels);
		pt_walk(l4, also_va, 4, NULL)[0] |= PTE_USER;
		pt_walk(l4, also_va, 3, NULL)[0] |= PTE_USER;
		if (levels == 1)
			pt_walk(l4, also_va, 2, NULL)[0] |= PTE_USER;
	}
}

/* Frame table and M2P for one chunk of 1 GiB. The M2P always in one large page, since tools map it by those. */
static void back_chunk(u64 chunk)
{
	u64 first = chunk << (CHUNK_SHIFT - BLOCK_SHIFT), n = 1ul << (CHUNK_SHIFT - BLOCK_SHIFT), have = 0;
	u64 ft = BLOCK_FRAMES * sizeof(struct frame), m2p = BLOCK_FRAMES * sizeof(u64);

	for (u64 b = first; b < first + n; b++)
		have += block_has_ram(b);
	if (!have)
		return;
	back(M2P_RW_VIRT_START + first * m2p, n * m2p, 2, 0xff, M2P_VIRT_START + first * m2p);
	if (have == n) {
		back(FRAME_TABLE_VIRT_START + first * ft, n * ft, 2, 0, 0);
		return;
	}
	for (u64 b = first; b < first + n; b++)
		if (block_has_ram(b))
			back(FRAME_TABLE_VIRT_START + b * ft, ft, 1, 0, 0);
}
static_assert(sizeof(struct frame) * BLOCK_FRAMES % PAGE_SIZE == 0, "a block's frames fill whole pages");

static void own_frames(u64 first, u64 last, u16 owner)
{
	for (u64 n = first; n < last; n++) {
		frame_table[n].owner = owner;
		frame_table[n].refs = FRAME_ALLOCATED | 1;
	}
}

/*
 * Who owns what at first: the hypervisor all RAM (the page allocator will take most of it over), nobody the rest of
 * a block that is only partly RAM: that is device memory, or the firmware's. The first MiB counts as such, too: dom0
 * looks there for what the firmware left (Linux for the iBFT from 512 KiB on), by machine address.
 */
static void own_all_frames(void)
{
	for (u64 b = 0; b < frame_max / BLOCK_FRAMES; b++)
		if (block_has_ram(b))
			own_frames(b * BLOCK_FRAMES, (b + 1) * BLOCK_FRAMES, OWNER_IO);
	for (u32 i = 0; i < boot_info.nr_e820; i++) {
		const struct e820_entry *e = &boot_info.e820[i];

		if (e->type == E820_RAM)
			own_frames(MAX(e->start, LOW_MEMORY_END) >> PAGE_SHIFT, (e->start + e->size) >> PAGE_SHIFT,
				   OWNER_XEN);
	}
}

/* The M2P: tools map it as DOMID_XEN's. The counted descriptor type keeps it from ever being mapped for writing. */
static void lend_m2p(void)
{
	for (u64 n = 0; n < DIV_ROUND_UP(m2p_entries * sizeof(u64), MiB(2)); n++) {
		u64 first = m2p_extent_mfn(n);

		for (u64 i = first; first && i < first + BLOCK_FRAMES; i++) {
			frame_table[i].owner = OWNER_LENT;
			frame_table[i].type = FT_DESC | FT_VALIDATED | 1;
		}
	}
}

u64 m2p_extent_mfn(u64 n)
{
	u64 *e = pt_walk(l4, M2P_RW_VIRT_START + n * MiB(2), 2, NULL);

	return e && (*e & PTE_PRESENT) && (*e & PTE_PSE) ? mfn_x(pte_mfn(*e)) : 0;
}

void mm_init(void)
{
	u64 image = boot_info.image_start;
	u64 l4_maddr, chunks;

	boot_reserve(0, LOW_MEMORY_END);
	boot_reserve(image, boot_info.image_end);
	for (u32 i = 0; i < boot_info.nr_modules; i++)
		boot_reserve(boot_info.modules[i].start, boot_info.modules[i].start + boot_info.modules[i].size);

	l4_maddr = boot_table();
	l4 = maddr_to_virt(l4_maddr);
	l4[0] = *(u64 *)maddr_to_virt(read_cr3() & PTE_MFN_MASK);	/* the boot identity map, until all CPUs are up */
	map_image();
	map_all_ram();
	prepare_slots();
	hostmap_l4_maddr = l4_maddr;
	write_cr3(l4_maddr);
	table_limit = ~0ul;

	frame_max = highest_ram() >> PAGE_SHIFT;
	frame_table = (struct frame *)FRAME_TABLE_VIRT_START;
	mark_valid_blocks();
	chunks = ROUNDUP(frame_max << PAGE_SHIFT, GiB(1)) >> CHUNK_SHIFT;
	for (u64 c = 0; c < chunks; c++)
		back_chunk(c);
	frame_max = ROUNDUP(frame_max, BLOCK_FRAMES);
	m2p_entries = ROUNDUP(frame_max, PAGE_SIZE / sizeof(u64));
	own_all_frames();
	lend_m2p();

	boot_alloc_finish();
	heap_init();
	log_info("System RAM: %luMB (%lukB) free for guests", page_free_count() >> 8, page_free_count() << 2);
}
