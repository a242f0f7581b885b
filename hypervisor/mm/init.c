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

/* Memory for `bytes` of a table at `va`; where it is. */
static void *back(u64 va, u64 bytes, u32 levels)
{
	u64 at = boot_alloc(bytes, levels > 1 ? MiB(2) : PAGE_SIZE, ~0ul);

	if (!at)
		panic("no memory for %lu KiB of frame tables", bytes >> 10);
	map(va, at, bytes, PTE_HV_RW, levels);
	return maddr_to_virt(at);
}

/* The M2P of one chunk, and its alias for guests; always one large page, since tools map it by those. */
static void back_m2p(u64 chunk)
{
	u64 offset = chunk * MiB(2), va = M2P_VIRT_START + offset;
	void *at = back(M2P_RW_VIRT_START + offset, MiB(2), 2);

	memset(at, 0xff, MiB(2));
	map(va, virt_to_maddr(at), MiB(2), PTE_HV_RO | PTE_USER, 2);
	pt_walk(l4, va, 4, NULL)[0] |= PTE_USER;
	pt_walk(l4, va, 3, NULL)[0] |= PTE_USER;
}
static_assert((1ul << (CHUNK_SHIFT - PAGE_SHIFT)) * sizeof(u64) == MiB(2), "a chunk's M2P is a large page");

/* Every frame begins free. Hot at boot: three words a frame. */
static void back_frames(u64 block, u64 blocks, u32 levels)
{
	u64 bytes = BLOCK_FRAMES * sizeof(struct frame);
	struct frame *f = back(FRAME_TABLE_VIRT_START + block * bytes, blocks * bytes, levels);

	for (u64 i = 0; i < BLOCK_FRAMES; i++)
		f[i] = (struct frame){ .owner = OWNER_NONE };
	for (u64 i = 1; i < blocks; i++)
		memcpy(f + i * BLOCK_FRAMES, f, bytes);
}
static_assert(sizeof(struct frame) * BLOCK_FRAMES % PAGE_SIZE == 0, "a block's frames fill whole pages");

/* Frame table and M2P for one chunk of 1 GiB. */
static void back_chunk(u64 chunk)
{
	u64 first = chunk << (CHUNK_SHIFT - BLOCK_SHIFT), n = 1ul << (CHUNK_SHIFT - BLOCK_SHIFT), have = 0;

	for (u64 b = first; b < first + n; b++)
		have += block_has_ram(b);
	if (!have)
		return;
	back_m2p(chunk);
	if (have == n) {
		back_frames(first, n, 2);
		return;
	}
	for (u64 b = first; b < first + n; b++)
		if (block_has_ram(b))
			back_frames(b, 1, 1);
}

/* The first MiB is only ever device memory. */
static void own_frames(u64 first, u64 last, u16 owner, u32 refs)
{
	for (u64 n = owner == OWNER_IO ? first : MAX(first, LOW_MEMORY_END >> PAGE_SHIFT); n < last; n++) {
		frame_table[n].owner = owner;
		frame_table[n].refs = refs;
	}
}

static void own_block(u64 maddr, u16 owner, u32 refs)
{
	u64 first = maddr >> BLOCK_SHIFT << (BLOCK_SHIFT - PAGE_SHIFT);

	own_frames(first, first + BLOCK_FRAMES, owner, refs);
}

/* The part of RAM that lies in the block of `maddr`, an end of it. */
static void free_in_block(u64 start, u64 end, u64 maddr)
{
	u64 block = ROUNDDOWN(maddr, MiB(2));

	own_frames(MAX(start, block) >> PAGE_SHIFT, MIN(end, block + MiB(2)) >> PAGE_SHIFT, OWNER_NONE, 0);
}

/*
 * Blocks that are only partly RAM are those at the ends of its spans. The rest of such a block is nobody's: device
 * memory, or the firmware's. The first MiB counts as such, too: dom0 looks there for what the firmware left (Linux for
 * the iBFT from 512 KiB on), by machine address.
 */
static void own_partial_blocks(void)
{
	for (u32 pass = 0; pass < 2; pass++) {
		for (u32 i = 0; i < boot_info.nr_e820; i++) {
			const struct e820_entry *e = &boot_info.e820[i];
			u64 ends[] = { e->start, e->start + e->size - 1 };

			if (e->type != E820_RAM || !e->size)
				continue;
			for (u32 j = 0; j < 2; j++) {
				if (!pass)
					own_block(ends[j], OWNER_IO, FRAME_ALLOCATED | 1);
				else
					free_in_block(e->start, e->start + e->size, ends[j]);
			}
		}
	}
}

static void own_reserved(u64 start, u64 end)
{
	own_frames(start >> PAGE_SHIFT, end >> PAGE_SHIFT, OWNER_XEN, FRAME_ALLOCATED | 1);
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
	/* the boot identity map, until all CPUs are up */
	l4[0] = *(u64 *)maddr_to_virt(read_cr3() & PTE_MFN_MASK);
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
	own_partial_blocks();

	boot_alloc_finish(page_alloc_init_region, own_reserved);
	lend_m2p();
	heap_init();
	log_info("System RAM: %luMB (%lukB) free for guests", page_free_count() >> 8, page_free_count() << 2);
}
