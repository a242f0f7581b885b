/* SPDX-License-Identifier: MIT */
/*
 * The areas in which the hypervisor keeps a vCPU informed: runstate, secondary time, and a vcpu_info moved out of the
 * shared page. Times must add up and run forward; areas that are not the guest's must be refused or never written.
 */
#include "guest.h"

const char test_title[] = "runstate: memory areas of a vCPU";

#define MS	1000000UL

static volatile struct vcpu_runstate_info area;
static volatile struct vcpu_time_info time_area;
static uint8_t info_page[PAGE_SIZE] PAGE;

static uint64_t sum(const volatile struct vcpu_runstate_info *r)
{
	return r->time[0] + r->time[1] + r->time[2] + r->time[3];
}

static void sleep_ms(uint64_t ms)
{
	struct sched_poll p = { .timeout = system_time() + ms * MS };

	hypercall(sched_op, SCHEDOP_poll, &p);
}

static void runstate(void)
{
	struct vcpu_register_runstate_memory_area r = { .addr.v = (uint64_t)&area };
	struct vcpu_runstate_info now;
	uint64_t blocked, total, most = 0;

	EXPECT(0, hypercall(vcpu_op, VCPUOP_get_runstate_info, 0, &now));
	CHECK(now.state == RUNSTATE_running, "state %d of a running vCPU", now.state);
	CHECK(now.state_entry_time <= system_time(), "entered its state at %lu, it is %lu", now.state_entry_time,
	      system_time());
	EXPECT(0, hypercall(vcpu_op, VCPUOP_register_runstate_memory_area, 0, &r));
	CHECK(area.state == RUNSTATE_running, "state %d in the area", area.state);
	total = sum(&area);
	for (int i = 0; i < 5; i++) {		/* a loaded machine may take the time before we sleep */
		blocked = area.time[RUNSTATE_blocked];
		sleep_ms(10);
		if (area.time[RUNSTATE_blocked] - blocked > most)
			most = area.time[RUNSTATE_blocked] - blocked;
	}
	CHECK(most >= 9 * MS, "10 ms asleep count as %lu ns blocked at most", most);
	CHECK(sum(&area) - total >= 45 * MS, "all times grew by %lu ns in 50 ms", sum(&area) - total);
	CHECK(area.state == RUNSTATE_running, "state %d after sleep", area.state);
	EXPECT(0, hypercall(vm_assist, VMASST_CMD_enable, VMASST_TYPE_runstate_update_flag));
	sleep_ms(2);
	CHECK(!(area.state_entry_time & XEN_RUNSTATE_UPDATE), "the update mark stays: %#lx", area.state_entry_time);
	r.addr.v = 0xffff830000000000;
	hypercall(vcpu_op, VCPUOP_register_runstate_memory_area, 0, &r);
	sleep_ms(2);
	r.addr.v = (uint64_t)&area;
	EXPECT(0, hypercall(vcpu_op, VCPUOP_register_runstate_memory_area, 0, &r));
}

static void secondary_time(void)
{
	struct vcpu_register_time_memory_area r = { .addr.v = (uint64_t)&time_area };

	EXPECT(0, hypercall(vcpu_op, VCPUOP_register_vcpu_time_memory_area, 0, &r));
	sleep_ms(2);
	CHECK(time_area.tsc_to_system_mul, "the second time area is not filled");
	CHECK(!(time_area.version & 1), "version %u", time_area.version);
	CHECK(time_area.tsc_to_system_mul == shared_info->vcpu_info[0].time.tsc_to_system_mul, "two scales");
}

static void moved_info(void)
{
	struct vcpu_register_vcpu_info r = { .mfn = va_to_mfn(info_page), .offset = 4096 - 32 };
	volatile struct vcpu_info *v = (struct vcpu_info *)(info_page + 128);
	uint32_t port = bind_ipi(0);

	CHECK(hypercall(vcpu_op, VCPUOP_register_vcpu_info, 0, &r) < 0, "a vcpu_info across the end of the page");
	r.offset = 128;
	r.mfn = 0xfffffff;
	CHECK(hypercall(vcpu_op, VCPUOP_register_vcpu_info, 0, &r) < 0, "vcpu_info in no frame");
	r.mfn = root_mfn();
	CHECK(hypercall(vcpu_op, VCPUOP_register_vcpu_info, 0, &r) < 0, "vcpu_info in the L4");
	r.mfn = va_to_mfn(info_page);
	EXPECT(0, hypercall(vcpu_op, VCPUOP_register_vcpu_info, 0, &r));
	CHECK(v->evtchn_upcall_mask == 1, "the mask was not carried over");
	event_unmask(port);
	v->evtchn_upcall_pending = 0;		/* all is announced once, lest something be lost in the move */
	v->evtchn_pending_sel = 0;
	EXPECT(0, event_send(port));
	CHECK(v->evtchn_upcall_pending, "the event is not announced in the new place");
	CHECK(v->evtchn_pending_sel & 1UL << port / 64, "selector %#lx", v->evtchn_pending_sel);
	EXPECT(-XEN_EINVAL, hypercall(vcpu_op, VCPUOP_register_vcpu_info, 0, &r));	/* once only */
	CHECK(map_at(info_page, va_to_mfn(info_page) << 12 | PTE_DATA, UVMF_INVLPG) == 0, "the page is lost");
	CHECK(mmuext_one(MMUEXT_PIN_L1_TABLE, va_to_mfn(info_page)) < 0, "the page can become a page table");
}

/*
 * A process is preempted: its page tables do not show what its kernel has registered, and yet that is up to date when
 * the process is left the next time.
 */
#define SLOT	100		/* of the L4: the kernel's alone */
#define FAR	((uint64_t)SLOT << 39)

static uint64_t user_l4[512] PAGE, l3[512] PAGE, l2[512] PAGE, l1[512] PAGE;
static struct vcpu_runstate_info far_area PAGE;

static USER_FN void user_wait(uint64_t arg)
{
	volatile uint32_t *flags = (uint32_t *)arg;

	flags[0] = 1;
	while (!flags[1])
		;
	__asm__ volatile("ud2");
}

static volatile uint32_t flags[2];

static void other(unsigned int cpu)
{
	uint64_t start;

	(void)cpu;
	while (!flags[0])
		hypercall(sched_op, SCHEDOP_yield, NULL);
	for (start = system_time(); system_time() - start < 20 * MS;)
		;
	flags[1] = 1;
}

static void build_tables(void)
{
	uint64_t maddr;

	l1[0] = va_to_mfn(&far_area) << 12 | PTE_DATA;
	read_only(l1);
	l2[0] = va_to_mfn(l1) << 12 | PTE_TABLE;
	read_only(l2);
	l3[0] = va_to_mfn(l2) << 12 | PTE_TABLE;
	read_only(l3);
	memcpy(user_l4, (const void *)mfn_to_va(root_mfn()), 256 * sizeof(uint64_t));
	read_only(user_l4);
	EXPECT(0, mmuext_one(MMUEXT_PIN_L4_TABLE, va_to_mfn(user_l4)));
	pte_of(FAR, 4, &maddr);
	EXPECT(0, mmu_update_one(maddr, va_to_mfn(l3) << 12 | PTE_TABLE));
}

static void while_in_user_mode(void)
{
	struct vcpu_register_runstate_memory_area r = { .addr.v = FAR };
	const volatile struct vcpu_runstate_info *seen = (struct vcpu_runstate_info *)FAR;
	struct regs end;
	uint64_t waited;

	if (hypercall(vcpu_op, VCPUOP_is_up, 1, NULL) == -XEN_ENOENT)
		test_error("needs a second vCPU on its CPU");
	build_tables();
	flags[1] = 1;
	user_run(user_wait, (uint64_t)flags, &end);
	EXPECT(0, mmuext_one(MMUEXT_NEW_USER_BASEPTR, va_to_mfn(user_l4)));
	EXPECT(0, hypercall(vcpu_op, VCPUOP_register_runstate_memory_area, 0, &r));
	flags[0] = flags[1] = 0;
	waited = seen->time[RUNSTATE_runnable];
	EXPECT(0, vcpu_run(1, other));
	user_run(user_wait, (uint64_t)flags, &end);
	CHECK(end.vector == X86_UD, "the process ended by %#lx", end.vector);
	CHECK(seen->time[RUNSTATE_runnable] - waited >= 5 * MS, "a process that waited for 20 ms counts %lu ns",
	      seen->time[RUNSTATE_runnable] - waited);
	CHECK(seen->state == RUNSTATE_running, "state %d", seen->state);
	events_off();			/* they are on in user mode */
	r.addr.v = (uint64_t)&area;
	EXPECT(0, hypercall(vcpu_op, VCPUOP_register_runstate_memory_area, 0, &r));
}

void test_main(void)
{
	hypercall(vcpu_op, VCPUOP_stop_periodic_timer, 0, NULL);
	runstate();
	secondary_time();
	while_in_user_mode();
	moved_info();
}
