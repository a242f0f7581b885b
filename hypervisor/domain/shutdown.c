/* SPDX-License-Identifier: MIT */
/*
 * A domain stops running by its own wish (shutdown), or because it did what cannot be (crash). Its controller learns
 * of it by VIRQ_DOM_EXC; what dom0 itself does concerns the machine.
 */
#include "core/log.h"
#include "core/panic.h"
#include "domain/domain.h"
#include "domain/dump.h"
#include "event/event.h"
#include "lib/printf.h"
#include "platform/machine.h"
#include "sched/sched.h"
#include "abi/sched.h"
#include "x86/perfc.h"

static void dom0_shutdown(u32 reason)
{
	switch (reason) {
	case SHUTDOWN_poweroff:
		log_info("Hardware Dom0 halted: halting machine");
		machine_power_off();
	case SHUTDOWN_reboot:
		log_info("Hardware Dom0 shutdown: rebooting machine");
		machine_reboot();
	case SHUTDOWN_watchdog:
		log_err("Hardware Dom0 shutdown: watchdog rebooting machine");
		machine_reboot();
	case SHUTDOWN_crash:
		if (current->domain == dom0 && !dom0->crash_logged)
			vcpu_dump_registers(current);
		log_err("Hardware Dom0 crashed: %s",
			machine_noreboot() ? "noreboot is set, waiting" : "rebooting machine in 5 seconds");
		machine_crash_reboot();
	default:
		log_err("Hardware Dom0 shutdown: unknown reason %u: rebooting machine", reason);
		machine_reboot();
	}
}

void domain_shutdown(struct domain *d, u32 reason)
{
	struct vcpu *v;
	u32 i;

	spin_lock(&d->lock);
	if (d->shutdown_code == ~0u)
		d->shutdown_code = reason;
	reason = d->shutdown_code;
	if (d == dom0)
		dom0_shutdown(reason);
	if (!d->is_shutting_down) {
		d->is_shutting_down = true;
		d->is_shut_down = true;
		for_each_vcpu(d, v, i) {
			atomic_fetch_or(&v->pause_flags, VPF_SHUTDOWN);
			sched_sleep_nosync(v);
		}
	}
	spin_unlock(&d->lock);
	event_send_virq_global(VIRQ_DOM_EXC);
}

void domain_resume(struct domain *d)
{
	struct vcpu *v;
	u32 i;

	domain_pause(d);
	spin_lock(&d->lock);
	d->is_shutting_down = d->is_shut_down = false;
	d->shutdown_code = ~0u;
	d->crash_logged = false;
	for_each_vcpu(d, v, i)
		atomic_fetch_and(&v->pause_flags, ~VPF_SHUTDOWN);
	spin_unlock(&d->lock);
	domain_unpause(d);
}

void domain_crash(struct domain *d, const char *why, ...)
{
	char text[256];
	va_list args;

	if (d->is_shutting_down)
		return;
	perfc_inc(crashes);
	va_start(args, why);
	vsnprintf(text, sizeof(text), why, args);
	va_end(args);
	log_err("domain %u crashed: %s", d->id, text);
	if (!d->crash_logged && current->domain == d) {
		d->crash_logged = true;
		vcpu_dump_registers(current);
	}
	domain_shutdown(d, SHUTDOWN_crash);
}
