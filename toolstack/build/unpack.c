/* SPDX-License-Identifier: MIT */
/*
 * From the bytes of a kernel file to an ELF image: a bzImage holds a compressed ELF behind its real-mode
 * part (Linux boot protocol 2.08 and later say where); a file may also be ELF, or compressed ELF.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "build/image.h"

#define BZ_SETUP_SECTS 0x1f1
#define BZ_MAGIC 0x202
#define BZ_VERSION 0x206
#define BZ_PAYLOAD_OFFSET 0x248
#define BZ_PAYLOAD_LENGTH 0x24c
#define BZ_HEADER_END 0x250

static bool is_elf(const uint8_t *p, size_t len)
{
	return len >= 4 && memcmp(p, "\177ELF", 4) == 0;
}

/* Narrow *data to the payload of a bzImage. */
static int bzimage_payload(const uint8_t **data, size_t *len, struct error *err)
{
	const uint8_t *p = *data;
	uint32_t off, n;
	uint16_t version;
	size_t start;

	if (*len < BZ_HEADER_END || memcmp(p + BZ_MAGIC, "HdrS", 4) != 0)
		return 0;
	memcpy(&version, p + BZ_VERSION, 2);
	if (version < 0x208)
		return error_set(err, ERR_CONFIG, NULL,
				 "this bzImage speaks boot protocol %x.%02x; PV guests need 2.08 or later",
				 version >> 8, version & 0xff);
	memcpy(&off, p + BZ_PAYLOAD_OFFSET, 4);
	memcpy(&n, p + BZ_PAYLOAD_LENGTH, 4);
	start = ((size_t)(p[BZ_SETUP_SECTS] ? p[BZ_SETUP_SECTS] : 4) + 1) * 512 + off;
	if (start > *len || n > *len - start)
		return error_set(err, ERR_CONFIG, NULL,
				 "the bzImage is cut short: its header promises %zu bytes, the file has %zu",
				 start + n, *len);
	*data = p + start;
	*len = n;
	return 0;
}

int image_unpack(const uint8_t *data, size_t len, size_t limit, uint8_t **out, size_t *out_len,
		 const uint8_t **elf, size_t *elf_len, char packed[16], struct error *err)
{
	const char *codec;
	int rc;

	*out = NULL;
	packed[0] = '\0';
	rc = bzimage_payload(&data, &len, err);
	if (rc)
		return rc;
	if (is_elf(data, len)) {
		*elf = data;
		*elf_len = len;
		return 0;
	}
	codec = codec_name(data, len);
	if (!codec) {
		rc = error_set(err, ERR_CONFIG, NULL,
			       "not a kernel: neither ELF nor bzImage nor a known compression");
		error_hint(err, "a Linux kernel is /boot/vmlinuz-VERSION");
		return rc;
	}
	snprintf(packed, 16, "%s", codec);
	rc = codec_unpack(data, len, limit, out, out_len);
	if (rc)
		return error_set(err, ERR_CONFIG, NULL, "the kernel's %s data %s", codec,
				 rc == -EFBIG	 ? "unpacks to more than is allowed"
				 : rc == -ENOMEM ? "needs more memory than is allowed"
						 : "is damaged or cut short");
	if (!is_elf(*out, *out_len)) {
		free(*out);
		*out = NULL;
		return error_set(err, ERR_CONFIG, NULL, "the kernel's %s data does not hold an ELF image",
				 codec);
	}
	*elf = *out;
	*elf_len = *out_len;
	return 0;
}
