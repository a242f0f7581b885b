/* SPDX-License-Identifier: MIT */
/*
 * lib/elf.c: a small image of either class is built with libc's <elf.h> (an independent description of the
 * format), read back, then damaged at random under the sanitizers.
 */
#include <elf.h>

#include "unit.h"

/* lib/elf.h has the same numbers under names of its own. */
#include "lib/elf.h"
#include "lib/errno.h"

static u8 image[1024];

static size_t put_note(u8 *at, const char *name, u32 type, const void *desc, u32 desc_len)
{
	u32 header[3] = { strlen(name) + 1, desc_len, type };

	memcpy(at, header, 12);
	memcpy(at + 12, name, header[0]);
	memcpy(at + 12 + ROUNDUP(header[0], 4), desc, desc_len);
	return 12 + ROUNDUP(header[0], 4) + ROUNDUP(desc_len, 4);
}

static size_t put_notes(u8 *at)
{
	u64 entry = 0xffffffff81000000UL;
	u32 low = 0xf5800000;
	size_t n = put_note(at, "GNU", ELF_XEN_ENTRY, "abcdefgh", 8);

	n += put_note(at + n, "Xen", ELF_XEN_GUEST_OS, "linux", 6);
	n += put_note(at + n, "Xen", ELF_XEN_ENTRY, &entry, 8);
	n += put_note(at + n, "Xen", ELF_XEN_HV_START_LOW, &low, 4);
	return n;
}

static void build_64(void)
{
	Elf64_Ehdr eh = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_EXEC, .e_machine = EM_X86_64, .e_entry = 0x1000000, .e_phoff = 64, .e_phnum = 2,
		.e_phentsize = sizeof(Elf64_Phdr), .e_shoff = 256, .e_shnum = 3, .e_shstrndx = 2,
		.e_shentsize = sizeof(Elf64_Shdr),
	};
	Elf64_Phdr ph[2] = {
		{ PT_LOAD, PF_R | PF_X, 512, 0xffffffff81000000UL, 0x1000000, 16, 4096, 4096 },
		{ PT_NOTE, PF_R, 640, 0, 0, 0, 0, 4 },
	};
	Elf64_Shdr sh[3] = {
		[1] = { .sh_name = 1, .sh_type = SHT_PROGBITS, .sh_offset = 512, .sh_size = 16 },
		[2] = { .sh_name = 7, .sh_type = SHT_STRTAB, .sh_offset = 960, .sh_size = 17 },
	};

	memset(image, 0, sizeof(image));
	ph[1].p_filesz = put_notes(image + 640);
	memcpy(image, &eh, sizeof(eh));
	memcpy(image + 64, ph, sizeof(ph));
	memcpy(image + 256, sh, sizeof(sh));
	memcpy(image + 960, "\0.text\0.shstrtab", 17);
}

/* No PT_NOTE here: the notes are in a section. */
static void build_32(void)
{
	Elf32_Ehdr eh = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_EXEC, .e_machine = EM_386, .e_entry = 0x100000, .e_phoff = 52, .e_phnum = 1,
		.e_phentsize = sizeof(Elf32_Phdr), .e_shoff = 256, .e_shnum = 1, .e_shstrndx = 0,
		.e_shentsize = sizeof(Elf32_Shdr),
	};
	Elf32_Phdr ph = { PT_LOAD, 512, 0xc1000000, 0x1000000, 16, 4096, PF_R | PF_W, 4096 };
	Elf32_Shdr sh = { .sh_type = SHT_NOTE, .sh_offset = 640 };

	memset(image, 0, sizeof(image));
	sh.sh_size = put_notes(image + 640);
	memcpy(image, &eh, sizeof(eh));
	memcpy(image + 52, &ph, sizeof(ph));
	memcpy(image + 256, &sh, sizeof(sh));
}

static void check_notes(const struct elf_view *elf)
{
	struct elf_note note;
	const char *text;
	u64 value;

	REQUIRE(elf_find_xen_note(elf, ELF_XEN_ENTRY, &note) == 0);
	CHECK(elf_note_u64(&note, &value) == 0 && value == 0xffffffff81000000UL);
	CHECK(elf_note_string(&note, &text) == 0);
	REQUIRE(elf_find_xen_note(elf, ELF_XEN_GUEST_OS, &note) == 0);
	CHECK_EQ(elf_note_u64(&note, &value), -EBADMSG);
	REQUIRE(elf_note_string(&note, &text) == 0);
	CHECK_STR(text, "linux");
	REQUIRE(elf_find_xen_note(elf, ELF_XEN_HV_START_LOW, &note) == 0);
	CHECK(elf_note_u64(&note, &value) == 0 && value == 0xf5800000);
	CHECK_EQ(elf_find_xen_note(elf, ELF_XEN_PHYS32_ENTRY, &note), -ENOENT);
	CHECK_EQ((int)ELF_XEN_PHYS32_ENTRY, 18);
}

TEST(image_of_64_bits)
{
	struct elf_view elf;
	struct elf_phdr ph;
	struct elf_shdr sh;

	build_64();
	REQUIRE(elf_init(&elf, image, sizeof(image)) == 0);
	CHECK(elf.is_64 && elf.machine == ELF_EM_X86_64 && elf.type == ELF_ET_EXEC && elf.entry == 0x1000000);
	REQUIRE(elf_phdr(&elf, 0, &ph) == 0);
	CHECK(ph.type == ELF_PT_LOAD && ph.flags == 5);
	CHECK(ph.vaddr == 0xffffffff81000000UL && ph.paddr == 0x1000000);
	CHECK(ph.filesz == 16 && ph.memsz == 4096 && ph.align == 4096);
	CHECK(elf_segment_data(&elf, &ph) == image + 512);
	CHECK_EQ(elf_phdr(&elf, 2, &ph), -EBADMSG);
	REQUIRE(elf_find_section(&elf, ".text", &sh) == 0);
	CHECK(elf_section_data(&elf, &sh) == image + 512);
	CHECK_EQ(elf_find_section(&elf, ".data", &sh), -ENOENT);
	check_notes(&elf);
}

TEST(image_of_32_bits)
{
	struct elf_view elf;
	struct elf_phdr ph;

	build_32();
	REQUIRE(elf_init(&elf, image, sizeof(image)) == 0);
	CHECK(!elf.is_64 && elf.machine == ELF_EM_386 && elf.entry == 0x100000);
	REQUIRE(elf_phdr(&elf, 0, &ph) == 0);
	CHECK(ph.vaddr == 0xc1000000 && ph.paddr == 0x1000000 && ph.flags == 6 && ph.memsz == 4096);
	check_notes(&elf);
}

TEST(rejected_images)
{
	struct elf_view elf;
	struct elf_phdr ph;
	Elf64_Phdr *first = (Elf64_Phdr *)(image + 64);

	build_64();
	CHECK_EQ(elf_init(&elf, image, 63), -EBADMSG);
	CHECK_EQ(elf_init(&elf, image, 100), -EBADMSG);
	CHECK_EQ(elf_init(&elf, image, 3), -ENOEXEC);
	first->p_filesz = ~0UL;
	CHECK(elf_init(&elf, image, sizeof(image)) == 0 && elf_phdr(&elf, 0, &ph) == -EBADMSG);
	build_64();
	first->p_memsz = 15;
	CHECK(elf_init(&elf, image, sizeof(image)) == 0 && elf_phdr(&elf, 0, &ph) == -EBADMSG);
	build_64();
	first->p_paddr = ~0UL - 100;
	CHECK(elf_init(&elf, image, sizeof(image)) == 0 && elf_phdr(&elf, 0, &ph) == -EBADMSG);
	build_64();
	((Elf64_Ehdr *)image)->e_machine = EM_AARCH64;
	CHECK_EQ(elf_init(&elf, image, sizeof(image)), -ENOEXEC);
}

/* Exactly as long as told, on the heap, so that the sanitizer sees one byte too far. */
TEST(damaged_images)
{
	for (int round = 0; round < 30000; round++) {
		size_t size = unit_random() % 4 ? sizeof(image) : unit_random() % sizeof(image);
		u8 *copy = malloc(size + 1);
		struct elf_view elf;
		struct elf_phdr ph;
		struct elf_shdr sh;
		struct elf_note note;

		round & 1 ? build_64() : build_32();
		for (int i = unit_random() % 8; i > 0; i--)
			image[unit_random() % (unit_random() % 2 ? 300 : sizeof(image))] = unit_random();
		copy = realloc(copy, size ? size : 1);
		memcpy(copy, image, size);
		if (elf_init(&elf, copy, size) == 0) {
			for (u32 i = 0; i < elf.phnum; i++)
				if (elf_phdr(&elf, i, &ph) == 0 && ph.filesz)
					CHECK(memchr(elf_segment_data(&elf, &ph), 0, ph.filesz) != image);
			for (u32 type = 0; type < 20; type++)
				if (elf_find_xen_note(&elf, type, &note) == 0 && note.desc_len)
					CHECK(memchr(note.desc, 0, note.desc_len) != image);
			if (elf_find_section(&elf, ".text", &sh) == 0 && sh.size &&
			    elf_section_data(&elf, &sh))
				CHECK(memchr(elf_section_data(&elf, &sh), 0, sh.size) != image);
		}
		free(copy);
	}
}

int main(void)
{
	RUN(image_of_64_bits);
	RUN(image_of_32_bits);
	RUN(rejected_images);
	RUN(damaged_images);
	return unit_end();
}
