/* SPDX-License-Identifier: MIT */
/*
 * A checked view of an ELF image in memory, 64- or 32-bit, little-endian x86.
 *
 * Nothing in the image is trusted. elf_init() checks the header and that the tables of program and section
 * headers lie inside the image; every accessor checks the range it hands out. Headers are returned widened to
 * the 64-bit form. The view borrows the image: it must stay unchanged while the view is in use. No locks.
 */
#ifndef LIB_ELF_H
#define LIB_ELF_H

#include "lib/types.h"

enum { ELF_ET_EXEC = 2, ELF_ET_DYN = 3 };
enum { ELF_EM_386 = 3, ELF_EM_X86_64 = 62 };
enum { ELF_PT_LOAD = 1, ELF_PT_NOTE = 4 };
enum { ELF_PF_X = 1, ELF_PF_W = 2, ELF_PF_R = 4 };
enum { ELF_SHT_PROGBITS = 1, ELF_SHT_SYMTAB = 2, ELF_SHT_STRTAB = 3, ELF_SHT_NOTE = 7, ELF_SHT_NOBITS = 8 };

/* Notes named "Xen": what a kernel tells whoever builds its domain. Numbers as published. */
enum {
	ELF_XEN_INFO, ELF_XEN_ENTRY, ELF_XEN_HYPERCALL_PAGE, ELF_XEN_VIRT_BASE, ELF_XEN_PADDR_OFFSET,
	ELF_XEN_XEN_VERSION, ELF_XEN_GUEST_OS, ELF_XEN_GUEST_VERSION, ELF_XEN_LOADER, ELF_XEN_PAE_MODE,
	ELF_XEN_FEATURES, ELF_XEN_BSD_SYMTAB, ELF_XEN_HV_START_LOW, ELF_XEN_L1_MFN_VALID,
	ELF_XEN_SUSPEND_CANCEL, ELF_XEN_INIT_P2M, ELF_XEN_MOD_START_PFN, ELF_XEN_SUPPORTED_FEATURES,
	ELF_XEN_PHYS32_ENTRY,
};

struct elf_view {
	const u8 *image;
	size_t size;
	bool is_64;
	u16 type, machine;
	u64 entry;
	u64 phoff, shoff;
	u32 phnum, shnum, shstrndx;
	u32 phentsize, shentsize;
};

struct elf_phdr {
	u32 type, flags;
	u64 offset, vaddr, paddr, filesz, memsz, align;
};

struct elf_shdr {
	u32 name, type;
	u64 flags, addr, offset, size, entsize;
	u32 link, info;
};

struct elf_note {
	const char *name;	/* name_len bytes, not necessarily terminated */
	const void *desc;
	u32 name_len, desc_len, type;
};

/* A walk over the notes of one segment or section. */
struct elf_note_iter {
	const u8 *pos, *end;
};

/* Whether the first bytes say ELF at all; for telling formats apart. */
bool elf_has_magic(const void *image, size_t size);

/* -ENOEXEC: no ELF for x86, -EBADMSG: broken or truncated. */
int __must_check elf_init(struct elf_view *elf, const void *image, size_t size);

/*
 * Header `index` < phnum (or shnum). The phdr is checked: its file range lies inside the image, filesz <=
 * memsz for PT_LOAD, and neither address range wraps. -EBADMSG otherwise. A shdr is checked when its data is
 * asked for.
 */
int __must_check elf_phdr(const struct elf_view *elf, u32 index, struct elf_phdr *ph);
int __must_check elf_shdr(const struct elf_view *elf, u32 index, struct elf_shdr *sh);

/* The bytes of a segment (from elf_phdr()) or section; NULL if they are not inside the image. */
const void *elf_segment_data(const struct elf_view *elf, const struct elf_phdr *ph);
const void *elf_section_data(const struct elf_view *elf, const struct elf_shdr *sh);

/* The first section of that name: -ENOENT if there is none. */
int __must_check elf_find_section(const struct elf_view *elf, const char *name, struct elf_shdr *sh);

void elf_notes_start(struct elf_note_iter *iter, const void *notes, size_t size);
/* False at the end, and at the first note that does not fit: what follows it cannot be trusted. */
bool elf_notes_next(struct elf_note_iter *iter, struct elf_note *note);

/*
 * The first note "Xen" of that type in a PT_NOTE segment or, if the image has no such segment, in a SHT_NOTE
 * section. -ENOENT if there is none.
 */
int __must_check elf_find_xen_note(const struct elf_view *elf, u32 type, struct elf_note *note);

/* A numeric note of 1, 2, 4 or 8 bytes. -EBADMSG for any other length. */
int __must_check elf_note_u64(const struct elf_note *note, u64 *value);
/* A text note as a terminated string: -EBADMSG if it has no terminator inside. */
int __must_check elf_note_string(const struct elf_note *note, const char **text);

#endif /* LIB_ELF_H */
