/* SPDX-License-Identifier: MIT */
/*
 * Reads the ELF note that boot/xen.lds.S keeps in the image: three words (length of the owner's name,
 * length of the contents, type), "GNU", the bytes.
 */
#include "core/build_id.h"

#include "lib/printf.h"

#define NOTE_HEAD	12
#define OWNER_SIZE	4

extern const u8 build_id_note[], build_id_end[];

const u8 *build_id_get(u32 *len)
{
	const u32 *head = (const u32 *)build_id_note;
	u64 size = build_id_end - build_id_note;

	*len = 0;
	if (size < NOTE_HEAD + OWNER_SIZE || head[0] != OWNER_SIZE || head[1] > size - NOTE_HEAD - OWNER_SIZE)
		return NULL;
	*len = head[1];
	return build_id_note + NOTE_HEAD + OWNER_SIZE;
}

void build_id_format(char *buf, size_t size)
{
	u32 bytes = 0;
	const u8 *id = build_id_get(&bytes);
	size_t len = 0;

	buf[0] = '\0';
	for (u32 i = 0; id && i < bytes; i++)
		len += scnprintf(buf + len, size - len, "%02x", id[i]);
}
