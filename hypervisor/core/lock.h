/* SPDX-License-Identifier: MIT */
/*
 * Spin locks with ranks. A CPU may take a lock only while every lock it holds has a lower rank (debug
 * builds check it and panic with both names); the order of the whole hypervisor is the enum below,
 * outermost first. spin_lock() leaves interrupts as they are; use the irqsave form for any lock that an
 * interrupt handler takes.
 */
#ifndef CORE_LOCK_H
#define CORE_LOCK_H

#include "lib/atomic.h"
#include "lib/types.h"
#include "x86/cpu_ops.h"
#include "x86/percpu.h"

enum lock_rank {
	RANK_NONE = 0,		/* not ranked: leaf of one file, never held across a call to another folder */
	RANK_DOMCTL,		/* serialises creation, destruction, and control operations */
	RANK_DOMAIN,		/* struct domain: lifecycle fields, vcpu up/down */
	RANK_GRANT,		/* a grant table, one at a time */
	RANK_MMU,		/* domain->mmu_lock: page tables of a domain, one at a time */
	RANK_EVENT,		/* a domain's event ports; two at once in order of domid */
	RANK_PIRQ,
	RANK_PAGES,		/* domain->page_lock: its list of frames and its counts */
	RANK_SCHED,		/* run queues; two at once in order of CPU */
	RANK_TIMER,
	RANK_IRQ,		/* irq descriptors */
	RANK_HOSTMAP,
	RANK_HEAP,
	RANK_PAGEALLOC,
	RANK_CONSOLE,		/* innermost: anything may print */
};

struct spinlock {
	u32 ticket;		/* low half: now served; high half: next to hand out */
	u32 rank;
	const char *name;
};

#define LOCK_TICKET_ONE		0x10000u

#define SPINLOCK_INIT(r, n)	{ .ticket = 0, .rank = (r), .name = (n) }
#define DEFINE_SPINLOCK(var, r)	struct spinlock var = SPINLOCK_INIT(r, #var)

static inline void spin_lock_init(struct spinlock *lock, enum lock_rank rank, const char *name)
{
	*lock = (struct spinlock)SPINLOCK_INIT(rank, name);
}

bool spin_trylock(struct spinlock *lock);

/* The mechanism: a dozen instructions to take a free lock, four to give it back. */
void lock_wait(struct spinlock *lock, u16 mine);

static inline void lock_acquire(struct spinlock *lock)
{
	u32 ticket = atomic_fetch_add(&lock->ticket, LOCK_TICKET_ONE);
	struct cpu_local *local = cpu_local();

	if (unlikely((u16)ticket != ticket >> 16))
		lock_wait(lock, ticket >> 16);
	local->locks[local->locks_held++ % CPU_LOCKS_TRACKED] = lock;
}

static inline void lock_release(struct spinlock *lock)
{
	cpu_local()->locks_held--;
	/* Only the holder writes this half: a plain store, which x86 does not move before earlier ones. */
#ifdef HOST_TEST	/* in the race detector's words */
	store_release((u16 *)&lock->ticket, (u16)(atomic_read((u16 *)&lock->ticket) + 1));
#else
	__asm__ volatile ("incw %0" : "+m" (*(u16 *)&lock->ticket) : : "memory", "cc");
#endif
}

#ifdef NDEBUG

static inline void spin_lock(struct spinlock *lock)
{
	lock_acquire(lock);
}

/* The second of two locks of equal rank; the caller has ordered them. */
static inline void spin_lock_nested(struct spinlock *lock)
{
	lock_acquire(lock);
}

static inline void spin_unlock(struct spinlock *lock)
{
	lock_release(lock);
}

/* Around an interrupt handler: its locks are ranked among themselves. Exit gets what enter returned. */
static inline u32 lock_irq_enter(void)
{
	return 0;
}

static inline void lock_irq_exit(u32 before)
{
	(void)before;
}

#else

void spin_lock(struct spinlock *lock);
void spin_lock_nested(struct spinlock *lock);
void spin_unlock(struct spinlock *lock);
u32 lock_irq_enter(void);
void lock_irq_exit(u32 before);

#endif

static inline u64 spin_lock_irqsave(struct spinlock *lock)
{
	u64 flags = irq_save();

	spin_lock(lock);
	return flags;
}

static inline void spin_unlock_irqrestore(struct spinlock *lock, u64 flags)
{
	spin_unlock(lock);
	irq_restore(flags);
}

/* Names of the locks that a CPU holds, for panics. The result is the text's length. */
size_t lock_describe_held(u32 cpu, char *buf, size_t size);
/* At the end of the world only: whoever held it is stopped. */
void lock_force_release(struct spinlock *lock);

#endif
