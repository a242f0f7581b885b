/* SPDX-License-Identifier: MIT */
/*
 * The page tables on which firmware runs: its runtime regions at their physical addresses, each with the least rights
 * that the firmware's two lists allow. The memory map knows kinds only: data never executes. Code it calls what is
 * whole images, code and data mixed; the memory attributes table, where there is one, tells these apart, and only pages
 * that it leaves out stay both writable and executable.
 *
 * Both lists are the firmware's word: what is absurd in them, or overlaps memory in use, is not mapped. Boot only.
 */
#include "core/log.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/pt.h"
#include "platform/efi.h"
#include "x86/features.h"
#include "x86/image.h"

#define MAX_ATTRIBUTES	512u
#define MAX_LISTED	4096u			/* entries of the attributes table that are looked at */
#define MAX_PAGES	(GiB(64) >> PAGE_SHIFT)	/* of one region */
#define LOWER_HALF_BITS	47u

struct attributes_head {
	u32 version, entries, entry_size, flags;
};

static struct boot_efi_region saved[MAX_ATTRIBUTES] __initdata;
static u32 nr_saved __initdata;

static bool __init aligned(u64 start, u64 pages)
{
	u32 bits = MIN(cpu_features.phys_bits ? cpu_features.phys_bits : 36u, LOWER_HALF_BITS);

	return start % PAGE_SIZE == 0 && pages && pages <= MAX_PAGES && start < 1ul << bits &&
	       pages << PAGE_SHIFT <= (1ul << bits) - start;
}

static bool __init is_ram(u64 start, u64 end)
{
	for (u32 i = 0; i < boot_info.nr_e820; i++) {
		const struct e820_entry *e = &boot_info.e820[i];

		if (e->type == E820_RAM && e->start < end && start < e->start + e->size)
			return true;
	}
	return false;
}

static u64 __init end_of(const struct boot_efi_region *r)
{
	return r->start + (r->pages << PAGE_SHIFT);
}

static bool __init is_code_region(const struct boot_efi_region *r)
{
	return r->type == EFI_RUNTIME_CODE && (r->attributes & EFI_MEMORY_RUNTIME) && aligned(r->start, r->pages) &&
	       !is_ram(r->start, end_of(r));
}

static bool __init in_code(u64 start, u64 end)
{
	for (u32 i = 0; i < boot_info.nr_efi_map; i++) {
		const struct boot_efi_region *r = &boot_info.efi_map[i];

		if (is_code_region(r) && start >= r->start && end <= end_of(r))
			return true;
	}
	return false;
}

bool __init efi_is_code(u64 maddr)
{
	return maddr < ~0ul && in_code(maddr, maddr + 1);
}

void __init efi_for_each_code(void (*fn)(u64 first_mfn, u64 last_mfn, void *arg), void *arg)
{
	for (u32 i = 0; i < boot_info.nr_efi_map; i++) {
		const struct boot_efi_region *r = &boot_info.efi_map[i];

		if (is_code_region(r))
			fn(r->start >> PAGE_SHIFT, (end_of(r) >> PAGE_SHIFT) - 1, arg);
	}
}

/* A table longer than `room` is none. Entries that say nothing about code are left out. */
void __init efi_map_save_attributes(const void *table, u64 room)
{
	struct attributes_head head;
	struct efi_descriptor d;

	memcpy(&head, table, sizeof(head));
	if (head.entry_size < sizeof(d) || head.entry_size > PAGE_SIZE || head.entries > MAX_LISTED ||
	    sizeof(head) + (u64)head.entries * head.entry_size > room)
		return;
	for (u32 i = 0; i < head.entries && nr_saved < MAX_ATTRIBUTES; i++) {
		memcpy(&d, (const u8 *)table + sizeof(head) + (u64)i * head.entry_size, sizeof(d));
		if (aligned(d.start, d.pages) && (d.attributes & (EFI_MEMORY_RO | EFI_MEMORY_XP)))
			saved[nr_saved++] = (struct boot_efi_region){ d.type, d.start, d.pages, d.attributes };
	}
}

/* Of the kinds of caching that a region can bear the quickest; ~0: none is named. */
static u64 __init cache_bits(u64 attributes)
{
	if (attributes & EFI_MEMORY_WB)
		return 0;
	return attributes & (EFI_MEMORY_UC | EFI_MEMORY_WC | EFI_MEMORY_WT) ? PTE_CACHE_UC : ~0ul;
}

#define COMMON	(PTE_PRESENT | PTE_ACCESSED | PTE_DIRTY)	/* and not global: they are gone with CR3 */

static int __init map_region(u64 *l4, const struct boot_efi_region *r, u64 cache, u64 (*alloc)(void))
{
	bool code = r->type == EFI_RUNTIME_CODE;

	return pt_map(l4, r->start, r->start, r->pages << PAGE_SHIFT, COMMON | PTE_WRITE | cache | (code ? 0 : PTE_NX),
		      code ? 1 : 2, alloc);
}

/* Takes away from a span of code what the firmware says it does not need. */
static void __init narrow(u64 *l4, const struct boot_efi_region *r)
{
	u64 drop = r->attributes & EFI_MEMORY_RO ? PTE_WRITE : 0, add = r->attributes & EFI_MEMORY_XP ? PTE_NX : 0;

	if (!in_code(r->start, end_of(r)))
		return;
	for (u64 at = r->start; at < end_of(r); at += PAGE_SIZE) {
		u64 *e = pt_walk(l4, at, 1, NULL);

		if (e && (*e & PTE_PRESENT))
			*e = (*e & ~drop) | add;
	}
}

static u64 __init count_open(u64 *l4, const struct boot_efi_region *r)
{
	u64 count = 0;

	for (u64 at = r->start; at < end_of(r); at += PAGE_SIZE) {
		u64 *e = pt_walk(l4, at, 1, NULL);

		count += e && (*e & (PTE_PRESENT | PTE_WRITE | PTE_NX)) == (PTE_PRESENT | PTE_WRITE);
	}
	return count;
}

int __init efi_map_build(u64 *l4, u64 (*alloc)(void), bool odd_uc, struct efi_map_result *result)
{
	for (u32 i = 0; i < boot_info.nr_efi_map; i++) {
		const struct boot_efi_region *r = &boot_info.efi_map[i];
		u64 cache = cache_bits(r->attributes);

		if (!(r->attributes & EFI_MEMORY_RUNTIME))
			continue;
		if (cache == ~0ul && odd_uc)
			cache = PTE_CACHE_UC;
		if (cache == ~0ul || !aligned(r->start, r->pages) || is_ram(r->start, end_of(r))) {
			log_warn("EFI: region at %#lx, %#lx pages, type %u, attributes %#lx, makes no sense: "
				 "not mapped", r->start, r->pages, r->type, r->attributes);
			result->skipped++;
			continue;
		}
		if (map_region(l4, r, cache, alloc))
			return -ENOMEM;
		result->regions++;
	}
	for (u32 i = 0; i < nr_saved; i++)
		narrow(l4, &saved[i]);
	for (u32 i = 0; i < boot_info.nr_efi_map; i++)
		if (is_code_region(&boot_info.efi_map[i]))
			result->open_pages += count_open(l4, &boot_info.efi_map[i]);
	return 0;
}
