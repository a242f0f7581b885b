/* SPDX-License-Identifier: MIT */
/*
 * The part of a context switch that is the guest's: segments and their bases, debug registers, FPU, page tables and
 * descriptor tables. General registers need nothing: they stand in struct vcpu. Interrupts off, on the CPU itself.
 */
#include "pv/desc.h"
#include "pv/mmu.h"
#include "pv/pv.h"
#include "pv/switch.h"
#include "x86/cpu_ops.h"
#include "x86/features.h"
#include "x86/fpu.h"
#include "x86/segment.h"
#include "x86/tlb.h"

void pv_switch_from(struct vcpu *v)
{
	struct pv_vcpu *pv = &v->pv;
	u64 gs_active = gs_base_read(), gs_other = gs_kernel_base_read();

	pv->ds = read_ds();
	pv->es = read_es();
	pv->fs = read_fs();
	pv->gs = read_gs();
	pv->fs_base = fs_base_read();
	pv->gs_base_kernel = pv->kernel_mode ? gs_active : gs_other;
	pv->gs_base_user = pv->kernel_mode ? gs_other : gs_active;
	if (unlikely(pv_debug_active(pv)))
		write_dr7(0x400);
	clts();
	fpu_save(v->fpu, v->xcr0);
}

/* Selectors that the guest's tables no longer allow become null, as a return to user mode does with them. */
static void load_segments(struct pv_vcpu *pv)
{
	if (pv->ds | read_ds())
		load_ds(pv->ds);
	if (pv->es | read_es())
		load_es(pv->es);
	if (pv->fs | read_fs())
		load_fs(pv->fs);
	if (pv->gs | read_gs())
		load_gs(pv->gs);
	fs_base_write(pv->fs_base);
	gs_base_write(pv->kernel_mode ? pv->gs_base_kernel : pv->gs_base_user);
	gs_kernel_base_write(pv->kernel_mode ? pv->gs_base_user : pv->gs_base_kernel);
}

void pv_switch_to(struct vcpu *v)
{
	desc_switch_begin(v);
	mmu_load_cr3(v);
	desc_switch_to(v);
	pv_load_cr4(v);
	load_segments(&v->pv);
	if (unlikely(pv_debug_active(&v->pv)))
		pv_load_debugregs(&v->pv);
	if (cpu_features.rdtscp)
		wrmsr(MSR_TSC_AUX, v->pv.tsc_aux);
	if (unlikely(fpu_restore(v->fpu, v->xcr0)))
		fpu_area_init(v->fpu);
	if (v->pv.vts)
		stts();
}
