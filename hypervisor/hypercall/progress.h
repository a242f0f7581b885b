/* SPDX-License-Identifier: MIT */
/*
 * How mmu_update and mmuext_op tell how far they came: both count into the guest's *done, and both go on after an
 * interruption with MMU_PREEMPTED in the count. Cold parts of hot calls, so none is inlined.
 */
#ifndef HYPERCALL_PROGRESS_H
#define HYPERCALL_PROGRESS_H

#include "domain/guest_copy.h"
#include "hypercall/hypercall.h"

#define MMU_PREEMPTED	0x80000000u

/* What the guest's counter said before the call was interrupted. 0 or -EFAULT. */
static __noinline int done_before(u32 *count, u64 done_p, u32 *before)
{
	*count &= ~MMU_PREEMPTED;
	return done_p ? guest_get(before, done_p) : 0;
}

static __noinline int report_done(u64 done_p, u32 done)
{
	return guest_put(done_p, &done);
}

static __noinline long progress_restart(u32 nr, u64 list, u32 count, u64 done_p, u32 foreign)
{
	return hypercall_restart(nr, 4, HC_ARG(list), HC_ARG(count | MMU_PREEMPTED), HC_ARG(done_p), HC_ARG(foreign));
}

#endif
