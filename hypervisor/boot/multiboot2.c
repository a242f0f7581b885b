/* SPDX-License-Identifier: MIT */
/*
 * Multiboot 2 (GRUB's `multiboot2`, on BIOS and EFI) into boot_info: a list of tags, each with its length.
 * A tag that does not fit into the whole, or is too short for its kind, is dropped.
 */
#include "boot/multiboot.h"

#include "lib/overflow.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "platform/efi.h"
#include "x86/image.h"

enum mb2_tag_type {
	TAG_END = 0, TAG_CMDLINE = 1, TAG_LOADER = 2, TAG_MODULE = 3, TAG_MMAP = 6, TAG_FRAMEBUFFER = 8,
	TAG_EFI64_TABLE = 12, TAG_ACPI_OLD = 14, TAG_ACPI_NEW = 15, TAG_EFI_MMAP = 17,
};

struct mb2_tag {
	u32 type, size;
};

struct mb2_module {
	u32 start, end;
	char cmdline[];
};

struct mb2_mmap {
	u32 entry_size, version;
};

struct mb2_mmap_entry {
	u64 start, length;
	u32 type, reserved;
};

struct mb2_framebuffer {
	u64 addr;
	u32 pitch, width, height;
	u8 bpp, type;
	u16 reserved;
	u8 red_pos, red_size, green_pos, green_size, blue_pos, blue_size;
} __packed;
#define MB2_FB_RGB	1
#define MB2_FB_TEXT	2
#define MB2_FB_COMMON	24	/* bytes before the colours */

struct mb2_efi_mmap {
	u32 desc_size, version;
};

#define MB2_MAX_SIZE	(1u << 20)

static void __init mb2_parse_mmap(const u8 *data, u32 len, u32 *dropped)
{
	struct mb2_mmap head;
	struct mb2_mmap_entry e;

	memcpy(&head, data, sizeof(head));
	if (head.entry_size < sizeof(e)) {
		++*dropped;
		return;
	}
	for (u32 pos = sizeof(head); range_fits(pos, head.entry_size, len); pos += head.entry_size) {
		memcpy(&e, data + pos, sizeof(e));
		e820_add(e.start, e.length, e.type, dropped);
	}
}

static void __init mb2_parse_efi_mmap(const u8 *data, u32 len, u32 *dropped)
{
	struct mb2_efi_mmap head;
	struct efi_descriptor d;

	memcpy(&head, data, sizeof(head));
	if (head.desc_size < sizeof(d)) {
		++*dropped;
		return;
	}
	for (u32 pos = sizeof(head); range_fits(pos, head.desc_size, len); pos += head.desc_size) {
		memcpy(&d, data + pos, sizeof(d));
		if (boot_info.nr_efi_map == BOOT_MAX_EFI_MAP) {
			++*dropped;
			return;
		}
		boot_info.efi_map[boot_info.nr_efi_map++] =
			(struct boot_efi_region){ d.type, d.start, d.pages, d.attributes };
	}
}

static void __init mb2_parse_framebuffer(const u8 *data, u32 len)
{
	struct boot_video *v = &boot_info.video;
	struct mb2_framebuffer fb = { 0 };

	memcpy(&fb, data, MIN(len, (u32)sizeof(fb)));
	if (fb.type == MB2_FB_TEXT) {
		*v = (struct boot_video){ .text = true, .columns = fb.width, .rows = fb.height,
					 .font_height = 16 };
		return;
	}
	if (fb.type != MB2_FB_RGB || len < sizeof(fb) || !fb.height || fb.pitch > 0xffff ||
	    fb.width > 0xffff ||
	    fb.height > 0xffff)
		return;
	*v = (struct boot_video){
		.linear = true, .width = fb.width, .height = fb.height, .pitch = fb.pitch, .bpp = fb.bpp,
		.lfb_base = fb.addr, .lfb_size = fb.pitch * fb.height,
		.red_pos = fb.red_pos, .red_size = fb.red_size,
		.green_pos = fb.green_pos, .green_size = fb.green_size,
		.blue_pos = fb.blue_pos, .blue_size = fb.blue_size,
	};
	if (fb.bpp == 32) {
		v->rsvd_pos = 24;
		v->rsvd_size = 8;
	}
}

static void __init mb2_parse_module(const u8 *data, u32 len, u32 *dropped)
{
	const struct mb2_module *m = (const void *)data;

	boot_add_module(m->start, m->end, m->cmdline, len - sizeof(*m), dropped);
}

static u32 __init mb2_min_length(u32 type)
{
	switch (type) {
	case TAG_MODULE: return sizeof(struct mb2_module);
	case TAG_MMAP: return sizeof(struct mb2_mmap);
	case TAG_FRAMEBUFFER: return MB2_FB_COMMON;
	case TAG_EFI64_TABLE: return 8;
	case TAG_ACPI_OLD: return 20;
	case TAG_ACPI_NEW: return sizeof(boot_info.rsdp_copy);
	case TAG_EFI_MMAP: return sizeof(struct mb2_efi_mmap);
	default: return 0;
	}
}

static void __init mb2_parse_tag(u32 type, const u8 *data, u32 len, u32 *dropped)
{
	if (len < mb2_min_length(type)) {
		++*dropped;
		return;
	}
	switch (type) {
	case TAG_CMDLINE:
		boot_set_text(boot_info.cmdline, BOOT_CMDLINE_MAX, (const char *)data, len);
		break;
	case TAG_LOADER:
		boot_set_text(boot_info.loader, sizeof(boot_info.loader), (const char *)data, len);
		break;
	case TAG_MODULE:
		mb2_parse_module(data, len, dropped);
		break;
	case TAG_MMAP:
		mb2_parse_mmap(data, len, dropped);
		break;
	case TAG_FRAMEBUFFER:
		mb2_parse_framebuffer(data, len);
		break;
	case TAG_EFI64_TABLE:
		memcpy(&boot_info.efi_system_table, data, 8);
		break;
	case TAG_ACPI_OLD:
		/* The newer structure, if there is one, wins whatever the order. */
		if (!boot_info.rsdp_copy[15])
			memcpy(boot_info.rsdp_copy, data, 20);
		break;
	case TAG_ACPI_NEW:
		memcpy(boot_info.rsdp_copy, data, sizeof(boot_info.rsdp_copy));
		break;
	case TAG_EFI_MMAP:
		mb2_parse_efi_mmap(data, len, dropped);
		break;
	}
}

/* Without the loader's own map the firmware's does: what UEFI gives free after ExitBootServices is RAM. */
static void __init mb2_e820_from_efi(u32 *dropped)
{
	static const u8 types[] = {
		E820_RESERVED, E820_RAM, E820_RAM, E820_RAM, E820_RAM, E820_RESERVED, E820_RESERVED, E820_RAM,
		E820_UNUSABLE, E820_ACPI, E820_NVS,
	};

	for (u32 i = 0; i < boot_info.nr_efi_map; i++) {
		const struct boot_efi_region *r = &boot_info.efi_map[i];

		e820_add(r->start, r->pages << PAGE_SHIFT, r->type < ARRAY_SIZE(types) ? types[r->type] :
			 E820_RESERVED,
			 dropped);
	}
}

/* What the firmware uses while we run is never RAM, whatever another list says. */
static void __init mb2_reserve_runtime(u32 *dropped)
{
	for (u32 i = 0; i < boot_info.nr_efi_map; i++) {
		const struct boot_efi_region *r = &boot_info.efi_map[i];

		if ((r->attributes & EFI_MEMORY_RUNTIME) && r->pages <= ~0ul >> PAGE_SHIFT)
			e820_add(r->start, r->pages << PAGE_SHIFT, E820_RESERVED, dropped);
	}
}

const char *__init multiboot2_parse(u32 address, u32 *dropped)
{
	const u8 *info = maddr_to_virt(address);
	u32 total, pos = 8;
	struct mb2_tag tag;

	memcpy(&total, info, sizeof(total));
	if (total < 16 || total > MB2_MAX_SIZE)
		return "the boot loader's multiboot2 information has an absurd size";
	while (range_fits(pos, sizeof(tag), total)) {
		memcpy(&tag, info + pos, sizeof(tag));
		if (tag.type == TAG_END)
			break;
		if (tag.size < sizeof(tag) || !range_fits(pos, tag.size, total)) {
			++*dropped;
			break;
		}
		mb2_parse_tag(tag.type, info + pos + sizeof(tag), tag.size - sizeof(tag), dropped);
		pos += ROUNDUP(tag.size, 8);
	}
	if (!boot_info.nr_e820)
		mb2_e820_from_efi(dropped);
	mb2_reserve_runtime(dropped);
	if (!boot_info.video.text && !boot_info.video.linear && !boot_info.efi_system_table)
		boot_info.video = (struct boot_video){ .text = true, .columns = 80, .rows = 25,
						      .font_height = 16 };
	return boot_info.nr_e820 ? NULL : "the boot loader gave no memory map";
}
