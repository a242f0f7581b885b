/* SPDX-License-Identifier: MIT */
/* VCPUOP_initialise of a PVH or HVM vCPU: its first state, in 32-bit or 64-bit mode. */
#ifndef ABI_HVM_HVM_VCPU_H
#define ABI_HVM_HVM_VCPU_H

#include "abi/types.h"

struct vcpu_hvm_x86_32 {
	uint32_t eax, ecx, edx, ebx, esp, ebp, esi, edi;
	uint32_t eip, eflags;
	uint32_t cr0, cr3, cr4;
	uint32_t pad1;
	uint64_t efer;
	uint32_t cs_base, ds_base, ss_base, es_base, tr_base;
	uint32_t cs_limit, ds_limit, ss_limit, es_limit, tr_limit;
	uint16_t cs_ar, ds_ar, ss_ar, es_ar, tr_ar;	/* as in a descriptor: type, S, DPL, P; AVL, L, DB, G */
	uint16_t pad2[3];
};

struct vcpu_hvm_x86_64 {
	uint64_t rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi;
	uint64_t rip, rflags;
	uint64_t cr0, cr3, cr4, efer;
};

#define VCPU_HVM_MODE_32B	0
#define VCPU_HVM_MODE_64B	1

struct vcpu_hvm_context {
	uint32_t mode;			/* VCPU_HVM_MODE_* */
	uint32_t pad;
	union {
		struct vcpu_hvm_x86_32 x86_32;
		struct vcpu_hvm_x86_64 x86_64;
	} cpu_regs;
};

_Static_assert(sizeof(struct vcpu_hvm_x86_32) == 120, "15 words");
_Static_assert(sizeof(struct vcpu_hvm_context) == 128, "16 words");

#endif
