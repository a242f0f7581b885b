/* SPDX-License-Identifier: MIT */
/*
 * A list of reserved spans, sorted, over the RAM of boot_info.e820. What is free is RAM minus the list.
 */
#include "mm/boot_alloc.h"

#include "boot/boot_info.h"
#include "core/panic.h"
#include "lib/string.h"

#define MAX_SPANS	256

static struct { u64 start, end; } span[MAX_SPANS];
static u32 nr_spans;

void boot_reserve(u64 start, u64 end)
{
	u32 i = 0;

	start &= PAGE_MASK;
	end = ROUNDUP(end, PAGE_SIZE);
	if (start >= end)
		return;
	while (i < nr_spans && span[i].end < start)
		i++;
	/* swallow all that touch the new one */
	while (i < nr_spans && span[i].start <= end) {
		start = MIN(start, span[i].start);
		end = MAX(end, span[i].end);
		memmove(&span[i], &span[i + 1], (nr_spans - i - 1) * sizeof(span[0]));
		nr_spans--;
	}
	if (nr_spans == MAX_SPANS)
		panic("more than %d reserved spans of memory at boot: the firmware's memory map is too fragmented",
		      MAX_SPANS);
	memmove(&span[i + 1], &span[i], (nr_spans - i) * sizeof(span[0]));
	span[i].start = start;
	span[i].end = end;
	nr_spans++;
}

/* The highest place in [start, end) that touches no reserved span; 0 if none. */
static u64 fit_high(u64 start, u64 end, u64 size, u64 align)
{
	for (s32 i = nr_spans; i >= 0; i--) {
		u64 lo = i ? MAX(start, span[i - 1].end) : start;
		u64 hi = i < (s32)nr_spans ? MIN(end, span[i].start) : end;

		if (hi > lo && hi - lo >= size && ((hi - size) & ~(align - 1)) >= lo)
			return (hi - size) & ~(align - 1);
	}
	return 0;
}

u64 boot_alloc(u64 size, u64 align, u64 limit)
{
	size = ROUNDUP(size, PAGE_SIZE);
	for (s32 i = boot_info.nr_e820 - 1; i >= 0; i--) {
		const struct e820_entry *e = &boot_info.e820[i];
		u64 at;

		if (e->type != E820_RAM || e->start >= limit)
			continue;
		at = fit_high(MAX(e->start, MiB(1)), MIN(e->start + e->size, limit), size, align);
		if (at) {
			boot_reserve(at, at + size);
			return at;
		}
	}
	return 0;
}

void boot_alloc_finish(void (*free)(u64 start, u64 end), void (*reserved)(u64 start, u64 end))
{
	for (u32 i = 0; i < boot_info.nr_e820; i++) {
		const struct e820_entry *e = &boot_info.e820[i];
		u64 at = e->start, end = e->start + e->size;

		if (e->type != E820_RAM)
			continue;
		for (u32 s = 0; s < nr_spans && span[s].start < end; s++) {
			if (span[s].end <= at)
				continue;
			if (span[s].start > at)
				free(at, span[s].start);
			reserved(MAX(at, span[s].start), MIN(end, span[s].end));
			at = span[s].end;
		}
		if (at < end)
			free(at, end);
	}
}
