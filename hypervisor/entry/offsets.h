/* SPDX-License-Identifier: MIT */
/* Numbers that entry.S shares with C; entry/offsets_check.c proves each equal to what C computes. */
#ifndef ENTRY_OFFSETS_H
#define ENTRY_OFFSETS_H

#define REGS_SIZE		168
#define REGS_r11		48
#define REGS_vector_word	120
#define REGS_vector		124
#define REGS_rip		128
#define REGS_cs			136
#define REGS_rflags		144
#define REGS_rsp		152

#define REGS_VEC_SYSCALL_ASM	0x100
#define REGS_VEC_SYSCALL32_ASM	0x101
#define REGS_VEC_SYSENTER_ASM	0x102

#define SEL_GUEST_CS64		0xe033
#define SEL_GUEST_CS32		0xe023
#define SEL_GUEST_SS		0xe02b

#define MAX_CPUS_ASM		256

#endif
