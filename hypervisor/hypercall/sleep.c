/* SPDX-License-Identifier: MIT */
/*
 * XENPF_enter_acpi_sleep. Before the machine is suspended, every domain is paused, dom0 with them: the call returns to
 * it when the machine is awake. The boot CPU does the work in its idle vCPU, from a timer that looks again until the
 * last vCPU has left its processor; by then every guest's state is in memory, where it stays.
 *
 * Lock: domctl's while domains are paused, so that no other of dom0's vCPUs pauses one or lets it go meanwhile. What
 * such a vCPU makes before it stops itself is not paused here, and not let go afterwards.
 */
#include "abi/platform.h"

#include "core/log.h"
#include "core/time.h"
#include "core/timer.h"
#include "domain/domain.h"
#include "domain/time_info.h"
#include "hypercall/domctl.h"
#include "hypercall/hypercall.h"
#include "hypercall/sleep.h"
#include "lib/errno.h"
#include "platform/clock.h"
#include "platform/machine.h"

#define LOOK_AGAIN_NS	1000000ul
#define STATE_RAM	3u
#define STATE_OFF	5u

static u32 suspending;			/* atomic: one at a time; who has it, has the rest */
static struct timer timer;		/* on CPU 0 */
static u16 pm1a, pm1b;

static bool pause_one(struct domain *d, void *arg)
{
	d->paused_for_sleep = true;
	domain_pause_nosync(d);
	return true;
}

static bool none_is_running(struct domain *d, void *arg)
{
	bool *quiet = arg;
	struct vcpu *v;
	u32 i;

	for_each_vcpu(d, v, i)
		if (load_acquire(&v->is_running))
			*quiet = false;
	return *quiet;
}

/* Time may have taken another distance to the TSC. */
static bool resume_one(struct domain *d, void *arg)
{
	struct vcpu *v;
	u32 i;

	for_each_vcpu(d, v, i)
		time_info_update(v);
	if (d->paused_for_sleep) {
		d->paused_for_sleep = false;
		domain_unpause(d);
	}
	return true;
}

static void take_down_others(cpumask_t *taken)
{
	u32 cpu;

	for_each_online_cpu(cpu)
		if (cpu && !cpu_take_down(cpu))
			cpumask_set(cpu, taken);
}

static void suspend_when_quiet(void *arg)
{
	cpumask_t taken = { 0 };
	bool quiet = true;
	u32 cpu;

	domain_each(0, none_is_running, &quiet);
	if (!quiet) {
		timer_set(&timer, time_now_ns() + LOOK_AGAIN_NS);
		return;
	}
	take_down_others(&taken);
	log_info("Suspending to RAM");
	if (machine_suspend(pm1a, pm1b))
		log_err("The machine did not fall asleep");
	cpumask_for_each(cpu, &taken)
		if (cpu_bring_up(cpu))
			log_err("CPU%u stays off", cpu);
	time_wallclock_set(rtc_read(), 0, time_now_ns());
	time_wallclock_update_all();
	log_info("Awake again");
	domain_each(0, resume_one, NULL);
	/* last: whoever falls asleep again pauses domains that nobody is about to let go any more */
	store_release(&suspending, 0);
}

static int suspend(const struct xenpf_enter_acpi_sleep *s)
{
	if (!machine_can_suspend())
		return -EOPNOTSUPP;
	if (!domctl_lock_try())
		return -ERESTART;
	if (xchg(&suspending, 1)) {
		domctl_unlock();
		return -EBUSY;
	}
	pm1a = s->val_a;
	pm1b = s->val_b;
	domain_each(0, pause_one, NULL);
	domctl_unlock();
	timer_init(&timer, suspend_when_quiet, NULL, 0);
	timer_set(&timer, time_now_ns());
	return 0;
}

int sleep_enter(const struct xenpf_enter_acpi_sleep *s)
{
	bool extended = s->flags & XENPF_ACPI_SLEEP_EXTENDED;

	if ((s->flags & ~XENPF_ACPI_SLEEP_EXTENDED) || s->sleep_state > STATE_OFF || extended == machine_has_pm1())
		return -EINVAL;
	if (s->sleep_state == STATE_OFF)
		machine_soft_off(s->val_a, s->val_b);
	return s->sleep_state == STATE_RAM ? suspend(s) : -EOPNOTSUPP;
}
