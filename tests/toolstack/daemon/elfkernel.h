/* SPDX-License-Identifier: MIT */
/* A small ELF kernel with Xen notes, made in memory: what the tests of image and builder feed them. */
#ifndef TEST_ELFKERNEL_H
#define TEST_ELFKERNEL_H

#include <elf.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define EK_BASE 0xffffffff80000000ull
#define EK_PADDR 0x1000000ull
#define EK_TEXT 20000u		/* bytes of text in the file */
#define EK_MEM 50000u		/* bytes in memory */
#define EK_ENTRY (EK_BASE + EK_PADDR + 0x40)

struct ek_options {
	uint64_t p2m_base;	/* 0: no note */
	int mod_start_pfn;
	int no_notes;
	uint64_t hypercall_page;
};

static inline size_t ek_note(uint8_t *p, uint32_t type, uint64_t value)
{
	uint32_t head[3] = { 4, 8, type };

	memcpy(p, head, 12);
	memcpy(p + 12, "Xen", 4);
	memcpy(p + 16, &value, 8);
	return 24;
}

/* Returns the file; *len its length; the caller frees it. */
static inline uint8_t *ek_make(const struct ek_options *o, size_t *len)
{
	uint8_t *f = calloc(1, 0x2000 + EK_TEXT), *n = f + 0x1000;
	Elf64_Ehdr *h = (Elf64_Ehdr *)f;
	Elf64_Phdr *p = (Elf64_Phdr *)(f + 64);

	memcpy(h->e_ident, "\177ELF\2\1\1", 7);
	h->e_type = ET_EXEC;
	h->e_machine = EM_X86_64;
	h->e_entry = EK_PADDR + 0x40;
	h->e_phoff = 64;
	h->e_phentsize = sizeof(*p);
	h->e_phnum = 2;
	if (!o->no_notes) {
		n += ek_note(n, 3, EK_BASE);
		n += ek_note(n, 1, EK_ENTRY);
		if (o->p2m_base)
			n += ek_note(n, 15, o->p2m_base);
		if (o->mod_start_pfn)
			n += ek_note(n, 16, 1);
		if (o->hypercall_page)
			n += ek_note(n, 2, o->hypercall_page);
	}
	p[0] = (Elf64_Phdr){ .p_type = PT_LOAD,
			     .p_offset = 0x2000,
			     .p_vaddr = EK_BASE + EK_PADDR,
			     .p_paddr = EK_PADDR,
			     .p_filesz = EK_TEXT,
			     .p_memsz = EK_MEM };
	p[1] = (Elf64_Phdr){ .p_type = PT_NOTE, .p_offset = 0x1000, .p_filesz = (uint64_t)(n - f) - 0x1000 };
	for (unsigned int i = 0; i < EK_TEXT; i++)
		f[0x2000 + i] = (uint8_t)(i * 7);
	*len = 0x2000 + EK_TEXT;
	return f;
}

#endif
