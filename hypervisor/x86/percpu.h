/* SPDX-License-Identifier: MIT */
/*
 * What belongs to one CPU. Each CPU has one 32 KiB block, aligned to its size:
 *
 *   +0      IST stacks of 4 KiB: #NMI, #DF, #MC, #DB (the stack's top is the next one's bottom)
 *   +16K    guard page, not mapped
 *   +20K    the stack for everything else, growing down from
 *   +32K-sizeof(struct cpu_local)   struct cpu_local
 *
 * so that masking any stack pointer finds struct cpu_local: no segment register is used, GS stays the
 * guest's. Data of other folders that is per CPU is an array indexed by this_cpu(): `static struct x
 * foo[MAX_CPUS]`.
 */
#ifndef X86_PERCPU_H
#define X86_PERCPU_H

#include "lib/types.h"

#define MAX_CPUS	256u
#define CPU_STACK_SIZE	(32u * 1024)
#define CPU_GUARD_OFFSET	(16u * 1024)	/* of the guard page in the block */
#define CPU_LOCKS_TRACKED	16u

struct spinlock;
struct vcpu;

struct cpu_local {
	const struct spinlock *locks[CPU_LOCKS_TRACKED];	/* held, oldest first; core/lock.h */
	u32 lock_base;			/* where the current interrupt's locks begin; debug builds */
	struct vcpu *current;		/* only by the owner, interrupts off */
	u64 softirq_pending;		/* atomic; core/softirq.h */
	u32 cpu;			/* dense number, 0 is the boot CPU */
	u32 apic_id;
	u32 irq_depth;			/* > 0 while an interrupt handler runs */
	u32 event_readers;		/* sections under way of those who send events; event/internal.h */
	u32 locks_held;			/* count; 0 at exit to a guest */
	u64 cr4;			/* what CR4 holds, to save reading it */
};
static_assert(sizeof(struct cpu_local) <= 256, "boot.S leaves so much room above the first stack");

/* Each CPU's own block, NULL for one that was never brought up. Set once. */
extern struct cpu_local *cpu_locals[MAX_CPUS];

#ifdef HOST_TEST
extern struct cpu_local host_cpu_local;
static inline struct cpu_local *cpu_local(void)
{
	return &host_cpu_local;
}
#else
static inline struct cpu_local *cpu_local(void)
{
	u64 sp;

	__asm__ ("mov %%rsp, %0" : "=r" (sp));
	return (struct cpu_local *)((sp | (CPU_STACK_SIZE - 1)) + 1) - 1;
}
#endif

static inline u32 this_cpu(void)
{
	return cpu_local()->cpu;
}

#define current (cpu_local()->current)

/* From any address of a block: its start, and where its stack begins (16-byte aligned, growing down). */
static inline u8 *cpu_stack_block(const struct cpu_local *local)
{
	return (u8 *)((u64)local & ~(u64)(CPU_STACK_SIZE - 1));
}

static inline u64 cpu_stack_top(const struct cpu_local *local)
{
	return (u64)local & ~15ul;
}

#endif
