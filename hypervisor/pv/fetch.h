/* SPDX-License-Identifier: MIT */
/* Reading the instruction that trapped, for emulation. */
#ifndef PV_FETCH_H
#define PV_FETCH_H

#include "domain/domain.h"
#include "emul/emul.h"

/* Decodes the instruction at v's rip. 0, or -E as emul_decode; -EFAULT if its bytes are not there. */
int pv_fetch_insn(struct vcpu *v, struct emul_insn *insn);
/* The linear address of an offset in a segment, as 64-bit mode has it. */
u64 pv_linear(const struct vcpu *v, u32 seg, u64 offset);

#endif
