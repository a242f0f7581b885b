/* SPDX-License-Identifier: MIT */
/*
 * The loop that every return to a guest goes through: first the CPU's own work, then what the guest must be told,
 * until neither is left.
 */
#include "core/panic.h"
#include "core/softirq.h"
#include "entry/entry.h"
#include "pv/pv.h"
#include "x86/cpu_ops.h"

struct regs *exit_to_guest(void)
{
	struct cpu_local *local = cpu_local();
	struct vcpu *v = current;

	for (;;) {
		irq_disable();
		if (unlikely(TEST_ONCE(local->softirq_pending))) {
			irq_enable();
			softirq_run();		/* may switch to another vCPU: then it does not return */
		} else if (likely(!pv_needs_delivery(v)) || !pv_deliver_pending(v)) {
			return &v->regs;
		}
	}
}
