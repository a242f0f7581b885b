/* SPDX-License-Identifier: MIT */
/*
 * The FIFO layout: each vCPU has 16 queues of events, one a priority, as linked lists through the event
 * words.
 *
 *   control block of the vCPU        event array, one word a port (pages of 1,024)
 *   ready: bit a queue               31 PENDING  30 MASKED  29 LINKED  28 BUSY  16..0 link: next port, 0 ends
 *   head[16] -----------------> word -> word -> word
 *                                                ^ tail[16]: ours, not the guest's
 *
 * We append at the tail; the guest takes from the head: it reads the link and clears LINKED in one atomic
 * step, which it puts off while BUSY is set. All words and heads are guest memory: whatever stands there, we
 * follow no link and index nothing by it; each of our loops ends after a fixed number of tries, and a guest
 * that plays with the words loses only events of its own.
 *
 * Locks: the queues of a vCPU have one small lock (`busy`, interrupts off, innermost but for what waking a
 * vCPU takes, which happens after it is released); two at once in order of vCPU. init_control, expand_array
 * and reset hold the event lock. Pages and control blocks are added while senders run and go away only at
 * reset, after event_synchronize().
 */
#include "core/log.h"
#include "core/softirq.h"
#include "domain/guest_frame.h"
#include "event/internal.h"
#include "mm/heap.h"
#include "x86/cpu_ops.h"

#define WORD_PENDING		(1u << EVTCHN_FIFO_PENDING)
#define WORD_MASKED		(1u << EVTCHN_FIFO_MASKED)
#define WORD_LINKED		(1u << EVTCHN_FIFO_LINKED)
#define WORD_BUSY		(1u << EVTCHN_FIFO_BUSY)
#define WORD_LINK		EVTCHN_FIFO_LINK_MASK
#define TRIES			4

static inline u64 queues_lock(struct fifo_vcpu *fv)
{
	u64 flags = irq_save();

	while (unlikely(xchg(&fv->busy, 1)))
		while (READ_ONCE(fv->busy))
			cpu_relax();
	return flags;
}

static inline void queues_unlock(struct fifo_vcpu *fv, u64 flags)
{
	store_release(&fv->busy, 0);
	irq_restore(flags);
}

u32 *fifo_word(const struct event_fifo *fifo, u32 port)
{
	if (unlikely(port >= load_acquire(&fifo->nr_words)))
		return NULL;
	return &fifo->page[port / FIFO_WORDS_PER_PAGE][port % FIFO_WORDS_PER_PAGE];
}

/*
 * One attempt to let a linked word point to `port`. 1: done. 0: it is not linked any more. -EAGAIN: it
 * changed.
 */
static int word_try_link(u32 *word, u32 *seen, u32 port)
{
	if (!(*seen & WORD_LINKED))
		return 0;
	if (try_cmpxchg(word, seen, (*seen & ~(WORD_BUSY | WORD_LINK)) | port))
		return 1;
	return -EAGAIN;
}

/*
 * Appends `port` behind the word of the queue's tail. False: the guest has taken the tail off, the queue is
 * empty. If the first attempt meets a change by the guest, BUSY asks it to wait; an honest one then changes
 * only PENDING and MASKED. After that a guest that still moves the word gets its event dropped from the list
 * (true).
 */
static bool word_append(struct domain *d, u32 *word, u32 port)
{
	u32 seen = READ_ONCE(*word);
	int i, rc = word_try_link(word, &seen, port);

	if (rc >= 0)
		return rc;
	seen = atomic_fetch_or(word, WORD_BUSY) | WORD_BUSY;
	for (i = 0; i < TRIES; i++) {
		rc = word_try_link(word, &seen, port);
		if (rc >= 0) {
			if (rc == 0)
				atomic_fetch_and(word, ~WORD_BUSY);
			return rc;
		}
	}
	guest_warn("d%u: event port %u cannot be linked, the guest keeps changing the queue", d->id, port);
	atomic_fetch_and(word, ~WORD_BUSY);
	return true;
}

/*
 * Locks the queues of the vCPU that the event goes to and of the one where it was linked last, if that is
 * another: it may still be that queue's tail. NULL if the port keeps moving between vCPUs under our hands.
 */
static struct fifo_vcpu *queues_lock_both(struct event_fifo *fifo, struct event_port *p, u32 *to, u32 *from,
					  u64 *flags)
{
	int i;

	for (i = 0; i < TRIES; i++) {
		struct fifo_vcpu *a, *b;

		*to = READ_ONCE(p->vcpu);
		*from = READ_ONCE(p->last_vcpu);
		a = &fifo->vcpu[MIN(*to, *from)];
		b = &fifo->vcpu[MAX(*to, *from)];
		*flags = queues_lock(a);
		if (a != b)
			(void)queues_lock(b);
		if (likely(p->last_vcpu == *from))
			return &fifo->vcpu[*to];
		if (a != b)
			queues_unlock(b, 0);
		queues_unlock(a, *flags);
	}
	return NULL;
}

/* The queues are locked: puts the port on its queue. True if the guest must be told of the queue. */
static bool queue_append(struct domain *d, struct event_fifo *fifo, struct fifo_vcpu *fv,
			 struct fifo_vcpu *from,
			 u32 port, struct event_port *p, u32 priority)
{
	u32 *tail = &fv->tail[priority], *tail_word;
	bool linked = false;

	/* The port leaves its old queue: nobody may append behind it there any more. */
	if (from->tail[p->last_priority] == port && &from->tail[p->last_priority] != tail)
		from->tail[p->last_priority] = 0;
	p->last_vcpu = (u16)(fv - fifo->vcpu);
	p->last_priority = (u8)priority;

	if (*tail && *tail != port) {
		tail_word = fifo_word(fifo, *tail);
		linked = word_append(d, tail_word, port);
	}
	if (!linked)
		WRITE_ONCE(fv->control->head[priority], port);
	*tail = port;
	return !linked;
}

/* The event is pending, not masked and not linked: links it, and tells the vCPU. */
static void fifo_link(struct domain *d, struct event_fifo *fifo, u32 port, struct event_port *p, u32 *word)
{
	u32 to, from, priority = READ_ONCE(p->priority);
	struct fifo_vcpu *fv;
	bool tell = false;
	u64 flags;

	fv = queues_lock_both(fifo, p, &to, &from, &flags);
	if (unlikely(!fv)) {
		guest_warn("d%u: event port %u lost: it keeps changing its vCPU", d->id, port);
		return;
	}
	/*
	 * Without a control block it stays pending and unlinked. The word's LINKED decides between two
	 * senders.
	 */
	if (likely(fv->control) && !(atomic_fetch_or(word, WORD_LINKED) & WORD_LINKED)) {
		tell = queue_append(d, fifo, fv, &fifo->vcpu[from], port, p, priority);
	}
	if (tell)
		tell = !(atomic_fetch_or(&fv->control->ready, 1u << priority) >> priority & 1);
	if (from != to)
		queues_unlock(&fifo->vcpu[from], 0);
	queues_unlock(fv, flags);
	if (tell)
		event_vcpu_mark_pending(d->vcpu[to]);
}

bool fifo_set_pending(struct domain *d, struct event_fifo *fifo, u32 port, struct event_port *p)
{
	u32 *word = fifo_word(fifo, port), old;

	if (unlikely(!word)) {
		/* fifo_expand raises it when the word appears; it may just have, so look again. */
		WRITE_ONCE(p->remembered, true);
		smp_mb();
		word = fifo_word(fifo, port);
		if (!word)
			return false;
	}
	old = atomic_fetch_or(word, WORD_PENDING);
	if (!(old & (WORD_MASKED | WORD_LINKED)))
		fifo_link(d, fifo, port, p, word);
	return !(old & WORD_PENDING);
}

void fifo_unmask(struct domain *d, struct event_fifo *fifo, u32 port, struct event_port *p)
{
	u32 *word = fifo_word(fifo, port), old;

	if (!word)
		return;
	old = atomic_fetch_and(word, ~WORD_MASKED);
	if ((old & (WORD_PENDING | WORD_LINKED)) == WORD_PENDING)
		fifo_link(d, fifo, port, p, word);
}

/*
 * Events that were remembered for lack of a word go on the queues, for as far as there are words now. -ERESTART when
 * the CPU has other work: a page of words is up to 1,024 events.
 */
static int raise_remembered(struct domain *d, struct event_fifo *fifo)
{
	u32 end = MIN(fifo->nr_words, d->event->nr_ports);

	while (fifo->nr_raised < end) {
		u32 port = fifo->nr_raised++;
		struct event_port *p = event_port_of(d->event, port);

		if (p && xchg(&p->remembered, false) && p->type != EVENT_FREE)
			event_set_pending(d, port, p);
		if (port % 16 == 0 && softirq_is_pending())
			return -ERESTART;
	}
	fifo->nr_raised = fifo->nr_words;
	return 0;
}

/*
 * The first control block of the domain: everything moves from the 2-level layout to this one. All ports have the
 * default priority, which only this layout can change. Where they were linked before a reset does no harm: no queue's
 * tail is a port that was not linked there since.
 */
static int fifo_switch(struct domain *d)
{
	struct event_domain *ed = d->event;
	struct event_fifo *fifo = heap_alloc(sizeof(*fifo) + d->max_vcpus * sizeof(fifo->vcpu[0]));

	if (!fifo)
		return -ENOMEM;
	store_release(&ed->fifo, fifo);
	/* Whoever still saw the old layout has set its bit by now; whoever comes sees the new one. */
	event_synchronize();
	event_two_level_remember(d);
	return 0;
}

static int control_block_add(struct domain *d, struct vcpu *v, const struct evtchn_init_control *op)
{
	struct event_fifo *fifo = d->event->fifo;
	struct evtchn_fifo_control_block *block;
	struct fifo_vcpu *fv;
	struct frame *f;
	int rc;

	if (fifo && fifo->vcpu[v->id].control)
		return -EINVAL;
	rc = guest_frame_get(d, op->control_gfn, true, &f);
	if (rc)
		return rc;
	if (!fifo) {
		rc = fifo_switch(d);
		if (rc) {
			guest_frame_put(f, true);
			return rc;
		}
		fifo = d->event->fifo;
	}
	fv = &fifo->vcpu[v->id];
	fv->control_frame = f;
	block = (struct evtchn_fifo_control_block *)((char *)mfn_to_virt(frame_to_mfn(f)) + op->offset);
	store_release(&fv->control, block);
	return 0;
}

int event_init_control(struct evtchn_init_control *op)
{
	struct domain *d = current->domain;
	struct vcpu *v = domain_vcpu(d, op->vcpu);
	int rc;

	if (!v)
		return -ENOENT;
	if (op->offset > PAGE_SIZE - sizeof(struct evtchn_fifo_control_block) || op->offset % 8)
		return -EINVAL;
	op->link_bits = EVTCHN_FIFO_LINK_BITS;
	spin_lock(&d->event->lock);
	rc = d->event->closing ? -EINVAL : control_block_add(d, v, op);
	spin_unlock(&d->event->lock);
	return rc;
}

static int array_page_add(struct domain *d, struct event_fifo *fifo, u64 gfn)
{
	u32 index = fifo->nr_words / FIFO_WORDS_PER_PAGE;
	struct frame *f;
	int rc;

	if (index >= FIFO_PAGES_MAX)
		return -ENOSPC;
	rc = guest_frame_get(d, gfn, true, &f);
	if (rc)
		return rc;
	fifo->frame[index] = f;
	fifo->page[index] = mfn_to_virt(frame_to_mfn(f));
	store_release(&fifo->nr_words, fifo->nr_words + FIFO_WORDS_PER_PAGE);
	/* A sender that did not see the page has left its note by then. */
	event_synchronize();
	return 0;
}

int event_expand_array(const struct evtchn_expand_array *op, bool cont)
{
	struct domain *d = current->domain;
	int rc = 0;

	spin_lock(&d->event->lock);
	if (!d->event->fifo)
		rc = -EOPNOTSUPP;
	else if (!cont)
		rc = array_page_add(d, d->event->fifo, op->array_gfn);
	if (!rc)
		rc = raise_remembered(d, d->event->fifo);
	spin_unlock(&d->event->lock);
	return rc;
}

void fifo_reset(struct domain *d)
{
	struct event_fifo *fifo = d->event->fifo;
	u32 i;

	if (!fifo)
		return;
	WRITE_ONCE(d->event->fifo, NULL);
	event_synchronize();
	for (i = 0; i < d->max_vcpus; i++)
		if (fifo->vcpu[i].control)
			guest_frame_put(fifo->vcpu[i].control_frame, true);
	for (i = 0; i < fifo->nr_words / FIFO_WORDS_PER_PAGE; i++)
		guest_frame_put(fifo->frame[i], true);
	heap_free(fifo);
}
