/* SPDX-License-Identifier: MIT */
/* What dom0 does with the machine: puts it to sleep, ends it. */
#include "two_guests.h"
#include "abi/event_channel.h"
#include "abi/platform.h"
#include "abi/sched.h"
#include "abi/sysctl.h"
#include "event/event.h"
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

/* dom0 hears of CPUs that come, whichever of the two calls brings them. */
TEST(a_cpu_comes)
{
	struct xen_platform_op op = { .cmd = XENPF_cpu_online, .interface_version = XENPF_INTERFACE_VERSION,
				      .u.cpu_ol.cpuid = 1 };
	struct xen_sysctl sys = { .cmd = XEN_SYSCTL_cpu_hotplug, .interface_version = XEN_SYSCTL_INTERFACE_VERSION,
				  .u.cpu_hotplug = { .cpu = 1, .op = XEN_SYSCTL_CPU_HOTPLUG_ONLINE } };
	struct evtchn_bind_virq bind = { .virq = VIRQ_PCPU_STATE };
	struct xen_domctl handler = { .u.set_virq_handler.virq = VIRQ_PCPU_STATE };

	start();
	CHECK_EQ(machine_op(V, __HYPERVISOR_event_channel_op, EVTCHNOP_bind_virq, &bind, sizeof(bind)), 0);
	CHECK_EQ(domctl(XEN_DOMCTL_set_virq_handler, g->d->id, &handler), 0);
	for (u32 i = 0; i < 2; i++) {
		CHECK(!machine_store(LORD, guest_va(0), i ? (void *)&sys : &op, i ? sizeof(sys) : sizeof(op)));
		CHECK_EQ(machine_call(LORD, i ? __HYPERVISOR_sysctl : __HYPERVISOR_platform_op,
				      guest_va(0), 0, 0, 0), 0);
		CHECK(event_port_is_pending(g->d, bind.port));
		g->d->shared_info->evtchn_pending[bind.port / 64] = 0;
	}
	sys.u.cpu_hotplug = (struct xen_sysctl_cpu_hotplug){ .cpu = 0, .op = XEN_SYSCTL_CPU_HOTPLUG_OFFLINE };
	CHECK(!machine_store(LORD, guest_va(0), &sys, sizeof(sys)));
	CHECK_EQ(machine_call(LORD, __HYPERVISOR_sysctl, guest_va(0), 0, 0, 0), -EINVAL);
	op.u.cpu_ol.cpuid = MAX_CPUS;
	CHECK(!machine_store(LORD, guest_va(0), &op, sizeof(op)));
	CHECK_EQ(machine_call(LORD, __HYPERVISOR_platform_op, guest_va(0), 0, 0, 0), -EINVAL);
	CHECK(!event_port_is_pending(g->d, bind.port));
	end();
}

/* The older form of setting the time knows no limit of its nanoseconds: guests see less than a second of them. */
TEST(a_time_of_many_nanoseconds)
{
	struct xen_platform_op op = { .cmd = XENPF_settime32, .interface_version = XENPF_INTERFACE_VERSION,
				      .u.settime32 = { .secs = 1000, .nsecs = 2500000000u } };

	start();
	CHECK(!machine_store(LORD, guest_va(0), &op, sizeof(op)));
	CHECK_EQ(machine_call(LORD, __HYPERVISOR_platform_op, guest_va(0), 0, 0, 0), 0);
	CHECK_EQ(g->d->shared_info->wc_sec, 1002);
	CHECK_EQ(g->d->shared_info->wc_nsec, 500000000);
	end();
}

int main(void)
{
	machine_start();
	RUN(the_end_of_the_machine);
	RUN(sleep_pauses_who_is_there);
	RUN(sleep_waits_for_control);
	RUN(a_cpu_comes);
	RUN(a_time_of_many_nanoseconds);
	return unit_end();
}
