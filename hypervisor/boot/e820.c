/* SPDX-License-Identifier: MIT */
/*
 * The memory map: raw ranges from the loader may overlap, be unsorted, empty, wrap around, or have types
 * nobody knows. Afterwards it is sorted, no two entries overlap, equal neighbours are joined, and RAM is
 * whole pages. Where ranges contradict one another the more careful claim wins: unusable over NVS over ACPI
 * over reserved over RAM.
 */
#include "boot/multiboot.h"

#include "lib/cmdline.h"
#include "lib/errno.h"
#include "lib/sort.h"
#include "lib/string.h"
#include "x86/image.h"

#define MAX_BORDERS	(2 * BOOT_MAX_E820)

/* Machine addresses have at most 52 bits. */
#define E820_LIMIT	(1ul << 52)

const char *e820_type_name(u32 type)
{
	static const char *const names[] = { "?", "usable", "reserved", "ACPI data", "ACPI NVS", "unusable" };

	return names[type < ARRAY_SIZE(names) ? type : 0];
}

void __init e820_add(u64 start, u64 size, u32 type, u32 *dropped)
{
	if (!size)
		return;
	if (boot_info.nr_e820 == BOOT_MAX_E820 || start >= E820_LIMIT) {
		++*dropped;
		return;
	}
	if (type == 0 || type > E820_UNUSABLE)
		type = E820_RESERVED;
	size = MIN(size, E820_LIMIT - start);
	boot_info.e820[boot_info.nr_e820++] = (struct e820_entry){ start, size, type };
}

static int e820_compare_borders(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

/*
 * What the raw list says about the stretch from `start` to the next border; 0: nothing. Types rise in care.
 */
static u32 __init e820_type_of(const struct e820_entry *raw, u32 n, u64 start)
{
	u32 type = 0;

	for (u32 i = 0; i < n; i++)
		if (raw[i].start <= start && start - raw[i].start < raw[i].size && raw[i].type > type)
			type = raw[i].type;
	return type;
}

static void __init e820_append(u64 start, u64 end, u32 type)
{
	struct e820_entry *last = boot_info.nr_e820 ? &boot_info.e820[boot_info.nr_e820 - 1] : NULL;

	if (last && last->type == type && last->start + last->size == start) {
		last->size = end - last->start;
		return;
	}
	if (boot_info.nr_e820 < BOOT_MAX_E820)
		boot_info.e820[boot_info.nr_e820++] = (struct e820_entry){ start, end - start, type };
}

/* RAM shrinks to whole pages; what remains empty goes. */
static void __init e820_align_ram(void)
{
	u32 kept = 0;

	for (u32 i = 0; i < boot_info.nr_e820; i++) {
		struct e820_entry e = boot_info.e820[i];

		if (e.type == E820_RAM) {
			u64 start = ROUNDUP(e.start, PAGE_SIZE), end = ROUNDDOWN(e.start + e.size, PAGE_SIZE);

			if (start >= end)
				continue;
			e.start = start;
			e.size = end - start;
		}
		boot_info.e820[kept++] = e;
	}
	boot_info.nr_e820 = kept;
}

/* mem=: RAM above is as if it were not there. The list is sanitised already. */
static int __init param_mem(const char *value)
{
	u64 limit;

	if (!value || cmdline_parse_size(value, &limit) || limit < MiB(64))
		return -EINVAL;
	for (u32 i = 0; i < boot_info.nr_e820; i++) {
		struct e820_entry *e = &boot_info.e820[i];

		if (e->type == E820_RAM && e->start + e->size > limit)
			e->size = e->start < limit ? ROUNDDOWN(limit, PAGE_SIZE) - e->start : 0;
	}
	e820_align_ram();
	return 0;
}

const struct param e820_params[] = {
	{ "mem", "use RAM below this address only", param_mem },
	{ 0 },
};

void __init e820_sanitise(void)
{
	static struct e820_entry raw[BOOT_MAX_E820] __initdata;
	static u64 borders[MAX_BORDERS] __initdata;
	u32 n = boot_info.nr_e820;

	memcpy(raw, boot_info.e820, n * sizeof(*raw));
	for (u32 i = 0; i < n; i++) {
		borders[2 * i] = raw[i].start;
		borders[2 * i + 1] = raw[i].start + raw[i].size;
	}
	sort(borders, 2 * n, sizeof(*borders), e820_compare_borders);
	boot_info.nr_e820 = 0;
	for (u32 i = 0; i + 1 < 2 * n; i++) {
		u32 type = borders[i] < borders[i + 1] ? e820_type_of(raw, n, borders[i]) : 0;

		if (type)
			e820_append(borders[i], borders[i + 1], type);
	}
	e820_align_ram();
}
