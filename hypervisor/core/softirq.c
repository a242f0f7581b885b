/* SPDX-License-Identifier: MIT */
/*
 * Softirqs: a word of pending bits in each CPU's own block.
 */
#include "core/softirq.h"

#include "core/ipi.h"
#include "lib/atomic.h"

static void softirq_nothing(void)
{
}

static void (*softirq_handlers[SOFTIRQ_COUNT])(void) = { [0 ... SOFTIRQ_COUNT - 1] = softirq_nothing };

void softirq_register(enum softirq nr, void (*handler)(void))
{
	softirq_handlers[nr] = handler;
}

void softirq_raise_cpu(u32 cpu, enum softirq nr)
{
	struct cpu_local *local = cpu_locals[cpu];

	if (!test_and_set_bit(nr, (unsigned long *)&local->softirq_pending) && local != cpu_local())
		ipi_event_check(cpu);
}

void softirq_run(void)
{
	unsigned long *pending = (unsigned long *)&cpu_local()->softirq_pending;
	unsigned long now;

	/*
	 * The lowest first, looked up anew each time: so SOFTIRQ_SCHEDULE, which may not return, is always
	 * last.
	 */
	while ((now = READ_ONCE(*pending)) != 0) {
		u32 nr = bit_lowest(now);

		clear_bit(nr, pending);
		softirq_handlers[nr]();
	}
}
