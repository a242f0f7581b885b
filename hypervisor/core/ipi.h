/* SPDX-License-Identifier: MIT */
/*
 * Calls to other CPUs. cpumask is a bitmap of MAX_CPUS bits. ipi_call waits for all; never call it with interrupts
 * off or holding a lock that the function or an interrupt handler takes.
 */
#ifndef CORE_IPI_H
#define CORE_IPI_H

#include "core/percpu.h"
#include "lib/bitmap.h"

typedef struct cpumask {
	unsigned long bits[MAX_CPUS / 64];
} cpumask_t;

extern cpumask_t cpu_online_mask;	/* set by each CPU as it comes up */
extern u32 cpu_online_count;

void ipi_call(const cpumask_t *cpus, void (*fn)(void *), void *arg);	/* includes this CPU if in the mask */
void ipi_event_check(u32 cpu);		/* makes the CPU look at its softirqs */
void ipi_event_check_mask(const cpumask_t *cpus);
__noreturn void ipi_stop_others_and_halt(void);

static inline bool cpumask_test(u32 cpu, const cpumask_t *m)
{
	return READ_ONCE(m->bits[cpu / 64]) >> (cpu % 64) & 1;
}

#endif
