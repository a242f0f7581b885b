/* SPDX-License-Identifier: MIT */
/*
 * General registers by their number in instructions, inlined for decode.c and exec.c. Private to emul/.
 */
#ifndef EMUL_GPR_H
#define EMUL_GPR_H

#include "x86/regs.h"

enum { REG_AX, REG_CX, REG_DX, REG_BX, REG_SP, REG_BP, REG_SI, REG_DI, REG_HIGH_BYTE = 16 };

#define AT(reg)	offsetof(struct regs, reg)
static const u8 gpr_offset[16] = {
	AT(rax), AT(rcx), AT(rdx), AT(rbx), AT(rsp), AT(rbp), AT(rsi), AT(rdi),
	AT(r8), AT(r9), AT(r10), AT(r11), AT(r12), AT(r13), AT(r14), AT(r15),
};
#undef AT

static inline u64 mask_of(unsigned int size)
{
	return ~0UL >> (64 - 8 * size);
}

static inline u64 gpr_read_full(const struct regs *regs, unsigned int number)
{
	return *(const u64 *)((const char *)regs + gpr_offset[number & 15]);
}

static inline u64 gpr_read(const struct regs *regs, unsigned int number, unsigned int size)
{
	u64 value = gpr_read_full(regs, number);

	if (likely(size >= 8))
		return value;
	return (number >= REG_HIGH_BYTE ? value >> 8 : value) & mask_of(size);
}

#endif /* EMUL_GPR_H */
