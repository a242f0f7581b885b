/* SPDX-License-Identifier: MIT */
/*
 * The scheduler: which vCPU runs where, when. sched/ is mechanism (run state, wake, block, switch); the
 * policy (weighted fair sharing, compatible with credit2's parameters) sits behind struct sched_ops.
 */
#ifndef SCHED_SCHED_H
#define SCHED_SCHED_H

#include "core/param.h"
#include "domain/domain.h"

extern const struct param sched_params[];

void sched_init(void);			/* boot CPU, before any domain */
void sched_cpu_up(u32 cpu);		/* on the CPU itself, with its idle vCPU as current */
/* The same; what is queued here goes to other CPUs, nothing new comes. */
void sched_cpu_down(u32 cpu);
int sched_vcpu_init(struct vcpu *v);	/* chooses a CPU; vCPU 0 first, d->vcpu[0] set before vCPU 1's turn */
void sched_vcpu_destroy(struct vcpu *v);
int sched_domain_init(struct domain *d);
void sched_domain_destroy(struct domain *d);

/* After a VPF_ bit was cleared: runs it if none is left. Any context. */
void sched_wake(struct vcpu *v);
void sched_sleep_nosync(struct vcpu *v);/* after a VPF_ bit was set */
void sched_sleep_sync(struct vcpu *v);	/* and waits until it is off its CPU */
void sched_kick(struct vcpu *v);	/* makes its CPU leave the guest if it runs there */

/* SCHEDOP_*, for `current`. 0 or -E. */
int sched_block(void);
void sched_yield_vcpu(void);
#define SCHED_POLL_PORTS_MAX	128u
/* -EINVAL beyond that many, or for a port that is none */
int sched_poll(u64 nr_ports, const u32 *ports, u64 timeout_ns);
int sched_watchdog(u32 id, u32 timeout_s);
int sched_pin_override(s32 cpu);
void sched_send_nmi(struct vcpu *v);	/* whatever it does: it is woken, or leaves the guest, for it */
void sched_vcpu_unblock(struct vcpu *v);	/* an event for it came: clears VPF_BLOCKED, and wakes */

/* The switch itself, in entry/: gives up the current stack, never returns to the caller. */
__noreturn void sched_idle_loop(void);

void sched_runstate(struct vcpu *v, struct vcpu_runstate_info *out);	/* up to now */
void sched_runstate_to_guest(struct vcpu *v);
u64 sched_vcpu_time_ns(struct vcpu *v);	/* time it ran */
u64 sched_idle_entries(u32 cpu);		/* how often the CPU ran out of work */

int sched_set_affinity(struct vcpu *v, const cpumask_t *hard, const cpumask_t *soft);	/* NULL: leave */
struct xen_domctl_scheduler_op;
struct xen_sysctl_scheduler_op;
int sched_domctl(struct domain *d, struct xen_domctl_scheduler_op *op);
int sched_sysctl(struct xen_sysctl_scheduler_op *op);
u32 sched_policy_id(void);		/* XEN_SYSCTL_sched_id */
void sched_dump(void);

/* entry/: loads `next`'s state and enters it (or the idle loop) on a fresh stack. Interrupts off. */
__noreturn void context_switch(struct vcpu *prev, struct vcpu *next);
/*
 * By entry/, from context_switch(), on the CPU itself with interrupts off: nothing of prev is left in this
 * CPU's registers and nothing more will be written to it, so that another CPU may run it from now on.
 */
void sched_context_saved(struct vcpu *prev);

#endif
