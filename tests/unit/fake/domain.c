/* SPDX-License-Identifier: MIT */
/*
 * Domains and vCPUs of the fake machine: the table of domains, references, creation and the end, without pv/.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "domain/domain.h"
#include "domain/memory.h"
#include "event/event.h"
#include "event/pirq.h"
#include "fake.h"
#include "fake_internal.h"
#include "give_frame.h"
#include "grant/grant.h"
#include "lib/errno.h"
#include "mm/heap.h"
#include "mm/page_alloc.h"
#include "sched/internal.h"

#define TABLE_SIZE	64u

struct domain *dom0, *domain_idle;
u32 fake_shutdowns, fake_last_shutdown;
struct fake_pte fake_ptes[FAKE_PTES];
bool fake_map_fails, fake_begin_fails;

static struct domain *table[TABLE_SIZE];
static struct domain idle_domain;
static struct vcpu idle_vcpus[MAX_CPUS];

struct domain *domain_lookup(domid_t id)
{
	return id < TABLE_SIZE ? table[id] : NULL;
}

struct domain *domain_get(domid_t id)
{
	struct domain *d = domain_lookup(id);

	if (d)
		atomic_inc(&d->refs);
	return d;
}

static void domain_free(struct domain *d)
{
	u32 i;

	table[d->id] = NULL;
	for (i = 0; i < d->max_vcpus; i++)
		if (d->vcpu[i]) {
			sched_vcpu_destroy(d->vcpu[i]);
			free(d->vcpu[i]);
		}
	event_domain_free(d);
	grant_domain_free(d);
	sched_domain_destroy(d);
	rangeset_free(d->irqs);
	free(d->vcpu);
	free(d);
}

void domain_put(struct domain *d)
{
	if (atomic_dec_and_test(&d->refs))
		domain_free(d);
}

struct domain *domain_get_for_caller(domid_t id)
{
	struct domain *self = current->domain;

	if (id == DOMID_SELF || id == self->id) {
		atomic_inc(&self->refs);
		return self;
	}
	return self->is_privileged ? domain_get(id) : NULL;
}

void domain_shutdown(struct domain *d, u32 reason)
{
	(void)d;
	fake_shutdowns++;
	fake_last_shutdown = reason;
}

static int fake_begin(struct domain *d, struct grant_cursor *c)
{
	(void)d;
	(void)c;
	return fake_begin_fails ? -ERESTART : 0;
}

static void fake_end(struct domain *d)
{
	(void)d;
}

static int fake_map(struct domain *d, struct grant_cursor *c, u64 addr, mfn_t frame, u32 flags)
{
	struct fake_pte *p;

	(void)c;
	if (fake_map_fails || addr >= FAKE_PTES)
		return GNTST_bad_virt_addr;
	p = &fake_ptes[addr];
	fake_lock();
	if (p->d)
		fake_pte_drop(p);
	*p = (struct fake_pte){ addr, frame, flags & ~(u32)GNTMAP_device_map, d };
	fake_unlock();
	return GNTST_okay;
}

static int fake_unmap(struct domain *d, struct grant_cursor *c, u64 addr, mfn_t frame, u32 flags, u64 new_addr)
{
	(void)c;
	struct fake_pte *p = &fake_ptes[addr % FAKE_PTES];
	int rc = GNTST_okay;

	fake_lock();
	if (addr >= FAKE_PTES || p->d != d || !mfn_eq(p->frame, frame) ||
	    (p->flags & GNTMAP_readonly) != (flags & GNTMAP_readonly)) {
		rc = GNTST_general_error;
	} else if (new_addr >= FAKE_PTES) {
		rc = GNTST_bad_virt_addr;
	} else {
		*p = (struct fake_pte){ 0 };
		if (new_addr) {
			*p = fake_ptes[new_addr];
			fake_ptes[new_addr] = (struct fake_pte){ 0 };
		}
	}
	fake_unlock();
	return rc;
}

static void fake_flush(struct domain *d)
{
	(void)d;
	fake_tlb_flushes++;
}

void fake_pte_drop(struct fake_pte *p)
{
	if (!(p->flags & GNTMAP_readonly))
		type_put_writable(mfn_to_frame(p->frame));
	frame_put(mfn_to_frame(p->frame));
	*p = (struct fake_pte){ 0 };
}

static const struct grant_map_ops fake_map_ops = { fake_begin, fake_end, fake_map, fake_unmap, fake_flush };

struct domain *fake_domain(domid_t id, bool privileged, u32 vcpus)
{
	struct domain *d = calloc(1, sizeof(*d));
	struct frame *f;
	u32 i;

	d->id = id;
	d->kind = DOMAIN_PV;
	d->is_privileged = privileged;
	d->refs = 1;
	d->max_vcpus = vcpus;
	d->max_pages = 4096;
	d->page_first = d->shared_first = d->relinquish_at = FRAME_NONE;
	d->vcpu = calloc(vcpus, sizeof(*d->vcpu));
	d->irqs = rangeset_new("irqs");
	spin_lock_init(&d->lock, RANK_DOMAIN, "domain");
	spin_lock_init(&d->mmu_lock, RANK_MMU, "mmu");
	spin_lock_init(&d->page_lock, RANK_PAGES, "pages");
	table[id] = d;
	if (privileged)
		dom0 = d;
	if (sched_domain_init(d) || event_domain_init(d, ~0u) || grant_domain_init(d, 4, 2))
		abort();
	f = page_alloc(0, PAGE_HEAP);
	d->shared_info = mfn_to_virt(frame_to_mfn(f));
	memset(d->shared_info, 0, PAGE_SIZE);
	d->shared_info_mfn = frame_to_mfn(f);
	domain_share_page(d, f, true);
	for (i = 0; i < vcpus; i++) {
		struct vcpu *v = aligned_alloc(64, ROUNDUP(sizeof(*v), 64));

		memset(v, 0, sizeof(*v));
		v->id = i;
		v->domain = d;
		v->info_mfn = INVALID_MFN;
		v->info = &d->shared_info->vcpu_info[i];
		v->pause_flags = VPF_DOWN;
		if (sched_vcpu_init(v))
			abort();
		d->vcpu[i] = v;
	}
	return d;
}

void fake_domain_end(struct domain *d)
{
	u32 i;

	for (i = 0; i < d->max_vcpus; i++) {
		d->vcpu[i]->pause_flags |= VPF_PAUSED;
		sched_sleep_nosync(d->vcpu[i]);
	}
	fake_all_softirqs();
	d->dying = DOMDYING_DYING;
	while (event_domain_destroy(d))
		fake_all_softirqs();
	while (grant_domain_destroy(d))
		fake_all_softirqs();
	for (i = 0; i < FAKE_PTES; i++)
		if (fake_ptes[i].d == d)
			fake_pte_drop(&fake_ptes[i]);
	domain_release_frames(d);
	domain_unshare_page(mfn_to_frame(d->shared_info_mfn));
	d->shared_info = NULL;
	if (dom0 == d)
		dom0 = NULL;
	domain_put(d);
}

mfn_t fake_guest_page(struct domain *d)
{
	struct frame *f = give_frame(d);

	return f ? frame_to_mfn(f) : INVALID_MFN;
}

void fake_domain_start(void)
{
	u32 i;

	domain_memory_init();
	grant_map_ops[DOMAIN_PV] = &fake_map_ops;
	memset(table, 0, sizeof(table));
	memset(fake_ptes, 0, sizeof(fake_ptes));
	memset(idle_vcpus, 0, sizeof(idle_vcpus));
	fake_map_fails = false;
	fake_shutdowns = 0;
	dom0 = NULL;
	idle_domain.id = DOMID_IDLE;
	idle_domain.is_idle = true;
	domain_idle = &idle_domain;
	memset(runqueues, 0, sizeof(runqueues));
	memset(&sched_idle_cpus, 0, sizeof(sched_idle_cpus));
	memset(&sched_waiting_cpus, 0, sizeof(sched_waiting_cpus));
	sched_init();
	for (i = 0; i < fake_cpus; i++) {
		struct vcpu *v = &idle_vcpus[i];

		v->id = i;
		v->domain = &idle_domain;
		v->is_idle = true;
		v->processor = i;
		fake_cpu(i);
		current = v;
		if (sched_vcpu_init(v))
			abort();
		sched_cpu_up(i);
	}
	fake_cpu(0);
	fake_all_softirqs();
}

bool fake_domain_clean(void)
{
	bool ok = true;
	u32 i;

	for (i = 0; i < TABLE_SIZE; i++)
		if (table[i]) {
			printf("    domain %u still has %u references\n", i, table[i]->refs);
			ok = false;
		}
	return ok;
}

void fake_start(u32 cpus)
{
	fake_mem_start();
	fake_cpu_start(cpus);
	fake_irq_start();
	fake_domain_start();
}

bool fake_check_clean(void)
{
	bool domains, cpu, mem;

	fake_advance(1000000000ul);	/* run queues leave their timers to fire for nothing */
	domains = fake_domain_clean();
	cpu = fake_cpu_clean();
	mem = fake_mem_clean();
	return domains && cpu && mem;
}
