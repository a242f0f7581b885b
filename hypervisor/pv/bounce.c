/* SPDX-License-Identifier: MIT */
/*
 * Entering the guest's kernel: the frame that it finds on its stack, and the mode change before it.
 *
 *   high  ss
 *         rsp
 *         rflags    IF stands for "events were not masked"
 *         cs        bits 32-39: the event mask before; RPL 0 if it came from the kernel
 *         rip
 *        [gs fs es ds, only for the failsafe handler]
 *        [error code]
 *         r11
 *   rsp-> rcx
 *
 * Since rcx and r11 are saved here, the handler is entered by SYSRET, which destroys them.
 * All of this works on `current`, by its own CPU.
 */
#include "pv/bounce.h"

#include "core/log.h"
#include "domain/guest_copy.h"
#include "event/event.h"
#include "pv/pv.h"
#include "x86/cpu_ops.h"
#include "x86/segment.h"
#include "x86/tlb.h"

#define MAX_WORDS	12

void pv_to_kernel(struct vcpu *v)
{
	v->pv.kernel_mode = true;
	swapgs();
	write_cr3(mfn_x(v->pv.kernel_l4) << PAGE_SHIFT);
}

bool pv_to_user(struct vcpu *v)
{
	if (unlikely(!mfn_x(v->pv.user_l4)))
		return false;
	v->pv.kernel_mode = false;
	swapgs();
	write_cr3(mfn_x(v->pv.user_l4) << PAGE_SHIFT);
	return true;
}

/* Flags as the guest's kernel sees them: its own IOPL, and IF for its event mask. */
static u64 guest_flags(const struct vcpu *v, bool masked)
{
	u64 fl = v->regs.rflags & ~(RFLAGS_IF | RFLAGS_IOPL);

	if (v->domain->pv.vm_assist & (1ul << VMASST_TYPE_architectural_iopl))
		fl |= (u64)v->pv.iopl << 12;
	return masked ? fl : fl | RFLAGS_IF;
}

static void segment_words(u64 *w)
{
	w[0] = read_ds();
	w[1] = read_es();
	w[2] = read_fs();
	w[3] = read_gs();
}

void pv_bounce(struct vcpu *v, u64 handler, u32 how, u32 error)
{
	struct regs *r = &v->regs;
	bool from_kernel = v->pv.kernel_mode, masked = v->info->evtchn_upcall_mask;
	u64 frame[MAX_WORDS], *w = frame;
	u64 sp;

	if (unlikely(!handler)) {
		domain_crash(v->domain, "vCPU %u: trap at rip %#lx, but the guest has no handler for it", v->id, r->rip);
		return;
	}
	*w++ = r->rcx;
	*w++ = r->r11;
	if (how & BOUNCE_ERROR)
		*w++ = error;
	if (how & BOUNCE_FAILSAFE) {
		segment_words(w);
		w += 4;
	}
	*w++ = r->rip;
	*w++ = (from_kernel ? r->cs & ~3ul : r->cs) | (u64)masked << 32;
	*w++ = guest_flags(v, masked);
	*w++ = r->rsp;
	*w++ = r->ss;

	if (!from_kernel)
		pv_to_kernel(v);
	sp = ((from_kernel ? r->rsp : v->pv.kernel_sp) & ~15ul) - (u64)((u8 *)w - (u8 *)frame);
	if (unlikely(guest_copy_to(sp, frame, (u8 *)w - (u8 *)frame))) {
		domain_crash(v->domain, "vCPU %u: cannot push a trap frame at %#lx (rip %#lx)", v->id, sp, r->rip);
		return;
	}
	r->rip = handler;
	r->cs = PV_CS64;
	r->ss = PV_SS;
	r->rsp = sp;
	r->rflags &= ~(RFLAGS_TF | RFLAGS_NT | RFLAGS_RF | RFLAGS_VM | RFLAGS_AC | RFLAGS_DF | RFLAGS_IOPL);
	r->rflags |= RFLAGS_IF;
	r->vector = REGS_VEC_SYSCALL;
	if (how & BOUNCE_MASK_EVENTS)
		v->info->evtchn_upcall_mask = 1;
}

void pv_inject(struct vcpu *v, u32 vector, bool has_error, u32 error)
{
	const struct pv_trap *t = &v->pv.traps[vector];

	if (unlikely(!t->address)) {
		domain_crash(v->domain, "vCPU %u: unhandled trap %u (error code %#x) at rip %#lx in %s mode", v->id, vector,
			     error, v->regs.rip, v->pv.kernel_mode ? "kernel" : "user");
		return;
	}
	pv_bounce(v, t->address, (has_error ? BOUNCE_ERROR : 0) | (t->mask_events ? BOUNCE_MASK_EVENTS : 0), error);
}

void pv_inject_page_fault(struct vcpu *v, u64 cr2, u32 error)
{
	v->pv.cr2 = cr2;
	v->info->arch.cr2 = cr2;
	error = v->pv.kernel_mode ? error & ~PFEC_USER : error | PFEC_USER;
	pv_inject(v, X86_VEC_PF, true, error);
}

static void bounce_callback(struct vcpu *v, u32 type, u32 how)
{
	const struct pv_callback *c = &v->pv.callbacks[type];

	pv_bounce(v, c->address, how | (c->mask_events ? BOUNCE_MASK_EVENTS : 0), 0);
}

void pv_syscall(struct vcpu *v, bool compat)
{
	u32 type = compat ? CALLBACKTYPE_syscall32 : CALLBACKTYPE_syscall;

	if (unlikely(!v->pv.callbacks[type].address)) {
		v->regs.rip -= 2;
		pv_inject(v, X86_VEC_UD, false, 0);
		return;
	}
	bounce_callback(v, type, 0);
}

void pv_sysenter(struct vcpu *v)
{
	if (!v->pv.callbacks[CALLBACKTYPE_sysenter].address)
		pv_inject(v, X86_VEC_GP, true, 0);
	else
		bounce_callback(v, CALLBACKTYPE_sysenter, 0);
}

void pv_iret_fault(struct vcpu *v)
{
	bounce_callback(v, CALLBACKTYPE_failsafe, BOUNCE_FAILSAFE);
}

bool pv_deliver_pending(struct vcpu *v)
{
	if (unlikely(v->nmi_pending) && !v->nmi_masked && v->pv.callbacks[CALLBACKTYPE_nmi].address) {
		v->nmi_pending = false;
		v->nmi_masked = true;
		bounce_callback(v, CALLBACKTYPE_nmi, BOUNCE_MASK_EVENTS);
		return true;
	}
	if (!event_vcpu_needs_upcall(v) || unlikely(!v->pv.callbacks[CALLBACKTYPE_event].address))
		return false;
	pv_bounce(v, v->pv.callbacks[CALLBACKTYPE_event].address, BOUNCE_MASK_EVENTS, 0);
	return true;
}
