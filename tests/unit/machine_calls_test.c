/* SPDX-License-Identifier: MIT */
/* What dom0 does with the machine: puts it to sleep, ends it. */
#include "two_guests.h"
#include "abi/platform.h"
#include "abi/sched.h"
#include "fake.h"
#include "hypercall/domctl.h"

TEST(the_end_of_the_machine)
{
	struct sched_remote_shutdown s = { .domain_id = 0, .reason = SHUTDOWN_poweroff };
	u32 before = machine_stops;

	start();
	CHECK_EQ(machine_op(LORD, __HYPERVISOR_sched_op, SCHEDOP_remote_shutdown, &s, sizeof(s)), 0);
	CHECK_EQ(machine_stops, before + 1);
	CHECK_EQ(machine_op(V, __HYPERVISOR_sched_op, SCHEDOP_remote_shutdown, &s, sizeof(s)), -EPERM);
	end();
}

/* True: the call asks to be repeated. */
static bool fall_asleep_once(long *rc)
{
	struct xen_platform_op op = {
		.cmd = XENPF_enter_acpi_sleep, .interface_version = XENPF_INTERFACE_VERSION,
		.u.enter_acpi_sleep.sleep_state = 3,
	};
	const u64 args[6] = { guest_va(0) };

	CHECK(!machine_store(LORD, guest_va(0), &op, sizeof(op)));
	return machine_call_once(LORD, __HYPERVISOR_platform_op, args, rc);
}

static void fall_asleep(void)
{
	long rc;

	CHECK(!fall_asleep_once(&rc));
	CHECK_EQ(rc, 0);
}

/* While the machine sleeps nobody runs; afterwards all do that did before, and what came meanwhile is as it came. */
TEST(sleep_pauses_who_is_there)
{
	struct machine_guest *late;

	start();
	fall_asleep();
	CHECK(LORD->pause_flags & VPF_PAUSED);
	CHECK(V->pause_flags & VPF_PAUSED);
	machine_settle();
	late = machine_guest(3, false, 1);
	domain_pause_nosync(late->d);
	fake_advance(5000000);
	CHECK(!(LORD->pause_flags & VPF_PAUSED));
	CHECK(!(V->pause_flags & VPF_PAUSED));
	CHECK(late->d->vcpu[0]->pause_flags & VPF_PAUSED);
	domain_unpause(late->d);
	CHECK_EQ(late->d->pause_count, 0);
	CHECK_EQ(g->d->pause_count, 0);
	machine_guest_end(late);
	fall_asleep();
	machine_settle();
	fake_advance(5000000);
	end();
}

/* The control lock is another vCPU's: the call comes again, and nobody is paused. */
TEST(sleep_waits_for_control)
{
	long rc;

	start();
	CHECK(domctl_lock_try());
	CHECK(fall_asleep_once(&rc));
	CHECK(!(V->pause_flags & VPF_PAUSED));
	domctl_unlock();
	CHECK(!machine_repeat(LORD, &rc));
	CHECK_EQ(rc, 0);
	CHECK(V->pause_flags & VPF_PAUSED);
	machine_settle();
	fake_advance(5000000);
	end();
}

int main(void)
{
	machine_start();
	RUN(the_end_of_the_machine);
	RUN(sleep_pauses_who_is_there);
	RUN(sleep_waits_for_control);
	return unit_end();
}
