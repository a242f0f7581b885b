/* SPDX-License-Identifier: MIT */
/*
 * The table of domains, their creation and their end.
 *
 * A domain is counted: one reference for being alive, one while it has frames, one for each passing user. Destruction
 * takes the first away after everything it held has been given back, in the order of destroy_steps; the structure
 * goes with the last. Lock: table_lock for the table; d->lock for what happens to one domain.
 */
#include "domain/domain.h"

#include "core/log.h"
#include "core/panic.h"
#include "core/softirq.h"
#include "domain/dump.h"
#include "domain/extent.h"
#include "domain/guest_ops.h"
#include "domain/lifecycle.h"
#include "domain/memory.h"
#include "domain/time_info.h"
#include "event/event.h"
#include "event/pirq.h"
#include "grant/grant.h"
#include "lib/errno.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "mm/page_alloc.h"
#include "sched/sched.h"
#include "x86/fpu.h"
#include "x86/perfc.h"

#define TABLE_LEAF	1024u
#define MAX_VCPUS	8192u		/* as the ABI's tools assume for PV guests */

static struct domain **table[DOMID_FIRST_RESERVED / TABLE_LEAF + 1];
static DEFINE_SPINLOCK(table_lock, RANK_NONE);	/* a leaf: the last reference goes under any other lock */

struct domain *dom0, *domain_idle, *domain_lent;
const struct guest_ops *guest_ops[2];

struct domain *domain_lookup(domid_t id)
{
	struct domain **leaf = id < DOMID_FIRST_RESERVED ? table[id / TABLE_LEAF] : NULL;

	return leaf ? leaf[id % TABLE_LEAF] : NULL;
}

/* The last reference goes before the table is told: what is on its way out is not found any more. */
static bool hold(struct domain *d)
{
	u32 refs = atomic_read(&d->refs);

	do {
		if (!refs)
			return false;
	} while (!try_cmpxchg(&d->refs, &refs, refs + 1));
	return true;
}

struct domain *domain_get(domid_t id)
{
	struct domain *d;

	spin_lock(&table_lock);
	d = domain_lookup(id);
	if (d && !hold(d))
		d = NULL;
	spin_unlock(&table_lock);
	return d;
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

void domain_each(domid_t first, bool (*fn)(struct domain *d, void *arg), void *arg)
{
	for (u32 id = first; id < DOMID_FIRST_RESERVED; id++) {
		struct domain *d;
		bool more;

		if (!table[id / TABLE_LEAF]) {
			id |= TABLE_LEAF - 1;
			continue;
		}
		/* most numbers are nobody's, and one that comes just now may be missed */
		d = domain_lookup(id) ? domain_get(id) : NULL;
		if (!d)
			continue;
		more = fn(d, arg);
		domain_put(d);
		if (!more)
			return;
	}
}

static int table_insert(struct domain *d)
{
	struct domain ***leaf = &table[d->id / TABLE_LEAF];
	struct domain **fresh = *leaf ? NULL : heap_alloc(TABLE_LEAF * sizeof(*fresh));
	int rc = 0;

	spin_lock(&table_lock);
	if (!*leaf) {
		*leaf = fresh;
		fresh = NULL;
	}
	if (!*leaf)
		rc = -ENOMEM;
	else if ((*leaf)[d->id % TABLE_LEAF])
		rc = -EEXIST;
	else
		(*leaf)[d->id % TABLE_LEAF] = d;
	spin_unlock(&table_lock);
	heap_free(fresh);
	return rc;
}

static void table_remove(struct domain *d)
{
	if (d->id < DOMID_FIRST_RESERVED && domain_lookup(d->id) == d)
		table[d->id / TABLE_LEAF][d->id % TABLE_LEAF] = NULL;
}

static void domain_free(struct domain *d)
{
	for (u32 i = 0; i < d->max_vcpus; i++)
		vcpu_free(d->vcpu[i]);
	event_domain_free(d);
	grant_domain_free(d);
	if (!d->is_idle)
		guest_ops_of(d)->domain_free(d);
	sched_domain_destroy(d);
	rangeset_free(d->ioports);
	rangeset_free(d->iomem);
	rangeset_free(d->irqs);
	heap_free(d->vcpu);
	heap_free(d->memory_map);
	heap_free(d->policy);
	heap_free(d);
}

void domain_put(struct domain *d)
{
	if (atomic_sub_return(&d->refs, 1))
		return;
	spin_lock(&table_lock);
	table_remove(d);
	spin_unlock(&table_lock);
	domain_free(d);
	/* the number is free: whoever lists domains looks again */
	event_send_virq_global(VIRQ_DOM_EXC);
}

static struct domain *domain_new(const struct domain_config *c)
{
	struct domain *d = heap_new(struct domain);

	if (!d)
		return NULL;
	d->id = c->id;
	d->kind = c->kind;
	d->is_privileged = c->privileged;
	d->max_vcpus = c->max_vcpus;
	d->create_flags = c->create_flags;
	d->max_grant_frames = c->max_grant_frames;
	d->max_maptrack_frames = c->max_maptrack_frames;
	d->max_evtchn_port = c->max_evtchn_port;
	memcpy(d->handle, c->handle, sizeof(d->handle));
	d->created_ns = time_now_ns();
	d->refs = 1;
	d->page_first = d->shared_first = FRAME_NONE;
	d->shutdown_code = ~0u;
	spin_lock_init(&d->lock, RANK_DOMAIN, "domain");
	spin_lock_init(&d->mmu_lock, RANK_MMU, "mmu");
	spin_lock_init(&d->page_lock, RANK_PAGES, "pages");
	d->vcpu = heap_alloc_array(c->max_vcpus, sizeof(*d->vcpu));
	d->ioports = rangeset_new("I/O ports");
	d->iomem = rangeset_new("I/O memory");
	d->irqs = rangeset_new("interrupts");
	if (!d->vcpu || !d->ioports || !d->iomem || !d->irqs)
		goto out_free;
	return d;

out_free:
	heap_free(d->vcpu);
	rangeset_free(d->ioports);
	rangeset_free(d->iomem);
	rangeset_free(d->irqs);
	heap_free(d);
	return NULL;
}

static int shared_info_init(struct domain *d)
{
	struct frame *f;

	d->shared_info = page_alloc_zeroed();
	if (!d->shared_info)
		return -ENOMEM;
	f = virt_to_frame(d->shared_info);
	d->shared_info_mfn = frame_to_mfn(f);
	for (u32 i = 0; i < XEN_LEGACY_MAX_VCPUS; i++)
		d->shared_info->vcpu_info[i].evtchn_upcall_mask = 1;
	time_wallclock_update(d);
	domain_share_page(d, f, true);
	return 0;
}

int domain_create(const struct domain_config *c, struct domain **out)
{
	struct domain *d;
	int rc;

	if (!c->max_vcpus || c->max_vcpus > MAX_VCPUS || c->id >= DOMID_FIRST_RESERVED || c->kind != DOMAIN_PV)
		return -EINVAL;
	d = domain_new(c);
	if (!d)
		return -ENOMEM;
	rc = sched_domain_init(d);
	if (!rc)
		rc = event_domain_init(d, c->max_evtchn_port);
	if (!rc)
		rc = grant_domain_init(d, c->max_grant_frames, c->max_maptrack_frames);
	if (!rc)
		rc = guest_ops_of(d)->domain_create(d);
	/* it waits for its first unpause */
	d->pause_count = 1;
	d->controller_paused = true;
	if (!rc)
		rc = table_insert(d);
	if (!rc) {
		rc = shared_info_init(d);
		if (rc)
			domain_put(d);
		else
			*out = d;
		perfc_inc(created);
		return rc;
	}
	domain_free(d);
	return rc;
}

/* The steps of destruction, each to be repeated while it says -ERESTART. */
static int step_stop(struct domain *d)
{
	struct vcpu *v;
	u32 i;

	domain_pause(d);
	/* whoever gives it memory has done so by now, or finds it dying */
	spin_lock(&d->page_lock);
	d->dying = DOMDYING_DYING;
	spin_unlock(&d->page_lock);
	for_each_vcpu(d, v, i) {
		timer_kill(&v->singleshot_timer);
		timer_kill(&v->periodic_timer);
		timer_kill(&v->poll_timer);
		vcpu_release_areas(v);
	}
	(void)!domain_claim_pages(d, 0);
	for (u32 w = 0; w < ARRAY_SIZE(d->watchdog); w++)
		timer_kill(&d->watchdog[w]);
	return 0;
}

static int step_memory(struct domain *d)
{
	return guest_ops_of(d)->relinquish(d);
}

static int step_shared(struct domain *d)
{
	bool had;

	/* under the lock nobody writes the time into it any more */
	spin_lock(&d->lock);
	had = d->shared_info;
	d->shared_info = NULL;
	spin_unlock(&d->lock);
	if (had)
		domain_unshare_page(mfn_to_frame(d->shared_info_mfn));
	return 0;
}

static int (*const destroy_steps[])(struct domain *d) = {
	step_stop, extents_drop, event_domain_destroy, grant_domain_destroy, step_memory, step_shared,
};

int domain_destroy(struct domain *d)
{
	if (d == current->domain || d == dom0)
		return -EINVAL;
	while (d->destroy_step < ARRAY_SIZE(destroy_steps)) {
		int rc = destroy_steps[d->destroy_step](d);

		if (rc)
			return rc;
		d->destroy_step++;
		if (softirq_is_pending())
			return -ERESTART;
	}
	if (d->dying == DOMDYING_DEAD)
		return 0;
	d->dying = DOMDYING_DEAD;
	perfc_inc(destroyed);
	domain_put(d);
	event_send_virq_global(VIRQ_DOM_EXC);
	return 0;
}

static void lent_init(void)
{
	const struct domain_config c = { .id = OWNER_LENT, .kind = DOMAIN_PV, .max_vcpus = 1 };

	domain_lent = domain_new(&c);
	if (!domain_lent)
		panic("no memory for the name of lent frames");
}

void domain_init(void)
{
	lent_init();
	domain_memory_init();
	domain_dump_init();
	domain_hooks_init();
}
