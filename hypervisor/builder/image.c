/* SPDX-License-Identifier: MIT */
/*
 * The kernel file: told apart by its first bytes, unpacked, and its Xen notes read. What the notes claim is checked
 * against the file before anything is built from it.
 */
#include "builder/builder.h"
#include "core/log.h"
#include "core/panic.h"
#include "lib/string.h"
#include "lib/unpack/bzimage.h"
#include "lib/unpack/unpack.h"
#include "mm/heap.h"
#include "mm/page_alloc.h"
#include "mm/pt.h"

#define UNPACKED_MAX	(MiB(512))

/* Contiguous pages for `bytes`, without the rounding to a power of two. */
static void *pages_take(u64 bytes)
{
	u64 pages = DIV_ROUND_UP(bytes, PAGE_SIZE);
	u32 order = 0;
	struct frame *f;

	while (1ul << order < pages)
		order++;
	f = page_alloc(order, PAGE_HEAP);
	if (!f)
		return NULL;
	for (u64 i = pages; i < 1ul << order; i++)
		page_free(f + i, 0);
	return mfn_to_virt(frame_to_mfn(f));
}

static void unpack_kernel(struct kernel_image *k, const void *packed, u64 len, u64 room)
{
	void *scratch = pages_alloc_zeroed(order_of(DIV_ROUND_UP(UNPACK_SCRATCH_SIZE, PAGE_SIZE)));
	size_t produced = 0;
	int rc;

	if (!room || room > UNPACKED_MAX)
		panic("dom0 kernel: claims to unpack to %lu MiB; give a kernel that is not damaged", room >> 20);
	k->buffer = pages_take(room);
	k->buffer_bytes = room;
	if (!k->buffer || !scratch)
		panic("dom0 kernel: no memory to unpack %lu MiB; the machine has too little RAM", room >> 20);
	rc = unpack(packed, len, k->buffer, room, scratch, UNPACK_SCRATCH_SIZE, &produced);
	if (rc)
		panic("dom0 kernel: its %s payload is damaged or truncated (error %d); copy the file again",
		      unpack_format_name(unpack_detect(packed, len)), rc);
	pages_free_virt(scratch, order_of(DIV_ROUND_UP(UNPACK_SCRATCH_SIZE, PAGE_SIZE)));
	rc = elf_init(&k->elf, k->buffer, produced);
	if (rc)
		panic("dom0 kernel: what was unpacked is no x86-64 ELF file; give a Linux bzImage or a PV kernel");
}

static u64 gzip_room(const u8 *p, u64 len)
{
	return len < 18 ? 0 : (u64)p[len - 4] | (u64)p[len - 3] << 8 | (u64)p[len - 2] << 16 | (u64)p[len - 1] << 24;
}

static void open_image(struct kernel_image *k, const void *module, u64 size)
{
	struct bzimage bz;
	int rc;

	if (elf_has_magic(module, size)) {
		if (elf_init(&k->elf, module, size))
			panic("dom0 kernel: the ELF file is damaged or truncated; copy it again");
		return;
	}
	if (bzimage_has_magic(module, size)) {
		rc = bzimage_parse(&bz, module, size);
		if (rc == -EBADMSG)
			panic("dom0 kernel: the bzImage is truncated: its payload is not inside the file; "
			      "copy it again");
		if (rc)
			panic("dom0 kernel: the bzImage is too old (boot protocol below 2.08); use a newer kernel");
		if (unpack_detect(bz.payload, bz.payload_len) == UNPACK_UNKNOWN)
			panic("dom0 kernel: the bzImage's payload is packed in a way not known here; "
			      "use a kernel packed by gzip, xz, zstd or lz4");
		unpack_kernel(k, bz.payload, bz.payload_len, bz.unpacked_len);
		return;
	}
	if (unpack_detect(module, size) == UNPACK_GZIP) {
		unpack_kernel(k, module, size, gzip_room(module, size));
		return;
	}
	panic("dom0 kernel: the first module is no kernel (neither bzImage nor ELF); "
	      "check the module lines of the boot entry");
}

/* All that the program headers speak of lies in the file. */
static void check_whole(const struct elf_view *elf)
{
	struct elf_phdr ph;

	for (u32 i = 0; i < elf->phnum; i++)
		if (elf_phdr(elf, i, &ph))
			panic("dom0 kernel: the ELF file is damaged or truncated; copy it again");
}

static bool note_u64(const struct elf_view *elf, u32 type, u64 *value)
{
	struct elf_note note;

	return !elf_find_xen_note(elf, type, &note) && !elf_note_u64(&note, value);
}

/* Any note at all will do: each has a default. */
static bool has_notes(const struct elf_view *elf)
{
	struct elf_note note;

	for (u32 type = 0; type <= ELF_XEN_PHYS32_ENTRY; type++)
		if (!elf_find_xen_note(elf, type, &note))
			return true;
	return false;
}

static void read_notes(struct kernel_image *k)
{
	u64 features = 0, flag = 0;

	if (!has_notes(&k->elf))
		panic("dom0 kernel: it has no Xen notes, so it cannot run paravirtualised; use a kernel with "
		      "CONFIG_XEN_PV and CONFIG_XEN_DOM0");
	if (!note_u64(&k->elf, ELF_XEN_ENTRY, &k->entry))
		k->entry = k->elf.entry;
	if (!note_u64(&k->elf, ELF_XEN_VIRT_BASE, &k->virt_base))
		k->virt_base = 0;
	if (!note_u64(&k->elf, ELF_XEN_PADDR_OFFSET, &k->paddr_offset))
		k->paddr_offset = 0;
	k->has_hypercall_page = note_u64(&k->elf, ELF_XEN_HYPERCALL_PAGE, &k->hypercall_page);
	k->has_init_p2m = note_u64(&k->elf, ELF_XEN_INIT_P2M, &k->init_p2m);
	k->initrd_unmapped = note_u64(&k->elf, ELF_XEN_MOD_START_PFN, &flag) && flag;
	if (note_u64(&k->elf, ELF_XEN_SUPPORTED_FEATURES, &features) && !(features & BIT(11)))
		panic("dom0 kernel: its notes say that it cannot be dom0; use a kernel with CONFIG_XEN_DOM0");
}

/* Virtual address at which a segment ends up. */
static u64 segment_va(const struct kernel_image *k, const struct elf_phdr *ph)
{
	return ph->paddr - k->paddr_offset + k->virt_base;
}

static bool va_ok(u64 va)
{
	return va_is_canonical(va) && (va < HV_VIRT_START || va >= HV_VIRT_END);
}

static void measure(struct kernel_image *k)
{
	struct elf_phdr ph;
	bool any = false;

	k->virt_end = k->virt_base;
	for (u32 i = 0; i < k->elf.phnum; i++) {
		u64 va;

		if (elf_phdr(&k->elf, i, &ph) || ph.type != ELF_PT_LOAD || !ph.memsz)
			continue;
		va = segment_va(k, &ph);
		if (va < k->virt_base || va + ph.memsz < va || ph.memsz > GiB(4) || va - k->virt_base > GiB(4) ||
		    !va_ok(va) || !va_ok(va + ph.memsz - 1))
			panic("dom0 kernel: segment %u at %#lx cannot be placed; copy the file again", i, va);
		k->virt_end = MAX(k->virt_end, va + ph.memsz);
		any = true;
	}
	if (!any || (k->virt_base & ~PAGE_MASK) || !va_ok(k->entry) || k->entry < k->virt_base ||
	    k->entry >= k->virt_end)
		panic("dom0 kernel: entry point %#lx lies in no segment; copy the file again", k->entry);
	if (k->has_hypercall_page && (k->hypercall_page < k->virt_base || k->hypercall_page + PAGE_SIZE > k->virt_end ||
				      (k->hypercall_page & ~PAGE_MASK)))
		panic("dom0 kernel: hypercall page %#lx lies in no segment; copy the file again", k->hypercall_page);
	if (k->has_init_p2m && (!va_ok(k->init_p2m) || (k->init_p2m & (PT_LEVEL_SIZE(4) - 1))))
		panic("dom0 kernel: INIT_P2M %#lx is no start of a level-4 slot; use another kernel", k->init_p2m);
}

void image_load(struct kernel_image *k, const void *module, u64 size)
{
	open_image(k, module, size);
	if (!k->elf.is_64)
		panic("dom0 kernel: it is a 32-bit kernel; use a 64-bit one");
	check_whole(&k->elf);
	read_notes(k);
	measure(k);
}

void image_free(struct kernel_image *k)
{
	for (u64 at = 0; k->buffer && at < k->buffer_bytes; at += PAGE_SIZE)
		page_free_virt((u8 *)k->buffer + at);
	k->buffer = NULL;
}

bool image_fills(const struct kernel_image *k, u64 pfn)
{
	u64 start = k->virt_base + (pfn << PAGE_SHIFT);
	struct elf_phdr ph;

	for (u32 i = 0; i < k->elf.phnum; i++) {
		if (elf_phdr(&k->elf, i, &ph) || ph.type != ELF_PT_LOAD)
			continue;
		if (segment_va(k, &ph) <= start && start + PAGE_SIZE <= segment_va(k, &ph) + ph.filesz)
			return true;
	}
	return false;
}

/* Copies across frames that need not be contiguous. */
static void place(const struct build *b, u64 va, const u8 *from, u64 len)
{
	while (len) {
		u64 offset = va & ~PAGE_MASK, n = MIN(len, PAGE_SIZE - offset);

		memcpy((u8 *)build_virt(b, (va - b->k.virt_base) >> PAGE_SHIFT) + offset, from, n);
		from += n;
		va += n;
		len -= n;
	}
}

void image_place(const struct build *b)
{
	const struct kernel_image *k = &b->k;
	struct elf_phdr ph;

	for (u32 i = 0; i < k->elf.phnum; i++) {
		if (elf_phdr(&k->elf, i, &ph) || ph.type != ELF_PT_LOAD)
			continue;
		place(b, segment_va(k, &ph), elf_segment_data(&k->elf, &ph), ph.filesz);
	}
}
