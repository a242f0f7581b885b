/* SPDX-License-Identifier: MIT */
/*
 * Sending: from a port to the vCPU that is told. The 2-level layout is here, FIFO in fifo.c.
 *
 *   evtchn_pending[port]  set    what happened
 *   evtchn_mask[port]     clear  the guest wants to hear of it
 *   evtchn_pending_sel    the word of evtchn_pending to look at, by vCPU
 *   upcall_pending        the vCPU has anything to look at
 *
 * A bit that was set already needs nothing more: whoever set it has done, or is doing, the rest. All of it is
 * guest memory, written with single atomic steps and never trusted. No lock; see internal.h for the sections.
 * event_send() is hot: EVTCHNOP_send shall cost 200 instructions from the guest's SYSCALL to its return.
 */
#include "core/ipi.h"
#include "event/internal.h"
#include "event/pirq.h"
#include "sched/sched.h"

/* Where the 2-level words lie: 64-bit guests have 64 words of 64 ports, 32-bit ones 32 of 32. */
struct two_level_layout {
	u16 mask_offset;	/* of evtchn_mask in struct shared_info */
	u8 sel_offset;		/* of evtchn_pending_sel in struct vcpu_info */
	u8 word_shift;		/* port >> word_shift is the word */
	u32 ports;
};

#define PENDING_OFFSET	offsetof(struct shared_info, evtchn_pending)

static const struct two_level_layout layout64 = {
	.mask_offset = PENDING_OFFSET + 512, .sel_offset = 8, .word_shift = 6, .ports = 4096,
};
static const struct two_level_layout layout32 = {
	.mask_offset = PENDING_OFFSET + 128, .sel_offset = 4, .word_shift = 5, .ports = 1024,
};
static_assert(offsetof(struct shared_info, evtchn_mask) == PENDING_OFFSET + 512, "64-bit layout");
static_assert(offsetof(struct vcpu_info, evtchn_pending_sel) == 8, "64-bit layout");

static inline const struct two_level_layout *layout_of(const struct domain *d)
{
	return unlikely(d->pv.is_32bit) ? &layout32 : &layout64;
}

u32 event_two_level_ports(const struct domain *d)
{
	return layout_of(d)->ports;
}

static inline unsigned long *pending_words(const struct domain *d)
{
	return (unsigned long *)((char *)d->shared_info + PENDING_OFFSET);
}

static inline unsigned long *mask_words(const struct domain *d, const struct two_level_layout *l)
{
	return (unsigned long *)((char *)d->shared_info + l->mask_offset);
}

/*
 * Sets bit `nr` of the vCPU's selector, by an operation of its own width: 32-bit guests' neighbours are not touched.
 */
static __always_inline bool selector_test_and_set(struct vcpu *v, const struct two_level_layout *l, u32 nr)
{
	u8 *selector = (u8 *)v->info + l->sel_offset;

	return l->word_shift == 6 ? test_and_set_bit(nr, (unsigned long *)selector) :
				    test_and_set_bit_u32(nr, (u32 *)selector);
}

/* True if the vCPU must be woken or kicked to look at it. */
static inline bool mark_pending(const struct vcpu *v)
{
	return !xchg(&v->info->evtchn_upcall_pending, 1) &&
	       (v != current || READ_ONCE(v->pause_flags) & (VPF_BLOCKED | VPF_POLL));
}

static void wake(struct vcpu *v)
{
	if (READ_ONCE(v->pause_flags) & (VPF_BLOCKED | VPF_POLL))
		sched_vcpu_unblock(v);
	else if (v != current)
		sched_kick(v);
}

void event_vcpu_mark_pending(struct vcpu *v)
{
	if (mark_pending(v))
		wake(v);
}

/* Wakes every vCPU that polls `port`, or several ports. */
static void wake_pollers(struct domain *d, u32 port)
{
	struct vcpu *v;
	u32 i;

	for_each_vcpu(d, v, i) {
		if (!(READ_ONCE(v->pause_flags) & VPF_POLL))
			continue;
		if (READ_ONCE(v->poll_port) == 0 || READ_ONCE(v->poll_port) == port)
			sched_vcpu_unblock(v);
	}
}

/* All that there may be to do after the bits: apart, so that the way without it keeps no registers. */
static __noinline void wake_all(struct domain *d, u32 port, struct vcpu *v)
{
	if (v)
		wake(v);
	if (TEST_ONCE(d->event->nr_pollers))
		wake_pollers(d, port);
}

static __always_inline void two_level_set_pending(struct domain *d, u32 port, struct vcpu *v,
						  const struct two_level_layout *l)
{
	bool asleep;

	if (unlikely(port >= l->ports) || test_and_set_bit(port, pending_words(d)))
		return;
	asleep = !test_bit(port, mask_words(d, l)) && !selector_test_and_set(v, l, port >> l->word_shift) &&
		 mark_pending(v);
	/* The atomic step above orders the load of nr_pollers behind it: see sched_poll(). */
	if (unlikely(asleep || TEST_ONCE(d->event->nr_pollers)))
		wake_all(d, port, asleep ? v : NULL);
}

static __noinline void set_pending_fifo(struct domain *d, struct event_fifo *fifo, u32 port, struct event_port *p)
{
	if (fifo_set_pending(d, fifo, port, p) && unlikely(TEST_ONCE(d->event->nr_pollers)))
		wake_pollers(d, port);
}

static __always_inline void set_pending(struct domain *d, u32 port, struct event_port *p)
{
	struct event_fifo *fifo = READ_ONCE(d->event->fifo);
	struct vcpu *v = READ_ONCE(d->vcpu[READ_ONCE(p->vcpu)]);

	if (unlikely(!v))
		return;			/* being built: it has no vCPU yet */
	if (fifo)
		set_pending_fifo(d, fifo, port, p);
	else if (unlikely(d->pv.is_32bit))
		two_level_set_pending(d, port, v, &layout32);
	else
		two_level_set_pending(d, port, v, &layout64);
}

void event_set_pending(struct domain *d, u32 port, struct event_port *p)
{
	set_pending(d, port, p);
}

long event_send(struct domain *d, u32 port)
{
	struct event_domain *ed = d->event;
	struct event_port *p;
	u8 type;

	if (unlikely(port >= load_acquire(&ed->nr_ports)))
		return -EINVAL;
	p = &ed->buckets[port / PORTS_PER_BUCKET][port % PORTS_PER_BUCKET];	/* port 0 is there, and never open */
	event_read_begin();
	type = load_acquire(&p->type);
	if (type == EVTCHNSTAT_interdomain) {
		d = p->remote;
		port = p->remote_port;
		p = p->peer;
	} else if (unlikely(type != EVTCHNSTAT_ipi)) {
		event_read_end();
		/* unbound: nobody there yet, and the event is silently lost, as published */
		return type == EVTCHNSTAT_unbound ? 0 : -EINVAL;
	}
	set_pending(d, port, p);
	event_read_end();
	return 0;
}

void event_send_virq_vcpu(struct vcpu *v, u32 virq)
{
	struct domain *d = v->domain;
	struct event_port *p;
	u32 port;

	event_read_begin();
	port = (u32)load_acquire(&v->virq_ports[virq]);
	p = event_port_of(d->event, port);
	if (p && load_acquire(&p->type) == EVTCHNSTAT_virq && p->virq == virq)
		event_set_pending(d, port, p);
	event_read_end();
}

void event_send_virq_domain(struct domain *d, u32 virq)
{
	struct vcpu *v = domain_vcpu(d, 0);	/* global ones are bound at vCPU 0 and may have moved since */

	if (v && d->event)
		event_send_virq_vcpu(v, virq);
}

/* Who hears a global VIRQ other than dom0. Counted; changed by exchange, read in read sections. */
static struct domain *virq_handler[ARRAY_SIZE(((struct vcpu *)0)->virq_ports)];

void event_send_virq_global(u32 virq)
{
	struct domain *d;

	event_read_begin();
	d = READ_ONCE(virq_handler[virq]);
	if (!d)
		d = READ_ONCE(dom0);
	if (d)
		event_send_virq_domain(d, virq);
	event_read_end();
}

void event_send_pirq(struct domain *d, struct pirq *pirq)
{
	u32 port = READ_ONCE(pirq->port);
	struct event_port *p = event_port_of(d->event, port);

	event_read_begin();
	if (p && load_acquire(&p->type) == EVTCHNSTAT_pirq && p->pirq == pirq->pirq)
		event_set_pending(d, port, p);
	event_read_end();
}

int event_unmask(struct domain *d, u32 port)
{
	struct event_port *p = event_port_of(d->event, port);
	const struct two_level_layout *l = layout_of(d);
	struct event_fifo *fifo;
	struct vcpu *v;

	if (!p)
		return -EINVAL;
	event_read_begin();
	fifo = READ_ONCE(d->event->fifo);
	v = d->vcpu[p->vcpu];
	if (fifo)
		fifo_unmask(d, fifo, port, p);
	else if (port < l->ports && test_and_clear_bit(port, mask_words(d, l)) &&
		 test_bit(port, pending_words(d)) && !selector_test_and_set(v, l, port >> l->word_shift))
		event_vcpu_mark_pending(v);
	event_read_end();
	return 0;
}

void event_clear_pending(struct domain *d, u32 port)
{
	struct event_fifo *fifo = d->event->fifo;
	u32 *word;

	if (fifo) {
		word = fifo_word(fifo, port);
		if (word)
			clear_bit_u32(EVTCHN_FIFO_PENDING, word);
	} else if (port < layout_of(d)->ports && d->shared_info) {
		clear_bit(port, pending_words(d));
	}
}

void event_two_level_remember(struct domain *d)
{
	const unsigned long *words = pending_words(d);

	for (u32 w = 0; w < layout_of(d)->ports / 64; w++) {
		for (unsigned long bits = READ_ONCE(words[w]); bits; bits &= bits - 1) {
			struct event_port *p = event_port_of(d->event, w * 64 + bit_lowest(bits));

			if (p && p->type != EVENT_FREE)
				WRITE_ONCE(p->remembered, true);
		}
	}
}

bool event_is_pending(struct domain *d, u32 port)
{
	struct event_fifo *fifo = READ_ONCE(d->event->fifo);
	u32 *word;

	if (fifo) {
		word = fifo_word(fifo, port);
		return word && test_bit_u32(EVTCHN_FIFO_PENDING, word);
	}
	return port < layout_of(d)->ports && test_bit(port, pending_words(d));
}

bool event_is_masked(struct domain *d, u32 port)
{
	struct event_fifo *fifo = READ_ONCE(d->event->fifo);
	u32 *word;

	if (fifo) {
		word = fifo_word(fifo, port);
		return !word || test_bit_u32(EVTCHN_FIFO_MASKED, word);
	}
	return port >= layout_of(d)->ports || test_bit(port, mask_words(d, layout_of(d)));
}

bool event_port_is_pending(struct domain *d, u32 port)
{
	bool pending;

	event_read_begin();
	pending = event_is_pending(d, port);
	event_read_end();
	return pending;
}

bool event_port_exists(struct domain *d, u32 port)
{
	return event_port_of(d->event, port) != NULL;
}

void event_poller_comes(struct domain *d)
{
	atomic_inc(&d->event->nr_pollers);
}

void event_poller_gone(struct domain *d)
{
	atomic_dec(&d->event->nr_pollers);
}

/* The new vcpu_info starts with nothing noted in it: tell the vCPU to look at everything. */
void event_vcpu_info_moved(struct vcpu *v)
{
	struct domain *d = v->domain;
	u32 bytes = d->pv.is_32bit ? 4 : 8, i;

	/* What was still noted in the old one is found by looking at everything. */
	event_synchronize();
	event_read_begin();
	if (!READ_ONCE(d->event->fifo))
		for (i = 0; i < bytes; i++)
			WRITE_ONCE(((u8 *)v->info + layout_of(d)->sel_offset)[i], 0xff);
	event_read_end();
	event_vcpu_mark_pending(v);
}

static void handler_replace(u32 virq, struct domain *d)
{
	struct domain *old = xchg(&virq_handler[virq], d);

	event_synchronize();
	if (old)
		domain_put(old);
}

int event_set_virq_handler(struct domain *d, u32 virq)
{
	if (virq >= ARRAY_SIZE(virq_handler) || !event_virq_is_global(virq))
		return -EINVAL;
	if (d && domain_get(d->id) != d)
		return -ESRCH;
	handler_replace(virq, d);
	return 0;
}

void event_drop_virq_handler(struct domain *d)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(virq_handler); i++)
		if (virq_handler[i] == d)
			handler_replace(i, NULL);
}
