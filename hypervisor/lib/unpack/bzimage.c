/* SPDX-License-Identifier: MIT */
/*
 * The boot header of a Linux bzImage: the real-mode part is (setup_sects + 1) sectors of 512 bytes, and the
 * payload is given by offset and length within the protected-mode part behind it. Pure, no locks.
 */
#include "lib/unpack/bzimage.h"
#include "lib/unpack/formats.h"
#include "lib/overflow.h"

enum {
	SETUP_SECTS = 0x1f1, MAGIC = 0x202, PROTOCOL = 0x206, PAYLOAD_OFFSET = 0x248, PAYLOAD_LENGTH = 0x24c,
	HEADER_END = 0x250,
	SECTOR_SIZE = 512,
	SETUP_SECTS_IF_ZERO = 4,
	PROTOCOL_WITH_PAYLOAD = 0x0208,
};

bool bzimage_has_magic(const void *image, size_t len)
{
	return len >= MAGIC + 4 && memcmp((const u8 *)image + MAGIC, "HdrS", 4) == 0;
}

int bzimage_parse(struct bzimage *bz, const void *image, size_t len)
{
	const u8 *base = image;
	u64 setup_len, offset, payload_len;

	if (!bzimage_has_magic(image, len))
		return -ENOEXEC;
	if (len < HEADER_END)
		return -EBADMSG;
	bz->protocol = load16(base + PROTOCOL);
	if (bz->protocol < PROTOCOL_WITH_PAYLOAD)
		return -EOPNOTSUPP;

	setup_len = ((base[SETUP_SECTS] ?: SETUP_SECTS_IF_ZERO) + 1) * SECTOR_SIZE;
	offset = setup_len + load32(base + PAYLOAD_OFFSET);
	payload_len = load32(base + PAYLOAD_LENGTH);
	if (payload_len < sizeof(u32) || !range_fits(offset, payload_len, len))
		return -EBADMSG;
	bz->payload = base + offset;
	bz->payload_len = payload_len;
	bz->unpacked_len = load32(base + offset + payload_len - sizeof(u32));
	return 0;
}
