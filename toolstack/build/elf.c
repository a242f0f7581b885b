/* SPDX-License-Identifier: MIT */
/*
 * ELF kernels: load segments and the notes by which a kernel says how Xen shall start it.  Pure code over
 * one buffer; every offset is checked against it before use, every sum against wrapping.  Segments are placed
 * by physical address; the virtual address of the image is virt_base - paddr_offset + physical.
 */
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "build/image.h"

#define PAGE 4096ul
#define SEGMENTS_MAX 64

enum {
	NOTE_ENTRY = 1, NOTE_HYPERCALL_PAGE = 2, NOTE_VIRT_BASE = 3, NOTE_PADDR_OFFSET = 4, NOTE_GUEST_OS = 6,
	NOTE_PAE_MODE = 9, NOTE_INIT_P2M = 15, NOTE_MOD_START_PFN = 16, NOTE_PHYS32_ENTRY = 18,
};

/* A program header of either class. */
struct segment {
	uint32_t type;
	uint64_t offset, paddr, filesz, memsz;
};

struct elf_file {
	const uint8_t *data;
	size_t len;
	bool is64;
	uint64_t entry, phoff, shoff;
	uint16_t phentsize, phnum, shentsize, shnum;
	uint64_t paddr_offset;
};

static bool in_file(const struct elf_file *f, uint64_t off, uint64_t n)
{
	return off <= f->len && n <= f->len - off;
}

static int elf_open(struct elf_file *f, struct error *err)
{
	Elf64_Ehdr h64;
	Elf32_Ehdr h32;

	if (f->len < sizeof(h64))
		return error_set(err, ERR_CONFIG, NULL, "the ELF image is cut short");
	memcpy(&h64, f->data, sizeof(h64));
	memcpy(&h32, f->data, sizeof(h32));
	f->is64 = h64.e_ident[EI_CLASS] == ELFCLASS64;
	if (h64.e_ident[EI_DATA] != ELFDATA2LSB ||
	    (f->is64 ? h64.e_machine != EM_X86_64 : h32.e_machine != EM_386))
		return error_set(err, ERR_CONFIG, NULL, "the ELF image is not for x86");
#define TAKE(field) (f->is64 ? h64.e_##field : h32.e_##field)
	f->entry = TAKE(entry);
	f->phoff = TAKE(phoff);
	f->shoff = TAKE(shoff);
	f->phentsize = TAKE(phentsize);
	f->phnum = TAKE(phnum);
	f->shentsize = TAKE(shentsize);
	f->shnum = TAKE(shnum);
#undef TAKE
	if (f->phnum == 0 || f->phnum > SEGMENTS_MAX ||
	    f->phentsize < (f->is64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr)) ||
	    !in_file(f, f->phoff, (uint64_t)f->phnum * f->phentsize))
		return error_set(err, ERR_CONFIG, NULL, "the ELF image's program headers are broken");
	return 0;
}

static void elf_segment(const struct elf_file *f, unsigned int i, struct segment *s)
{
	const uint8_t *p = f->data + f->phoff + (uint64_t)i * f->phentsize;
	Elf64_Phdr h64;
	Elf32_Phdr h32;

	if (f->is64) {
		memcpy(&h64, p, sizeof(h64));
		*s = (struct segment){ h64.p_type, h64.p_offset, h64.p_paddr, h64.p_filesz, h64.p_memsz };
	} else {
		memcpy(&h32, p, sizeof(h32));
		*s = (struct segment){ h32.p_type, h32.p_offset, h32.p_paddr, h32.p_filesz, h32.p_memsz };
	}
}

static uint64_t note_number(const uint8_t *desc, uint32_t n)
{
	uint64_t v64;
	uint32_t v32;

	if (n == 8) {
		memcpy(&v64, desc, 8);
		return v64;
	}
	if (n == 4) {
		memcpy(&v32, desc, 4);
		return v32;
	}
	return 0;
}

static void take_note(struct elf_file *f, uint32_t type, const uint8_t *desc, uint32_t n,
		      struct image_info *info)
{
	uint64_t v = note_number(desc, n);

	info->pv |= type == NOTE_VIRT_BASE || type == NOTE_ENTRY;
	switch (type) {
	case NOTE_ENTRY: info->entry = v; break;
	case NOTE_HYPERCALL_PAGE: info->hypercall_page = v; break;
	case NOTE_VIRT_BASE: info->virt_base = v; break;
	case NOTE_PADDR_OFFSET: f->paddr_offset = v; break;
	case NOTE_INIT_P2M: info->p2m_base = v; break;
	case NOTE_MOD_START_PFN: info->mod_start_pfn = v & 1; break;
	case NOTE_PHYS32_ENTRY: info->pvh_entry = v; break;
	case NOTE_GUEST_OS:
		snprintf(info->guest_os, sizeof(info->guest_os), "%.*s", (int)(n > 31 ? 31 : n),
			 (const char *)desc);
		break;
	default: break;
	}
}

/* One region of notes; those of other owners are passed over. */
static void parse_notes(struct elf_file *f, uint64_t off, uint64_t len, struct image_info *info)
{
	while (len >= 12) {
		const uint8_t *p = f->data + off;
		uint32_t namesz, descsz, type;
		uint64_t name_len, desc_len;

		memcpy(&namesz, p, 4);
		memcpy(&descsz, p + 4, 4);
		memcpy(&type, p + 8, 4);
		name_len = ((uint64_t)namesz + 3) & ~3ull;
		desc_len = ((uint64_t)descsz + 3) & ~3ull;
		if (name_len + desc_len > len - 12)
			return;
		if (namesz == 4 && memcmp(p + 12, "Xen", 4) == 0)
			take_note(f, type, p + 12 + name_len, descsz, info);
		off += 12 + name_len + desc_len;
		len -= 12 + name_len + desc_len;
	}
}

static void find_notes(struct elf_file *f, struct image_info *info)
{
	struct segment s;

	for (unsigned int i = 0; i < f->phnum; i++) {
		elf_segment(f, i, &s);
		if (s.type == PT_NOTE && in_file(f, s.offset, s.filesz))
			parse_notes(f, s.offset, s.filesz, info);
	}
	if (info->pv || !f->is64 || f->shentsize < sizeof(Elf64_Shdr) ||
	    !in_file(f, f->shoff, (uint64_t)f->shnum * f->shentsize))
		return;
	for (unsigned int i = 0; i < f->shnum; i++) {
		Elf64_Shdr h;

		memcpy(&h, f->data + f->shoff + (uint64_t)i * f->shentsize, sizeof(h));
		if (h.sh_type == SHT_NOTE && in_file(f, h.sh_offset, h.sh_size))
			parse_notes(f, h.sh_offset, h.sh_size, info);
	}
}

/* The lowest and highest physical address that is loaded. */
static int find_extent(const struct elf_file *f, uint64_t *low, uint64_t *high, struct error *err)
{
	struct segment s;

	*low = UINT64_MAX;
	*high = 0;
	for (unsigned int i = 0; i < f->phnum; i++) {
		elf_segment(f, i, &s);
		if (s.type != PT_LOAD || s.memsz == 0)
			continue;
		if (s.filesz > s.memsz || s.paddr + s.memsz < s.paddr || !in_file(f, s.offset, s.filesz))
			return error_set(err, ERR_CONFIG, NULL,
					 "the ELF image is damaged or cut short (segment %u)", i);
		if (s.paddr < *low)
			*low = s.paddr;
		if (s.paddr + s.memsz > *high)
			*high = s.paddr + s.memsz;
	}
	if (*low >= *high || *high > UINT64_MAX - PAGE || *high - *low > IMAGE_MAX - 2 * PAGE)
		return error_set(err, ERR_CONFIG, NULL, "the ELF image loads nothing, or more than %lu MiB",
				 IMAGE_MAX >> 20);
	return 0;
}

static void load_segments(const struct elf_file *f, uint64_t low, uint8_t *dst)
{
	struct segment s;

	for (unsigned int i = 0; i < f->phnum; i++) {
		elf_segment(f, i, &s);
		if (s.type == PT_LOAD && s.memsz)
			memcpy(dst + (s.paddr - low), f->data + s.offset, s.filesz);
	}
}

int image_parse_elf(const uint8_t *elf, size_t len, struct image_info *info, uint8_t *dst, size_t dst_size,
		    struct error *err)
{
	struct elf_file f = { .data = elf, .len = len, .paddr_offset = IMAGE_UNSET };
	uint64_t low, high, base;
	int rc = elf_open(&f, err);

	if (!rc)
		rc = find_extent(&f, &low, &high, err);
	if (rc)
		return rc;
	*info = (struct image_info){
		.bits = f.is64 ? 64 : 32, .virt_base = IMAGE_UNSET, .entry = IMAGE_UNSET,
		.hypercall_page = IMAGE_UNSET, .p2m_base = IMAGE_UNSET, .pvh_entry = IMAGE_UNSET,
	};
	find_notes(&f, info);
	if (!info->pv) {
		rc = error_set(err, ERR_CONFIG, NULL,
			       "the kernel has no Xen notes: it was built without CONFIG_XEN_PV");
		error_hint(err, info->pvh_entry != IMAGE_UNSET ? "it can start as PVH: type=\"pvh\"" :
			   "Debian's linux-image-amd64 and linux-image-cloud-amd64 have them");
		return rc;
	}
	if (info->virt_base == IMAGE_UNSET)
		info->virt_base = 0;
	if (f.paddr_offset == IMAGE_UNSET)
		f.paddr_offset = 0;
	if (info->entry == IMAGE_UNSET)
		info->entry = f.entry;
	base = low & ~(PAGE - 1);
	info->vstart = info->virt_base - f.paddr_offset + base;
	info->vend = info->vstart + (((high + PAGE - 1) & ~(PAGE - 1)) - base);
	rc = image_check(info, err);
	if (!rc && dst) {
		if (dst_size < info->vend - info->vstart)
			return error_set(err, ERR_CONFIG, NULL, "the kernel is too large");
		load_segments(&f, base, dst);
	}
	return rc;
}

int image_check(const struct image_info *info, struct error *err)
{
	uint64_t top = info->bits == 64 ? UINT64_MAX - PAGE : 0xf5800000;

	if ((info->bits != 64 && info->bits != 32) || !info->pv || (info->virt_base & (PAGE - 1)) ||
	    (info->vstart & (PAGE - 1)) || (info->vend & (PAGE - 1)) || info->vstart < info->virt_base ||
	    info->vend <= info->vstart || info->vend > top || info->vend - info->vstart > IMAGE_MAX ||
	    info->vstart - info->virt_base > IMAGE_MAX || info->entry < info->vstart ||
	    info->entry >= info->vend)
		return error_set(
			err, ERR_CONFIG, NULL,
			"the kernel's addresses make no sense (base %#llx, image %#llx-%#llx, entry %#llx)",
			(unsigned long long)info->virt_base, (unsigned long long)info->vstart,
			(unsigned long long)info->vend, (unsigned long long)info->entry);
	if (info->bits == 64 && info->virt_base >> 47 != 0 && info->virt_base < 0xffff880000000000)
		return error_set(err, ERR_CONFIG, NULL, "the kernel wants to lie at %#llx, which is Xen's",
				 (unsigned long long)info->virt_base);
	if (info->hypercall_page != IMAGE_UNSET &&
	    (info->hypercall_page & (PAGE - 1) || info->hypercall_page < info->vstart ||
	     info->hypercall_page >= info->vend))
		return error_set(err, ERR_CONFIG, NULL,
				 "the kernel's hypercall page lies outside the kernel");
	if (info->p2m_base != IMAGE_UNSET && (info->bits != 64 || info->p2m_base & ((1ull << 21) - 1) ||
					      info->p2m_base >> 47 != 0))
		return error_set(err, ERR_CONFIG, NULL, "the kernel wants its p2m at %#llx, which cannot be",
				 (unsigned long long)info->p2m_base);
	return 0;
}
