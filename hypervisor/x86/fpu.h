/* SPDX-License-Identifier: MIT */
/*
 * The floating point and vector state of guests, switched eagerly: whoever runs owns the registers. The
 * hypervisor itself uses none of them. An area is fpu_area_size bytes, 64-byte aligned, in XSAVE's standard
 * form (or FXSAVE's). Acts on this CPU; the caller has interrupts off or cannot be switched away.
 */
#ifndef X86_FPU_H
#define X86_FPU_H

#include "lib/types.h"

#define XCR0_X87	(1ul << 0)
#define XCR0_SSE	(1ul << 1)
#define XCR0_YMM	(1ul << 2)
#define XCR0_BND	(3ul << 3)
#define XCR0_ZMM	(7ul << 5)
#define XCR0_PKRU	(1ul << 9)

extern u32 fpu_area_size;
extern u64 fpu_xcr0_all;	/* components that guests may use; X87 | SSE without XSAVE */

void fpu_init(void);		/* boot CPU: sizes */
void fpu_init_cpu(void);
void fpu_area_init(void *area);	/* the state after reset */
/*
 * `xcr0` is the guest's own: everything is saved and restored whatever it is, so nothing leaks by raising
 * it.
 */
void fpu_save(void *area, u64 xcr0);
/*
 * -EFAULT if the processor refuses the contents (they came from outside): the initial state is loaded
 * instead.
 */
int fpu_restore(const void *area, u64 xcr0);
/* After fpu_save(), for code that is nobody's guest: the state after reset in all components. */
void fpu_reset(void);
/* The running guest changed its XCR0 (checked already by fpu_xcr0_valid). */
void fpu_set_xcr0(u64 xcr0);
bool fpu_xcr0_valid(u64 xcr0);

#endif
