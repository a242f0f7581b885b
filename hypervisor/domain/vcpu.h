/* SPDX-License-Identifier: MIT */
/*
 * A virtual CPU. Its registers stand at the end so that the stack pointer of the TSS can point right above them:
 * the processor itself saves the guest's frame there, and a context switch copies nothing.
 *
 * Fields are grouped by their rule. "Owner": only by the CPU it runs on, or by anyone while it is paused.
 */
#ifndef DOMAIN_VCPU_H
#define DOMAIN_VCPU_H

#include "abi/vcpu.h"
#include "abi/xen.h"
#include "core/ipi.h"
#include "core/lock.h"
#include "core/timer.h"
#include "domain/pv_state.h"
#include "lib/list.h"
#include "x86/regs.h"

struct domain;
struct sched_unit;

/* Why a vCPU may not run: pause_flags, atomic bits. Any bit set keeps it off the run queues. */
#define VPF_BLOCKED	(1u << 0)	/* SCHEDOP_block, wakes by an event */
#define VPF_DOWN	(1u << 1)	/* not yet up, or taken down */
#define VPF_POLL	(1u << 2)	/* SCHEDOP_poll */
#define VPF_SHUTDOWN	(1u << 3)	/* the domain has shut down */
#define VPF_PAUSED	(1u << 4)	/* pause_count > 0 */

struct vcpu {
	/* set at creation */
	u32 id;
	struct domain *domain;
	struct sched_unit *sched;	/* the policy's own data */
	bool is_idle;

	/* scheduling: guarded by the lock of the run queue it belongs to, see sched/ */
	u32 processor;			/* CPU it runs or last ran on */
	bool is_running;		/* some CPU has its state loaded */
	u64 runstate_entry_ns;
	u32 runstate;			/* RUNSTATE_* */
	u64 runstate_time[4];

	/* atomic */
	u32 pause_flags;
	u32 pause_count;
	u32 dirty_cpu;			/* CPU whose TLB may hold its mappings, or VCPU_NO_CPU */

	/* guarded by the domain's event lock */
	u32 poll_port;			/* port polled, 0: any or none */

	/* time: owner */
	struct timer singleshot_timer, periodic_timer, poll_timer;
	u64 periodic_period_ns;

	/* shared with the guest: set under the domain lock, target kept by a reference */
	struct vcpu_info *info;		/* in shared_info, or where VCPUOP_register_vcpu_info put it */
	mfn_t info_mfn;			/* INVALID_MFN while in shared_info or not yet registered (id >= 32) */
	u64 runstate_guest;		/* guest virtual address, 0 if none */
	u64 time_guest;			/* VCPUOP_register_vcpu_time_memory_area, 0 if none */
	u32 time_version;

	/* pending work at exit to the guest: atomic */
	bool nmi_pending, nmi_masked;
	/* guarded by the event lock: port of each virq bound here, 0: none; see event/ */
	u64 virq_ports[24];

	/* affinity: guarded by RANK_SCHED */
	cpumask_t hard_affinity, soft_affinity;
	s32 affinity_broken;		/* SCHEDOP_pin_override */

	/* owner: the multicall entry being executed (a copy), or NULL; what hypercall_restart() did to it */
	struct multicall_entry *multicall;
	bool multicall_restart;

	/* FPU: an XSAVE (or FXSAVE) area of fpu_area_size bytes: owner */
	void *fpu;
	u32 fpu_order;			/* its size in pages */
	u64 xcr0;			/* what the guest set; 1 at start */

	u32 hypercalls[64];		/* made, by number: owner; xenperf */

	bool initialised;		/* VCPUOP_initialise or setvcpucontext done */
	struct pv_vcpu pv;

	/* entry.S knows the rest: a fault of the final IRET lands below regs */
	u8 landing[512] __aligned(16);
	/* so that hv_stack is aligned to 16, which is what the processor makes of RSP0 */
	u64 pad;
	struct regs regs;
	u64 hv_stack;			/* stack of the CPU it runs on, loaded right after regs are saved */
};

/* One waits, and none is being handled, which its handler's HYPERVISOR_iret ends. */
static inline bool vcpu_nmi_is_due(const struct vcpu *v)
{
	return READ_ONCE(v->nmi_pending) && !v->nmi_masked;
}

/* What vCPUs that are gone had made. */
extern u32 vcpu_hypercalls_gone[64];

#define VCPU_NO_CPU	0xffffffffu

#endif
