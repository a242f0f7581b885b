/* SPDX-License-Identifier: MIT */
/*
 * The whole machine as an ordinary program: the real mm/, pv/, domain/, event/, grant/, sched/ and hypercall/ over an
 * array for RAM, CPUs and time of tests/unit/fake (cpu.c, irq.c), and PV guests that reach their memory through their
 * own page tables only.
 *
 *   RAM         MACHINE_FRAMES frames: a few of the firmware's, some device memory among them (0xa0-0xff), the rest is
 *               the page allocator's. Frames from frame_max on are device memory without a struct frame.
 *   guests      machine_guest() makes a domain whose memory is mapped at GUEST_BASE, tables read-only
 *   the doors   copies walk the tables under CR3 as the processor does: rights at every level, accessed and dirty
 *               bits, and a TLB that remembers writable translations until they are flushed (tlb.c)
 *   preemption  softirq_is_pending() answers what machine_preempt_* say, so tests choose where work is interrupted
 *
 * The oracle (oracle/oracle.h) recounts everything between two calls.
 */
#ifndef MACHINE_H
#define MACHINE_H

#include "domain/domain.h"
#include "mm/frame.h"
#include "platform/efi.h"

#ifndef MACHINE_FRAMES
#define MACHINE_FRAMES		6144u		/* 24 MiB: two zones of the allocator */
#endif
#define MACHINE_CPUS		2u
#define MACHINE_IO_FIRST	0xa0u		/* OWNER_IO frames in the midst of RAM */
#define MACHINE_IO_LAST		0xffu
#define MACHINE_MMIO_FIRST	0xf0000u	/* device memory with no struct frame: privileged domains may map it */
#define MACHINE_MMIO_LAST	0xf00ffu

void machine_start(void);			/* once: boots, and makes an inert dom0 */
/* Another dom0: what the privileged did to the old one is gone with it. */
void machine_renew_dom0(void);
/* Everything that was made since machine_start() is gone: false and lines on stdout for what is not. */
bool machine_is_clean(void);
/* What machine_is_clean() compares with is what there is now. */
void machine_remember(void);

/* Where the work of a hypercall is interrupted: after that many looks at softirq_is_pending(); 0: never. */
void machine_preempt_after(u32 looks);
/* Or each look draws one bit from there; NULL ends it. */
void machine_preempt_by(bool (*decide)(void));
bool machine_softirq_is_pending(void);
u32 machine_looks(void);			/* looks since the last machine_preempt_*() */

/* The heap has room for that many objects - 1 and no more; 0: no limit. */
void machine_heap_fail_after(u32 objects);

/* Tests use domain numbers below this, so that walks over them are short. */
#define MACHINE_DOMIDS		128u

#define for_each_machine_domain(d)	\
	for (domid_t id_ = 0; id_ < MACHINE_DOMIDS; id_++)	\
		if (((d) = domain_lookup(id_)) != NULL)

/* The program is that CPU from now on, with its registers. */
void machine_cpu(u32 cpu);
struct host_cpu *machine_cpu_registers(u32 cpu);
/* Whom any CPU runs. */
#pragma push_macro("current")
#undef current
static inline struct vcpu *machine_current(u32 cpu)
{
	return cpu_locals[cpu]->current;
}
#pragma pop_macro("current")

/* This CPU runs v from now on, and no other does: the guest's part of the context switch, both ways. */
void machine_run(struct vcpu *v);
/* Back to the idle vCPU: no guest's tables are loaded. machine_settle: on every CPU whose vCPU may not run. */
void machine_idle(void);
void machine_settle(void);

/*
 * vCPUs run when the test says so; or, switched on, SOFTIRQ_SCHEDULE chooses who is `current` (whose tables are not
 * loaded). All CPUs are idle when it goes on and off.
 */
void machine_schedule(bool on);

/* One turn of hypercall `nr`, as the guest would see it; true: the guest has to repeat it (machine_repeat). */
bool machine_call_once(struct vcpu *v, u64 nr, const u64 args[6], long *result);
bool machine_repeat(struct vcpu *v, long *result);
/* Whole, repeated until it is done, unpreempted after the first interruption. */
long machine_call(struct vcpu *v, u64 nr, u64 a, u64 b, u64 c, u64 d);

/* Guest memory as v itself reaches it now; -EFAULT if its tables do not let it. */
int machine_load(struct vcpu *v, void *to, u64 va, size_t len);
int machine_store(struct vcpu *v, u64 va, const void *from, size_t len);

/* How many times the machine would have stopped: dom0 asked for power-off and the like. */
extern u32 machine_stops;

/* tlb.c: false and a line for each translation some CPU may still hold that it must not. */
bool machine_tlb_is_safe(void);
void machine_tlb_note(u64 va, mfn_t m, bool writable);
void machine_tlb_forget(void);

/* The firmware's runtime services; NULL: there are none. What it answers is efi_call()'s. */
extern int (*machine_firmware)(enum efi_service service, const u64 args[EFI_ARGS], u64 *status);

/* guest.c */
#define GUEST_BASE		0xffff880000000000ul
#define GUEST_PAGES		48u		/* of plain memory, mapped from GUEST_BASE on */
#define GUEST_TABLES		5u		/* frames above that hold its first page tables */

struct machine_guest {
	struct domain *d;
	mfn_t page[GUEST_PAGES];	/* mapped writable at guest_va(i), while nobody changes that */
	mfn_t l4, l3, l2, l1;		/* the kernel's tables, l4 pinned; mapped read-only above the pages */
	mfn_t user_l4;			/* has the same below it */
};

static inline u64 guest_va(u32 page)
{
	return GUEST_BASE + page * PAGE_SIZE;
}

/* A domain with `vcpus` vCPUs, all initialised and up. NULL: out of memory. */
struct machine_guest *machine_guest(domid_t id, bool privileged, u32 vcpus);
/* Destroys a domain as the toolstack does. It may be gone afterwards, or wait for others to let go of it. */
void machine_destroy(struct domain *d);
void machine_guest_end(struct machine_guest *g);	/* the same, and frees the description */
/* Hypercall nr(cmd, &arg): the argument stands in the guest's page 0 for the call, and is copied back. */
long machine_op(struct vcpu *v, u64 nr, u64 cmd, void *arg, size_t size);

#endif
