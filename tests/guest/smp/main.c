/* SPDX-License-Identifier: MIT */
/*
 * A second vCPU: it starts in the state given, sees the same memory, takes events sent to it and sends some back, goes
 * down and comes up again; flushes reach it, and NMIs, though it sleeps. And the calls that name vCPUs refuse numbers
 * that are none.
 */
#include "guest.h"

const char test_title[] = "smp: a second vCPU";

#define MS	1000000UL

extern const char nmi_stub[];
static volatile unsigned int started, stop, saw, nmis;
static uint32_t port0, port1;
static volatile uint64_t shared_word;

static const struct trap_info nmi_handler[2] = { { 2, 4, FLAT_KERNEL_CS, (uint64_t)nmi_stub } };

static bool count_nmi(struct regs *regs)
{
	if (regs->vector != VECTOR_NMI_CALLBACK)
		return false;
	nmis++;
	return true;
}

/* vCPU 1 keeps events masked and looks at its pending bits between blocks. */
static void second(unsigned int cpu)
{
	struct vcpu_info *v = &shared_info->vcpu_info[cpu];
	struct sched_poll poll = { .ports = (uint64_t)&port1, .nr_ports = 1 };

	hypercall(set_trap_table, nmi_handler);
	started++;
	while (!stop) {
		v->evtchn_upcall_mask = 1;
		hypercall(sched_op, SCHEDOP_poll, &poll);
		if (__atomic_fetch_and(&shared_info->evtchn_pending[port1 / 64], ~(1UL << port1 % 64),
				       __ATOMIC_SEQ_CST) >>
		    port1 % 64 & 1) {
			v->evtchn_upcall_pending = 0;
			v->evtchn_pending_sel = 0;
			saw++;
			shared_word++;
			event_send(port0);
		}
	}
}

static bool wait_for(volatile unsigned int *p, unsigned int value)
{
	uint64_t end = system_time() + 10000 * MS;

	while (*p < value)
		if (system_time() > end)
			return false;
		else
			hypercall(sched_op, SCHEDOP_yield, NULL);
	return true;
}

static void refusals(void)
{
	static struct vcpu_guest_context c;
	struct vcpu_register_vcpu_info info = { .mfn = start_info->shared_info >> 12, .offset = 4040 };

	EXPECT(-XEN_ENOENT, hypercall(vcpu_op, VCPUOP_is_up, 1000, NULL));
	EXPECT(-XEN_ENOENT, hypercall(vcpu_op, VCPUOP_up, 0xffffffff, NULL));
	EXPECT(-XEN_ENOENT, hypercall(vcpu_op, VCPUOP_initialise, 77, &c));
	EXPECT(-XEN_EINVAL, hypercall(vcpu_op, VCPUOP_up, 1, NULL));		/* not initialised yet */
	EXPECT(-XEN_ENOSYS, hypercall(vcpu_op, 99, 0, NULL));
	EXPECT(0, hypercall(vcpu_op, VCPUOP_is_up, 1, NULL));
	EXPECT(1, hypercall(vcpu_op, VCPUOP_is_up, 0, NULL));
	CHECK(hypercall(vcpu_op, VCPUOP_register_vcpu_info, 1, &info) < 0, "a vcpu_info across the end of the page");
	for (info.offset = 1; info.offset < 8; info.offset++)
		CHECK(hypercall(vcpu_op, VCPUOP_register_vcpu_info, 1, &info) < 0,
		      "a vcpu_info at an odd place, +%u (XSA-327)", info.offset);
	/* A state that no guest may have: the L4 of nobody, descriptors of ring 0. */
	c.flags = VGCF_in_kernel;
	c.ctrlreg[3] = xen_pfn_to_cr3(0xfffffffUL);
	CHECK(hypercall(vcpu_op, VCPUOP_initialise, 1, &c) < 0, "a vCPU without page tables is made");
	c.ctrlreg[3] = xen_pfn_to_cr3(va_to_mfn(&c));
	CHECK(hypercall(vcpu_op, VCPUOP_initialise, 1, &c) < 0, "a vCPU with data for page tables is made");
	c.ctrlreg[3] = xen_pfn_to_cr3(root_mfn());
	c.gdt_ents = 513;
	c.gdt_frames[0] = root_mfn();
	CHECK(hypercall(vcpu_op, VCPUOP_initialise, 1, &c) < 0, "a vCPU with the L4 as GDT is made");
	EXPECT(0, hypercall(vcpu_op, VCPUOP_is_up, 1, NULL));
}

static void ping_pong(void)
{
	event_unmask(port0);
	events_on();
	for (uint64_t i = 1; i <= 100; i++) {
		EXPECT(0, event_send(port1));
		if (!wait_event(port0, i, 10000 * MS)) {
			test_failure("no answer to event %lu; the other has seen %u", i, saw);
			break;
		}
	}
	CHECK(shared_word == 100, "the shared word is %lu", shared_word);
	events_off();
}

static void flushes(void)
{
	struct mmuext_op op = { .cmd = MMUEXT_TLB_FLUSH_ALL };
	uint64_t mask = 3;

	EXPECT(0, hypercall(mmuext_op, &op, 1, NULL, DOMID_SELF));
	op = (struct mmuext_op) { .cmd = MMUEXT_INVLPG_MULTI, .arg1.linear_addr = (uint64_t)&mask,
				  .arg2.vcpumask = (uint64_t)&mask };
	EXPECT(0, hypercall(mmuext_op, &op, 1, NULL, DOMID_SELF));
	op.arg2.vcpumask = 0xffff830000000000;
	CHECK(hypercall(mmuext_op, &op, 1, NULL, DOMID_SELF) < 0, "a mask in the hypervisor is read");
}

/* The handler is that of its trap table. It has time to fall asleep before each. */
static void nmis_wake_it(void)
{
	trap_hook = count_nmi;
	for (unsigned int i = 1; i <= 10; i++) {
		for (uint64_t end = system_time() + MS; system_time() < end;)
			hypercall(sched_op, SCHEDOP_yield, NULL);
		EXPECT(0, hypercall(vcpu_op, VCPUOP_send_nmi, 1, NULL));
		CHECK(wait_for(&nmis, i), "NMI %u does not reach a vCPU that sleeps", i);
	}
	CHECK(nmis == 10, "%u NMIs came of 10", nmis);
	trap_hook = NULL;
}

static void down_and_up(void)
{
	uint64_t end = system_time() + 10000 * MS;

	stop = 1;
	event_send(port1);
	while (hypercall(vcpu_op, VCPUOP_is_up, 1, NULL) == 1 && system_time() < end)
		hypercall(sched_op, SCHEDOP_yield, NULL);
	EXPECT(0, hypercall(vcpu_op, VCPUOP_is_up, 1, NULL));
	EXPECT(-XEN_EEXIST, vcpu_run(1, second));			/* initialised once for good */
}

void test_main(void)
{
	long r;

	if (hypercall(vcpu_op, VCPUOP_is_up, 1, NULL) == -XEN_ENOENT)
		test_skip("this machine has one vCPU");
	refusals();
	port0 = bind_ipi(0);
	port1 = bind_ipi(1);
	event_mask(port1);
	r = vcpu_run(1, second);
	if (r)
		test_error("cannot start vCPU 1: %ld", r);
	CHECK(wait_for(&started, 1), "vCPU 1 does not start");
	EXPECT(1, hypercall(vcpu_op, VCPUOP_is_up, 1, NULL));
	ping_pong();
	flushes();
	nmis_wake_it();
	down_and_up();
}
