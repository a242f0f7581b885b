/* SPDX-License-Identifier: MIT */
/*
 * Physical interrupts for guests. A domain maps a GSI or a device's MSI to a PIRQ number of its own and binds
 * the number to an event channel; from then on each interrupt is an event. Several domains may share one
 * line.
 *
 *   machine irq --handler--> struct irq_share --> each member's struct pirq --> its port
 *
 * A level-triggered line is masked by platform/irq before the handler runs and stays so until every member
 * that was told has said EOI (`in_flight` counts them, and the handler itself while it runs); then
 * irq_unmask().
 *
 * Locks: pirq_lock guards the tables of all domains and the shares; it is taken inside an event lock. The
 * handler and pirq_eoi() take none: they run in read sections of event/internal.h, and what they may see is
 * freed only after event_synchronize().
 */
#include "event/pirq.h"

#include "abi/physdev.h"
#include "core/log.h"
#include "core/softirq.h"
#include "domain/guest_frame.h"
#include "event/internal.h"
#include "mm/heap.h"
#include "platform/irq.h"

#define SHARE_MAX		7
#define FIRST_DYNAMIC_GSI_PIRQ	16u	/* below are the ISA lines */
#define EXTRA_PIRQS_DOM0	1024u
#define EXTRA_PIRQS_DOMU	32u

struct irq_share {
	int irq;
	bool level, shareable;
	u32 members;
	u32 in_flight;				/* atomic */
	struct pirq *member[SHARE_MAX];		/* NULL: no one */
	struct irq_share *next;
};

static DEFINE_SPINLOCK(pirq_lock, RANK_PIRQ);
static struct irq_share *shares;		/* of all irqs bound to guests */

int pirq_domain_init(struct domain *d)
{
	if (!d->nr_pirqs)
		d->nr_pirqs = irq_nr_gsis + (d->is_privileged ? EXTRA_PIRQS_DOM0 : EXTRA_PIRQS_DOMU);
	d->nr_pirqs = MIN(d->nr_pirqs, (u32)PAGE_SIZE * 8);	/* as many as the EOI map has bits */
	d->pirqs = heap_alloc_array(d->nr_pirqs, sizeof(*d->pirqs));
	return d->pirqs ? 0 : -ENOMEM;
}

static struct pirq *pirq_find(const struct domain *d, u32 pirq)
{
	struct pirq **pirqs = READ_ONCE(d->pirqs);

	return pirqs && pirq < d->nr_pirqs ? load_acquire(&pirqs[pirq]) : NULL;
}

static struct pirq *pirq_find_irq(const struct domain *d, int irq)
{
	u32 i;

	for (i = 0; i < d->nr_pirqs; i++)
		if (d->pirqs[i] && d->pirqs[i]->irq == irq)
			return d->pirqs[i];
	return NULL;
}

/* Makes number `nr` exist with `irq` behind it, or gives a reserved number its irq. */
static int pirq_make(struct domain *d, u32 nr, int irq, bool is_msi)
{
	struct pirq *p = pirq_find(d, nr);

	if (!p) {
		p = heap_new(struct pirq);
		if (!p)
			return -ENOMEM;
		p->pirq = nr;
		p->domain = d;
		p->irq = -1;
	}
	p->irq = irq;
	p->is_msi = is_msi;
	p->nvec = 1;
	store_release(&d->pirqs[nr], p);
	return 0;
}

/* `n` numbers in a row that nobody uses: for GSIs from below, for MSIs from the top. -ENOSPC. */
static int pirq_choose(const struct domain *d, bool msi, u32 n)
{
	u32 low = msi ? irq_nr_gsis : MIN(FIRST_DYNAMIC_GSI_PIRQ, irq_nr_gsis);
	u32 high = msi ? d->nr_pirqs : MIN(irq_nr_gsis, d->nr_pirqs);
	u32 i, run = 0;

	for (i = 0; low + i < high; i++) {
		u32 nr = msi ? high - 1 - i : low + i;

		run = d->pirqs[nr] ? 0 : run + 1;
		if (run == n)
			return (int)(msi ? nr : nr + 1 - n);
	}
	return -ENOSPC;
}

static int map_gsi_locked(struct domain *d, u32 gsi, int irq, int *pirq)
{
	struct pirq *old;
	int nr = *pirq;

	if (!d->pirqs)			/* it is going */
		return -EINVAL;
	old = pirq_find_irq(d, irq);
	if (nr < 0) {
		if (old) {
			*pirq = (int)old->pirq;
			return 0;
		}
		nr = gsi < d->nr_pirqs && !d->pirqs[gsi] ? (int)gsi : pirq_choose(d, false, 1);
		if (nr < 0)
			return nr;
	}
	if ((u32)nr >= d->nr_pirqs)
		return -EINVAL;
	if (old)
		return (int)old->pirq == nr ? 0 : -EEXIST;
	if (d->pirqs[nr] && d->pirqs[nr]->irq >= 0)
		return -EEXIST;
	*pirq = nr;
	return pirq_make(d, (u32)nr, irq, false);
}

int pirq_map_gsi(struct domain *d, u32 gsi, int *pirq)
{
	int irq = irq_from_gsi(gsi), rc;

	if (irq < 0)
		return -EINVAL;
	if (!d->is_privileged && !rangeset_contains(d->irqs, (u64)irq, (u64)irq))
		return -EPERM;
	spin_lock(&pirq_lock);
	rc = map_gsi_locked(d, gsi, irq, pirq);
	spin_unlock(&pirq_lock);
	return rc;
}

/* Drops numbers [first, first + n); they are not bound. The PIRQ lock is held. */
static void pirq_drop(struct domain *d, u32 first, u32 n)
{
	u32 i;

	for (i = first; i < first + n; i++) {
		struct pirq *p = d->pirqs[i];

		WRITE_ONCE(d->pirqs[i], NULL);
		event_synchronize();
		heap_free(p);
	}
}

int pirq_map_msi(struct domain *d, u32 sbdf, u32 entry_nr, u64 table_base, bool msix, u32 nvec, int *pirq)
{
	int first_irq, nr, rc;
	u32 i;

	if (!nvec || nvec > 32 || (msix && nvec != 1))
		return -EINVAL;
	rc = irq_alloc_msi(sbdf >> 16, sbdf >> 8 & 0xff, sbdf & 0xff, entry_nr, table_base, msix, nvec,
			   &first_irq);
	if (rc)
		return rc;

	spin_lock(&pirq_lock);
	nr = !d->pirqs ? -EINVAL : *pirq >= 0 && nvec == 1 ? *pirq : pirq_choose(d, true, nvec);
	if (nr < 0)
		rc = nr;
	else if ((u32)nr >= d->nr_pirqs)
		rc = -EINVAL;
	else if (d->pirqs[nr] && d->pirqs[nr]->irq >= 0)
		rc = -EEXIST;
	for (i = 0; !rc && i < nvec; i++) {
		rc = pirq_make(d, (u32)nr + i, first_irq + (int)i, true);
		if (rc)
			pirq_drop(d, (u32)nr, i);
	}
	if (!rc) {
		d->pirqs[nr]->nvec = nvec;
		*pirq = nr;
	}
	spin_unlock(&pirq_lock);
	if (rc)
		irq_free_msi(first_irq);
	return rc;
}

int pirq_get_free(struct domain *d, bool msi, u32 *pirq)
{
	int nr, rc;

	spin_lock(&pirq_lock);
	nr = d->pirqs ? pirq_choose(d, msi, 1) : -EINVAL;
	rc = nr < 0 ? nr : pirq_make(d, (u32)nr, -1, msi);
	spin_unlock(&pirq_lock);
	if (!rc)
		*pirq = (u32)nr;
	return rc;
}

/* An interrupt: every member hears of it. Interrupt context. */
static enum irq_result share_handler(int irq, void *arg)
{
	struct irq_share *s = arg;
	u32 i;

	event_read_begin();
	if (s->level)
		atomic_inc(&s->in_flight);	/* our own: no EOI may unmask while we count */
	for (i = 0; i < SHARE_MAX; i++) {
		struct pirq *p = load_acquire(&s->member[i]);

		if (!p)
			continue;
		if (s->level && !xchg(&p->masked, true))
			atomic_inc(&s->in_flight);
		event_send_pirq(p->domain, p);
	}
	event_read_end();
	return s->level && !atomic_dec_and_test(&s->in_flight) ? IRQ_KEEP_MASKED : IRQ_DONE;
}

static struct irq_share *share_find(int irq)
{
	struct irq_share *s;

	for (s = shares; s; s = s->next)
		if (s->irq == irq)
			return s;
	return NULL;
}

static int share_new(int irq, bool shareable, struct irq_share **out)
{
	struct irq_share *s = heap_new(struct irq_share);

	if (!s)
		return -ENOMEM;
	s->irq = irq;
	s->level = irq_is_level(irq);
	s->shareable = shareable;
	s->next = shares;
	shares = s;
	*out = s;
	return 0;
}

static void share_free(struct irq_share *s)
{
	struct irq_share **link;

	for (link = &shares; *link != s; link = &(*link)->next)
		;
	*link = s->next;
	heap_free(s);
}

/* Says in the page that the guest gave whether the PIRQ needs an EOI. */
static void eoi_map_update(struct domain *d, const struct pirq *p)
{
	unsigned long *map = (unsigned long *)READ_ONCE(d->pirq_eoi_map);

	if (!map)
		return;
	if (p->share && p->share->level)
		set_bit(p->pirq, map);
	else
		clear_bit(p->pirq, map);
}

static void share_leave(struct irq_share *s, struct pirq *p)
{
	u32 i;

	for (i = 0; i < SHARE_MAX; i++)
		if (s->member[i] == p)
			WRITE_ONCE(s->member[i], NULL);
	event_synchronize();
	if (--s->members == 0) {
		irq_release(s->irq);
		share_free(s);
		return;
	}
	if (xchg(&p->masked, false) && atomic_dec_and_test(&s->in_flight))
		irq_unmask(s->irq);
}

static int share_join(struct pirq *p, bool shareable)
{
	struct irq_share *s = share_find(p->irq);
	bool first = !s;
	u32 i = 0;
	int rc;

	if (s && (!s->shareable || !shareable || s->members == SHARE_MAX))
		return -EBUSY;
	if (first) {
		rc = share_new(p->irq, shareable, &s);
		if (rc)
			return rc;
	}
	while (s->member[i])
		i++;
	p->masked = false;
	p->share = s;
	s->members++;
	store_release(&s->member[i], p);
	if (first) {
		rc = irq_request(p->irq, share_handler, s, "guest");
		if (rc) {
			p->share = NULL;
			share_free(s);
			return rc;
		}
	}
	return 0;
}

int pirq_bind_guest(struct domain *d, u32 pirq, u32 port, bool shareable)
{
	struct pirq *p;
	int rc;

	spin_lock(&pirq_lock);
	p = pirq_find(d, pirq);
	if (!p || p->irq < 0) {
		rc = -EINVAL;
	} else if (p->port) {
		rc = -EEXIST;
	} else {
		WRITE_ONCE(p->port, port);
		rc = share_join(p, shareable);
		if (rc)
			WRITE_ONCE(p->port, 0);
		else
			eoi_map_update(d, p);
	}
	spin_unlock(&pirq_lock);
	return rc;
}

static void unbind_locked(struct domain *d, struct pirq *p)
{
	struct irq_share *s = p->share;

	if (!s)
		return;
	WRITE_ONCE(p->share, NULL);	/* first: an EOI must not find a share that is going */
	share_leave(s, p);
	WRITE_ONCE(p->port, 0);
	p->masked = false;
	eoi_map_update(d, p);
}

void pirq_unbind_guest(struct domain *d, u32 pirq, u32 port)
{
	struct pirq *p;

	spin_lock(&pirq_lock);
	p = pirq_find(d, pirq);
	if (p && p->port == port)
		unbind_locked(d, p);
	spin_unlock(&pirq_lock);
}

void pirq_set_vcpu(struct domain *d, u32 pirq, u32 port, const struct vcpu *v)
{
	struct pirq *p;

	spin_lock(&pirq_lock);
	p = pirq_find(d, pirq);
	/* Where it cannot go, it stays: only speed is lost. */
	if (p && p->port == port && p->share && p->share->members == 1)
		(void)irq_set_cpu(p->irq, READ_ONCE(v->processor));
	spin_unlock(&pirq_lock);
}

/* Unbinds and forgets a number, and with the first of several MSI vectors all of them. */
static void unmap_locked(struct domain *d, struct pirq *p)
{
	u32 i, first = p->pirq, n = p->is_msi && p->irq >= 0 ? p->nvec : 1;
	int irq = p->is_msi ? p->irq : -1;

	for (i = first; i < first + n; i++)
		unbind_locked(d, d->pirqs[i]);
	pirq_drop(d, first, n);
	if (irq >= 0)
		irq_free_msi(irq);
}

int pirq_unmap(struct domain *d, int pirq)
{
	struct pirq *p, *first;
	u32 back;
	int rc = -EINVAL;

	if (pirq < 0)
		return -EINVAL;
	spin_lock(&pirq_lock);
	p = pirq_find(d, (u32)pirq);
	/* A vector within a block of MSIs goes with its first one only. */
	for (back = 1; p && p->is_msi && back < 32 && back <= (u32)pirq; back++) {
		first = pirq_find(d, (u32)pirq - back);
		if (first && first->is_msi && first->irq >= 0 && first->nvec > back)
			p = NULL;
	}
	if (p) {
		unmap_locked(d, p);
		rc = 0;
	}
	spin_unlock(&pirq_lock);
	return rc;
}

int pirq_eoi(struct domain *d, u32 pirq)
{
	struct irq_share *s;
	struct pirq *p;
	u32 port = 0;
	int rc = -EINVAL, irq = -1;

	event_read_begin();
	p = pirq_find(d, pirq);
	s = p ? READ_ONCE(p->share) : NULL;
	if (s) {
		port = READ_ONCE(p->port);
		if (xchg(&p->masked, false) && atomic_dec_and_test(&s->in_flight))
			irq = s->irq;
	}
	if (p)
		rc = 0;
	if (irq >= 0)
		irq_unmask(irq);
	event_read_end();
	if (port && d->pirq_eoi_auto_unmask)
		(void)event_unmask(d, port);
	return rc;
}

int pirq_needs_eoi(struct domain *d, u32 pirq)
{
	struct pirq *p;
	int rc = -EINVAL;

	spin_lock(&pirq_lock);
	p = pirq_find(d, pirq);
	if (p) {
		rc = p->irq >= 0 && !p->is_msi && irq_is_level(p->irq) ? XENIRQSTAT_needs_eoi : 0;
		if (p->share && p->share->shareable)
			rc |= XENIRQSTAT_shared;
	}
	spin_unlock(&pirq_lock);
	return rc;
}

int pirq_set_eoi_map(struct domain *d, u64 gfn, bool v2)
{
	struct frame *f;
	u32 i;
	int rc = guest_frame_get(d, gfn, true, &f);

	if (rc)
		return rc;
	spin_lock(&pirq_lock);
	if (d->pirq_eoi_map) {
		spin_unlock(&pirq_lock);
		guest_frame_put(f, true);
		return -EBUSY;
	}
	d->arch_pirq_eoi_mfn = frame_to_mfn(f);
	d->pirq_eoi_auto_unmask = !v2;
	WRITE_ONCE(d->pirq_eoi_map, mfn_to_virt(frame_to_mfn(f)));
	for (i = 0; d->pirqs && i < d->nr_pirqs; i++)
		if (d->pirqs[i])
			eoi_map_update(d, d->pirqs[i]);
	spin_unlock(&pirq_lock);
	return 0;
}

int pirq_domain_destroy(struct domain *d)
{
	struct frame *f = NULL;
	struct pirq **pirqs;
	u32 i, unmapped = 0;

	spin_lock(&pirq_lock);
	for (i = 0; d->pirqs && i < d->nr_pirqs; i++) {
		if (!d->pirqs[i])
			continue;
		unmap_locked(d, d->pirqs[i]);
		if (++unmapped % 8 == 0 && softirq_is_pending()) {
			spin_unlock(&pirq_lock);
			return -ERESTART;
		}
	}
	if (d->pirq_eoi_map)
		f = mfn_to_frame(d->arch_pirq_eoi_mfn);
	d->pirq_eoi_map = NULL;
	pirqs = d->pirqs;
	WRITE_ONCE(d->pirqs, NULL);
	spin_unlock(&pirq_lock);
	event_synchronize();
	if (f)
		guest_frame_put(f, true);
	heap_free(pirqs);
	return 0;
}

void pirq_dump(struct domain *d)
{
	struct pirq **pirqs;
	u32 i;

	event_read_begin();
	pirqs = READ_ONCE(d->pirqs);
	for (i = 0; pirqs && i < d->nr_pirqs; i++) {
		const struct pirq *p = load_acquire(&pirqs[i]);

		if (p)
			log_info("    pirq %u: irq %d port %u%s%s", p->pirq, p->irq, p->port,
				 p->is_msi ? " msi" : "", p->masked ? " waits for EOI" : "");
	}
	event_read_end();
}
