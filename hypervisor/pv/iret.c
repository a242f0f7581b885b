/* SPDX-License-Identifier: MIT */
/*
 * HYPERVISOR_iret: the way back from a handler. The kernel has pushed, from its stack pointer up: rax, r11, rcx, flags,
 * rip, cs, rflags, rsp, ss. A selector with RPL 3 means user mode. What the frame holds is the guest's; whatever is
 * wrong with it shows when the processor executes the real IRET, and ends in the failsafe handler.
 */
#include "domain/guest_copy.h"
#include "pv/bounce.h"
#include "pv/pv.h"
#include "x86/segment.h"

struct iret_frame {
	u64 rax, r11, rcx, flags, rip, cs, rflags, rsp, ss;
};

/* Where a word of the frame at sp lies: an address of the guest's, which may well be 0. */
#define WORD(sp, name)	((const u64 *)((sp) + offsetof(struct iret_frame, name)))

#define IN_SYSCALL	0x100		/* VGCF_in_syscall: rcx and r11 need not come back */

/* The words are used as they are read: who cannot be read to the end does not go on anyway. */
long pv_iret(struct vcpu *v)
{
	struct regs *r = &v->regs;
	u64 at = r->rsp, rax, flags, rip, cs, rflags, rsp, ss;

	if (unlikely(!guest_small_range_ok(at, sizeof(struct iret_frame))))
		goto no_frame;
	guest_open();
	guest_load(rax, WORD(at, rax), fault);
	guest_load(flags, WORD(at, flags), fault);
	guest_load(rip, WORD(at, rip), fault);
	guest_load(cs, WORD(at, cs), fault);
	guest_load(rflags, WORD(at, rflags), fault);
	guest_load(rsp, WORD(at, rsp), fault);
	guest_load(ss, WORD(at, ss), fault);
	if (unlikely(!(flags & IN_SYSCALL)) || ((cs | 3) & 0xffff) != PV_CS64 || ((ss | 3) & 0xffff) != PV_SS) {
		guest_load(r->r11, WORD(at, r11), fault);
		guest_load(r->rcx, WORD(at, rcx), fault);
		r->vector = 0;
	}
	guest_close();
	if ((cs & 3) == 3) {
		if (unlikely(!mfn_x(v->pv.user_l4))) {
			domain_crash(v->domain, "vCPU %u: iret to user mode without user page tables", v->id);
			return r->rax;
		}
		bounce_set_mode(v, false, v->pv.user_l4);
	}
	if (unlikely(v->domain->pv.vm_assist & (1ul << VMASST_TYPE_architectural_iopl)))
		v->pv.iopl = rflags >> 12 & 3;
	v->nmi_masked = false;
	v->info->evtchn_upcall_mask = !(rflags & RFLAGS_IF);
	r->rip = rip;
	r->cs = (cs | 3) & 0xffff;
	r->rflags = (rflags & ~(RFLAGS_IOPL | RFLAGS_VM | RFLAGS_VIF | RFLAGS_VIP)) | RFLAGS_IF | RFLAGS_FIXED;
	r->rsp = rsp;
	r->ss = (ss | 3) & 0xffff;
	return rax;
fault:
	guest_close();
no_frame:
	domain_crash(v->domain, "vCPU %u: iret cannot read its frame at %#lx", v->id, at);
	return r->rax;
}
