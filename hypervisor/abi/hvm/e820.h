/* SPDX-License-Identifier: MIT */
/* Where an HVM guest's firmware finds its memory map, and the hole below 4 GiB. */
#ifndef ABI_HVM_E820_H
#define ABI_HVM_E820_H

#define HVM_E820_PAGE			0x00090000
#define HVM_E820_NR_OFFSET		0x000001E8
#define HVM_E820_OFFSET			0x000002D0

#define HVM_BELOW_4G_RAM_END		0xF0000000
#define HVM_BELOW_4G_MMIO_START		HVM_BELOW_4G_RAM_END
#define HVM_BELOW_4G_MMIO_LENGTH	((1ULL << 32) - HVM_BELOW_4G_MMIO_START)

#endif
