/* SPDX-License-Identifier: MIT */
/*
 * Calls to other CPUs. ipi_call waits for all; never call it with interrupts off or holding a lock that the
 * function or an interrupt handler takes. x86/cpumask.h has the sets.
 */
#ifndef CORE_IPI_H
#define CORE_IPI_H

#include "core/percpu.h"
#include "x86/cpumask.h"

void ipi_init(void);
void ipi_call(const cpumask_t *cpus, void (*fn)(void *), void *arg);	/* includes this CPU if in the mask */
void ipi_event_check(u32 cpu);		/* makes the CPU look at its softirqs */
/* For the end of the machine: the other CPUs stop where they are. False if some did not within 10 ms. */
bool ipi_stop_others(void);
/* From the NMI handler: this CPU was told to stop. */
bool ipi_stop_requested(void);

#endif
