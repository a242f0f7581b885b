/* SPDX-License-Identifier: MIT */
/*
 * Borders of the linked image, set by boot/xen.lds.S, page aligned:
 *
 *   image_start    code                              read, execute
 *   init_text      code used only while booting      read, execute; may be freed after boot
 *   text_end       constants                         read
 *   rodata_end     data used only while booting      read, write; may be freed after boot
 *   init_data_end  data, then zeroed data            read, write
 *   image_end
 */
#ifndef X86_IMAGE_H
#define X86_IMAGE_H

#include "lib/types.h"

extern u8 image_start[], init_text[], text_end[], rodata_end[], init_data_end[], image_end[];

/* For code and data that only booting needs. Nothing may refer to them once the guests run. */
#define __init		__section(".init.text") __cold
#define __initdata	__section(".init.data")

static inline bool image_contains_text(u64 address)
{
	return address >= (u64)image_start && address < (u64)text_end;
}

#endif
