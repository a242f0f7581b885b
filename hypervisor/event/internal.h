/* SPDX-License-Identifier: MIT */
/*
 * The insides of event/: the table of ports of a domain, and the rules by which senders read it without a
 * lock.
 *
 * A port's `type` publishes the rest of it: whoever opens a port fills the fields and then stores the type
 * (release); a sender loads the type (acquire) and then trusts the fields. Senders run between
 * event_read_begin() and event_read_end(), which only count on their own CPU. Whoever takes a port out of use
 * stores the new type and then calls event_synchronize(), which waits until every CPU has been outside of
 * such a section: only after that may a field be reused or the memory of a port, a FIFO page or a domain go
 * away. So sending takes no lock at all (2-level) or one small one (FIFO: the queues of the target vCPU).
 *
 * Everything that changes a port holds the event lock of its domain; what changes two ports of two domains
 * holds both, taken in order of domid. A section may be entered in an interrupt handler and nests; nothing in
 * it waits for an event lock.
 */
#ifndef EVENT_INTERNAL_H
#define EVENT_INTERNAL_H

#include "core/lock.h"
#include "event/event.h"
#include "lib/atomic.h"
#include "lib/errno.h"

#define PORTS_PER_BUCKET	128u
#define EVENT_PORTS_MAX		((u32)EVTCHN_FIFO_NR_CHANNELS)
#define EVENT_FREE		EVTCHNSTAT_closed

struct event_fifo;

struct event_port {
	u8 type;			/* EVTCHNSTAT_*; publishes the fields below */
	u8 priority;			/* FIFO: queue to use next */
	u8 last_priority;		/* FIFO: queue it was last linked to; the queues' lock */
	bool remembered;		/* FIFO: became pending before its event word existed */
	u16 vcpu;			/* who is told */
	u16 last_vcpu;
	u16 remote_domid;		/* unbound: who may bind; interdomain: whose the other end is */
	u16 unused;
	union {
		u32 remote_port;
		u32 virq;
		u32 pirq;
	};
	struct domain *remote;		/* interdomain: open as long as this end is */
	struct event_port *peer;
};
static_assert(sizeof(struct event_port) * PORTS_PER_BUCKET == PAGE_SIZE, "a bucket is a page");

struct event_domain {
	/* set at creation */
	u32 max_ports;			/* ports are numbered below this */

	/* lock */
	struct spinlock lock;		/* RANK_EVENT */
	bool closing;			/* being destroyed: nothing new is opened */
	u32 open_ports;
	u32 first_maybe_free;
	u32 reset_position;		/* where a reset goes on: a hint, several vCPUs may be at it */
	u32 destroy_position;		/* where destruction goes on: only its own */
	struct event_fifo *fifo;	/* NULL: 2-level; read by senders */

	/* grow only: written under the lock, read by senders */
	u32 nr_ports;
	struct event_port **buckets;
	u8 *taken;			/* of each bucket, how many are open; the lock */

	/* atomic */
	u32 nr_pollers;			/* vCPUs in SCHEDOP_poll */
};

static inline void event_read_begin(void)
{
	atomic_inc(&cpu_local()->event_readers);	/* also a barrier: loads below come after */
}

static inline void event_read_end(void)
{
	u32 *depth = &cpu_local()->event_readers;

	/* only its own CPU writes it: a plain store, which x86 does not move before earlier ones */
#ifdef HOST_TEST
	store_release(depth, *depth - 1);
#else
	__asm__ volatile ("decl %0" : "+m" (*depth) : : "memory", "cc");
#endif
}

/* NULL if the domain has no such port; port 0 is never used. A pointer stays good as long as the domain. */
static inline struct event_port *event_port_of(const struct event_domain *ed, u32 port)
{
	if (unlikely(port >= load_acquire(&ed->nr_ports) || port == 0))
		return NULL;
	return &ed->buckets[port / PORTS_PER_BUCKET][port % PORTS_PER_BUCKET];
}

/* table.c; the event lock is held. A port taken has type EVENT_FREE until event_port_open(). */
int event_port_take(struct domain *d, u32 *port, struct event_port **p);
void event_port_open(struct domain *d, u32 port, struct event_port *p, u8 type);
void event_port_free(struct domain *d, u32 port, struct event_port *p);	/* after event_synchronize() */

/* bind.c: closes a port of any type. -EINVAL if it is not open. Takes the locks. */
int event_port_close(struct domain *d, u32 port);
bool event_virq_is_global(u32 virq);
void event_lock_two(struct domain *a, struct domain *b);
void event_unlock_two(struct domain *a, struct domain *b);
/* A counted domain that the caller may act for; -ESRCH or -EPERM. */
int event_get_target(domid_t id, struct domain **d);

u32 event_two_level_ports(const struct domain *d);
/* send.c: in a read section or with the event lock held. */
void event_set_pending(struct domain *d, u32 port, struct event_port *p);
void event_clear_pending(struct domain *d, u32 port);
bool event_is_pending(struct domain *d, u32 port);
/* Marks all open ports that are pending in the old way as remembered. The event lock is held. */
void event_two_level_remember(struct domain *d);
bool event_is_masked(struct domain *d, u32 port);

/* fifo.c has the picture */
#define FIFO_WORDS_PER_PAGE	(PAGE_SIZE / sizeof(u32))
#define FIFO_PAGES_MAX		(EVTCHN_FIFO_NR_CHANNELS / FIFO_WORDS_PER_PAGE)

struct fifo_vcpu {
	u32 busy;
	struct evtchn_fifo_control_block *control;	/* NULL: this vCPU has none yet */
	struct frame *control_frame;
	u32 tail[EVTCHN_FIFO_MAX_QUEUES];		/* 0: nothing known to be on the queue */
};

struct event_fifo {
	u32 nr_words;					/* grows under the event lock */
	u32 nr_raised;					/* event lock: below it, nothing is remembered any more */
	u32 *page[FIFO_PAGES_MAX];
	struct frame *frame[FIFO_PAGES_MAX];
	struct fifo_vcpu vcpu[];			/* max_vcpus of them */
};

bool fifo_set_pending(struct domain *d, struct event_fifo *fifo, u32 port, struct event_port *p);
void fifo_unmask(struct domain *d, struct event_fifo *fifo, u32 port, struct event_port *p);
u32 *fifo_word(const struct event_fifo *fifo, u32 port);	/* NULL: its page is not there yet */
void fifo_reset(struct domain *d);		/* back to 2-level; all ports closed, event lock held */

/* pirq.c */
int pirq_domain_init(struct domain *d);

/* send.c: the domain hears no global VIRQ any more. */
void event_drop_virq_handler(struct domain *d);

#endif
