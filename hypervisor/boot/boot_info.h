/* SPDX-License-Identifier: MIT */
/*
 * What the loader told us, in one form whether it spoke multiboot 1 or 2. Filled by boot/multiboot.c from copies:
 * nothing here points into memory that the page allocator may hand out, except the modules, which stay reserved
 * until the builder has used them. Read only after boot.
 */
#ifndef BOOT_BOOT_INFO_H
#define BOOT_BOOT_INFO_H

#include "lib/types.h"

#define BOOT_MAX_MODULES	16
#define BOOT_MAX_E820		256
#define BOOT_CMDLINE_MAX	4096

enum e820_type { E820_RAM = 1, E820_RESERVED, E820_ACPI, E820_NVS, E820_UNUSABLE };

struct e820_entry {
	u64 start, size;
	u32 type;
};

struct boot_module {
	u64 start, size;		/* machine address */
	char cmdline[BOOT_CMDLINE_MAX];
};

struct boot_video {			/* what dom0 is told about the console: start_info's dom0_vga_console_info */
	bool text, linear;
	u16 columns, rows, font_height, cursor_x, cursor_y;
	u16 width, height, pitch, bpp;
	u64 lfb_base;
	u32 lfb_size;
	u8 red_pos, red_size, green_pos, green_size, blue_pos, blue_size, rsvd_pos, rsvd_size;
};

struct boot_info {
	char loader[64];
	char cmdline[BOOT_CMDLINE_MAX];
	u32 nr_modules;
	struct boot_module modules[BOOT_MAX_MODULES];
	u32 nr_e820;			/* sorted, no overlap, page-aligned RAM */
	struct e820_entry e820[BOOT_MAX_E820];
	u64 rsdp;			/* machine address of a copy's origin, 0 if to be searched */
	u64 efi_system_table;		/* 0 on BIOS */
	struct boot_video video;
	u64 image_start, image_end;	/* machine span of the hypervisor's image, page aligned */
};

extern struct boot_info boot_info;

#endif
