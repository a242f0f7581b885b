/* SPDX-License-Identifier: MIT */
/*
 * Run queues: locking them, putting vCPUs on and off, charging what runs, and setting the one timer of a
 * queue.
 *
 * The timer is lazy: a time that lies before what is wanted is left alone, and when it fires for nothing the
 * scheduler finds nothing to do. So a vCPU that runs alone meets no tick, and switching rarely touches the
 * timer.
 */
#include "core/softirq.h"
#include "core/time.h"
#include "sched/internal.h"

struct runqueue runqueues[MAX_CPUS];
cpumask_t sched_idle_cpus;
cpumask_t sched_waiting_cpus;

/* The run queue that a vCPU belongs to, locked, interrupts off. */
struct runqueue *rq_lock_of(const struct vcpu *v, u64 *flags)
{
	for (;;) {
		struct runqueue *rq = &runqueues[READ_ONCE(v->processor)];

		*flags = spin_lock_irqsave(&rq->lock);
		if (likely(&runqueues[READ_ONCE(v->processor)] == rq))
			return rq;
		spin_unlock_irqrestore(&rq->lock, *flags);
	}
}

void rq_lock_two(struct runqueue *a, struct runqueue *b)
{
	struct runqueue *first = a->cpu < b->cpu ? a : b, *second = first == a ? b : a;

	spin_lock(&first->lock);
	spin_lock_nested(&second->lock);
}

void rq_unlock_two(struct runqueue *a, struct runqueue *b)
{
	spin_unlock(&b->lock);
	spin_unlock(&a->lock);
}

bool rq_enqueue(struct runqueue *rq, struct sched_unit *u, enum insert_why why)
{
	if (unlikely(account_exhausted(u->account)) && account_park(u))
		return false;
	policy->insert(rq, u, why);
	u->queued = true;
	rq->load += unit_load(u);
	if (rq->nr_queued++ == 0)
		set_bit(rq->cpu, sched_waiting_cpus.bits);
	return true;
}

void rq_dequeue(struct runqueue *rq, struct sched_unit *u)
{
	policy->remove(rq, u);
	u->queued = false;
	rq->load -= u->load;
	if (--rq->nr_queued == 0)
		clear_bit(rq->cpu, sched_waiting_cpus.bits);
}

/* Charges the vCPU that runs here for its time since the last charge. */
void rq_charge(struct runqueue *rq, u64 now)
{
	struct vcpu *v = rq->curr;
	u64 ns = now - rq->charged_until_ns;

	if (v->is_idle || (s64)ns <= 0)
		return;
	rq->charged_until_ns = now;
	rq_reload(rq, v->sched);
	policy->charge(rq, v->sched, ns);
	account_charge(v->sched->account, ns);
}

void rq_arm(struct runqueue *rq, u64 at_ns)
{
	if (rq->timer_at_ns && rq->timer_at_ns <= at_ns)
		return;
	rq->timer_at_ns = at_ns;
	timer_set(&rq->timer, at_ns);
}

/*
 * Someone was put on the queue (rq_charge() was not long ago): makes the CPU look at it now, or when the one
 * that runs has had its due.
 */
void rq_tickle(struct runqueue *rq, struct sched_unit *u, u64 now)
{
	u64 earliest;

	if (rq->curr->is_idle) {
		clear_bit(rq->cpu, sched_idle_cpus.bits);
		softirq_raise_cpu(rq->cpu, SOFTIRQ_SCHEDULE);
		return;
	}
	if (policy->preempts(rq, u, rq->curr->sched)) {
		earliest = rq->curr_since_ns + sched_ratelimit_us * NS_PER_US;
		if (earliest <= now)
			softirq_raise_cpu(rq->cpu, SOFTIRQ_SCHEDULE);
		else
			rq_arm(rq, earliest);
	} else {
		rq_arm(rq, now + policy->slice_ns(rq, rq->curr->sched));
	}
}
