/* SPDX-License-Identifier: MIT */
/*
 * A kernel image, unpacked: the bytes as they lie in the guest's memory, and what its notes ask for.
 * The file may be anybody's, so it is parsed in a child without rights (image.c); what comes back from there
 * is checked again (image_check) before anyone relies on it.
 *
 * Invariant of a checked image: virt_base <= vstart <= entry < vend, vend - vstart = len, all
 * page-aligned but entry, and the whole fits IMAGE_MAX.
 */
#ifndef BUILD_IMAGE_H
#define BUILD_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/error.h"

#define IMAGE_MAX (512ul << 20)		/* bytes of an unpacked kernel */
#define IMAGE_FILE_MAX (256ul << 20)	/* bytes of its file */
#define IMAGE_UNSET UINT64_MAX

struct image_info {
	uint32_t bits;			/* 64, or 32: PAE */
	bool mod_start_pfn;		/* the ramdisk may lie outside the initial mapping */
	bool pv;			/* has the notes of a PV kernel */
	uint64_t virt_base;
	uint64_t entry;
	uint64_t vstart, vend;		/* where the loaded image lies */
	uint64_t hypercall_page;	/* IMAGE_UNSET: none wanted */
	uint64_t p2m_base;		/* IMAGE_UNSET: the p2m lies behind the kernel */
	uint64_t pvh_entry;		/* IMAGE_UNSET: no PVH kernel */
	char guest_os[32];
	char packed[16];		/* how the file was compressed; "" for plain */
};

struct image {
	struct image_info info;
	const uint8_t *bytes;		/* vend - vstart of them */
	size_t len;
	int fd;				/* the memory file that holds them */
	struct stat st;			/* of the file it came from: the key of the cache */
};

/* Read, unpack and check a kernel file.  0 or -errno; image_free() gives everything back. */
int image_load(const char *path, struct image *img, struct error *err) __must_check;
void image_free(struct image *img);

/* Take over an image that another process unpacked: fd is mapped and info checked. */
int image_adopt(struct image *img, int fd, const struct image_info *info, struct error *err) __must_check;

/* ---- the parsers, for image.c and for fuzzing; they touch nothing but their arguments ---- */

/* Strip bzImage wrapping and compression.  *out is malloc'ed, or NULL when data is to be used as it is. */
int image_unpack(const uint8_t *data, size_t len, size_t limit, uint8_t **out, size_t *out_len,
		 const uint8_t **elf, size_t *elf_len, char packed[16], struct error *err) __must_check;

/* Parse an ELF kernel; dst (NULL: do not load) receives the image. */
int image_parse_elf(const uint8_t *elf, size_t len, struct image_info *info, uint8_t *dst, size_t dst_size,
		    struct error *err) __must_check;

int image_check(const struct image_info *info, struct error *err) __must_check;

/* 0, or -errno with *out of at most limit bytes.  name is that of codec_name(). */
const char *codec_name(const uint8_t *data, size_t len);
int codec_unpack(const uint8_t *data, size_t len, size_t limit, uint8_t **out, size_t *out_len) __must_check;

#endif
