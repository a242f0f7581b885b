/* SPDX-License-Identifier: MIT */
/*
 * What the loader told us, in one form whether it spoke multiboot 1 or 2. Filled by boot/multiboot.c from
 * copies: nothing here points into memory that the page allocator may hand out, except the modules, which
 * stay reserved until the builder has used them. Read only after boot.
 */
#ifndef BOOT_BOOT_INFO_H
#define BOOT_BOOT_INFO_H

#include "lib/types.h"

#define BOOT_MAX_MODULES	16u
#define BOOT_MAX_E820		256
#define BOOT_CMDLINE_MAX	4096
#define BOOT_MAX_EFI_MAP	512

enum e820_type { E820_RAM = 1, E820_RESERVED, E820_ACPI, E820_NVS, E820_UNUSABLE };

struct e820_entry {
	u64 start, size;
	u32 type;
};

struct boot_module {
	u64 start, size;		/* machine address */
	char cmdline[BOOT_CMDLINE_MAX];
};

/* What dom0 is told about the console: start_info's dom0_vga_console_info. */
struct boot_video {
	bool text, linear;
	u16 columns, rows, font_height, cursor_x, cursor_y;
	u16 width, height, pitch, bpp;
	u64 lfb_base;
	u32 lfb_size;
	u8 red_pos, red_size, green_pos, green_size, blue_pos, blue_size, rsvd_pos, rsvd_size;
};

struct boot_efi_region {		/* one EFI_MEMORY_DESCRIPTOR */
	u32 type;
	u64 start, pages, attributes;
};

struct boot_info {
	char loader[64];
	char cmdline[BOOT_CMDLINE_MAX];
	bool text_cut;			/* a command line was longer than there is room for */
	u32 nr_modules;
	struct boot_module modules[BOOT_MAX_MODULES];
	u32 nr_e820;			/* sorted, no overlap, page-aligned RAM */
	struct e820_entry e820[BOOT_MAX_E820];
	u64 rsdp;			/* machine address, 0 if to be searched */
	u8 rsdp_copy[36];		/* the loader's copy; all zero if it gave none */
	u64 efi_system_table;		/* 0 on BIOS */
	u64 efi_tables, efi_nr_tables;	/* its configuration tables; filled by acpi_init() */
	u32 nr_efi_map;
	struct boot_efi_region efi_map[BOOT_MAX_EFI_MAP];
	struct boot_video video;
	u64 image_start, image_end;	/* machine span of the hypervisor's image, page aligned */
};

extern struct boot_info boot_info;

#endif
