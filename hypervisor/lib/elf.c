/* SPDX-License-Identifier: MIT */
/*
 * The checked view of ELF images. Pure; see elf.h for the contract.
 *
 * The two formats differ in where each field lies, so a format is a table: for each field of a header, offset
 * and width in the 64-bit and in the 32-bit file. read_field() is the only code that touches headers.
 */
#include "lib/elf.h"
#include "lib/errno.h"
#include "lib/overflow.h"
#include "lib/string.h"

enum { CLASS_OFFSET = 4, CLASS_32 = 1, CLASS_64 = 2 };
enum { DATA_OFFSET = 5, DATA_LITTLE = 1 };
enum { PN_XNUM = 0xffff };

/* [0]: 32-bit file, [1]: 64-bit file. */
struct field {
	struct {
		u8 offset, width;
	} in[2];
};

#define FIELD(o32, w32, o64, w64)	{ { { o32, w32 }, { o64, w64 } } }

static const u32 ehdr_size[2] = { 52, 64 }, phdr_size[2] = { 32, 56 }, shdr_size[2] = { 40, 64 };

static const struct field
	eh_type = FIELD(16, 2, 16, 2), eh_machine = FIELD(18, 2, 18, 2), eh_entry = FIELD(24, 4, 24, 8),
	eh_phoff = FIELD(28, 4, 32, 8), eh_shoff = FIELD(32, 4, 40, 8),
	eh_phentsize = FIELD(42, 2, 54, 2), eh_phnum = FIELD(44, 2, 56, 2),
	eh_shentsize = FIELD(46, 2, 58, 2), eh_shnum = FIELD(48, 2, 60, 2), eh_shstrndx = FIELD(50, 2, 62, 2);

static const struct field
	ph_type = FIELD(0, 4, 0, 4), ph_flags = FIELD(24, 4, 4, 4), ph_offset = FIELD(4, 4, 8, 8),
	ph_vaddr = FIELD(8, 4, 16, 8), ph_paddr = FIELD(12, 4, 24, 8), ph_filesz = FIELD(16, 4, 32, 8),
	ph_memsz = FIELD(20, 4, 40, 8), ph_align = FIELD(28, 4, 48, 8);

static const struct field
	sh_name = FIELD(0, 4, 0, 4), sh_type = FIELD(4, 4, 4, 4), sh_flags = FIELD(8, 4, 8, 8),
	sh_addr = FIELD(12, 4, 16, 8), sh_offset = FIELD(16, 4, 24, 8), sh_size = FIELD(20, 4, 32, 8),
	sh_link = FIELD(24, 4, 40, 4), sh_info = FIELD(28, 4, 44, 4), sh_entsize = FIELD(36, 4, 56, 8);

/* The caller has checked that the header at `base` lies inside the image. */
static u64 read_field(const struct elf_view *elf, u64 base, const struct field *field)
{
	u64 value = 0;

	memcpy(&value, elf->image + base + field->in[elf->is_64].offset, field->in[elf->is_64].width);
	return value;
}

bool elf_has_magic(const void *image, size_t size)
{
	return size >= 4 && memcmp(image, "\177ELF", 4) == 0;
}

static bool table_fits(const struct elf_view *elf, u64 offset, u32 count, u32 entry_size, u32 min_size)
{
	if (count == 0)
		return true;
	return entry_size >= min_size && range_fits(offset, (u64)count * entry_size, elf->size);
}

int elf_init(struct elf_view *elf, const void *image, size_t size)
{
	const u8 *ident = image;

	*elf = (struct elf_view){ .image = image, .size = size };
	if (!elf_has_magic(image, size))
		return -ENOEXEC;
	if (size < ehdr_size[0])
		return -EBADMSG;
	if ((ident[CLASS_OFFSET] != CLASS_32 && ident[CLASS_OFFSET] != CLASS_64) ||
	    ident[DATA_OFFSET] != DATA_LITTLE)
		return -ENOEXEC;
	elf->is_64 = ident[CLASS_OFFSET] == CLASS_64;
	if (size < ehdr_size[elf->is_64])
		return -EBADMSG;

	elf->type = read_field(elf, 0, &eh_type);
	elf->machine = read_field(elf, 0, &eh_machine);
	if (elf->machine != ELF_EM_386 && elf->machine != ELF_EM_X86_64)
		return -ENOEXEC;
	elf->entry = read_field(elf, 0, &eh_entry);
	elf->phoff = read_field(elf, 0, &eh_phoff);
	elf->shoff = read_field(elf, 0, &eh_shoff);
	elf->phnum = read_field(elf, 0, &eh_phnum);
	elf->shnum = read_field(elf, 0, &eh_shnum);
	elf->phentsize = read_field(elf, 0, &eh_phentsize);
	elf->shentsize = read_field(elf, 0, &eh_shentsize);
	elf->shstrndx = read_field(elf, 0, &eh_shstrndx);

	if (elf->phnum == PN_XNUM ||
	    !table_fits(elf, elf->phoff, elf->phnum, elf->phentsize, phdr_size[elf->is_64]))
		return -EBADMSG;
	/* A loader can do without sections: a stripped image may have left a dangling table. */
	if (!table_fits(elf, elf->shoff, elf->shnum, elf->shentsize, shdr_size[elf->is_64]))
		elf->shnum = 0;
	return 0;
}

int elf_phdr(const struct elf_view *elf, u32 index, struct elf_phdr *ph)
{
	u64 base = elf->phoff + (u64)index * elf->phentsize, end;

	if (index >= elf->phnum)
		return -EBADMSG;
	ph->type = read_field(elf, base, &ph_type);
	ph->flags = read_field(elf, base, &ph_flags);
	ph->offset = read_field(elf, base, &ph_offset);
	ph->vaddr = read_field(elf, base, &ph_vaddr);
	ph->paddr = read_field(elf, base, &ph_paddr);
	ph->filesz = read_field(elf, base, &ph_filesz);
	ph->memsz = read_field(elf, base, &ph_memsz);
	ph->align = read_field(elf, base, &ph_align);

	if (!range_fits(ph->offset, ph->filesz, elf->size))
		return -EBADMSG;
	if (ph->type == ELF_PT_LOAD && ph->filesz > ph->memsz)
		return -EBADMSG;
	if (add_overflows(ph->vaddr, ph->memsz, &end) || add_overflows(ph->paddr, ph->memsz, &end))
		return -EBADMSG;
	return 0;
}

int elf_shdr(const struct elf_view *elf, u32 index, struct elf_shdr *sh)
{
	u64 base = elf->shoff + (u64)index * elf->shentsize;

	if (index >= elf->shnum)
		return -EBADMSG;
	sh->name = read_field(elf, base, &sh_name);
	sh->type = read_field(elf, base, &sh_type);
	sh->flags = read_field(elf, base, &sh_flags);
	sh->addr = read_field(elf, base, &sh_addr);
	sh->offset = read_field(elf, base, &sh_offset);
	sh->size = read_field(elf, base, &sh_size);
	sh->entsize = read_field(elf, base, &sh_entsize);
	sh->link = read_field(elf, base, &sh_link);
	sh->info = read_field(elf, base, &sh_info);
	return 0;
}

const void *elf_segment_data(const struct elf_view *elf, const struct elf_phdr *ph)
{
	return range_fits(ph->offset, ph->filesz, elf->size) ? elf->image + ph->offset : NULL;
}

const void *elf_section_data(const struct elf_view *elf, const struct elf_shdr *sh)
{
	if (sh->type == ELF_SHT_NOBITS || !range_fits(sh->offset, sh->size, elf->size))
		return NULL;
	return elf->image + sh->offset;
}

int elf_find_section(const struct elf_view *elf, const char *name, struct elf_shdr *sh)
{
	struct elf_shdr strings;
	const char *names;
	size_t len = strlen(name) + 1;

	if (elf_shdr(elf, elf->shstrndx, &strings))
		return -ENOENT;
	names = elf_section_data(elf, &strings);
	if (!names)
		return -ENOENT;
	for (u32 i = 0; i < elf->shnum; i++) {
		if (elf_shdr(elf, i, sh) == 0 && range_fits(sh->name, len, strings.size) &&
		    memcmp(names + sh->name, name, len) == 0)
			return 0;
	}
	return -ENOENT;
}

void elf_notes_start(struct elf_note_iter *iter, const void *notes, size_t size)
{
	iter->pos = notes;
	iter->end = iter->pos + size;
}

/*
 * A note: name length, description length, type; then both, each padded to four bytes (the last may lack it).
 */
bool elf_notes_next(struct elf_note_iter *iter, struct elf_note *note)
{
	u64 left = iter->end - iter->pos, desc_offset, next;
	u32 header[3];

	if (left < sizeof(header))
		return false;
	memcpy(header, iter->pos, sizeof(header));
	note->name_len = header[0];
	note->desc_len = header[1];
	note->type = header[2];
	desc_offset = sizeof(header) + ROUNDUP((u64)note->name_len, 4);
	if (!range_fits(desc_offset, note->desc_len, left))
		return false;
	note->name = (const char *)iter->pos + sizeof(header);
	note->desc = iter->pos + desc_offset;
	next = desc_offset + ROUNDUP((u64)note->desc_len, 4);
	iter->pos += MIN(next, left);
	return true;
}

static bool find_in(const void *notes, size_t size, u32 type, struct elf_note *note)
{
	struct elf_note_iter iter;

	if (!notes)
		return false;
	elf_notes_start(&iter, notes, size);
	while (elf_notes_next(&iter, note))
		if (note->type == type && note->name_len == 4 && memcmp(note->name, "Xen", 4) == 0)
			return true;
	return false;
}

int elf_find_xen_note(const struct elf_view *elf, u32 type, struct elf_note *note)
{
	bool have_segment = false;
	struct elf_phdr ph;
	struct elf_shdr sh;
	u32 i;

	for (i = 0; i < elf->phnum; i++) {
		if (elf_phdr(elf, i, &ph) || ph.type != ELF_PT_NOTE)
			continue;
		have_segment = true;
		if (find_in(elf_segment_data(elf, &ph), ph.filesz, type, note))
			return 0;
	}
	for (i = 0; !have_segment && i < elf->shnum; i++) {
		if (elf_shdr(elf, i, &sh) || sh.type != ELF_SHT_NOTE)
			continue;
		if (find_in(elf_section_data(elf, &sh), sh.size, type, note))
			return 0;
	}
	return -ENOENT;
}

int elf_note_u64(const struct elf_note *note, u64 *value)
{
	if (!IS_POWER_OF_2(note->desc_len) || note->desc_len > sizeof(*value))
		return -EBADMSG;
	*value = 0;
	memcpy(value, note->desc, note->desc_len);
	return 0;
}

int elf_note_string(const struct elf_note *note, const char **text)
{
	if (strnlen(note->desc, note->desc_len) == note->desc_len)
		return -EBADMSG;
	*text = note->desc;
	return 0;
}
