/* SPDX-License-Identifier: MIT */
/*
 * RAM, frames, heap and guest memory of the fake machine. The heap is malloc's, so that ASan sees each
 * object; free pages of RAM are poisoned. Every object is counted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sanitizer/asan_interface.h>

#include "fake.h"
#include "fake_internal.h"
#include "lib/errno.h"
#include "mm/heap.h"
#include "mm/page_alloc.h"
#include "x86/features.h"
#include "x86/tlb.h"

u8 *host_ram;
u64 *m2p_table;
bool fake_alloc_fails;
u32 fake_softirq_after;
u32 fake_tlb_flushes;
u32 tlb_clock, tlb_time[MAX_CPUS];

u32 fake_page_high;
static u64 pages_in_use, heap_objects;
static u32 next_page;

/* Guest memory: pieces of malloc's, found by address. */
static struct guest_piece {
	u8 *base;
	size_t size;
} pieces[256];
static u32 nr_pieces;

void fake_mem_start(void)
{
	static u8 valid[FAKE_RAM_PAGES / 512];
	u64 i;

	if (!host_ram) {
		host_ram = mmap(NULL, FAKE_RAM_PAGES * PAGE_SIZE, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		frame_table = calloc(FAKE_RAM_PAGES, sizeof(*frame_table));
		m2p_table = calloc(FAKE_RAM_PAGES, sizeof(*m2p_table));
		memset(valid, 0xff, sizeof(valid));
		frame_valid_map = valid;
		frame_max = FAKE_RAM_PAGES;
		ASAN_POISON_MEMORY_REGION(host_ram, FAKE_RAM_PAGES * PAGE_SIZE);
		for (i = 0; i < FAKE_RAM_PAGES; i++)
			frame_table[i].owner = OWNER_NONE;
	}
	next_page = 1;
	fake_page_high = 0;
	fake_alloc_fails = false;
	fake_softirq_after = 0;
	fake_tlb_flushes = 0;
}

static bool run_is_free(u64 first, u64 n)
{
	u64 i;

	for (i = first; i < first + n; i++)
		if (i >= FAKE_RAM_PAGES || frame_table[i].refs)
			return false;
	return true;
}

struct frame *page_alloc(u32 order, u32 memflags)
{
	u64 n = 1ul << order, at, tries, i;

	if (fake_alloc_fails)
		return NULL;
	fake_lock();
	for (tries = 0, at = next_page; tries < FAKE_RAM_PAGES; tries++, at++) {
		at = ROUNDUP(at, n);
		if (at + n > FAKE_RAM_PAGES)
			at = n > 1 ? n : 1;
		if (run_is_free(at, n))
			break;
	}
	if (tries == FAKE_RAM_PAGES) {
		fake_unlock();
		return NULL;
	}
	next_page = (u32)(at + n) % FAKE_RAM_PAGES;
	if (!next_page)
		next_page = 1;
	for (i = at; i < at + n; i++)
		frame_table[i] = (struct frame){
			.refs = FRAME_ALLOCATED | 1,
			.owner = memflags & PAGE_HEAP ? OWNER_XEN : OWNER_NONE,
			.flags = memflags & PAGE_HEAP ? FRAME_HEAP : 0,
			.next = FRAME_NONE, .prev = FRAME_NONE,
		};
	pages_in_use += n;
	fake_page_high = MAX(fake_page_high, (u32)(at + n));
	ASAN_UNPOISON_MEMORY_REGION(host_ram + at * PAGE_SIZE, n * PAGE_SIZE);
	memset(host_ram + at * PAGE_SIZE, 0xa5, n * PAGE_SIZE);
	fake_unlock();
	return &frame_table[at];
}

void page_free(struct frame *f, u32 order)
{
	u64 n = 1ul << order, at = (u64)(f - frame_table), i;

	fake_lock();
	for (i = at; i < at + n; i++) {
		if (frame_table[i].type & FT_COUNT_MASK && !(frame_table[i].flags & FRAME_SHARED)) {
			printf("page %lu freed with type %#x\n", (unsigned long)i, frame_table[i].type);
			abort();
		}
		frame_table[i] = (struct frame){ .owner = OWNER_NONE };
	}
	pages_in_use -= n;
	ASAN_POISON_MEMORY_REGION(host_ram + at * PAGE_SIZE, n * PAGE_SIZE);
	fake_unlock();
}

void page_clear(void *page)
{
	memset(page, 0, PAGE_SIZE);
}

void *pages_alloc_zeroed(u32 order)
{
	struct frame *f = page_alloc(order, PAGE_HEAP);
	void *va;

	if (!f)
		return NULL;
	va = mfn_to_virt(frame_to_mfn(f));
	memset(va, 0, PAGE_SIZE << order);
	return va;
}

void *page_alloc_zeroed(void)
{
	return pages_alloc_zeroed(0);
}

void pages_free_virt(void *va, u32 order)
{
	if (va)
		page_free(virt_to_frame(va), order);
}

void page_free_virt(void *va)
{
	pages_free_virt(va, 0);
}

u64 page_free_count(void)
{
	return FAKE_RAM_PAGES - pages_in_use;
}

void *heap_alloc(size_t size)
{
	void *p;

	if (fake_alloc_fails)
		return NULL;
	if (size >= 16 && IS_POWER_OF_2(size) && size <= PAGE_SIZE)
		p = aligned_alloc(size, size);
	else
		p = aligned_alloc(64, ROUNDUP(size ? size : 1, 64));
	if (!p)
		return NULL;
	memset(p, 0, size);
	atomic_inc(&heap_objects);
	return p;
}

void *heap_alloc_array(size_t n, size_t size)
{
	size_t total;

	return __builtin_mul_overflow(n, size, &total) ? NULL : heap_alloc(total);
}

void heap_free(void *p)
{
	if (p)
		atomic_dec(&heap_objects);
	free(p);
}

u64 fake_heap_objects(void)
{
	return heap_objects;
}

void *fake_guest_alloc(size_t size)
{
	if (nr_pieces == ARRAY_SIZE(pieces))
		abort();
	pieces[nr_pieces].base = calloc(1, size);
	pieces[nr_pieces].size = size;
	return pieces[nr_pieces++].base;
}

static bool in_guest_memory(const void *p, size_t len)
{
	u32 i;

	for (i = 0; i < nr_pieces; i++)
		if ((const u8 *)p >= pieces[i].base && (const u8 *)p + len <= pieces[i].base + pieces[i].size)
			return true;
	return false;
}

/* The far side of the doors: one of the two is guest memory. */
int copy_raw(void *to, const void *from, size_t len);
int copy_raw(void *to, const void *from, size_t len)
{
	if (!in_guest_memory(to, len) && !in_guest_memory(from, len))
		return -EFAULT;
	memcpy(to, from, len);
	if (fake_softirq_after && --fake_softirq_after == 0)
		cpu_local()->softirq_pending |= 1;
	return 0;
}

struct cpu_features cpu_features;

void tlb_filter(cpumask_t *mask, u32 stamp)
{
	(void)mask;
	(void)stamp;
}

void tlb_flush_mask(const cpumask_t *mask, u64 va)
{
	(void)mask;
	(void)va;
	fake_tlb_flushes++;
}

void tlb_poll(void)
{
}

bool fake_mem_clean(void)
{
	bool ok = true;
	u64 i;

	while (nr_pieces)
		free(pieces[--nr_pieces].base);
	if (pages_in_use) {
		printf("    %lu pages of RAM leaked:", (unsigned long)pages_in_use);
		for (i = 0; i < FAKE_RAM_PAGES; i++)
			if (frame_table[i].refs)
				printf(" %lu(owner %u refs %#x type %#x)", (unsigned long)i,
				       frame_table[i].owner,
				       frame_table[i].refs, frame_table[i].type);
		printf("\n");
		ok = false;
	}
	if (heap_objects) {
		printf("    %lu heap objects leaked\n", (unsigned long)heap_objects);
		ok = false;
	}
	return ok;
}
