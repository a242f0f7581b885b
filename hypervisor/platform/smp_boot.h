/* SPDX-License-Identifier: MIT */
/*
 * Starting the other processors, one after the other.
 */
#ifndef PLATFORM_SMP_BOOT_H
#define PLATFORM_SMP_BOOT_H

#include "core/percpu.h"

/* Boot CPU, first of all: fills its block and tables with the boot page tables still active. */
void smp_prepare_boot_cpu(void);
/* After mm_init(): numbers the CPUs of the MADT, guards the boot CPU's stack. */
void smp_init(void);
/* Brings up all that maxcpus= allows; failures are logged, the others go on. */
void smp_bring_up_all(void);

/* What a CPU that came up does in the end: set by boot/main.c, entry_start_idle() of entry/. */
extern void (*smp_cpu_started_hook)(u32 cpu);
/* What it needs before: SYSCALL registers and the like; interrupts off. */
extern void (*smp_cpu_init_hook)(u32 cpu);
/*
 * Called on a CPU that is to rest, or to work again: nothing, or everything, is scheduled there from now
 * on. Interrupt context. `up` answers -EBUSY while a guest that is to leave is still there.
 */
extern void (*smp_cpu_down_hook)(u32 cpu);
extern int (*smp_cpu_up_hook)(u32 cpu);

#endif
