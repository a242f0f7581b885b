/* SPDX-License-Identifier: MIT */
/* See cpu_switch.h. dom0 keeps a list of the machine's CPUs, and asks anew when it hears of a change. No locks here. */
#include "hypercall/cpu_switch.h"

#include "core/ipi.h"
#include "event/event.h"
#include "lib/errno.h"
#include "platform/machine.h"

int cpu_switch(u32 cpu, bool on)
{
	int rc;

	if (cpu >= MAX_CPUS || !(on ? cpu_is_present(cpu) : cpumask_test(cpu, &cpu_online_mask)))
		return -EINVAL;
	rc = on ? cpu_bring_up(cpu) : cpu_take_down(cpu);
	if (!rc)
		event_send_virq_global(VIRQ_PCPU_STATE);
	return rc;
}
