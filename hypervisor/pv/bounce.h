/* SPDX-License-Identifier: MIT */
/* Building the frame of a guest's handler: see bounce.c. */
#ifndef PV_BOUNCE_H
#define PV_BOUNCE_H

#include "abi/callback.h"
#include "domain/domain.h"
#include "x86/cpu_ops.h"

#define BOUNCE_ERROR		(1u << 0)	/* push `error` */
#define BOUNCE_FAILSAFE		(1u << 1)	/* push the data segment selectors */
#define BOUNCE_MASK_EVENTS	(1u << 2)	/* the handler starts with events masked */

void pv_bounce(struct vcpu *v, u64 handler, u32 how, u32 error);

/* The mode change itself; l4 is the table of the mode to come. */
static inline void bounce_set_mode(struct vcpu *v, bool kernel, mfn_t l4)
{
	v->pv.kernel_mode = kernel;
	swapgs();
	write_cr3(mfn_x(l4) << PAGE_SHIFT);
}

#endif
