/* SPDX-License-Identifier: MIT */
/*
 * The table of event ports of a domain: made, grown a page at a time, and emptied again in bounded pieces.
 *
 * Port n is element n % 128 of bucket n / 128. Buckets are added and never removed while the domain lives, so
 * a pointer to a port stays good. Lock: the domain's event lock, but for event_port_of().
 */
#include "core/ipi.h"
#include "core/softirq.h"
#include "event/internal.h"
#include "event/pirq.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "mm/page_alloc.h"

/*
 * Waits until every CPU has been outside of a read section since the call. A section holds no lock that the
 * caller could hold and runs for some hundred instructions, so a plain wait is right.
 */
void event_synchronize(void)
{
	u32 cpu, self = this_cpu();

	smp_mb();
	for_each_started_cpu(cpu)
		while (cpu != self && load_acquire(&cpu_locals[cpu]->event_readers))
			cpu_relax();
}

int event_domain_init(struct domain *d, u32 max_port)
{
	struct event_domain *ed = heap_new(struct event_domain);
	int rc = -ENOMEM;

	if (!ed)
		return -ENOMEM;
	ed->max_ports = MIN(max_port, EVENT_PORTS_MAX - 1) + 1;
	ed->first_maybe_free = 1;
	ed->reset_position = 1;
	ed->destroy_position = 1;
	spin_lock_init(&ed->lock, RANK_EVENT, "event");
	ed->buckets = heap_alloc_array(DIV_ROUND_UP(ed->max_ports, PORTS_PER_BUCKET), sizeof(*ed->buckets));
	ed->taken = heap_alloc_array(DIV_ROUND_UP(ed->max_ports, PORTS_PER_BUCKET), sizeof(*ed->taken));
	if (!ed->buckets || !ed->taken)
		goto out_buckets;
	ed->taken[0] = 1;		/* port 0 is never used */
	d->event = ed;
	rc = pirq_domain_init(d);
	if (rc)
		goto out_buckets;
	return 0;

out_buckets:
	d->event = NULL;
	heap_free(ed->buckets);
	heap_free(ed->taken);
	heap_free(ed);
	return rc;
}

static int table_grow(struct event_domain *ed)
{
	struct event_port *bucket;

	if (ed->nr_ports >= ed->max_ports)
		return -ENOSPC;
	bucket = page_alloc_zeroed();
	if (!bucket)
		return -ENOMEM;
	ed->buckets[ed->nr_ports / PORTS_PER_BUCKET] = bucket;
	store_release(&ed->nr_ports, ed->nr_ports + PORTS_PER_BUCKET);
	return 0;
}

/* A free port. -ENOSPC, -ENOMEM; -EINVAL once the domain is going. */
int event_port_take(struct domain *d, u32 *port, struct event_port **p)
{
	struct event_domain *ed = d->event;
	u32 n = ed->first_maybe_free;
	u32 limit = MIN(ed->max_ports, ed->fifo ? EVENT_PORTS_MAX : event_two_level_ports(d));
	int rc;

	if (ed->closing)
		return -EINVAL;
	for (;; n++) {
		/* full buckets cost little: there may be a thousand of them */
		while (n < limit && ed->taken[n / PORTS_PER_BUCKET] == PORTS_PER_BUCKET)
			n = (n / PORTS_PER_BUCKET + 1) * PORTS_PER_BUCKET;
		if (n >= limit)
			return -ENOSPC;
		while (n >= ed->nr_ports) {
			rc = table_grow(ed);
			if (rc)
				return rc;
		}
		*p = event_port_of(ed, n);
		if ((*p)->type == EVENT_FREE)
			break;
	}
	ed->first_maybe_free = n;
	(*p)->priority = EVTCHN_FIFO_PRIORITY_DEFAULT;
	*port = n;
	return 0;
}

void event_port_open(struct domain *d, u32 port, struct event_port *p, u8 type)
{
	d->event->open_ports++;
	d->event->taken[port / PORTS_PER_BUCKET]++;
	store_release(&p->type, type);
}

void event_port_free(struct domain *d, u32 port, struct event_port *p)
{
	struct event_domain *ed = d->event;
	u8 last_priority = p->last_priority;
	u16 last_vcpu = p->last_vcpu;

	event_clear_pending(d, port);
	memset(p, 0, sizeof(*p));
	/* The guest may leave the event linked on a queue: where that was must not be forgotten. */
	p->last_priority = last_priority;
	p->last_vcpu = last_vcpu;
	ed->open_ports--;
	ed->taken[port / PORTS_PER_BUCKET]--;
	ed->first_maybe_free = MIN(ed->first_maybe_free, port);
}

/* Closes all from *position on, which says where to go on; -ERESTART if the CPU has something else to do. */
static int table_close_all(struct domain *d, u32 *position)
{
	struct event_domain *ed = d->event;
	u32 port;

	while ((port = READ_ONCE(*position)) < load_acquire(&ed->nr_ports)) {
		if (READ_ONCE(event_port_of(ed, port)->type) != EVENT_FREE)
			(void)event_port_close(d, port);
		WRITE_ONCE(*position, port + 1);
		if (port % 16 == 0 && softirq_is_pending())
			return -ERESTART;
	}
	return 0;
}

int event_domain_destroy(struct domain *d)
{
	struct event_domain *ed = d->event;

	if (!ed)
		return 0;
	spin_lock(&ed->lock);
	ed->closing = true;
	spin_unlock(&ed->lock);
	event_drop_virq_handler(d);
	if (table_close_all(d, &ed->destroy_position) || pirq_domain_destroy(d))
		return -ERESTART;
	spin_lock(&ed->lock);
	fifo_reset(d);
	spin_unlock(&ed->lock);
	return 0;
}

void event_domain_free(struct domain *d)
{
	struct event_domain *ed = d->event;
	u32 i;

	if (!ed)
		return;
	while (pirq_domain_destroy(d))		/* never more than the empty table of a domain that was not finished */
		;
	for (i = 0; i < ed->nr_ports / PORTS_PER_BUCKET; i++)
		page_free_virt(ed->buckets[i]);
	heap_free(ed->buckets);
	heap_free(ed->taken);
	heap_free(ed);
	d->event = NULL;
}

/*
 * EVTCHNOP_reset: closes everything and goes back to the 2-level layout. `cont`: continues an earlier call.
 */
int event_reset(domid_t dom, bool cont)
{
	struct domain *d;
	int rc = event_get_target(dom, &d);

	if (rc)
		return rc;
	if (!cont)
		WRITE_ONCE(d->event->reset_position, 1);
	rc = table_close_all(d, &d->event->reset_position);
	if (!rc) {
		spin_lock(&d->event->lock);
		/*
		 * Another vCPU may have opened some meanwhile: then the layout stays, as the ports need it.
		 */
		if (d->event->open_ports)
			rc = -EAGAIN;
		else
			fifo_reset(d);
		spin_unlock(&d->event->lock);
	}
	domain_put(d);
	return rc;
}
