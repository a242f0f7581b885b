/* SPDX-License-Identifier: MIT */
/*
 * Deferred work of a CPU: a bit set is a promise that the handler runs on that CPU before it next enters a
 * guest or goes to sleep. Handlers run with interrupts on and no lock held; SOFTIRQ_SCHEDULE runs last.
 */
#ifndef CORE_SOFTIRQ_H
#define CORE_SOFTIRQ_H

#include "core/percpu.h"
#include "lib/atomic.h"

enum softirq { SOFTIRQ_TIMER, SOFTIRQ_NMI, SOFTIRQ_CONSOLE, SOFTIRQ_SCHEDULE, SOFTIRQ_COUNT };

void softirq_register(enum softirq nr, void (*handler)(void));

static inline void softirq_raise(enum softirq nr)	/* on this CPU */
{
	set_bit(nr, (unsigned long *)&cpu_local()->softirq_pending);
}

void softirq_raise_cpu(u32 cpu, enum softirq nr);	/* kicks the CPU by IPI if it is another one */
/* Until none is pending; interrupts on at entry and exit. */
void softirq_run(void);

static inline bool softirq_is_pending(void)
{
	return TEST_ONCE(cpu_local()->softirq_pending);
}

#endif
