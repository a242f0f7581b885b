/* SPDX-License-Identifier: MIT */
/*
 * The image: linked at IMAGE_VIRT_START, loaded anywhere at 2 MiB alignment. The borders that x86/image.h
 * declares are page aligned so that code, constants and data get their own rights. The off_ symbols are
 * distances from the image's start, which is all that boot.S can use before paging.
 */
#include "mm/layout.h"

OUTPUT_FORMAT(elf64-x86-64)
OUTPUT_ARCH(i386:x86-64)
ENTRY(boot_entry)

PHDRS
{
	text PT_LOAD FLAGS(5);
	rodata PT_LOAD FLAGS(4);
	data PT_LOAD FLAGS(6);
	note PT_NOTE FLAGS(4);
}

#define BOOT_ONLY *lib[/]unpack[/]*.o

SECTIONS
{
	. = IMAGE_VIRT_START;
	.text : {
		image_start = .;
		*(.head)
		*(EXCLUDE_FILE(BOOT_ONLY) .text EXCLUDE_FILE(BOOT_ONLY) .text.*)
		. = ALIGN(4096);
		init_text = .;
		*(.init.text)
		*(.iplt .plt)
		BOOT_ONLY(.text .text.*)
		. = ALIGN(4096);
		text_end = .;
	} :text = 0xcccccccc

	.rodata : {
		*(.rodata .rodata.*)
		*(.data.rel.ro .data.rel.ro.*)
		*(.got .got.plt .igot .igot.plt)
		. = ALIGN(8);
		extable_start = .;
		*(.extable)
		extable_end = .;
		. = ALIGN(8);
		*(.symtab_image)
	} :rodata
	.note.gnu.build-id : {
		build_id_note = .;
		*(.note.gnu.build-id)
		build_id_end = .;
	} :rodata :note

	. = ALIGN(4096);
	.init.data : {
		rodata_end = .;
		*(.init.data)
		BOOT_ONLY(.data .data.* .bss .bss.*)
		. = ALIGN(4096);
		init_data_end = .;
	} :data
	.data : {
		*(EXCLUDE_FILE(BOOT_ONLY) .data EXCLUDE_FILE(BOOT_ONLY) .data.*)
		. = ALIGN(16);
	} :data
	.bss : {
		. = ALIGN(32768);
		*(.bss.boot_stack)
		*(.bss.page_aligned)
		*(EXCLUDE_FILE(BOOT_ONLY) .bss EXCLUDE_FILE(BOOT_ONLY) .bss.*)
		. = ALIGN(4096);
		image_end = .;
	} :data

	off_boot_gdt_ptr = boot_gdt_ptr - image_start;
	off_boot_gdt = boot_gdt - image_start;
	off_boot_l4 = boot_l4 - image_start;
	off_boot_l3 = boot_l3 - image_start;
	off_boot_l2 = boot_l2 - image_start;
	off_boot_image_l3 = boot_image_l3 - image_start;
	off_boot_image_l2 = boot_image_l2 - image_start;
	off_boot_stack_top = boot_stack + 32768 - image_start;

	/DISCARD/ : { *(.comment .note.GNU-stack .note.gnu.property .eh_frame .eh_frame_hdr
			.dynamic .dynsym .dynstr
			.hash .gnu.hash .interp .rela.* .rela) }

	.debug_info 0 : { *(.debug_info) }
	.debug_abbrev 0 : { *(.debug_abbrev) }
	.debug_aranges 0 : { *(.debug_aranges) }
	.debug_ranges 0 : { *(.debug_ranges) }
	.debug_rnglists 0 : { *(.debug_rnglists) }
	.debug_line 0 : { *(.debug_line .debug_line.*) }
	.debug_line_str 0 : { *(.debug_line_str) }
	.debug_str 0 : { *(.debug_str) }
	.debug_loc 0 : { *(.debug_loc) }
	.debug_loclists 0 : { *(.debug_loclists) }
	.debug_frame 0 : { *(.debug_frame) }
	.debug_macro 0 : { *(.debug_macro) }
	.symtab 0 : { *(.symtab) }
	.strtab 0 : { *(.strtab) }
	.shstrtab 0 : { *(.shstrtab) }

	ASSERT(boot_headers_end - image_start <= 4096, "the multiboot headers must stand in the first page")
	ASSERT(image_end - image_start <= IMAGE_VIRT_SIZE, "the image outgrew its window")
}
