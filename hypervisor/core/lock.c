/* SPDX-License-Identifier: MIT */
/*
 * Ticket locks: whoever comes first is served first. Each CPU keeps the list of what it holds, for panics
 * and for the rank check. An interrupt handler starts a new list on top: its locks are ordered among
 * themselves, and never wait for one that the interrupted code holds because such locks are taken with
 * interrupts off.
 */
#include "core/lock.h"

#include "core/panic.h"
#include "core/percpu.h"
#include "lib/atomic.h"
#include "lib/printf.h"
#include "x86/cpu_ops.h"

#define LOCKS_MAX	24u
#define TICKET_ONE	0x10000u

/* Only by the owning CPU (and read by a panic). */
static struct held {
	const struct spinlock *lock[LOCKS_MAX];
	u32 base;		/* where the current interrupt's locks begin */
} held_locks[MAX_CPUS];

#ifdef NDEBUG
static inline void lock_check_rank(const struct spinlock *lock, bool nested)
{
}
#else
u32 lock_irq_enter(void)
{
	const struct cpu_local *local = cpu_local();
	u32 *base = &held_locks[local->cpu].base, before = *base;

	*base = local->locks_held;
	return before;
}

void lock_irq_exit(u32 before)
{
	held_locks[this_cpu()].base = before;
}

static void lock_check_rank(const struct spinlock *lock, bool nested)
{
	const struct cpu_local *local = cpu_local();
	const struct held *h = &held_locks[local->cpu];

	for (u32 i = h->base; i < MIN(local->locks_held, LOCKS_MAX); i++) {
		u32 other = h->lock[i]->rank;

		if (h->lock[i] == lock)
			panic("lock %s taken twice by one CPU", lock->name);
		if (lock->rank && (other > lock->rank || (other == lock->rank && !nested)))
			panic("lock %s (rank %u) taken while holding %s (rank %u)", lock->name, lock->rank,
			      h->lock[i]->name, other);
	}
}
#endif

static inline void lock_note_taken(struct spinlock *lock)
{
	struct cpu_local *local = cpu_local();
	u32 n = local->locks_held++;

	lock->holder = local->cpu + 1;
	if (likely(n < LOCKS_MAX))
		held_locks[local->cpu].lock[n] = lock;
}

static inline void lock_note_released(struct spinlock *lock)
{
	struct cpu_local *local = cpu_local();
	const struct spinlock **list = held_locks[local->cpu].lock;
	u32 n = --local->locks_held;

	lock->holder = 0;
	/* Usually the last one taken; else close the gap. */
	if (unlikely(n < LOCKS_MAX && list[n] != lock)) {
		for (u32 i = n; i-- > 0;)
			if (list[i] == lock) {
				for (; i < n; i++)
					list[i] = list[i + 1];
				break;
			}
	}
}

void spin_lock_init(struct spinlock *lock, enum lock_rank rank, const char *name)
{
	*lock = (struct spinlock)SPINLOCK_INIT(rank, name);
}

static void lock_take(struct spinlock *lock)
{
	u32 mine = atomic_fetch_add(&lock->ticket, TICKET_ONE) >> 16;

	while (unlikely((u16)load_acquire(&lock->ticket) != mine))
		cpu_pause();
	lock_note_taken(lock);
}

void spin_lock(struct spinlock *lock)
{
	lock_check_rank(lock, false);
	lock_take(lock);
}

void spin_lock_nested(struct spinlock *lock)
{
	lock_check_rank(lock, true);
	lock_take(lock);
}

bool spin_trylock(struct spinlock *lock)
{
	u32 now = atomic_read(&lock->ticket);

	if ((u16)now != now >> 16 || !try_cmpxchg(&lock->ticket, &now, now + TICKET_ONE))
		return false;
	lock_note_taken(lock);
	return true;
}

void spin_unlock(struct spinlock *lock)
{
	u16 *serving = (u16 *)&lock->ticket;

	lock_note_released(lock);
	store_release(serving, (u16)(*serving + 1));
}

u64 spin_lock_irqsave(struct spinlock *lock)
{
	u64 flags = irq_save();

	spin_lock(lock);
	return flags;
}

void spin_unlock_irqrestore(struct spinlock *lock, u64 flags)
{
	spin_unlock(lock);
	irq_restore(flags);
}

bool spin_is_held(const struct spinlock *lock)
{
	return READ_ONCE(lock->holder) == this_cpu() + 1;
}

size_t lock_describe_held(u32 cpu, char *buf, size_t size)
{
	const struct cpu_local *local = cpu_locals[cpu];
	u32 n = local ? MIN(READ_ONCE(local->locks_held), LOCKS_MAX) : 0;
	size_t len = 0;

	buf[0] = '\0';
	for (u32 i = 0; i < n; i++)
		len += scnprintf(buf + len, size - len, "%s%s", i ? ", " : "", held_locks[cpu].lock[i]->name);
	return len;
}

void lock_force_release(struct spinlock *lock)
{
	lock->ticket = 0;
	lock->holder = 0;
}
