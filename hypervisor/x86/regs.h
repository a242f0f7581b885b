/* SPDX-License-Identifier: MIT */
/*
 * The registers of interrupted code, in the order in which entry.S pushes them. The published struct
 * cpu_user_regs begins the same way, so a guest's registers need no translation. Pure layout, no locks.
 */
#ifndef X86_REGS_H
#define X86_REGS_H

#include "lib/types.h"

struct regs {
	u64 r15, r14, r13, r12, rbp, rbx;
	u64 r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
	u32 error_code;
	u32 vector;		/* X86_VEC_* or an interrupt vector, or one of REGS_VEC_* */
	u64 rip;
	u64 cs;			/* bits 0..15 are the selector; entry.S pushes the rest as zero */
	u64 rflags;
	u64 rsp;
	u64 ss;
};

static_assert(sizeof(struct regs) == 21 * 8, "entry.S pushes 15 registers, one vector word, five of a frame");

/* Ways in that are no exception vectors. */
#define REGS_VEC_SYSCALL	0x100	/* 64-bit SYSCALL: return may use SYSRET */
#define REGS_VEC_SYSCALL32	0x101	/* SYSCALL from compatibility mode */
#define REGS_VEC_SYSENTER	0x102

static inline bool regs_from_guest(const struct regs *r)
{
	return r->cs & 3;
}

#define X86_VEC_DE	0
#define X86_VEC_DB	1
#define X86_VEC_NMI	2
#define X86_VEC_BP	3
#define X86_VEC_OF	4
#define X86_VEC_BR	5
#define X86_VEC_UD	6
#define X86_VEC_NM	7
#define X86_VEC_DF	8
#define X86_VEC_TS	10
#define X86_VEC_NP	11
#define X86_VEC_SS	12
#define X86_VEC_GP	13
#define X86_VEC_PF	14
#define X86_VEC_MF	16
#define X86_VEC_AC	17
#define X86_VEC_MC	18
#define X86_VEC_XM	19
#define X86_VEC_VE	20
#define X86_VEC_CP	21

#define RFLAGS_CF	(1ul << 0)
#define RFLAGS_FIXED	(1ul << 1)
#define RFLAGS_PF	(1ul << 2)
#define RFLAGS_AF	(1ul << 4)
#define RFLAGS_ZF	(1ul << 6)
#define RFLAGS_SF	(1ul << 7)
#define RFLAGS_TF	(1ul << 8)
#define RFLAGS_IF	(1ul << 9)
#define RFLAGS_DF	(1ul << 10)
#define RFLAGS_OF	(1ul << 11)
#define RFLAGS_IOPL	(3ul << 12)
#define RFLAGS_NT	(1ul << 14)
#define RFLAGS_RF	(1ul << 16)
#define RFLAGS_VM	(1ul << 17)
#define RFLAGS_AC	(1ul << 18)
#define RFLAGS_VIF	(1ul << 19)
#define RFLAGS_VIP	(1ul << 20)
#define RFLAGS_ID	(1ul << 21)

#define PFEC_PRESENT	(1u << 0)
#define PFEC_WRITE	(1u << 1)
#define PFEC_USER	(1u << 2)
#define PFEC_RSVD	(1u << 3)
#define PFEC_INSN	(1u << 4)

#endif
