/* SPDX-License-Identifier: MIT */
/*
 * A domain: a guest with its memory, vCPUs, events, grants and rights. Found by domain_get, which counts, and given
 * back by domain_put; destroyed in steps by domain_destroy, freed when the last holder lets go.
 *
 * Fields are grouped by the lock that guards them.
 */
#ifndef DOMAIN_DOMAIN_H
#define DOMAIN_DOMAIN_H

#include "abi/xen.h"
#include "domain/rangeset.h"
#include "domain/vcpu.h"
#include "mm/frame.h"

struct event_domain;
struct extent;
struct grant_table;
struct pirq;

enum domain_kind { DOMAIN_PV, DOMAIN_HVM };	/* PVH is DOMAIN_HVM without a device model */

enum domain_dying { DOMDYING_ALIVE, DOMDYING_DYING, DOMDYING_DEAD };

struct domain {
	/* set at creation */
	domid_t id;
	enum domain_kind kind;
	bool is_privileged;		/* dom0: may do everything */
	bool is_idle;
	u32 max_vcpus;			/* entries of vcpu[] */
	struct vcpu **vcpu;		/* entries appear under the domain lock, never go before the domain */
	u8 handle[16];
	u32 create_flags;		/* XEN_DOMCTL_CDF_* */
	u64 created_ns;
	u32 max_grant_frames, max_maptrack_frames, max_evtchn_port;

	u32 refs;			/* atomic: holders; domain_get/domain_put */

	/* lock: life cycle */
	struct spinlock lock;
	enum domain_dying dying;
	u32 destroy_step;
	bool is_shut_down, is_shutting_down;
	u32 shutdown_code;		/* SHUTDOWN_* */
	u32 pause_count;		/* atomic; control pauses */
	bool controller_paused;
	bool paused_for_sleep;		/* by hypercall/sleep.c, until the machine is awake */
	bool creation_finished;		/* first unpause */
	bool crash_logged;
	s64 time_offset_seconds;
	u64 watchdog_inuse;
	struct timer watchdog[2];

	/* mmu_lock: this domain's page tables (PV) or p2m (HVM) */
	struct spinlock mmu_lock;
	cpumask_t dirty_cpus;		/* atomic bits: CPUs that may hold TLB entries */

	/* page_lock: memory */
	struct spinlock page_lock;
	u32 page_first;			/* list of frames, FRAME_NONE if empty */
	u32 shared_first;		/* list of the hypervisor's frames lent to it */
	u64 tot_pages, max_pages;
	u64 shared_pages;
	u64 outstanding_claim;
	struct extent *extents;		/* blocks being cleared for it, which are nobody's yet: domain/extent.h */
	u32 extent_pages;
	u32 relinquish_at, release_at;	/* where domain_each_frame and domain_release_frames go on, while dying */

	/* event/: event_domain has its own lock */
	struct event_domain *event;
	struct grant_table *grant;

	/* rights: guarded by the rangesets' own locks */
	struct rangeset *ioports, *iomem, *irqs;

	/* shared info page: the hypervisor's, lent to the guest */
	struct shared_info *shared_info;
	mfn_t shared_info_mfn;
	mfn_t arch_pirq_eoi_mfn;	/* PHYSDEVOP_pirq_eoi_gmfn; holds a reference */
	u64 *pirq_eoi_map;
	bool pirq_eoi_auto_unmask;	/* _v2 was NOT used: the hypervisor EOIs by bit */
	u32 nr_pirqs;
	struct pirq **pirqs;		/* RANK_PIRQ; event/pirq.c */

	/* time */
	u32 tsc_mode, tsc_incarnation;	/* kept for tools: guests read the TSC themselves */

	/* what XENMEM_memory_map answers: set by tools before the guest runs */
	struct e820_entry_abi *memory_map;
	u32 nr_memory_map;

	struct cpu_policy *policy;	/* what CPUID and MSRs show */
	u32 pci_cf8;

	/* scheduling policy data */
	u32 weight, cap;
	u32 cpupool;

	struct pv_domain pv;
};

extern struct domain *dom0;
extern struct domain *domain_idle;	/* owns the idle vCPUs */
extern struct domain *domain_lent;	/* DOMID_XEN to those who map its frames; nothing but a name: in no list */

/* Creation, for domctl and for the builder of dom0. Counted once for being alive. -EEXIST, -ENOMEM, -EINVAL. */
struct domain_config {
	domid_t id;
	enum domain_kind kind;
	bool privileged;
	u32 max_vcpus, max_evtchn_port, max_grant_frames, max_maptrack_frames;
	u32 create_flags;
	u8 handle[16];
};
int domain_create(const struct domain_config *config, struct domain **out);
int vcpu_create(struct domain *d, u32 id);
/* One bounded piece of destroying; -ERESTART for more. After 0 the number is free once the last reference goes. */
int domain_destroy(struct domain *d);
void domain_init(void);

/* Without taking a reference: for those who know that the domain stays. */
struct domain *domain_lookup(domid_t id);
/* Calls fn for each domain, with a reference held, in order of number, from `first`. Stops when fn says false. */
void domain_each(domid_t first, bool (*fn)(struct domain *d, void *arg), void *arg);

#define ERESTART	85	/* internal: never reaches a guest */

/* Takes a reference to a living or dying domain; NULL if there is none. */
struct domain *domain_get(domid_t id);
void domain_put(struct domain *d);
/* DOMID_SELF or the number of `current`'s own domain, or any if the caller is privileged; else NULL. Counted. */
struct domain *domain_get_for_caller(domid_t id);

/*
 * The guest did what no guest may do: the reason goes to the log once, its vCPUs stop, its controller is told.
 * The caller unwinds normally; nothing of the guest runs again.
 */
void domain_crash(struct domain *d, const char *why, ...) __printf(2, 3);
void domain_shutdown(struct domain *d, u32 reason);
void domain_resume(struct domain *d);

void domain_pause(struct domain *d);		/* waits until no vCPU of it runs (not for the caller's own) */
void domain_pause_nosync(struct domain *d);
void domain_unpause(struct domain *d);
void vcpu_pause(struct vcpu *v);
void vcpu_pause_nosync(struct vcpu *v);
void vcpu_unpause(struct vcpu *v);

static inline struct vcpu *domain_vcpu(const struct domain *d, u32 id)
{
	return id < d->max_vcpus ? READ_ONCE(d->vcpu[id]) : NULL;
}

/*
 * The CPUs that may hold d's translations, asked when what was written to its tables is there for all to see: one that
 * comes later finds that.
 */
static inline cpumask_t domain_dirty_cpus(const struct domain *d)
{
	smp_mb();
	return d->dirty_cpus;
}

#define for_each_vcpu(d, v, i) \
	for ((i) = 0; (i) < (d)->max_vcpus && ((v) = (d)->vcpu[i]) != NULL; (i)++)

#endif
