/* SPDX-License-Identifier: MIT */
/*
 * Changing the vCPU of a CPU. Nothing is kept on the stack across it: the old vCPU's registers stand in its struct, and
 * the new one continues in the exit loop (or the idle loop) on an empty stack.
 */
#include "core/panic.h"
#include "core/percpu.h"
#include "domain/guest_ops.h"
#include "domain/lifecycle.h"
#include "domain/time_info.h"
#include "entry/entry.h"
#include "mm/heap.h"
#include "mm/hostmap.h"
#include "pv/mmu.h"
#include "sched/sched.h"
#include "x86/cpu_ops.h"
#include "x86/desc.h"
#include "x86/features.h"
#include "x86/tlb.h"
#include "x86/perfc.h"

static void leave(struct vcpu *prev)
{
	if (prev->is_idle)
		return;
	guest_ops_of(prev->domain)->switch_from(prev);
}

/* Its TLB entries are gone with CR3; nobody needs to flush this CPU for it any more. */
static void forget(struct vcpu *prev, u32 cpu)
{
	if (prev->is_idle)
		return;
	WRITE_ONCE(prev->dirty_cpu, VCPU_NO_CPU);
	clear_bit(cpu, prev->domain->dirty_cpus.bits);
}

static void enter(struct vcpu *next, struct cpu_local *local)
{
	u32 cpu = local->cpu;

	if (next->is_idle) {
		desc_load_idle_gdt();
		desc_set_ldt(0, 0);
		tlb_switch_cr3(hostmap_l4_maddr);
		return;
	}
	next->hv_stack = cpu_stack_top(local);
	syscall_slots[cpu].regs_top = (u64)&next->hv_stack;
	desc_set_rsp0((u64)&next->hv_stack);
	if (cpu_features.sysenter)
		wrmsr(MSR_SYSENTER_ESP, (u64)&next->hv_stack);
	set_bit(cpu, next->domain->dirty_cpus.bits);
	WRITE_ONCE(next->dirty_cpu, cpu);
	guest_ops_of(next->domain)->switch_to(next);
}

/* What it has asked to be told of at each switch: where its kernel has asked for it, though a process may go on. */
static void tell(struct vcpu *next)
{
	if (likely(!next->runstate_guest && !next->time_guest))
		return;
	mmu_show_kernel(next);
	sched_runstate_to_guest(next);
	if (unlikely(next->time_guest))
		time_info_to_guest(next);
	mmu_show_again(next);
}

void context_switch(struct vcpu *prev, struct vcpu *next)
{
	struct cpu_local *local = cpu_local();

	ASSERT(next);
	leave(prev);
	perfc_inc(context_switches);
	current = next;
	enter(next, local);
	if (prev->domain != next->domain || prev->is_idle)
		forget(prev, local->cpu);
	else
		WRITE_ONCE(prev->dirty_cpu, VCPU_NO_CPU);
	sched_context_saved(prev);
	if (!next->is_idle)
		tell(next);
	stack_reset_and_jump(cpu_stack_top(local), next->is_idle ? sched_idle_loop : guest_return);
}

void entry_init_cpu(u32 cpu)
{
	syscall_init((u64)syscall_stubs + cpu * 32, (u64)cstar_stubs + cpu * 32, (u64)sysenter_entry, 0);
	if (cpu_features.smap)
		entry_smap = 1;
	/* One that comes back after sleep has its idle vCPU. */
	if (!domain_idle || !domain_idle->vcpu[cpu])
		(void)idle_vcpu_create(cpu);
	current = domain_idle->vcpu[cpu];
}

void entry_start_idle(void)
{
	stack_reset_and_jump(cpu_stack_top(cpu_local()), sched_idle_loop);
}
