/* SPDX-License-Identifier: MIT */
/*
 * HYPERVISOR_iret: the way back from a handler. The kernel has pushed, from its stack pointer up: rax, r11, rcx, flags,
 * rip, cs, rflags, rsp, ss. A selector with RPL 3 means user mode. What the frame holds is the guest's; whatever is
 * wrong with it shows when the processor executes the real IRET, and ends in the failsafe handler.
 */
#include "domain/guest_copy.h"
#include "pv/pv.h"
#include "x86/segment.h"

struct iret_frame {
	u64 rax, r11, rcx, flags, rip, cs, rflags, rsp, ss;
};

#define IN_SYSCALL	0x100		/* VGCF_in_syscall: rcx and r11 need not come back */

long pv_iret(struct vcpu *v)
{
	struct regs *r = &v->regs;
	struct iret_frame f;

	if (unlikely(guest_get(&f, r->rsp))) {
		domain_crash(v->domain, "vCPU %u: iret cannot read its frame at %#lx", v->id, r->rsp);
		return r->rax;
	}
	if ((f.cs & 3) == 3 && unlikely(!pv_to_user(v))) {
		domain_crash(v->domain, "vCPU %u: iret to user mode without user page tables", v->id);
		return r->rax;
	}
	if (!(v->domain->pv.vm_assist & (1ul << VMASST_TYPE_architectural_iopl)))
		f.rflags &= ~RFLAGS_IOPL;
	else
		v->pv.iopl = f.rflags >> 12 & 3;
	v->nmi_masked = false;
	v->info->evtchn_upcall_mask = !(f.rflags & RFLAGS_IF);

	r->rip = f.rip;
	r->cs = (f.cs | 3) & 0xffff;
	r->rflags = (f.rflags & ~(RFLAGS_IOPL | RFLAGS_VM | RFLAGS_VIF | RFLAGS_VIP)) | RFLAGS_IF | RFLAGS_FIXED;
	r->rsp = f.rsp;
	r->ss = (f.ss | 3) & 0xffff;
	if (!(f.flags & IN_SYSCALL) || r->cs != PV_CS64 || r->ss != PV_SS) {
		r->vector = 0;
		r->r11 = f.r11;
		r->rcx = f.rcx;
	}
	return f.rax;
}
