/* SPDX-License-Identifier: MIT */
/*
 * Spin locks with ranks. A CPU may take a lock only while every lock it holds has a lower rank (debug
 * builds check it and panic with both names); the order of the whole hypervisor is the enum below,
 * outermost first. spin_lock() leaves interrupts as they are; use the irqsave form for any lock that an
 * interrupt handler takes.
 */
#ifndef CORE_LOCK_H
#define CORE_LOCK_H

#include "lib/types.h"

enum lock_rank {
	RANK_NONE = 0,		/* not ranked: leaf of one file, never held across a call to another folder */
	RANK_DOMCTL,		/* serialises creation, destruction, and control operations */
	RANK_DOMLIST,		/* the list of domains */
	RANK_DOMAIN,		/* struct domain: lifecycle fields, vcpu up/down */
	RANK_GRANT,		/* a grant table; two at once in order of domid */
	RANK_MMU,		/* domain->mmu_lock: page tables of a domain; two at once in order of domid */
	RANK_P2M,
	RANK_EVENT,		/* a domain's event ports; two at once in order of domid */
	RANK_PIRQ,
	RANK_PAGES,		/* domain->page_lock: its list of frames and its counts */
	RANK_SCHED,		/* run queues; two at once in order of CPU */
	RANK_VCPU,		/* small state of one vCPU */
	RANK_TIMER,
	RANK_IRQ,		/* irq descriptors */
	RANK_HOSTMAP,
	RANK_HEAP,
	RANK_PAGEALLOC,
	RANK_CONSOLE,		/* innermost: anything may print */
};

struct spinlock {
	u32 ticket;		/* low half: now served; high half: next to hand out */
	u16 rank;
	u16 holder;		/* CPU + 1, 0 if free: for dumps and the recursion check */
	const char *name;
};

#define SPINLOCK_INIT(r, n)	{ .ticket = 0, .rank = (r), .holder = 0, .name = (n) }
#define DEFINE_SPINLOCK(var, r)	struct spinlock var = SPINLOCK_INIT(r, #var)

void spin_lock_init(struct spinlock *lock, enum lock_rank rank, const char *name);
void spin_lock(struct spinlock *lock);
bool spin_trylock(struct spinlock *lock);
void spin_unlock(struct spinlock *lock);
u64 spin_lock_irqsave(struct spinlock *lock);
void spin_unlock_irqrestore(struct spinlock *lock, u64 flags);
bool spin_is_held(const struct spinlock *lock);	/* by this CPU */

/* The second of two locks of equal rank; the caller has ordered them. */
void spin_lock_nested(struct spinlock *lock);

/* Around an interrupt handler: its locks are ranked among themselves. Exit gets what enter returned. */
#ifdef NDEBUG
static inline u32 lock_irq_enter(void)
{
	return 0;
}

static inline void lock_irq_exit(u32 before)
{
	(void)before;
}
#else
u32 lock_irq_enter(void);
void lock_irq_exit(u32 before);
#endif

/* Names of the locks that a CPU holds, for panics. The result is the text's length. */
size_t lock_describe_held(u32 cpu, char *buf, size_t size);
/* At the end of the world only: whoever held it is stopped. */
void lock_force_release(struct spinlock *lock);

#endif
