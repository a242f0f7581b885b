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

void pv_to_kernel(struct vcpu *v)
{
	bounce_set_mode(v, true, v->pv.kernel_l4);
}

bool pv_to_user(struct vcpu *v)
{
	if (unlikely(!mfn_x(v->pv.user_l4)))
		return false;
	bounce_set_mode(v, false, v->pv.user_l4);
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

/* Where the words of a frame stand, in words from its bottom. `how` is known to the compiler. */
#define WORD_ERROR(how)		2
#define WORD_SEGMENTS(how)	(WORD_ERROR(how) + ((how) & BOUNCE_ERROR ? 1 : 0))
#define WORD_RIP(how)		(WORD_SEGMENTS(how) + ((how) & BOUNCE_FAILSAFE ? 4 : 0))
#define FRAME_BYTES(how)	((WORD_RIP(how) + 5) * sizeof(u64))

static __cold void cannot_push(struct vcpu *v, u64 sp)
{
	domain_crash(v->domain, "vCPU %u: cannot push a trap frame at %#lx (rip %#lx)", v->id, sp, v->regs.rip);
}

static __cold void no_handler(struct vcpu *v)
{
	domain_crash(v->domain, "vCPU %u: trap at rip %#lx, but the guest has no handler for it", v->id, v->regs.rip);
}

/* Hot: the words go straight from v->regs to the guest's stack, whose page tables are loaded by then. */
static __always_inline bool push_frame(const struct regs *r, u64 *w, u32 how, u32 error, u64 cs, u64 flags)
{
	guest_open();
	guest_store_word(&w[0], r->rcx, fault);
	guest_store_word(&w[1], r->r11, fault);
	if (how & BOUNCE_ERROR)
		guest_store_word(&w[WORD_ERROR(how)], error, fault);
	if (how & BOUNCE_FAILSAFE) {
		guest_store_word(&w[WORD_SEGMENTS(how) + 0], read_ds(), fault);
		guest_store_word(&w[WORD_SEGMENTS(how) + 1], read_es(), fault);
		guest_store_word(&w[WORD_SEGMENTS(how) + 2], read_fs(), fault);
		guest_store_word(&w[WORD_SEGMENTS(how) + 3], read_gs(), fault);
	}
	guest_store_word(&w[WORD_RIP(how) + 0], r->rip, fault);
	guest_store_word(&w[WORD_RIP(how) + 1], cs, fault);
	guest_store_word(&w[WORD_RIP(how) + 2], flags, fault);
	guest_store_word(&w[WORD_RIP(how) + 3], r->rsp, fault);
	guest_store_word(&w[WORD_RIP(how) + 4], r->ss, fault);
	guest_close();
	return true;
fault:
	guest_close();
	return false;
}

static __always_inline void bounce(struct vcpu *v, u64 handler, u32 how, bool mask_events, u32 error)
{
	struct regs *r = &v->regs;
	bool from_kernel = v->pv.kernel_mode, masked = v->info->evtchn_upcall_mask;
	u64 cs = r->cs | (u64)masked << 32, sp = r->rsp;

	if (unlikely(!handler)) {
		no_handler(v);
		return;
	}
	if (from_kernel) {
		cs &= ~3ul;
	} else {
		sp = v->pv.kernel_sp;
		bounce_set_mode(v, true, v->pv.kernel_l4);
	}
	sp = (sp & ~15ul) - FRAME_BYTES(how);
	if (unlikely(!guest_small_range_ok(sp, FRAME_BYTES(how)) ||
		     !push_frame(r, (u64 *)sp, how, error, cs, guest_flags(v, masked)))) {
		cannot_push(v, sp);
		return;
	}
	r->rip = handler;
	r->cs = PV_CS64;
	r->ss = PV_SS;
	r->rsp = sp;
	r->rflags &= ~(RFLAGS_TF | RFLAGS_NT | RFLAGS_RF | RFLAGS_VM | RFLAGS_AC | RFLAGS_DF | RFLAGS_IOPL);
	r->rflags |= RFLAGS_IF;
	r->vector = REGS_VEC_SYSCALL;
	if (mask_events)
		v->info->evtchn_upcall_mask = 1;
}

void pv_bounce(struct vcpu *v, u64 handler, u32 how, u32 error)
{
	bool mask = how & BOUNCE_MASK_EVENTS;

	switch (how & (BOUNCE_ERROR | BOUNCE_FAILSAFE)) {
	case 0:
		bounce(v, handler, 0, mask, 0);
		break;
	case BOUNCE_ERROR:
		bounce(v, handler, BOUNCE_ERROR, mask, error);
		break;
	case BOUNCE_FAILSAFE:
		bounce(v, handler, BOUNCE_FAILSAFE, mask, 0);
		break;
	}
}

void pv_inject(struct vcpu *v, u32 vector, bool has_error, u32 error)
{
	const struct pv_trap *t = &v->pv.traps[vector];

	if (unlikely(!t->address)) {
		domain_crash(v->domain, "vCPU %u: unhandled trap %u (error code %#x) at rip %#lx in %s mode", v->id,
			     vector, error, v->regs.rip, v->pv.kernel_mode ? "kernel" : "user");
		return;
	}
	pv_bounce(v, t->address, (has_error ? BOUNCE_ERROR : 0) | (t->mask_events ? BOUNCE_MASK_EVENTS : 0), error);
}

void pv_inject_page_fault(struct vcpu *v, u64 cr2, u32 error)
{
	const struct pv_trap *t = &v->pv.traps[X86_VEC_PF];

	v->pv.cr2 = cr2;
	v->info->arch.cr2 = cr2;
	error = v->pv.kernel_mode ? error & ~PFEC_USER : error | PFEC_USER;
	if (unlikely(!t->address))
		pv_inject(v, X86_VEC_PF, true, error);
	else
		bounce(v, t->address, BOUNCE_ERROR, t->mask_events, error);
}

static void bounce_callback(struct vcpu *v, u32 type, u32 how)
{
	const struct pv_callback *c = &v->pv.callbacks[type];

	pv_bounce(v, c->address, how | (c->mask_events ? BOUNCE_MASK_EVENTS : 0), 0);
}

void pv_syscall(struct vcpu *v, bool compat)
{
	const struct pv_callback *c = &v->pv.callbacks[compat ? CALLBACKTYPE_syscall32 : CALLBACKTYPE_syscall];

	if (unlikely(!c->address)) {
		v->regs.rip -= 2;
		pv_inject(v, X86_VEC_UD, false, 0);
		return;
	}
	bounce(v, c->address, 0, c->mask_events, 0);
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

/* An NMI is lost on a guest without a handler for it. HYPERVISOR_iret lets the next one come. */
static bool deliver_nmi(struct vcpu *v)
{
	v->nmi_pending = false;
	if (!v->pv.traps[X86_VEC_NMI].address)
		return false;
	v->nmi_masked = true;
	pv_inject(v, X86_VEC_NMI, false, 0);
	return true;
}

bool pv_deliver_pending(struct vcpu *v)
{
	if (unlikely(vcpu_nmi_is_due(v)) && deliver_nmi(v))
		return true;
	if (!event_vcpu_needs_upcall(v) || unlikely(!v->pv.callbacks[CALLBACKTYPE_event].address))
		return false;
	bounce(v, v->pv.callbacks[CALLBACKTYPE_event].address, 0, true, 0);
	return true;
}
