/* SPDX-License-Identifier: MIT */
/*
 * What the floors below have to tell dom0: characters typed for it, new text in the console's ring, a hardware NMI; and
 * what a panic says of the vCPU that ran. They call through pointers, set here once.
 */
#include "core/console.h"
#include "core/panic.h"
#include "domain/domain.h"
#include "domain/lifecycle.h"
#include "event/event.h"
#include "lib/printf.h"
#include "platform/nmi.h"
#include "sched/sched.h"

static void input_arrived(void)
{
	event_send_virq_global(VIRQ_CONSOLE);
}

static void ring_has_text(void)
{
	event_send_virq_global(VIRQ_CON_RING);
}

static void nmi_for_dom0(void)
{
	struct vcpu *v = dom0 ? dom0->vcpu[0] : NULL;

	if (v)
		sched_send_nmi(v);
}

static void describe_vcpu(const struct vcpu *v, char *buf, size_t size)
{
	if (v->is_idle)
		snprintf(buf, size, "idle");
	else
		snprintf(buf, size, "domain %u vCPU %u, %s mode, rip %#lx", v->domain->id, v->id,
			 v->pv.kernel_mode ? "kernel" : "user", v->regs.rip);
}

void domain_hooks_init(void)
{
	console_input_hook = input_arrived;
	console_ring_hook = ring_has_text;
	nmi_dom0_hook = nmi_for_dom0;
	panic_vcpu_hook = describe_vcpu;
}
