/* SPDX-License-Identifier: MIT */
/*
 * Addresses that the hypervisor will jump to on the guest's behalf: trap handlers, callbacks, NMI handlers, the state
 * of a new vCPU. A non-canonical one would fault inside the hypervisor at the next trap; each must be refused when
 * given, or met safely when used.
 */
#include "guest.h"

const char test_title[] = "trap-table: handlers at impossible addresses";

#define NOWHERE		0x0000800000000000UL
#define INSIDE		0xffff82d040200000UL

static void tables(void)
{
	struct trap_info t[2] = { { .vector = 50, .cs = FLAT_KERNEL_CS, .address = NOWHERE } };
	static struct trap_info many[300];

	EXPECT(-XEN_EINVAL, hypercall(set_trap_table, t));
	t[0].address = 0xffff7fffffffffffUL;
	EXPECT(-XEN_EINVAL, hypercall(set_trap_table, t));
	t[0].address = (uint64_t)tables;
	t[0].cs = 0;				/* any selector: made one of ring 3 */
	hypercall(set_trap_table, t);
	t[0].cs = 0xe008;
	hypercall(set_trap_table, t);
	/* More than 256 entries without an end: must come to one. */
	for (size_t i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = (struct trap_info) { .vector = 60, .cs = FLAT_KERNEL_CS, .address = (uint64_t)tables };
	many[ARRAY_SIZE(many) - 1].address = 0;
	hypercall(set_trap_table, many);
}

static void callbacks(void)
{
	static const uint16_t types[] = { CALLBACKTYPE_event, CALLBACKTYPE_failsafe, CALLBACKTYPE_syscall,
					  CALLBACKTYPE_syscall32, CALLBACKTYPE_sysenter, CALLBACKTYPE_nmi };
	struct callback_register cb = { .address = NOWHERE };
	struct callback_unregister un = { .type = 0 };

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		cb.type = types[i];
		EXPECT(-XEN_EINVAL, hypercall(callback_op, CALLBACKOP_register, &cb));
	}
	cb.type = 99;
	cb.address = (uint64_t)callbacks;
	CHECK(hypercall(callback_op, CALLBACKOP_register, &cb) < 0, "an unknown callback is taken");
	EXPECT(-XEN_ENOSYS, hypercall(callback_op, 7, &cb));
	un.type = CALLBACKTYPE_event;
	EXPECT(-XEN_EINVAL, hypercall(callback_op, CALLBACKOP_unregister, &un));
	un.type = CALLBACKTYPE_nmi;
	EXPECT(0, hypercall(callback_op, CALLBACKOP_unregister, &un));
	hypercall(set_callbacks, NOWHERE, NOWHERE, NOWHERE);	/* Xen answers 0 and keeps the old ones */
	CHECK(hypercall(nmi_op, 9, NULL) < 0, "nmi_op 9 exists");
}

/* The callback registered at the start must still be in place. */
static void still_delivered(void)
{
	uint32_t port = bind_ipi(0);

	event_unmask(port);
	events_on();
	EXPECT(0, event_send(port));
	CHECK(event_count[port] == 1, "events are no longer delivered");
	events_off();
	close_port(port);
}

/* Handlers may lie in the hypervisor's half; jumping there is the guest's own fault, and a page fault. */
static volatile int faults;

static bool hook(struct regs *regs)
{
	if (regs->vector == X86_PF && regs->rip == INSIDE) {
		extern const char back_from_inside[];

		faults++;
		CHECK((regs->error_code & ~PFEC_P) == PFEC_I || (regs->error_code & ~PFEC_P) == 0,
		      "error code %#lx of a jump into the hypervisor", regs->error_code);
		regs->rip = (uint64_t)back_from_inside;
		return true;
	}
	return false;
}

static void inside(void)
{
	extern const char trap_stub_6[];
	struct trap_info t[2] = { { .vector = X86_UD, .cs = FLAT_KERNEL_CS, .address = INSIDE } };

	if (hypercall(set_trap_table, t) < 0)
		return;
	trap_hook = hook;
	__asm__ volatile(
		"mov %%rsp, %%rbx\n"
		"ud2\n"
		".globl back_from_inside\n"
		"back_from_inside:\n"
		"mov %%rbx, %%rsp\n"
		: : : "rbx", "rcx", "r11", "memory");
	trap_hook = NULL;
	CHECK(faults == 1, "%d faults on the jump into the hypervisor", faults);
	t[0].address = (uint64_t)trap_stub_6;
	EXPECT(0, hypercall(set_trap_table, t));
}

static void vcpu_state(void)
{
	static struct vcpu_guest_context c;

	c.flags = VGCF_in_kernel;
	c.user_regs.cs = FLAT_KERNEL_CS;
	c.user_regs.ss = FLAT_KERNEL_SS;
	c.ctrlreg[3] = xen_pfn_to_cr3(root_mfn());
	c.user_regs.rip = (uint64_t)vcpu_state;
	c.kernel_ss = FLAT_KERNEL_SS;
	c.event_callback_eip = NOWHERE;
	CHECK(hypercall(vcpu_op, VCPUOP_initialise, 1, &c) < 0, "a vCPU with a non-canonical callback is made");
}

void test_main(void)
{
	tables();
	callbacks();
	still_delivered();
	inside();
	vcpu_state();
}
