/* SPDX-License-Identifier: MIT */
/* What a guest sets for a vCPU of its own: where its state is kept, its NMI handler, its watchdog, its end. */
#include "two_guests.h"
#include "fake/fake.h"
#include "abi/nmi.h"
#include "abi/sched.h"
#include "pv/pv.h"

/* The new place may overlap the old one: what stood in the old one comes over whole. */
TEST(vcpu_info_moves_a_little)
{
	struct vcpu_register_vcpu_info r = { .offset = 8 };
	u8 *page, old[16];

	start();
	page = (u8 *)g->d->shared_info;
	r.mfn = mfn_x(g->d->shared_info_mfn);
	for (u32 i = 0; i < sizeof(old); i++)
		page[16 + i] = old[i] = (u8)(0x31 + i);		/* arch: cr2 and what follows it */
	CHECK(!machine_store(V, guest_va(0), &r, sizeof(r)));
	CHECK_EQ(machine_call(V, __HYPERVISOR_vcpu_op, VCPUOP_register_vcpu_info, 0, guest_va(0), 0), 0);
	CHECK_EQ(memcmp(page + 24, old, sizeof(old)), 0);
	end();
}

TEST(vcpu_areas)
{
	struct vcpu_register_vcpu_info r = { .mfn = 0, .offset = 64 };
	struct vcpu_register_runstate_memory_area area = { .addr.v = guest_va(10) };
	struct vcpu_runstate_info info;

	start();
	r.mfn = mfn_x(g->page[9]);
	r.offset = 4090;
	CHECK(!machine_store(V, guest_va(0), &r, sizeof(r)));
	CHECK_EQ(machine_call(V, __HYPERVISOR_vcpu_op, VCPUOP_register_vcpu_info, 0, guest_va(0), 0), -EINVAL);
	r.offset = 64;
	CHECK(!machine_store(V, guest_va(0), &r, sizeof(r)));
	CHECK_EQ(machine_call(V, __HYPERVISOR_vcpu_op, VCPUOP_register_vcpu_info, 0, guest_va(0), 0), 0);
	CHECK_EQ(machine_call(V, __HYPERVISOR_vcpu_op, VCPUOP_register_vcpu_info, 0, guest_va(0), 0), -EINVAL);
	CHECK(oracle_check());
	r.mfn = mfn_x(g->l1);
	CHECK(!machine_store(V, guest_va(0), &r, sizeof(r)));
	CHECK_EQ(machine_call(V, __HYPERVISOR_vcpu_op, VCPUOP_register_vcpu_info, 1, guest_va(0), 0), -EINVAL);
	CHECK(!machine_store(V, guest_va(0), &area, sizeof(area)));
	CHECK_EQ(machine_call(V, __HYPERVISOR_vcpu_op, VCPUOP_register_runstate_memory_area, 0, guest_va(0), 0), 0);
	CHECK(!machine_load(V, &info, guest_va(10), sizeof(info)));
	/* nothing of the hypervisor's stack comes out in the gap behind the first word */
	memset(&info, 0xff, sizeof(info));
	CHECK(!machine_store(V, guest_va(10), &info, sizeof(info)));
	CHECK_EQ(machine_call(V, __HYPERVISOR_vcpu_op, VCPUOP_get_runstate_info, 1, guest_va(10), 0), 0);
	CHECK(!machine_load(V, &info, guest_va(10), sizeof(info)));
	CHECK_EQ(((u32 *)&info)[1], 0);
	area.addr.v = HV_VIRT_START;
	CHECK(!machine_store(V, guest_va(0), &area, sizeof(area)));
	CHECK_EQ(machine_call(V, __HYPERVISOR_vcpu_op, VCPUOP_register_runstate_memory_area, 0, guest_va(0), 0),
		 -EFAULT);
	end();
}

/* The NMI's handler by its own call is the trap table's; one that cannot be read changes nothing. */
TEST(an_nmi_handler_by_call)
{
	struct xennmi_callback cb = { .handler_address = guest_va(3), .pad = 0 };
	const struct pv_trap *t;

	start();
	t = &V->pv.traps[X86_VEC_NMI];
	CHECK_EQ(machine_call(V, __HYPERVISOR_nmi_op, XENNMI_register_callback, HV_VIRT_START, 0, 0), -EFAULT);
	CHECK_EQ(t->address, 0);
	CHECK_EQ(machine_op(V, __HYPERVISOR_nmi_op, XENNMI_register_callback, &cb, sizeof(cb)), 0);
	CHECK_EQ(t->address, guest_va(3));
	cb.handler_address = 1ul << 47;
	CHECK_EQ(machine_op(V, __HYPERVISOR_nmi_op, XENNMI_register_callback, &cb, sizeof(cb)), -EINVAL);
	CHECK_EQ(t->address, guest_va(3));
	CHECK_EQ(machine_call(V, __HYPERVISOR_nmi_op, XENNMI_unregister_callback, 0, 0, 0), 0);
	CHECK_EQ(t->address, 0);
	end();
}

/* A second passes at once: one tick stands for the thousand, and the next comes when it would have come. */
TEST(a_period_after_a_jump_of_time)
{
	struct vcpu_set_periodic_timer p = { .period_ns = 1000000 };
	u64 first;
	u32 fired = 0, cpu;

	start();
	CHECK(!machine_store(V, guest_va(0), &p, sizeof(p)));
	CHECK_EQ(machine_call(V, __HYPERVISOR_vcpu_op, VCPUOP_set_periodic_timer, 0, guest_va(0), 0), 0);
	first = V->periodic_timer.expires_ns;
	fake_now = first + 1000300000;
	cpu = this_cpu();
	fake_cpu(V->periodic_timer.cpu);
	while (fired < 100 && fake_fire_timer())
		fired++;
	CHECK(fired > 0 && fired < 10);
	CHECK_EQ(V->periodic_timer.expires_ns, first + 1001000000);
	fake_now += 700000;
	CHECK(fake_fire_timer());
	CHECK_EQ(V->periodic_timer.expires_ns, first + 1002000000);
	fake_cpu(cpu);
	end();
}

TEST(a_watchdog_of_weeks)
{
	struct sched_watchdog w = { .timeout = 4294968 };	/* milliseconds do not fit 32 bits */

	start();
	CHECK_EQ(machine_op(V, __HYPERVISOR_sched_op, SCHEDOP_watchdog, &w, sizeof(w)), 1);
	CHECK(g->d->watchdog[0].expires_ns >= 4294968 * 1000000000ul);
	end();
}

TEST(a_guest_ends_itself)
{
	struct sched_shutdown s = { .reason = SHUTDOWN_crash };

	start();
	CHECK(!machine_store(V, guest_va(0), &s, sizeof(s)));
	CHECK_EQ(machine_call(V, __HYPERVISOR_sched_op, SCHEDOP_shutdown, guest_va(0), 0, 0), 0);
	CHECK(g->d->is_shut_down);
	CHECK_EQ(g->d->shutdown_code, SHUTDOWN_crash);
	CHECK(V->pause_flags & VPF_SHUTDOWN);
	machine_settle();
	CHECK(machine_current(0)->is_idle);
	end();
}

int main(void)
{
	machine_start();
	RUN(vcpu_info_moves_a_little);
	RUN(vcpu_areas);
	RUN(an_nmi_handler_by_call);
	RUN(a_period_after_a_jump_of_time);
	RUN(a_watchdog_of_weeks);
	RUN(a_guest_ends_itself);
	return unit_end();
}
