/* SPDX-License-Identifier: MIT */
/*
 * Ticket locks: whoever comes first is served first. Each CPU keeps the list of what it holds, for panics
 * and for the rank check of debug builds. An interrupt handler starts a new list on top: its locks are
 * ordered among themselves, and never wait for one that the interrupted code holds because such locks are
 * taken with interrupts off.
 */
#include "core/lock.h"

#include "core/panic.h"
#include "core/percpu.h"
#include "lib/printf.h"
#include "x86/tlb.h"

static u32 lock_tracked(const struct cpu_local *local)
{
	u32 n = READ_ONCE(local->locks_held);

	return MIN(n, CPU_LOCKS_TRACKED);
}

void lock_wait(struct spinlock *lock, u16 mine)
{
	/* the holder may be waiting for this CPU to flush its TLB */
	while ((u16)load_acquire(&lock->ticket) != mine) {
		tlb_poll();
		cpu_pause();
	}
}

bool spin_trylock(struct spinlock *lock)
{
	u32 now = atomic_read(&lock->ticket);
	struct cpu_local *local = cpu_local();

	if ((u16)now != now >> 16 || !try_cmpxchg(&lock->ticket, &now, now + LOCK_TICKET_ONE))
		return false;
	local->locks[local->locks_held++ % CPU_LOCKS_TRACKED] = lock;
	return true;
}

#ifndef NDEBUG

u32 lock_irq_enter(void)
{
	struct cpu_local *local = cpu_local();
	u32 before = local->lock_base;

	local->lock_base = local->locks_held;
	return before;
}

void lock_irq_exit(u32 before)
{
	cpu_local()->lock_base = before;
}

static void lock_check_rank(const struct spinlock *lock, bool nested)
{
	const struct cpu_local *local = cpu_local();

	for (u32 i = local->lock_base; i < lock_tracked(local); i++) {
		const struct spinlock *other = local->locks[i];

		if (other == lock)
			panic("lock %s taken twice by one CPU", lock->name);
		if (lock->rank && (other->rank > lock->rank || (other->rank == lock->rank && !nested)))
			panic("lock %s (rank %u) taken while holding %s (rank %u)", lock->name, lock->rank,
			      other->name, other->rank);
	}
}

void spin_lock(struct spinlock *lock)
{
	lock_check_rank(lock, false);
	lock_acquire(lock);
}

void spin_lock_nested(struct spinlock *lock)
{
	lock_check_rank(lock, true);
	lock_acquire(lock);
}

/* Usually the last one taken goes first; else the gap in the list is closed. */
void spin_unlock(struct spinlock *lock)
{
	struct cpu_local *local = cpu_local();
	u32 n = lock_tracked(local), i = n;

	while (i-- > 0 && local->locks[i] != lock)
		;
	for (; i + 1 < n; i++)
		local->locks[i] = local->locks[i + 1];
	lock_release(lock);
}

#endif

size_t lock_describe_held(u32 cpu, char *buf, size_t size)
{
	const struct cpu_local *local = cpu_locals[cpu];
	u32 n = local ? lock_tracked(local) : 0;
	size_t len = 0;

	buf[0] = '\0';
	for (u32 i = 0; i < n; i++)
		len += scnprintf(buf + len, size - len, "%s%s", i ? ", " : "", local->locks[i]->name);
	return len;
}

void lock_force_release(struct spinlock *lock)
{
	lock->ticket = 0;
}
