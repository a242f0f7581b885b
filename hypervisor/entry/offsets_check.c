/* SPDX-License-Identifier: MIT */
/* Proof that entry/offsets.h says what the compiler says. Emits nothing. */
#include "entry/offsets.h"

#include "domain/vcpu.h"
#include "pv/pv.h"

static_assert(sizeof(struct regs) == REGS_SIZE, "size");
static_assert(offsetof(struct regs, r11) == REGS_r11, "the first of what C does not keep");
static_assert(offsetof(struct regs, error_code) == REGS_vector_word, "error code and vector");
static_assert(offsetof(struct regs, vector) == REGS_vector, "vector");
static_assert(offsetof(struct regs, rip) == REGS_rip, "rip");
static_assert(offsetof(struct regs, cs) == REGS_cs, "cs");
static_assert(offsetof(struct regs, rflags) == REGS_rflags, "rflags");
static_assert(offsetof(struct regs, rsp) == REGS_rsp, "rsp");
static_assert(offsetof(struct vcpu, hv_stack) == offsetof(struct vcpu, regs) + REGS_SIZE, "right above the registers");
static_assert(offsetof(struct vcpu, hv_stack) % 16 == 0, "the processor aligns RSP0 down to 16 before it pushes");
static_assert(REGS_VEC_SYSCALL == REGS_VEC_SYSCALL_ASM, "marker");
static_assert(REGS_VEC_SYSCALL32 == REGS_VEC_SYSCALL32_ASM, "marker");
static_assert(REGS_VEC_SYSENTER == REGS_VEC_SYSENTER_ASM, "marker");
static_assert(PV_CS64 == SEL_GUEST_CS64 && PV_CS32 == SEL_GUEST_CS32 && PV_SS == SEL_GUEST_SS, "selectors");
static_assert(MAX_CPUS == MAX_CPUS_ASM, "stubs");
