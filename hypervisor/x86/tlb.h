/* SPDX-License-Identifier: MIT */
/*
 * Flushing translations, on this CPU and on others.
 *
 * A clock counts full flushes of any CPU, and each CPU notes the time of its last one. Whoever takes a
 * mapping's frame away notes the clock (tlb_stamp_now); before the frame serves another purpose, only those
 * CPUs need a flush whose last one is not later than that stamp (tlb_filter). The clock wraps: a CPU that
 * passes a quarter of its range makes all others flush, so no CPU's time is ever half a range old.
 *
 * Lock: one request to other CPUs at a time; a CPU that waits, for its turn or for a spin lock, serves
 * requests to itself meanwhile, so interrupts may be off and locks held.
 */
#ifndef X86_TLB_H
#define X86_TLB_H

#include "x86/cpu_ops.h"
#include "x86/cpumask.h"

#define TLB_ALL		(~0ul)	/* in place of an address: everything, global pages too */

extern u32 tlb_clock;
extern u32 tlb_time[MAX_CPUS];

void tlb_init(void);

void tlb_flush_local(void);

static inline void tlb_flush_page_local(u64 va)
{
	invlpg(va);
}

/* Loads CR3 and lets stamps know: for address spaces whose guest mappings are not global. */
void tlb_switch_cr3(u64 cr3);

/*
 * One page or TLB_ALL on every CPU of the mask that has started, this one included if it is in it; returns when done.
 */
void tlb_flush_mask(const cpumask_t *mask, u64 va);

static inline u32 tlb_stamp_now(void)
{
	return READ_ONCE(tlb_clock);
}

/* Whether `cpu` had a full flush after the stamp was taken. */
static inline bool tlb_flushed_since(u32 cpu, u32 stamp)
{
	return (s32)(READ_ONCE(tlb_time[cpu]) - stamp) > 0;
}

/* Does what another CPU asks of this one, if anything: for those who wait with interrupts off. */
void tlb_poll(void);

/* Removes from the mask the CPUs that flushed after the stamp was taken. */
void tlb_filter(cpumask_t *mask, u32 stamp);

#endif
