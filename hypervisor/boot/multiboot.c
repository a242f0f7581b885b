/* SPDX-License-Identifier: MIT */
/*
 * Multiboot 1 (GRUB's `multiboot`, QEMU's -kernel) into boot_info, and what both versions share. Every
 * address and length comes from outside: texts are cut at their limits, ranges checked before use. The
 * structures lie below 4 GiB, where the boot page tables map everything.
 */
#include "boot/multiboot.h"

#include "lib/string.h"
#include "mm/frame.h"
#include "x86/image.h"

struct boot_info boot_info;

struct mb1_info {
	u32 flags;
	u32 mem_lower, mem_upper;
	u32 boot_device;
	u32 cmdline;
	u32 mods_count, mods_addr;
	u32 syms[4];
	u32 mmap_length, mmap_addr;
	u32 drives_length, drives_addr;
	u32 config_table;
	u32 loader_name;
	u32 apm_table;
	u32 vbe[4];
	u64 fb_addr;
	u32 fb_pitch, fb_width, fb_height;
	u8 fb_bpp, fb_type;
	u8 fb_colours[6];
} __packed;
static_assert(sizeof(struct mb1_info) == 116, "multiboot specification 0.6.96, 3.3");

#define MB1_INFO_MEMORY		(1u << 0)
#define MB1_INFO_CMDLINE	(1u << 2)
#define MB1_INFO_MODULES	(1u << 3)
#define MB1_INFO_MMAP		(1u << 6)
#define MB1_INFO_LOADER		(1u << 9)

struct mb1_module {
	u32 start, end, cmdline, reserved;
};

struct mb1_mmap {
	u32 size;		/* of the rest */
	u64 start, length;
	u32 type;
} __packed;

#define MB1_MMAP_MAX	(BOOT_MAX_E820 * 64u)

void __init boot_set_text(char *dst, size_t size, const char *src, size_t max)
{
	size_t len = strnlen(src, MIN(max, size - 1));

	memcpy(dst, src, len);
	dst[len] = '\0';
	if (len < max && src[len])
		boot_info.text_cut = true;
}

void __init boot_add_module(u32 start, u32 end, const char *cmdline, size_t max, u32 *dropped)
{
	struct boot_module *m = &boot_info.modules[boot_info.nr_modules];

	if (boot_info.nr_modules == BOOT_MAX_MODULES || end <= start || start < PAGE_SIZE) {
		++*dropped;
		return;
	}
	m->start = start;
	m->size = end - start;
	boot_set_text(m->cmdline, sizeof(m->cmdline), cmdline, max);
	boot_info.nr_modules++;
}

static void __init boot_strip_word(char *line)
{
	char *rest = line;

	while (*rest && *rest != ' ')
		rest++;
	while (*rest == ' ')
		rest++;
	memmove(line, rest, strlen(rest) + 1);
}

static void __init boot_strip_name(char *line, bool grub2)
{
	static const char word[] = "placeholder";
	size_t len = sizeof(word) - 1;

	while (*line == ' ')
		memmove(line, line + 1, strlen(line));
	/*
	 * GRUB 2 leaves the file's name out; its own menu script puts a word in its place. Others pass the
	 * name.
	 */
	if (!grub2 || (!strncmp(line, word, len) && (line[len] == ' ' || !line[len])))
		boot_strip_word(line);
}

void __init boot_strip_names(void)
{
	bool grub2 = str_has_prefix(boot_info.loader, "GRUB 2") || str_has_prefix(boot_info.loader,
										  "GRUB 1.9");

	boot_strip_name(boot_info.cmdline, grub2);
	for (u32 i = 0; i < boot_info.nr_modules; i++)
		boot_strip_name(boot_info.modules[i].cmdline, grub2);
}

/* A text of the loader's: at most BOOT_CMDLINE_MAX bytes are looked at. */
static const char *mb1_text(u32 address)
{
	return maddr_to_virt(address);
}

static void __init mb1_parse_modules(const struct mb1_info *info, u32 *dropped)
{
	const u8 *list = maddr_to_virt(info->mods_addr);
	u32 count = MIN(info->mods_count, 2 * BOOT_MAX_MODULES);

	*dropped += info->mods_count - count;
	for (u32 i = 0; i < count; i++) {
		struct mb1_module m;

		memcpy(&m, list + i * sizeof(m), sizeof(m));
		boot_add_module(m.start, m.end, m.cmdline ? mb1_text(m.cmdline) : "", BOOT_CMDLINE_MAX,
				dropped);
	}
}

static void __init mb1_parse_mmap(const struct mb1_info *info, u32 *dropped)
{
	const u8 *pos = maddr_to_virt(info->mmap_addr);
	u32 left = MIN(info->mmap_length, MB1_MMAP_MAX);

	while (left >= sizeof(struct mb1_mmap)) {
		struct mb1_mmap e;

		memcpy(&e, pos, sizeof(e));
		if (e.size < sizeof(e) - sizeof(e.size) || e.size > left - sizeof(e.size))
			break;
		e820_add(e.start, e.length, e.type, dropped);
		pos += e.size + sizeof(e.size);
		left -= e.size + sizeof(e.size);
	}
	if (left)
		++*dropped;
}

const char *__init multiboot1_parse(u32 address, u32 *dropped)
{
	struct mb1_info info;

	memcpy(&info, maddr_to_virt(address), sizeof(info));
	if ((info.flags & MB1_INFO_LOADER) && info.loader_name)
		boot_set_text(boot_info.loader, sizeof(boot_info.loader), mb1_text(info.loader_name), 64);
	if ((info.flags & MB1_INFO_CMDLINE) && info.cmdline)
		boot_set_text(boot_info.cmdline, BOOT_CMDLINE_MAX, mb1_text(info.cmdline), BOOT_CMDLINE_MAX);
	if (info.flags & MB1_INFO_MODULES)
		mb1_parse_modules(&info, dropped);
	if (info.flags & MB1_INFO_MMAP) {
		mb1_parse_mmap(&info, dropped);
	} else if (info.flags & MB1_INFO_MEMORY) {
		e820_add(0, MIN(info.mem_lower, 640u) * 1024ul, E820_RAM, dropped);
		e820_add(MiB(1), info.mem_upper * 1024ul, E820_RAM, dropped);
	}
	boot_info.video = (struct boot_video){ .text = true, .columns = 80, .rows = 25, .font_height = 16 };
	return boot_info.nr_e820 ? NULL : "the boot loader gave no memory map";
}
