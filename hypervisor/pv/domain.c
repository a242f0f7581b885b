/* SPDX-License-Identifier: MIT */
/*
 * Life of a PV guest: what it needs beside what every domain has, setting a vCPU to a given context, and giving all
 * memory back. Contexts come from the guest's own VCPUOP_initialise or from control tools, and are checked alike.
 */
#include "abi/callback.h"
#include "core/softirq.h"
#include "domain/guest_copy.h"
#include "domain/guest_ops.h"
#include "domain/memory.h"
#include "lib/string.h"
#include "mm/page_alloc.h"
#include "mm/pt.h"
#include "pv/desc.h"
#include "pv/grant.h"
#include "pv/mmu.h"
#include "pv/pv.h"
#include "pv/switch.h"
#include "pv/type.h"
#include "x86/cpu_ops.h"
#include "x86/features.h"
#include "x86/fpu.h"

static int pv_domain_create(struct domain *d)
{
	d->pv.vm_assist = 0;
	return desc_perdomain_init(d);
}

static void pv_domain_free(struct domain *d)
{
	desc_perdomain_free(d);
}

static int pv_vcpu_create(struct vcpu *v)
{
	v->pv.kernel_mode = true;
	v->pv.cr0 = CR0_PE | CR0_ET | CR0_NE | CR0_WP | CR0_PG;
	v->pv.cr4 = CR4_PAE | CR4_PGE | CR4_OSFXSR | CR4_OSXMMEXCPT;
	v->pv.dr[6] = 0xffff0ff0;
	v->pv.dr[7] = 0x400;
	return desc_perdomain_add_vcpu(v);
}

static void pv_vcpu_destroy(struct vcpu *v)
{
}

/* Everything about the context that can be wrong, before anything changes. */
static bool context_ok(const struct vcpu *v, const struct vcpu_guest_context *c)
{
	u64 n = DIV_ROUND_UP(c->gdt_ents, 512);

	/* whatever mode it starts in needs something for CR3 */
	if (!(c->flags & VGCF_in_kernel) && !(c->ctrlreg[1] >> PAGE_SHIFT))
		return false;
	return c->gdt_ents <= DESC_GDT_ENTRIES && n <= DESC_GDT_FRAMES && c->ldt_ents <= DESC_LDT_ENTRIES &&
	       va_is_canonical(c->user_regs.rip) && va_is_canonical(c->kernel_sp) &&
	       va_is_canonical(c->event_callback_eip) && va_is_canonical(c->failsafe_callback_eip) &&
	       va_is_canonical(c->syscall_callback_eip) && va_is_canonical(c->fs_base) &&
	       va_is_canonical(c->gs_base_kernel) && va_is_canonical(c->gs_base_user);
}

static void set_registers(struct vcpu *v, const struct vcpu_guest_context *c)
{
	struct regs *r = &v->regs;

	memcpy(r, &c->user_regs, offsetof(struct regs, error_code));
	r->vector = 0;
	r->error_code = 0;
	r->rip = c->user_regs.rip;
	r->cs = c->user_regs.cs | 3;
	r->rflags = (c->user_regs.rflags & ~(RFLAGS_IOPL | RFLAGS_VM | RFLAGS_VIF | RFLAGS_VIP | RFLAGS_NT)) |
		    RFLAGS_IF | RFLAGS_FIXED;
	r->rsp = c->user_regs.rsp;
	r->ss = c->user_regs.ss | 3;
	v->pv.ds = c->user_regs.ds;
	v->pv.es = c->user_regs.es;
	v->pv.fs = c->user_regs.fs;
	v->pv.gs = c->user_regs.gs;
	v->pv.fs_base = c->fs_base;
	v->pv.gs_base_kernel = c->gs_base_kernel;
	v->pv.gs_base_user = c->gs_base_user;
	v->pv.kernel_sp = c->kernel_sp;
	v->pv.kernel_ss = c->kernel_ss | 3;
	v->pv.kernel_mode = c->flags & VGCF_in_kernel;
	v->pv.iopl = c->user_regs.rflags >> 12 & 3;
}

static bool traps_ok(const struct vcpu_guest_context *c)
{
	for (u32 i = 0; i < 256; i++)
		if (!va_is_canonical(c->trap_ctxt[i].address))
			return false;
	return true;
}

static void set_handlers(struct vcpu *v, const struct vcpu_guest_context *c)
{
	memset(v->pv.traps, 0, sizeof(v->pv.traps));
	for (u32 i = 0; i < 256; i++)
		if (c->trap_ctxt[i].address)
			(void)!pv_set_trap(v, c->trap_ctxt[i].vector, c->trap_ctxt[i].address, c->trap_ctxt[i].cs,
					   c->trap_ctxt[i].flags);
	(void)!pv_set_callback(v, CALLBACKTYPE_event, c->event_callback_eip, PV_CS64, true);
	(void)!pv_set_callback(v, CALLBACKTYPE_failsafe, c->failsafe_callback_eip, PV_CS64,
			       c->flags & VGCF_failsafe_disables_events);
	(void)!pv_set_callback(v, CALLBACKTYPE_syscall, c->syscall_callback_eip, PV_CS64,
			       c->flags & VGCF_syscall_disables_events);
}

/* The XSAVE header's first word: which components the area holds; the others are in their initial state. */
static u64 *fpu_xstate_bv(const struct vcpu *v)
{
	return (u64 *)((u8 *)v->fpu + 512);
}

static void get_fpu(const struct vcpu *v, struct vcpu_guest_context *c)
{
	u8 *out = (u8 *)c->fpu_ctxt.x;
	u64 have = cpu_features.xsave ? *fpu_xstate_bv(v) : XCR0_X87 | XCR0_SSE;

	memcpy(out, v->fpu, 512);
	if (!(have & XCR0_X87)) {
		memset(out, 0, 24);
		memset(out + 32, 0, 128);
		*(u16 *)out = 0x37f;
	}
	/* MXCSR is saved and loaded whatever the header says (SDM 1 13.7, 13.8.1) */
	if (!(have & XCR0_SSE))
		memset(out + 160, 0, 256);
}

static void set_fpu(struct vcpu *v, const struct vcpu_guest_context *c)
{
	fpu_area_init(v->fpu);
	v->xcr0 = 1;
	if (!(c->flags & VGCF_i387_valid))
		return;
	memcpy(v->fpu, c->fpu_ctxt.x, sizeof(c->fpu_ctxt.x));
	if (cpu_features.xsave)
		*fpu_xstate_bv(v) = XCR0_X87 | XCR0_SSE;	/* the processor refuses nonsense when it loads it */
}

int pv_vcpu_set_context(struct vcpu *v, const struct vcpu_guest_context *c)
{
	int rc;

	/* what a dying domain's vCPUs held has been given back already */
	if (v->domain->dying != DOMDYING_ALIVE || !context_ok(v, c) || !traps_ok(c))
		return -EINVAL;
	rc = mmu_new_kernel_base(v, mfn(c->ctrlreg[3] >> PAGE_SHIFT));
	if (!rc)
		rc = mmu_new_user_base(v, mfn(c->ctrlreg[1] >> PAGE_SHIFT));
	if (!rc)
		rc = desc_set_gdt(v, (const u64 *)c->gdt_frames, c->gdt_ents);
	if (!rc && c->ldt_ents)
		rc = desc_set_ldt_guest(v, c->ldt_base, c->ldt_ents);
	if (rc)
		return rc;
	set_registers(v, c);
	set_handlers(v, c);
	set_fpu(v, c);
	if (c->ctrlreg[4])
		pv_context_cr4(v, c->ctrlreg[4]);
	for (u32 i = 0; i < 8; i++)
		(void)!pv_set_debugreg(v, i, c->debugreg[i]);
	if (v->id == 0 && !v->initialised)
		v->domain->pv.vm_assist |= c->vm_assist;
	v->initialised = true;
	return 0;
}

void pv_vcpu_get_context(struct vcpu *v, struct vcpu_guest_context *c)
{
	const struct regs *r = &v->regs;

	memset(c, 0, sizeof(*c));
	c->flags = VGCF_i387_valid | (v->pv.kernel_mode ? VGCF_in_kernel : 0);
	if (v->pv.callbacks[CALLBACKTYPE_failsafe].mask_events)
		c->flags |= VGCF_failsafe_disables_events;
	if (v->pv.callbacks[CALLBACKTYPE_syscall].mask_events)
		c->flags |= VGCF_syscall_disables_events;
	if (!(v->pause_flags & VPF_DOWN))
		c->flags |= VGCF_online;
	get_fpu(v, c);
	memcpy(&c->user_regs, r, offsetof(struct regs, error_code));
	c->user_regs.rip = r->rip;
	c->user_regs.cs = v->pv.kernel_mode ? r->cs & ~3ul : r->cs;
	c->user_regs.rflags = (r->rflags & ~RFLAGS_IF) | (v->info->evtchn_upcall_mask ? 0 : RFLAGS_IF) |
			      (u64)v->pv.iopl << 12;
	c->user_regs.rsp = r->rsp;
	c->user_regs.ss = r->ss;
	c->user_regs.ds = v->pv.ds;
	c->user_regs.es = v->pv.es;
	c->user_regs.fs = v->pv.fs;
	c->user_regs.gs = v->pv.gs;
	for (u32 i = 0; i < 256; i++) {
		const struct pv_trap *t = &v->pv.traps[i];

		if (!t->address)
			continue;
		c->trap_ctxt[i].vector = i;
		c->trap_ctxt[i].flags = t->dpl | (t->mask_events ? TRAP_MASKS_EVENTS : 0);
		c->trap_ctxt[i].cs = t->cs;
		c->trap_ctxt[i].address = t->address;
	}
	c->ldt_base = v->pv.ldt_base;
	c->ldt_ents = v->pv.ldt_entries;
	for (u32 i = 0; i < DESC_GDT_FRAMES; i++)
		c->gdt_frames[i] = mfn_x(v->pv.gdt_frames[i]);
	c->gdt_ents = v->pv.gdt_entries;
	c->kernel_ss = v->pv.kernel_ss;
	c->kernel_sp = v->pv.kernel_sp;
	c->ctrlreg[0] = v->pv.cr0;
	c->ctrlreg[1] = mfn_x(v->pv.user_l4) << PAGE_SHIFT;
	c->ctrlreg[3] = mfn_x(v->pv.kernel_l4) << PAGE_SHIFT;
	c->ctrlreg[4] = v->pv.cr4;
	memcpy(c->debugreg, v->pv.dr, sizeof(c->debugreg));
	c->event_callback_eip = v->pv.callbacks[CALLBACKTYPE_event].address;
	c->failsafe_callback_eip = v->pv.callbacks[CALLBACKTYPE_failsafe].address;
	c->syscall_callback_eip = v->pv.callbacks[CALLBACKTYPE_syscall].address;
	c->vm_assist = v->domain->pv.vm_assist;
	c->fs_base = v->pv.fs_base;
	c->gs_base_kernel = v->pv.gs_base_kernel;
	c->gs_base_user = v->pv.gs_base_user;
}

/* A frame of a dying domain loses its pin and whatever is half done; then its own reference goes. */
static int relinquish_frame(struct domain *d, struct frame *f)
{
	int rc = mmu_begin(d);

	if (rc)
		return rc;
	if (f->type & FT_PARTIAL)
		rc = type_undo(f, d);
	if (!rc && (atomic_fetch_and(&f->type, ~FT_PINNED) & FT_PINNED)) {
		rc = type_put_frame(f, d);
		if (rc == -ERESTART)
			mmu_defer_undo(d, frame_to_mfn(f));
	}
	mmu_end(d);
	return rc;
}

static int relinquish_vcpus(struct domain *d)
{
	struct vcpu *v;
	u32 i;

	for_each_vcpu(d, v, i) {
		int rc = mmu_drop_bases(v);

		if (rc)
			return rc;
		desc_ldt_unmap(v);
		desc_drop_gdt(v);
	}
	return 0;
}

/*
 * Pinned and half-built tables first give up what they hold; only then do frames lose their allocation's reference,
 * so that a table is never freed under an entry that still counts.
 */
static int pv_relinquish(struct domain *d)
{
	int rc = relinquish_vcpus(d);

	if (rc)
		return rc;
	rc = domain_each_frame(d, relinquish_frame);
	if (rc)
		return rc;
	return domain_release_frames(d);
}

static const struct guest_ops pv_guest_ops = {
	.switch_from = pv_switch_from,
	.switch_to = pv_switch_to,
	.domain_create = pv_domain_create,
	.domain_free = pv_domain_free,
	.vcpu_create = pv_vcpu_create,
	.vcpu_destroy = pv_vcpu_destroy,
	.relinquish = pv_relinquish,
};

void pv_init(void)
{
	guest_ops[DOMAIN_PV] = &pv_guest_ops;
	pv_grant_init();
}
