/* SPDX-License-Identifier: MIT */
/* Any bytes as an ELF image: whatever the view hands out must be readable. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/elf.h"

static volatile unsigned int sink;

static void touch(const void *data, size_t len)
{
	const unsigned char *p = data;

	if (!p && len)
		return;
	for (size_t i = 0; i < len; i++)
		sink += p[i];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct elf_view elf;
	struct elf_phdr ph;
	struct elf_shdr sh;
	struct elf_note note;
	const char *text;
	u64 value;

	if (elf_init(&elf, data, size))
		return 0;
	for (u32 i = 0; i < elf.phnum && i < 100; i++)
		if (elf_phdr(&elf, i, &ph) == 0)
			touch(elf_segment_data(&elf, &ph), ph.filesz);
	if (elf_find_section(&elf, ".symtab", &sh) == 0)
		touch(elf_section_data(&elf, &sh), sh.size);
	for (u32 type = 0; type <= ELF_XEN_PHYS32_ENTRY; type++) {
		if (elf_find_xen_note(&elf, type, &note))
			continue;
		touch(note.desc, note.desc_len);
		if (elf_note_string(&note, &text) == 0)
			touch(text, strlen(text));
		if (elf_note_u64(&note, &value) == 0)
			sink += value;
	}
	return 0;
}
