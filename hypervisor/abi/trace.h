/* SPDX-License-Identifier: MIT */
/* Layout of the trace buffers that tools map: a directory (t_info), and for each CPU a ring of records. */
#ifndef ABI_TRACE_H
#define ABI_TRACE_H

#include "abi/types.h"

#define TRACE_EXTRA_MAX		7
#define TRACE_EXTRA_SHIFT	28

#define TRC_CLS_SHIFT		16
#define TRC_GEN			0x0001f000
#define TRC_SCHED		0x0002f000
#define TRC_DOM0OP		0x0004f000
#define TRC_HVM			0x0008f000
#define TRC_MEM			0x0010f000
#define TRC_PV			0x0020f000
#define TRC_SHADOW		0x0040f000
#define TRC_HW			0x0080f000
#define TRC_GUEST		0x0800f000
#define TRC_ALL			0x0ffff000

#define TRC_LOST_RECORDS	(TRC_GEN + 1)
#define TRC_TRACE_WRAP_BUFFER	(TRC_GEN + 2)
#define TRC_TRACE_CPU_CHANGE	(TRC_GEN + 3)

struct t_rec {
	uint32_t event:28;
	uint32_t extra_u32:3;		/* words of data */
	uint32_t cycles_included:1;
	union {
		struct {
			uint32_t cycles_lo, cycles_hi;
			uint32_t extra_u32[7];
		} cycles;
		struct {
			uint32_t extra_u32[7];
		} nocycles;
	} u;
};

/* Indices count bytes and run to twice the size. */
struct t_buf {
	uint32_t cons;
	uint32_t prod;
	/* records follow */
};

struct t_info {
	uint16_t tbuf_size;		/* pages a CPU */
	uint16_t mfn_offset[];		/* for each CPU, where in this struct its list of frames begins */
};

#endif
