/* SPDX-License-Identifier: MIT */
/*
 * The boot loader's information and the memory map: what is kept, what is dropped, which claim wins.
 */
#include "unit.h"

#include "boot/multiboot.h"
#include "mm/frame.h"

static u8 ram[1 << 20] __attribute__((aligned(4096)));
u8 *host_ram = ram;

static void fresh(void)
{
	memset(&boot_info, 0, sizeof(boot_info));
}

static u32 add(u64 start, u64 size, u32 type)
{
	u32 dropped = 0;

	e820_add(start, size, type, &dropped);
	return dropped;
}

static void check_entry(u32 i, u64 start, u64 end, u32 type)
{
	CHECK_EQ(boot_info.e820[i].start, start);
	CHECK_EQ(boot_info.e820[i].start + boot_info.e820[i].size, end);
	CHECK_EQ(boot_info.e820[i].type, type);
}

TEST(e820_sorts_and_joins)
{
	fresh();
	add(0x200000, 0x100000, E820_RAM);
	add(0x100000, 0x100000, E820_RAM);
	add(0, 0x9f000, E820_RAM);
	e820_sanitise();
	CHECK_EQ(boot_info.nr_e820, 2);
	check_entry(0, 0, 0x9f000, E820_RAM);
	check_entry(1, 0x100000, 0x300000, E820_RAM);
}

TEST(e820_careful_claim_wins)
{
	fresh();
	add(0, 0x100000, E820_RAM);
	add(0x40000, 0x10000, E820_RESERVED);
	add(0x48000, 0x1000, E820_UNUSABLE);
	e820_sanitise();
	CHECK_EQ(boot_info.nr_e820, 5);
	check_entry(0, 0, 0x40000, E820_RAM);
	check_entry(1, 0x40000, 0x48000, E820_RESERVED);
	check_entry(2, 0x48000, 0x49000, E820_UNUSABLE);
	check_entry(3, 0x49000, 0x50000, E820_RESERVED);
	check_entry(4, 0x50000, 0x100000, E820_RAM);
}

TEST(e820_ram_is_whole_pages)
{
	fresh();
	add(0x123, 0x3000, E820_RAM);
	add(0x10800, 0x700, E820_RAM);
	add(0x20001, 0x10, E820_ACPI);
	e820_sanitise();
	CHECK_EQ(boot_info.nr_e820, 2);
	check_entry(0, 0x1000, 0x3000, E820_RAM);
	check_entry(1, 0x20001, 0x20011, E820_ACPI);
}

TEST(e820_odd_values)
{
	fresh();
	CHECK_EQ(add(0x1000, 0, E820_RAM), 0);
	CHECK_EQ(add(1ul << 60, 0x1000, E820_RAM), 1);
	CHECK_EQ(add(0x100000, ~0ul, 77), 0);		/* wraps around; unknown type */
	e820_sanitise();
	CHECK_EQ(boot_info.nr_e820, 1);
	check_entry(0, 0x100000, 1ul << 52, E820_RESERVED);
	fresh();
	for (u32 i = 0; i < BOOT_MAX_E820; i++)
		CHECK_EQ(add(i * 0x2000ul, 0x1000, E820_RAM), 0);
	CHECK_EQ(add(0x80000000, 0x1000, E820_RAM), 1);
}

TEST(mem_option_cuts)
{
	fresh();
	add(0x100000, 0x10000000, E820_RAM);
	add(0x20000000, 0x1000, E820_ACPI);
	add(0x30000000, 0x1000000, E820_RAM);
	e820_sanitise();
	CHECK(e820_params[0].set("1M") < 0);
	CHECK(e820_params[0].set("much") < 0);
	CHECK_EQ(e820_params[0].set("128M"), 0);
	CHECK_EQ(boot_info.nr_e820, 2);
	check_entry(0, 0x100000, 0x8000000, E820_RAM);
	check_entry(1, 0x20000000, 0x20001000, E820_ACPI);
}

static const char *stripped(const char *loader, const char *line)
{
	fresh();
	strcpy(boot_info.loader, loader);
	strcpy(boot_info.cmdline, line);
	boot_strip_names();
	return boot_info.cmdline;
}

TEST(names_are_cut_off)
{
	CHECK(!strcmp(stripped("qemu", "build/xen console=com1 x"), "console=com1 x"));
	CHECK(!strcmp(stripped("qemu", "build/xen"), ""));
	CHECK(!strcmp(stripped("GRUB 2.06-13", "placeholder  a=b"), "a=b"));
	CHECK(!strcmp(stripped("GRUB 2.06-13", "placeholder"), ""));
	CHECK(!strcmp(stripped("GRUB 2.06-13", "placeholders a=b"), "placeholders a=b"));
	CHECK(!strcmp(stripped("GRUB 2.06-13", "a=b placeholder"), "a=b placeholder"));
	CHECK(!strcmp(stripped("", "  /boot/xen x"), "x"));
}

static u32 put(u32 at, u32 value)
{
	memcpy(ram + at, &value, 4);
	return at + 4;
}

TEST(multiboot2_tags)
{
	u32 at = put(put(0x1000, 0), 0), dropped = 0;

	fresh();
	at = put(put(at, 1), 8 + 8);			/* command line */
	memcpy(ram + at, "a=1 b\0\0", 8);
	at = put(put(at + 8, 3), 8 + 8 + 3);		/* a module */
	at = put(put(at, 0x400000), 0x500000);
	memcpy(ram + at, "k x", 3);			/* its text is not terminated */
	at = put(put(at + 8, 3), 12);			/* a module that is cut short */
	at = put(put(at + 8, 6), 16 + 24);		/* the memory map */
	at = put(put(at, 24), 0);
	at = put(put(put(put(put(put(at, 0x100000), 0), 0x700000), 0), 1), 0);
	at = put(put(at, 0), 8);
	put(0x1000, at - 0x1000);
	CHECK(multiboot2_parse(0x1000, &dropped) == NULL);
	CHECK_EQ(dropped, 1);
	CHECK(!strcmp(boot_info.cmdline, "a=1 b"));
	CHECK_EQ(boot_info.nr_modules, 1);
	CHECK_EQ(boot_info.modules[0].start, 0x400000);
	CHECK_EQ(boot_info.modules[0].size, 0x100000);
	CHECK(!strcmp(boot_info.modules[0].cmdline, "k x"));
	CHECK_EQ(boot_info.nr_e820, 1);
	CHECK(boot_info.video.text);
}

/* What the firmware keeps for itself is not RAM, though the loader's map says so; entries may be longer than ours. */
TEST(firmware_keeps_its_own)
{
	static const u64 regions[][5] = {	/* type, start, virtual, pages, attributes */
		{ 6, 0x200000, 0, 16, 1ul << 63 | 8 }, { 7, 0x300000, 0, 16, 8 },
		{ 5, 0x400000, 0, ~0ul, 1ul << 63 | 8 },
	};
	u32 at = put(put(0x1000, 0), 0), dropped = 0;

	fresh();
	at = put(put(at, 6), 16 + 24);
	at = put(put(at, 24), 0);
	at = put(put(put(put(put(put(at, 0x100000), 0), 0x700000), 0), 1), 0);
	at = put(put(at, 17), 16 + 3 * 48);
	at = put(put(at, 48), 1);
	for (u32 i = 0; i < 3; i++, at += 48)
		memcpy(ram + at, regions[i], sizeof(regions[i]));
	at = put(put(at, 0), 8);
	put(0x1000, at - 0x1000);
	CHECK(multiboot2_parse(0x1000, &dropped) == NULL);
	CHECK_EQ(boot_info.nr_efi_map, 3);
	e820_sanitise();
	CHECK_EQ(boot_info.nr_e820, 3);
	check_entry(0, 0x100000, 0x200000, E820_RAM);
	check_entry(1, 0x200000, 0x210000, E820_RESERVED);
	check_entry(2, 0x210000, 0x800000, E820_RAM);
}

TEST(multiboot2_absurd)
{
	u32 dropped = 0;

	fresh();
	put(0x1000, 4);
	CHECK(multiboot2_parse(0x1000, &dropped) != NULL);
	put(0x1000, 0x80000000);
	CHECK(multiboot2_parse(0x1000, &dropped) != NULL);
	put(put(put(put(0x1000, 64), 0), 1), 0xfffffff0);	/* a tag longer than the whole */
	CHECK(multiboot2_parse(0x1000, &dropped) != NULL);
	CHECK_EQ(dropped, 1);
}

int main(void)
{
	RUN(e820_sorts_and_joins);
	RUN(e820_careful_claim_wins);
	RUN(e820_ram_is_whole_pages);
	RUN(e820_odd_values);
	RUN(mem_option_cuts);
	RUN(names_are_cut_off);
	RUN(multiboot2_tags);
	RUN(firmware_keeps_its_own);
	RUN(multiboot2_absurd);
	return unit_end();
}
