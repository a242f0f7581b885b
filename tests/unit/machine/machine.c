/* SPDX-License-Identifier: MIT */
/*
 * Boot, the CPU that runs now, preemption, and hypercalls as a guest's vCPU makes them: registers are set, the real
 * dispatcher runs, and a call that asks to be repeated is found by its instruction pointer.
 */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/softirq.h"
#include "domain/guest_ops.h"
#include "domain/lifecycle.h"
#include "domain/time_info.h"
#include "fake.h"
#include "fake_internal.h"
#include "hypercall/hypercall.h"
#include "hypercall/table.h"
#include "lib/errno.h"
#include "machine.h"
#include "machine_internal.h"
#include "mm/heap.h"
#include "mm/hostmap.h"
#include "mm/page_alloc.h"
#include "pv/pv.h"
#include "sched/sched.h"
#include "x86/cpu_ops.h"
#include "x86/tlb.h"

#define RIP_AFTER_SYSCALL	0x1002ul

static struct host_cpu parked[MACHINE_CPUS];	/* of the CPUs that the program is not at the moment */
static u64 free_at_start, heap_at_start;
static u32 looks, looks_until;
static bool (*preempt_decide)(void);
static bool preempted;			/* stays pending until the CPU has done its other work */

bool machine_softirq_is_pending(void)
{
	looks++;
	if (!preempted)
		preempted = (looks_until && looks >= looks_until) || (preempt_decide && preempt_decide());
	return preempted;
}

void machine_preempt_after(u32 n)
{
	preempt_decide = NULL;
	preempted = false;
	looks = 0;
	looks_until = n;
}

void machine_preempt_by(bool (*decide)(void))
{
	machine_preempt_after(0);
	preempt_decide = decide;
}

u32 machine_looks(void)
{
	return looks;
}

static void other_work_done(void)
{
	preempted = false;
	looks_until = 0;
	cpu_local()->softirq_pending = 0;
}

void machine_work_done(void)
{
	other_work_done();
}

static void nothing(void)
{
}

/* Linked in the place of the real one, to learn the scheduler's handler. */
static void (*real_schedule)(void);
void __real_softirq_register(enum softirq nr, void (*handler)(void));
void __wrap_softirq_register(enum softirq nr, void (*handler)(void));
void __wrap_softirq_register(enum softirq nr, void (*handler)(void))
{
	if (nr == SOFTIRQ_SCHEDULE)
		real_schedule = handler;
	__real_softirq_register(nr, handler);
}

void machine_schedule(bool on)
{
	__real_softirq_register(SOFTIRQ_SCHEDULE, on ? real_schedule : nothing);
}

static void start_cpus(void)
{
	fake_cpu_start(MACHINE_CPUS);
	fake_irq_start();
	host_cpu.cr4 = CR4_PAE | CR4_PGE;
	sched_init();
	for (u32 cpu = 0; cpu < MACHINE_CPUS; cpu++) {
		parked[cpu] = host_cpu;
		parked[cpu].cr3 = hostmap_l4_maddr;
		cpu_locals[cpu]->apic_id = cpu;
	}
	for (u32 cpu = 0; cpu < MACHINE_CPUS; cpu++) {
		machine_cpu(cpu);
		cpu_local()->cr4 = host_cpu.cr4;
		current = idle_vcpu_create(cpu);
		if (sched_vcpu_init(current))
			abort();
		sched_cpu_up(cpu);
	}
	machine_cpu(0);
	machine_schedule(false);
}

static void make_dom0(void)
{
	struct domain_config c = {
		.id = 0, .kind = DOMAIN_PV, .privileged = true, .max_vcpus = 1, .max_evtchn_port = ~0u,
		.max_grant_frames = 1, .max_maptrack_frames = 1,
	};

	if (domain_create(&c, &dom0) || vcpu_create(dom0, 0))
		abort();
}

void machine_renew_dom0(void)
{
	struct domain *d = dom0;

	dom0 = NULL;		/* as long as it is dom0 it does not end */
	machine_destroy(d);
	make_dom0();
}

void machine_start(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	machine_ram_start();
	heap_init();
	machine_platform_start();
	tlb_init();
	start_cpus();
	domain_init();
	pv_init();
	machine_idle();
	make_dom0();
	machine_remember();
}

void machine_remember(void)
{
	free_at_start = page_free_count();
	heap_at_start = heap_bytes_used();
}

bool machine_is_clean(void)
{
	struct domain *d;
	bool ok = true;

	for_each_machine_domain(d) {
		if (d == dom0)
			continue;
		printf("    domain %u still has %u references, %lu pages, %lu shared\n", d->id, d->refs,
		       (unsigned long)d->tot_pages, (unsigned long)d->shared_pages);
		ok = false;
	}
	if (page_free_count() != free_at_start) {
		printf("    %ld frames leaked\n", (long)(free_at_start - page_free_count()));
		ok = false;
	}
	if (heap_bytes_used() != heap_at_start) {
		printf("    %ld bytes of heap leaked\n", (long)(heap_bytes_used() - heap_at_start));
		ok = false;
	}
	for (u32 cpu = 0; cpu < MACHINE_CPUS; cpu++)
		if (cpu_locals[cpu]->locks_held) {
			printf("    CPU %u holds %u locks\n", cpu, cpu_locals[cpu]->locks_held);
			ok = false;
		}
	return ok;
}

/* As entry/switch.c does it, without leaving. */
static void switch_vcpu(struct vcpu *prev, struct vcpu *next)
{
	u32 cpu = this_cpu();

	if (!prev->is_idle)
		guest_ops_of(prev->domain)->switch_from(prev);
	current = next;
	if (next->is_idle) {
		tlb_switch_cr3(hostmap_l4_maddr);
	} else {
		set_bit(cpu, next->domain->dirty_cpus.bits);
		WRITE_ONCE(next->dirty_cpu, cpu);
		guest_ops_of(next->domain)->switch_to(next);
		sched_runstate_to_guest(next);
		if (next->time_guest)
			time_info_to_guest(next);
	}
	if (prev->is_idle)
		return;
	WRITE_ONCE(prev->dirty_cpu, VCPU_NO_CPU);
	if (prev->domain != next->domain)
		clear_bit(cpu, prev->domain->dirty_cpus.bits);
}

struct host_cpu *machine_cpu_registers(u32 cpu)
{
	return cpu == this_cpu() ? &host_cpu : &parked[cpu];
}

void machine_cpu(u32 cpu)
{
	u32 before = this_cpu();

	if (cpu == before)
		return;
	parked[before] = host_cpu;
	host_cpu = parked[cpu];
	fake_cpu(cpu);
}

/* Off the CPU it is on, if any. */
static void take_off(struct vcpu *v)
{
	u32 before = this_cpu();

	for (u32 cpu = 0; cpu < MACHINE_CPUS; cpu++)
		if (machine_current(cpu) == v) {
			machine_cpu(cpu);
			machine_idle();
		}
	machine_cpu(before);
}

void machine_run(struct vcpu *v)
{
	if (current == v)
		return;
	take_off(v);
	switch_vcpu(current, v);
}

void machine_settle(void)
{
	for (u32 cpu = 0; cpu < MACHINE_CPUS; cpu++) {
		struct vcpu *v = machine_current(cpu);

		if (!v->is_idle && READ_ONCE(v->pause_flags))
			take_off(v);
	}
}

/* Linked in the place of the real one, which waits for the other CPU to do it. */
void __real_sched_sleep_sync(struct vcpu *v);
void __wrap_sched_sleep_sync(struct vcpu *v);
void __wrap_sched_sleep_sync(struct vcpu *v)
{
	take_off(v);
	__real_sched_sleep_sync(v);
}

void machine_idle(void)
{
	if (current->is_idle)
		tlb_switch_cr3(hostmap_l4_maddr);
	else
		switch_vcpu(current, domain_idle->vcpu[this_cpu()]);
}

static jmp_buf stopped;
static u32 dom0_refs;

/* The end of the machine, from within a hypercall: what dom0's shutdown held is let go, and the call is over. */
void machine_stop(void)
{
	machine_stops++;
	longjmp(stopped, 1);
}

static void dispatch(struct vcpu *v)
{
	struct regs *r = &v->regs;

	dom0_refs = dom0->refs;
	if (!setjmp(stopped)) {
		r->rax = hypercall_call(v, (u32)r->rax, r->rdi, r->rsi, r->rdx, r->r10, r->r8, r->r9);
		return;
	}
	dom0->refs = dom0_refs;
	dom0->shutdown_code = ~0u;
	/* dom0's own end holds it, a call to power off does not */
	if (dom0->lock.ticket >> 16 != (dom0->lock.ticket & 0xffff))
		spin_unlock(&dom0->lock);
	v->regs.rax = 0;
}

bool machine_repeat(struct vcpu *v, long *result)
{
	struct regs *r = &v->regs;

	machine_run(v);
	if (!v->pv.kernel_mode)
		pv_to_kernel(v);
	other_work_done();
	r->rip = RIP_AFTER_SYSCALL;
	dispatch(v);
	*result = (long)r->rax;
	return r->rip == RIP_AFTER_SYSCALL - 2;
}

bool machine_call_once(struct vcpu *v, u64 nr, const u64 a[6], long *result)
{
	struct regs *r = &v->regs;

	machine_run(v);
	if (!v->pv.kernel_mode)
		pv_to_kernel(v);
	r->rax = nr;
	r->rdi = a[0];
	r->rsi = a[1];
	r->rdx = a[2];
	r->r10 = a[3];
	r->r8 = a[4];
	r->r9 = a[5];
	r->rip = RIP_AFTER_SYSCALL;
	dispatch(v);
	*result = (long)r->rax;
	return r->rip == RIP_AFTER_SYSCALL - 2;
}

long machine_call(struct vcpu *v, u64 nr, u64 a, u64 b, u64 c, u64 d)
{
	const u64 args[6] = { a, b, c, d };
	long result;

	if (machine_call_once(v, nr, args, &result))
		while (machine_repeat(v, &result))
			;
	return result;
}
