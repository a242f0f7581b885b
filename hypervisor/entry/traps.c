/* SPDX-License-Identifier: MIT */
/*
 * Where the ways in lead: from a guest to the rooms that serve it; from inside the hypervisor to a fixup, or to the
 * end. Called by entry.S with interrupts off, on the CPU's stack (trap_on_own_stack: on one of the IST stacks).
 */
#include "core/log.h"
#include "core/panic.h"
#include "entry/entry.h"
#include "hypercall/table.h"
#include "lib/string.h"
#include "mm/layout.h"
#include "platform/efi.h"
#include "platform/irq.h"
#include "platform/nmi.h"
#include "pv/pv.h"
#include "x86/cpu_ops.h"
#include "x86/extable.h"

u8 entry_smap;

static void guest_exception(struct vcpu *v, u32 vector)
{
	u64 extra = vector == X86_VEC_PF ? read_cr2() : vector == X86_VEC_DB ? read_dr6() : 0;

	if (vector == X86_VEC_DB)
		write_dr6(0xffff0ff0);
	irq_enable();
	switch (vector) {
	case X86_VEC_PF:
		pv_page_fault(v, extra);
		break;
	case X86_VEC_GP:
		pv_general_protection(v);
		break;
	case X86_VEC_UD:
		pv_invalid_opcode(v);
		break;
	case X86_VEC_NM:
		pv_device_not_available(v);
		break;
	case X86_VEC_DB:
		pv_debug(v, extra);
		break;
	default:
		pv_trap(v, vector);
	}
}

struct regs *trap_from_guest(struct regs *regs)
{
	struct vcpu *v = current;

	if (regs->vector >= 32) {
		irq_dispatch(regs);
		return NULL;		/* it has nearly always left something to do */
	}
	guest_exception(v, regs->vector);
	return exit_if_nothing_pending(v);
}

/* Hot: with its arguments in the registers where the guest put them. */
struct regs *syscall_from_guest(u64 a1, u64 a2, u64 a3, u64 a4, u64 a5, u64 a6)
{
	struct vcpu *v = current;

	irq_enable();
	if (likely(v->pv.kernel_mode))
		v->regs.rax = hypercall_call(v, (u32)v->regs.rax, a1, a2, a3, a4, a5, a6);
	else
		pv_syscall(v, false);
	return exit_if_nothing_pending(v);
}

void syscall32_from_guest(void)
{
	irq_enable();
	pv_syscall(current, true);
}

void sysenter_from_guest(void)
{
	irq_enable();
	pv_sysenter(current);
}

/* The frame lies on the IST stack; its place is the vCPU. */
struct regs *move_frame_to_vcpu(const struct regs *regs)
{
	struct vcpu *v = current;

	v->regs = *regs;
	return &v->regs;
}

/*
 * General registers had been restored: they are in the fault's frame. The rest still stands in the vCPU. If all that
 * was wrong is that a page of the LDT was not mapped yet, the frame gets another try.
 */
void iret_fault_from_guest(struct regs *fault)
{
	struct vcpu *v = current;
	struct regs copy = *fault;
	u64 cr2 = read_cr2();

	memcpy(&v->regs, &copy, offsetof(struct regs, error_code));
	v->regs.error_code = copy.error_code;
	if (copy.vector == X86_VEC_PF && pv_window_fault(v, cr2))
		return;
	irq_enable();
	pv_iret_fault(v);
}

static bool fix_up(struct regs *regs)
{
	u32 kind;
	u64 to = extable_find(regs->rip, &kind);

	if (!to)
		return false;
	if (kind == EXTABLE_VECTOR)
		regs->rax = (u64)regs->vector << 16 | (u16)regs->error_code;
	regs->rip = to;
	return true;
}

/* Selector loads in the hypervisor may reach a guest's LDT that is not mapped yet. */
static bool descriptor_window(const struct regs *regs)
{
	return regs->vector == X86_VEC_PF && pv_window_fault(current, read_cr2());
}

/* With SMAP's door closed it is no write for a guest, whatever its tables say. */
static bool stale_write(const struct regs *regs)
{
	return regs->vector == X86_VEC_PF && (!entry_smap || (regs->rflags & RFLAGS_AC)) &&
	       pv_stale_write(current, read_cr2(), regs->error_code);
}

void trap_from_hypervisor(struct regs *regs)
{
	if (regs->vector >= 32) {
		irq_dispatch(regs);
		return;
	}
	if (descriptor_window(regs) || stale_write(regs) || fix_up(regs) || efi_recover(regs))
		return;
	if (regs->vector == X86_VEC_PF)
		panic_regs(regs, "page fault at %#lx, error code %#x", read_cr2(), regs->error_code);
	panic_regs(regs, "exception %u, error code %#x", regs->vector, regs->error_code);
}

void trap_on_own_stack(struct regs *regs)
{
	switch (regs->vector) {
	case X86_VEC_NMI:
		nmi_interrupt(regs);
		return;
	case X86_VEC_DB:
		/* a breakpoint of the guest's on memory that we touch for it: not ours, and over */
		write_dr6(0xffff0ff0);
		return;
	case X86_VEC_MC:
		machine_check_interrupt(regs);
		return;
	case X86_VEC_DF:
		if (efi_recover(regs))		/* it had used up the stack */
			return;
		break;
	}
	panic_regs(regs, "%s", regs->vector == X86_VEC_DF ? "double fault" : "exception on a stack of its own");
}
