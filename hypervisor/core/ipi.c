/* SPDX-License-Identifier: MIT */
/*
 * Function calls on other CPUs, one at a time, and the wake-up call. A CPU that waits for its turn or for
 * the others has interrupts on, so calls to it are served meanwhile.
 */
#include "core/ipi.h"

#include "core/lock.h"
#include "core/panic.h"
#include "core/time.h"
#include "x86/cpu_ops.h"
#include "x86/lapic.h"
#include "x86/vectors.h"

#define STOP_TIMEOUT_NS	10000000ul

static DEFINE_SPINLOCK(call_lock, RANK_NONE);
/* call_lock; the pending bits are cleared by their CPUs when the function has returned. */
static struct {
	void (*fn)(void *);
	void *arg;
	cpumask_t pending;
} call;

static bool stop_requested;
static cpumask_t stopped;	/* atomic bits */

static void ipi_call_interrupt(struct regs *regs)
{
	u32 self = this_cpu();

	if (!test_bit(self, call.pending.bits))
		return;
	call.fn(call.arg);
	cpumask_clear_atomic(self, &call.pending);
}

/* The interrupt itself is the message: softirqs are looked at on the way out. */
static void ipi_event_check_interrupt(struct regs *regs)
{
}

void ipi_init(void)
{
	vector_handlers[VECTOR_CALL] = ipi_call_interrupt;
	vector_handlers[VECTOR_EVENT_CHECK] = ipi_event_check_interrupt;
}

static void ipi_send_mask(const cpumask_t *cpus, u8 vector)
{
	u32 cpu;

	cpumask_for_each(cpu, cpus)
		lapic_send_ipi(cpu_locals[cpu]->apic_id, vector);
}

void ipi_call(const cpumask_t *cpus, void (*fn)(void *), void *arg)
{
	u32 cpu, self = this_cpu();
	cpumask_t others;
	bool local;
	u64 flags;

	cpumask_and(&others, cpus, &cpu_online_mask);
	local = cpumask_test(self, &others);
	cpumask_clear(self, &others);
	if (!cpumask_empty(&others)) {
		ASSERT(irq_enabled());
		spin_lock(&call_lock);
		call.fn = fn;
		call.arg = arg;
		cpumask_for_each(cpu, &others)
			cpumask_set_atomic(cpu, &call.pending);
		ipi_send_mask(&others, VECTOR_CALL);
	}
	if (local) {
		flags = irq_save();
		fn(arg);
		irq_restore(flags);
	}
	if (!cpumask_empty(&others)) {
		while (!cpumask_empty(&call.pending))
			cpu_pause();
		spin_unlock(&call_lock);
	}
}

void ipi_event_check(u32 cpu)
{
	lapic_send_ipi(cpu_locals[cpu]->apic_id, VECTOR_EVENT_CHECK);
}

bool ipi_stop_others(void)
{
	u64 limit = time_now_ns() + STOP_TIMEOUT_NS;
	u32 cpu, self = this_cpu(), missing;

	irq_disable();
	WRITE_ONCE(stop_requested, true);
	for_each_started_cpu(cpu)
		if (cpu != self)
			lapic_send_nmi(cpu_locals[cpu]->apic_id);
	do {
		missing = 0;
		for_each_started_cpu(cpu)
			missing += cpu != self && !cpumask_test(cpu, &stopped);
		cpu_pause();
	} while (missing && time_now_ns() < limit);
	return missing == 0;
}

bool ipi_stop_requested(void)
{
	if (!READ_ONCE(stop_requested))
		return false;
	cpumask_set_atomic(this_cpu(), &stopped);
	return true;
}
