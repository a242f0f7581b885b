/* SPDX-License-Identifier: MIT */
/*
 * Reading the loader's information, of either version, and the memory map's clean-up.
 */
#ifndef BOOT_MULTIBOOT_H
#define BOOT_MULTIBOOT_H

#include "boot/boot_info.h"
#include "core/param.h"

#define MULTIBOOT1_LOADED	0x2badb002u
#define MULTIBOOT2_LOADED	0x36d76289u

/*
 * Fills boot_info with the boot page tables active (all below 4 GiB is in the direct map). NULL, or what is
 * wrong; details that can be lived without are dropped and counted in *dropped.
 */
const char *multiboot1_parse(u32 info, u32 *dropped);
const char *multiboot2_parse(u32 info, u32 *dropped);

/* For both: */
void boot_add_module(u32 start, u32 end, const char *cmdline, size_t max, u32 *dropped);
void boot_set_text(char *dst, size_t size, const char *src, size_t max);
/*
 * Cuts the image's own name, or GRUB 2's "placeholder", off every command line. Once the loader's name is
 * known.
 */
void boot_strip_names(void);

/*
 * e820.c: adds a raw range (any type number); then makes the list sorted, free of overlaps, RAM page
 * aligned.
 */
void e820_add(u64 start, u64 size, u32 type, u32 *dropped);
void e820_sanitise(void);
const char *e820_type_name(u32 type);
extern const struct param e820_params[];	/* after e820_sanitise() */

#endif
