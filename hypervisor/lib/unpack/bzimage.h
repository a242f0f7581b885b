/* SPDX-License-Identifier: MIT */
/*
 * Where the packed kernel lies inside a Linux bzImage. Linux's Documentation/arch/x86/boot.rst describes the
 * header; boot protocol 2.08 or later is needed, which names the payload.
 */
#ifndef LIB_UNPACK_BZIMAGE_H
#define LIB_UNPACK_BZIMAGE_H

#include "lib/types.h"

struct bzimage {
	const void *payload;
	size_t payload_len;
	size_t unpacked_len;	/* as the payload's last four bytes claim; unpacking tells */
	u16 protocol;		/* 0x020f is 2.15 */
};

/* Whether the boot header's signature is there at all; for telling formats apart. */
bool bzimage_has_magic(const void *image, size_t len);

/*
 * -ENOEXEC: no Linux image; -EOPNOTSUPP: protocol older than 2.08; -EBADMSG: the payload is not inside the
 * image (a truncated file).
 */
int __must_check bzimage_parse(struct bzimage *bz, const void *image, size_t len);

#endif /* LIB_UNPACK_BZIMAGE_H */
