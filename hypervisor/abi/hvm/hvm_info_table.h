/* SPDX-License-Identifier: MIT */
/* What the domain builder tells an HVM guest's firmware, at a fixed place. */
#ifndef ABI_HVM_HVM_INFO_TABLE_H
#define ABI_HVM_HVM_INFO_TABLE_H

#include "abi/types.h"

#define HVM_INFO_PFN		0x09F
#define HVM_INFO_OFFSET		0x800
#define HVM_INFO_PADDR		((HVM_INFO_PFN << 12) + HVM_INFO_OFFSET)
#define HVM_MAX_VCPUS		128

struct hvm_info_table {
	char signature[8];		/* "HVM INFO" */
	uint32_t length;
	uint8_t checksum;		/* all bytes sum up to zero */
	uint8_t apic_mode;
	uint32_t nr_vcpus;
	uint32_t low_mem_pgend;		/* RAM lies in [0, this) pages, */
	uint32_t reserved_mem_pgstart;	/* special pages from here to 4 GiB, */
	uint32_t high_mem_pgend;	/* and RAM from 4 GiB to here */
	uint8_t vcpu_online[(HVM_MAX_VCPUS + 7) / 8];
};

#endif
