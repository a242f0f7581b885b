/* SPDX-License-Identifier: MIT */
/*
 * Sets of CPUs: bitmaps of MAX_CPUS bits. The _atomic operations may be used on sets that others look at;
 * the plain ones belong to the caller. cpu_online_mask is set by each CPU as it comes up and cleared when
 * it goes to rest.
 *
 * Who must know that no CPU still does or remembers something asks cpu_started_mask. One that was taken down may be in
 * the middle of a hypercall yet, and serves interrupts and timers while it rests; it leaves this mask only when the
 * machine falls asleep.
 */
#ifndef X86_CPUMASK_H
#define X86_CPUMASK_H

#include "lib/atomic.h"
#include "lib/bitmap.h"
#include "x86/percpu.h"

typedef struct cpumask {
	unsigned long bits[MAX_CPUS / 64];
} cpumask_t;

extern cpumask_t cpu_online_mask, cpu_started_mask;
extern u32 cpu_online_count;

static inline bool cpumask_test(u32 cpu, const cpumask_t *m)
{
	return READ_ONCE(m->bits[cpu / 64]) >> (cpu % 64) & 1;
}

static inline void cpumask_set(u32 cpu, cpumask_t *m)
{
	m->bits[cpu / 64] |= 1ul << cpu % 64;
}

static inline void cpumask_clear(u32 cpu, cpumask_t *m)
{
	m->bits[cpu / 64] &= ~(1ul << cpu % 64);
}

static inline void cpumask_set_atomic(u32 cpu, cpumask_t *m)
{
	set_bit(cpu, m->bits);
}

static inline void cpumask_clear_atomic(u32 cpu, cpumask_t *m)
{
	clear_bit(cpu, m->bits);
}

static inline cpumask_t cpumask_of(u32 cpu)
{
	cpumask_t m = { 0 };

	cpumask_set(cpu, &m);
	return m;
}

static inline bool cpumask_empty(const cpumask_t *m)
{
	return !(READ_ONCE(m->bits[0]) | READ_ONCE(m->bits[1]) | READ_ONCE(m->bits[2]) |
		 READ_ONCE(m->bits[3]));
}
static_assert(MAX_CPUS == 256, "cpumask_empty() names every word");

static inline void cpumask_and(cpumask_t *dst, const cpumask_t *a, const cpumask_t *b)
{
	for (u32 i = 0; i < ARRAY_SIZE(dst->bits); i++)
		dst->bits[i] = READ_ONCE(a->bits[i]) & READ_ONCE(b->bits[i]);
}

#define cpumask_for_each(cpu, m)	bitmap_for_each(cpu, (m)->bits, MAX_CPUS)
#define for_each_online_cpu(cpu)	cpumask_for_each(cpu, &cpu_online_mask)
#define for_each_started_cpu(cpu)	cpumask_for_each(cpu, &cpu_started_mask)

#endif
