/* SPDX-License-Identifier: MIT */
/*
 * Registers that want to be set in an order: CR4 before XCR0 and breakpoints of ports; areas that the hypervisor writes
 * to when a vCPU comes or goes; timers that come again.
 */
#include "abi/physdev.h"
#include "abi/vcpu.h"
#include "event/event.h"
#include "fake.h"
#include "fuzz.h"
#include "mm/pt.h"
#include "pv/pv.h"
#include "x86/cpu_ops.h"

static void execute(const u8 code[4], u64 rax, u64 rcx, u64 rdx)
{
	u8 bytes[16];

	if (!may_act(actor))
		return;
	for (u32 i = 0; i < sizeof(bytes); i++)
		bytes[i] = i < 4 ? code[i] : 0x90;
	if (!actor->pv.kernel_mode)
		pv_to_kernel(actor);
	set_code(bytes, sizeof(bytes));
	actor->regs.rax = rax;
	actor->regs.rcx = rcx;
	actor->regs.rdx = rdx;
	actor->regs.error_code = 0;
	pv_general_protection(actor);
}

/* CR4 mostly as it was with some bits of the guest's own turned; CR0 with TS; CR3 with a table. */
static void control_registers(void)
{
	static const u64 bits[] = { CR4_DE, CR4_OSXSAVE, CR4_FSGSBASE, CR4_TSD, CR4_PGE, CR4_SMEP };
	static const u8 to_cr0[4] = { 0x0f, 0x22, 0xc0, 0x90 }, to_cr3[4] = { 0x0f, 0x22, 0xd8, 0x90 },
			to_cr4[4] = { 0x0f, 0x22, 0xe0, 0x90 }, from_cr8[4] = { 0x44, 0x0f, 0x20, 0xc0 },
			to_cr8[4] = { 0x44, 0x0f, 0x22, 0xc0 }, to_cr2[4] = { 0x0f, 0x22, 0xd0, 0x90 };

	switch (in_below(8)) {
	case 0 ... 2:
		execute(to_cr4, actor->pv.cr4 ^ bits[in_below(ARRAY_SIZE(bits))], 0, 0);
		break;
	case 3:
		execute(to_cr0, actor->pv.cr0 ^ (in_bit() ? CR0_TS : 0), 0, 0);
		break;
	case 4:
		execute(to_cr3, mfn_x(in_bit() ? self->g->l4 : pick_mfn()) << PAGE_SHIFT, 0, 0);
		break;
	case 5:
		execute(from_cr8, 0, 0, 0);
		break;
	case 6:
		execute(to_cr8, 0, 0, 0);
		break;
	case 7:
		execute(to_cr2, pick_va(), 0, 0);
		break;
	}
}

static void extended_control(void)
{
	static const u8 to_cr4[4] = { 0x0f, 0x22, 0xe0, 0x90 }, xsetbv[4] = { 0x0f, 0x01, 0xd1, 0x90 };

	execute(to_cr4, actor->pv.cr4 | CR4_OSXSAVE, 0, 0);
	execute(xsetbv, in_byte() < 200 ? in_below(8) : pick_any(), in_byte() < 16, in_byte() < 16);
	(void)machine_run(actor);
}

/* A breakpoint of ports, and the port. */
static void port_breakpoint(void)
{
	static const u8 to_cr4[4] = { 0x0f, 0x22, 0xe0, 0x90 }, to_dr1[4] = { 0x0f, 0x23, 0xc8, 0x90 },
			to_dr7[4] = { 0x0f, 0x23, 0xf8, 0x90 }, accesses[][4] = {
		{ 0xec, 0x90, 0x90, 0x90 }, { 0xee, 0x90, 0x90, 0x90 }, { 0xed, 0x90, 0x90, 0x90 },
		{ 0x66, 0xef, 0x90, 0x90 },
	};
	u32 port = in_below(8) + (in_bit() ? 0x40 : 0xcf8);

	execute(to_cr4, in_byte() < 220 ? actor->pv.cr4 | CR4_DE : actor->pv.cr4 & ~(u64)CR4_DE, 0, 0);
	execute(to_dr1, port & ~3u, 0, 0);
	execute(to_dr7, 3 << 2 | 2 << 20 | in_below(4) << 22, 0, 0);
	actor->pv.iopl = in_byte() < 220 ? 3 : 0;
	execute(accesses[in_below(ARRAY_SIZE(accesses))],
		port == 0xcf8 && in_bit() ? 0x80000000u | in_word() : in_word(), 0, port);
}

/* PCI's configuration through its ports, and their bitmap, to its end. */
static void ports(void)
{
	static const u8 out_dword[4] = { 0xef, 0x90, 0x90, 0x90 }, in_dword[4] = { 0xed, 0x90, 0x90, 0x90 },
			in_one[4] = { 0xec, 0x90, 0x90, 0x90 };
	struct { u64 bitmap; u32 nr; } map = { guest_va(in_byte() < 220 ? 20 : NO_PAGE), 65536 };

	if (in_bit()) {
		actor->pv.iopl = 1;
		execute(out_dword, 0x80000000u | in_byte() << 8, 0, 0xcf8);
		execute(in_dword, 0, 0, in_bit() ? 0xcf8 : 0xcfc);
		execute(out_dword, in_word(), 0, 0xcfc + in_below(4));
		return;
	}
	actor->pv.iopl = 0;
	(void)recipe_call(__HYPERVISOR_physdev_op, PHYSDEVOP_set_iobitmap, &map, sizeof(map), 1);
	execute(in_one, 0, 0, in_bit() ? 0xffff - in_below(16) : in_below(256));
}

/* The area that shows how a vCPU ran, with or without the flag; written when the next one comes. */
static void run_state(void)
{
	static const u8 assists[] = {
		VMASST_TYPE_runstate_update_flag, VMASST_TYPE_runstate_update_flag, VMASST_TYPE_architectural_iopl,
		VMASST_TYPE_m2p_strict,
	};
	u64 at[1] = { in_byte() < 160 ? guest_va(21) + 64 : pick_va() };
	struct vcpu *v = actor;

	(void)machine_call(v, __HYPERVISOR_vm_assist, in_byte() < 200 ? 0 : 1, assists[in_below(ARRAY_SIZE(assists))],
			   0, 0);
	if (may_act(v))
		(void)recipe_call(__HYPERVISOR_vcpu_op, VCPUOP_register_runstate_memory_area, at, sizeof(at), 0);
	machine_idle();
	if (may_act(v))
		machine_run(v);
}

/* The page of calls, where the kernel asks for it by an MSR. */
static void hypercall_page(void)
{
	static const u8 wrmsr[4] = { 0x0f, 0x30, 0x90, 0x90 };
	u64 at = mfn_x(pick_mfn()) << PAGE_SHIFT | (in_byte() < 32 ? in_byte() : 0);

	execute(wrmsr, (u32)at, 0x40000000 + (in_byte() < 16), at >> 32);
}

static void timers(void)
{
	struct vcpu_set_periodic_timer p = { .period_ns = 1000000ul << in_below(4) };
	const u64 args[6] = { VCPUOP_set_periodic_timer, actor->id, guest_va(ARG_PAGE + actor->id) };
	long rc;

	guest_write(args[2], &p, sizeof(p));
	(void)machine_call_once(actor, __HYPERVISOR_vcpu_op, args, &rc);
	fake_advance(p.period_ns * in_below(4));
}

void recipe_registers(void)
{
	static void (*const what[])(void) = {
		control_registers, control_registers, extended_control, port_breakpoint, port_breakpoint, ports,
		ports, run_state, timers, hypercall_page,
	};

	for (u32 n = 1 + in_below(4); n; n--)
		if (may_act(actor))
			what[in_below(ARRAY_SIZE(what))]();
}

/* As with one that was never up: its first context, or a bad one, then up. */
void recipe_vcpu(void)
{
	struct vcpu *other = self->g->d->vcpu[!actor->id];
	const u64 make[6] = { VCPUOP_initialise, other->id, guest_va(CONTEXT_PAGE) }, up[6] = { VCPUOP_up, other->id };
	struct vcpu_guest_context c;
	long rc;

	pv_vcpu_get_context(other, &c);
	guest_write(guest_va(CONTEXT_PAGE), &c, sizeof(c));
	if (in_bit())
		act_context();
	if (machine_call(actor, __HYPERVISOR_vcpu_op, VCPUOP_down, other->id, 0, 0) || !may_act(actor))
		return;
	machine_settle();	/* no CPU stands on its tables, as with one that was never up */
	other->initialised = false;
	if (in_byte() < 32)
		(void)machine_call_once(actor, __HYPERVISOR_vcpu_op, up, &rc);
	if (may_act(actor))
		(void)machine_call_once(actor, __HYPERVISOR_vcpu_op, make, &rc);
	if (may_act(actor))
		(void)machine_call_once(actor, __HYPERVISOR_vcpu_op, up, &rc);
}
