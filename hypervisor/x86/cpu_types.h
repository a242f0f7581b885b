/* SPDX-License-Identifier: MIT */
/*
 * What instructions take and give that is more than a word. Pure layout.
 */
#ifndef X86_CPU_TYPES_H
#define X86_CPU_TYPES_H

#include "lib/types.h"

struct cpuid_regs {
	u32 eax, ebx, ecx, edx;
};

/* Operand of LGDT and LIDT. */
struct desc_ptr {
	u16 limit;
	u64 base;
} __packed;

#endif
