/* SPDX-License-Identifier: MIT */
/* kexec_op: loading another kernel to jump to, at will or after a crash. */
#ifndef ABI_KEXEC_H
#define ABI_KEXEC_H

#include "abi/types.h"

#define KEXEC_CMD_kexec			0
#define KEXEC_CMD_kexec_load_v1		1
#define KEXEC_CMD_kexec_unload_v1	2
#define KEXEC_CMD_kexec_get_range	3
#define KEXEC_CMD_kexec_load		4
#define KEXEC_CMD_kexec_unload		5
#define KEXEC_CMD_kexec_status		6

#define KEXEC_TYPE_DEFAULT		0
#define KEXEC_TYPE_CRASH		1

typedef struct xen_kexec_exec {
	int32_t type;			/* KEXEC_TYPE_* */
} xen_kexec_exec_t;

#define KEXEC_RANGE_MA_CRASH		0
#define KEXEC_RANGE_MA_XEN		1
#define KEXEC_RANGE_MA_CPU		2
#define KEXEC_RANGE_MA_XENHEAP		3
#define KEXEC_RANGE_MA_BOOT_PARAM	4
#define KEXEC_RANGE_MA_EFI_MEMMAP	5
#define KEXEC_RANGE_MA_VMCOREINFO	6

typedef struct xen_kexec_range {
	int32_t range;			/* KEXEC_RANGE_* */
	int32_t nr;			/* CPU, for KEXEC_RANGE_MA_CPU */
	uint64_t size;			/* out */
	uint64_t start;			/* out */
} xen_kexec_range_t;

typedef struct xen_kexec_segment {
	union {
		uint64_t h;		/* guest pointer: const void */
		uint64_t _pad;
	} buf;
	uint64_t buf_size;
	uint64_t dest_maddr;
	uint64_t dest_size;
} xen_kexec_segment_t;

typedef struct xen_kexec_load {
	uint8_t type;			/* KEXEC_TYPE_* */
	uint8_t _pad;
	uint16_t arch;			/* EM_386 or EM_X86_64 */
	uint32_t nr_segments;
	union {
		uint64_t h;		/* guest pointer: struct xen_kexec_segment */
		uint64_t _pad;
	} segments;
	uint64_t entry_maddr;
} xen_kexec_load_t;

typedef struct xen_kexec_unload {
	uint8_t type;
} xen_kexec_unload_t;

typedef struct xen_kexec_status {
	uint8_t type;
} xen_kexec_status_t;

#endif
