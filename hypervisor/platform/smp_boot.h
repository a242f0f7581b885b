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

/*
 * The boot CPU's way back from sleep: the trampoline will lead to `entry`, on tables that map the hypervisor, with
 * `stack`. What to tell the firmware. There must be a trampoline, and no CPU on it.
 */
bool smp_has_trampoline(void);
u32 smp_prepare_wake(void (*entry)(void), u64 stack);
/* The machine slept: CPUs that were resting have lost all, and start as at first. */
void smp_forget_others(void);

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
