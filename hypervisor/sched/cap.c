/* SPDX-License-Identifier: MIT */
/*
 * Caps: how much a domain may use of all CPUs together, in per cent of one. Every PERIOD it gets cap per cent
 * of it as a budget; whoever of its vCPUs runs draws on that, and once it is used up they are parked until
 * the next period. What a slice overran is owed and comes off the next budget, so that the long run is exact.
 * The timer of a domain that uses nothing stops.
 *
 * Locks: the account's, taken inside a run queue's; the budget is an atomic word.
 */
#include "core/time.h"
#include "lib/errno.h"
#include "mm/heap.h"
#include "sched/internal.h"

#define PERIOD_NS	(10 * NS_PER_MS)

static s64 full_budget(const struct account *a)
{
	return (s64)(READ_ONCE(a->cap_percent) * (PERIOD_NS / 100));
}

/* Takes one off the list; NULL when none is left. */
static struct vcpu *unpark_one(struct account *a)
{
	struct vcpu *v = NULL;
	u64 flags = spin_lock_irqsave(&a->lock);
	struct sched_unit *u = list_first_entry_or_null(&a->parked, struct sched_unit, parked_node);

	if (u) {
		list_del(&u->parked_node);
		u->parked = false;
		v = u->vcpu;
	}
	spin_unlock_irqrestore(&a->lock, flags);
	return v;
}

static void unpark_all(struct account *a)
{
	struct vcpu *v;

	while ((v = unpark_one(a)) != NULL)
		sched_wake(v);
}

static void period_end(void *arg)
{
	struct account *a = arg;
	s64 full = full_budget(a), old = atomic_fetch_add(&a->budget_ns, full);
	u64 flags = spin_lock_irqsave(&a->lock);

	/*
	 * What was left may be in use: each of those that run has taken up to its part of it and not been
	 * charged yet. So it is kept, but no more than that.
	 */
	if (old > full)
		atomic_sub(&a->budget_ns, old - full);
	/* Nothing was used since the last time: wait for the next one that runs. */
	a->running = full && !(old >= full && list_empty(&a->parked));
	if (a->running)
		timer_set(&a->period, time_now_ns() + PERIOD_NS);
	spin_unlock_irqrestore(&a->lock, flags);
	if (!account_exhausted(a))
		unpark_all(a);
}

void account_charge_slow(struct account *a, u64 ns)
{
	atomic_sub(&a->budget_ns, (s64)ns);
	if (READ_ONCE(a->running))
		return;
	spin_lock(&a->lock);
	if (!a->running && a->cap_percent) {
		a->running = true;
		timer_set(&a->period, time_now_ns() + PERIOD_NS);
	}
	spin_unlock(&a->lock);
}

/* The run queue is locked, interrupts are off. False: there is something left after all. */
bool account_park(struct sched_unit *u)
{
	struct account *a = u->account;
	bool park;

	spin_lock(&a->lock);
	park = account_exhausted(a);
	if (park && !u->parked) {
		u->parked = true;
		list_add_tail(&u->parked_node, &a->parked);
	}
	spin_unlock(&a->lock);
	return park;
}

void account_set_cap(struct account *a, u32 percent)
{
	u64 flags = spin_lock_irqsave(&a->lock);

	a->cap_percent = percent;
	atomic_write(&a->budget_ns, full_budget(a));
	spin_unlock_irqrestore(&a->lock, flags);
	unpark_all(a);
}

/* The first unit of a domain makes the account, the others find it at vCPU 0. */
int account_join(struct sched_unit *u)
{
	struct domain *d = u->vcpu->domain;
	struct account *a;

	if (u->vcpu->id == 0) {
		a = heap_new(struct account);
		if (!a)
			return -ENOMEM;
		spin_lock_init(&a->lock, RANK_NONE, "cap account");
		list_init(&a->parked);
		timer_init(&a->period, period_end, a, this_cpu());
		account_set_cap(a, d->cap);
	} else {
		a = d->vcpu[0]->sched->account;
	}
	atomic_inc(&a->units);
	u->account = a;
	return 0;
}

/*
 * The vCPU never runs again. If its domain is going, the timer goes first: it might be about to wake the
 * vCPU.
 */
void account_leave(struct sched_unit *u)
{
	struct account *a = u->account;
	bool last = atomic_dec_and_test(&a->units);
	u64 flags;

	if (last || atomic_read(&u->vcpu->domain->refs) == 0) {
		WRITE_ONCE(a->cap_percent, 0);
		timer_kill(&a->period);
	}
	flags = spin_lock_irqsave(&a->lock);
	if (u->parked)
		list_del(&u->parked_node);
	u->parked = false;
	spin_unlock_irqrestore(&a->lock, flags);
	if (last)
		heap_free(a);
}
