/* SPDX-License-Identifier: MIT */
/*
 * The fake machine: what lets event/, grant/, sched/ and the hypercall layer run as an ordinary program, one
 * thread, under sanitizers.
 *
 *   RAM       an array; mfn n is its n-th page. Free pages and freed heap objects are poisoned for ASan.
 *   CPUs      several, of which the program is one at a time (fake_cpu); softirqs and IPIs are real bits
 *   time      stands still but for fake_advance(), which fires due timers on their CPUs
 *   guests    domains with vCPUs; hypercall arguments lie in fake_guest_alloc() memory, all else faults
 *   irqs      fake_irq_fire() calls the handler as platform/irq would
 *
 * context_switch() changes `current` and jumps back to whoever ran the softirqs. fake_check_clean() is the
 * end of each test: every page, heap object, reference and lock given back.
 */
#ifndef FAKE_H
#define FAKE_H

#include "core/timer.h"
#include "domain/domain.h"
#include "platform/irq.h"
#include "x86/cpu_ops.h"

#define FAKE_RAM_PAGES	16384u
#define FAKE_GSIS	24u
#define FAKE_IRQS	64u

extern u64 fake_now;				/* system time, ns */
extern u32 fake_cpus;
extern u32 fake_ipis[MAX_CPUS];			/* event-check IPIs sent to each */
extern u32 fake_tlb_flushes;
extern u32 fake_shutdowns, fake_last_shutdown;	/* domain_shutdown() calls */
extern u32 fake_restarts;			/* hypercall_restart() calls, and the last one's arguments */
extern u64 fake_restart_args[6];
extern u32 fake_page_high;			/* one past the highest page used since fake_start() */
extern bool fake_alloc_fails;			/* every allocation from now on */
/* A softirq becomes pending after that many guest copies; 0: never. */
extern u32 fake_softirq_after;

void fake_start(u32 cpus);			/* before each test */
bool fake_check_clean(void);			/* after it: false and a line on stdout for each leak */

void fake_cpu(u32 cpu);				/* be that CPU; its `current` with it */
void fake_be(struct vcpu *v);			/* current = v on this CPU, without any scheduling */
void fake_softirqs(u32 cpu);			/* runs what is pending there */
void fake_all_softirqs(void);			/* on every CPU until none is pending */
void fake_advance(u64 ns);			/* time passes: timers fire, softirqs run */

/* VCPUs are up, none of them queued. */
/* With a thread for each CPU (race_test) */
struct cpu_local *fake_local(void);
void fake_thread_is_cpu(u32 cpu);
bool fake_fire_timer(void);			/* one of this CPU's that is due; false: none */

struct domain *fake_domain(domid_t id, bool privileged, u32 vcpus);
void fake_domain_end(struct domain *d);		/* what domain_destroy() and the last domain_put() do */
mfn_t fake_guest_page(struct domain *d);	/* a page of RAM that belongs to d */

/* Guest memory that the doors reach; freed by fake_check_clean(). */
void *fake_guest_alloc(size_t size);
u64 fake_heap_objects(void);

struct fake_irq {
	irq_handler_t fn;
	void *arg;
	bool masked, level;
	u32 unmasks;
	u32 cpu;
};
extern struct fake_irq fake_irqs[FAKE_IRQS];
/* True if the handler ran; a masked line waits (and is lost here: tests fire again). */
bool fake_irq_fire(int irq);

/* The fake page tables of grant_map_ops: what is mapped where, one slot an address. */
struct fake_pte {
	u64 addr;
	mfn_t frame;
	u32 flags;
	struct domain *d;
};
#define FAKE_PTES	64u
extern struct fake_pte fake_ptes[FAKE_PTES];
extern bool fake_map_fails, fake_begin_fails;
/* As an ordinary page-table update: the references go with it. */
void fake_pte_drop(struct fake_pte *p);

#endif
