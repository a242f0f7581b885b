/* SPDX-License-Identifier: MIT */
/*
 * Choosing what runs next on this CPU, and the life of a vCPU between waking and sleeping.
 *
 *   sched_wake --> queued --schedule()--> curr --schedule()--> queued, or off with a VPF_ bit set
 *
 * schedule() is the handler of SOFTIRQ_SCHEDULE: it takes the one that ran off (`curr` becomes idle for the
 * moment, so that whoever wakes it now queues it here), picks, and leaves through context_switch(), which
 * does not come back; entry/ calls sched_context_saved() once nothing of the old vCPU is left on the CPU.
 *
 * Locks: see internal.h. vCPU switch one way shall cost 2,000 instructions, context_switch() included.
 */
#include "core/panic.h"
#include "core/softirq.h"
#include "core/time.h"
#include "event/event.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "sched/internal.h"
#include "x86/cpu_ops.h"

#define BALANCE_INTERVAL	(10 * NS_PER_MS)
/* How far behind the one that runs may be charged when another wakes. */
#define CLOCK_SLACK		(NS_PER_MS / 5)

u32 sched_ratelimit_us = 1000;

/* What a vCPU that does not run is doing, for its runstate. */
static u32 resting_state(const struct vcpu *v)
{
	u32 flags = READ_ONCE(v->pause_flags);

	if (!flags)
		return RUNSTATE_runnable;
	return flags & (VPF_BLOCKED | VPF_POLL) ? RUNSTATE_blocked : RUNSTATE_offline;
}

/* Takes `prev` off: queued again if it can go on here. */
static void retire(struct runqueue *rq, struct vcpu *prev, u64 now)
{
	struct sched_unit *u = prev->sched;

	if (prev->is_idle)
		return;
	rq_charge(rq, now);
	rq->curr = rq->idle;
	rq->load -= u->load;
	if (!vcpu_can_run(prev))
		return;
	if (unlikely(!unit_allowed(u, rq->cpu) || !rq->online)) {
		u->leaving = true;
		return;
	}
	if (u->yielded)
		policy->yield(rq, u);
	u->yielded = false;
	(void)rq_enqueue(rq, u, INSERT_RAN_HERE);
}

/*
 * The next one to run, off the queue; NULL for idle. May release the queue's lock while it looks elsewhere.
 */
static struct sched_unit *choose(struct runqueue *rq)
{
	struct sched_unit *u;

	for (;;) {
		u = policy->nth(rq, 0);
		if (!u) {
			u = rq->online ? place_steal(rq) : NULL;
			if (!u)
				return NULL;
		}
		rq_dequeue(rq, u);
		if (likely(!account_exhausted(u->account)) || !account_park(u))
			return u;
	}
}

/* `u` starts here: until when may it run undisturbed? */
static void arm_for(struct runqueue *rq, struct sched_unit *u, u64 now)
{
	s64 left;

	if (rq->nr_queued)
		rq_arm(rq, now + policy->slice_ns(rq, u));
	if (unlikely(READ_ONCE(u->account->cap_percent))) {
		left = atomic_read(&u->account->budget_ns) / (s64)u->account->units;
		rq_arm(rq, now + (u64)MAX(left, (s64)(100 * NS_PER_US)));
	}
}

/* Its timers fire where it runs, not where it ran: a wake-up then needs no other CPU. */
static void timers_follow(struct vcpu *v, u32 cpu)
{
	if (likely(v->singleshot_timer.cpu == cpu) || v->is_idle)
		return;
	if (v->singleshot_timer.fn)
		timer_migrate(&v->singleshot_timer, cpu);
	if (v->periodic_timer.fn)
		timer_migrate(&v->periodic_timer, cpu);
}

static void start(struct runqueue *rq, struct vcpu *prev, struct vcpu *next, u64 now)
{
	rq->curr = next;
	rq->charged_until_ns = now;
	if (!next->is_idle) {
		rq->load += unit_load(next->sched);
		arm_for(rq, next->sched, now);
	}
	if (next == prev)
		return;
	rq->curr_since_ns = now;
	WRITE_ONCE(next->is_running, true);
	timers_follow(next, rq->cpu);
	runstate_set(prev, prev->is_idle ? RUNSTATE_runnable : resting_state(prev), now);
	runstate_set(next, RUNSTATE_running, now);
}

u64 sched_idle_entries(u32 cpu)
{
	return READ_ONCE(runqueues[cpu].idle_entries);
}

static void schedule(void)
{
	struct runqueue *rq = &runqueues[this_cpu()];
	struct vcpu *prev = current, *next;
	struct sched_unit *u;
	u64 now;

	irq_disable();
	spin_lock(&rq->lock);
	now = time_now_ns();
	retire(rq, prev, now);
	u = choose(rq);
	next = u ? u->vcpu : rq->idle;
	start(rq, prev, next, now);
	if (!next->is_idle && prev->is_idle)
		clear_bit(rq->cpu, sched_idle_cpus.bits);
	else if (next->is_idle && rq->online)
		set_bit(rq->cpu, sched_idle_cpus.bits);
	rq->idle_entries += next->is_idle && next != prev;
	spin_unlock(&rq->lock);
	if (next == prev) {
		irq_enable();
		return;
	}
	context_switch(prev, next);
}

void sched_context_saved(struct vcpu *prev)
{
	struct sched_unit *u = prev->sched;
	struct runqueue *rq = &runqueues[this_cpu()];
	bool leaving = !prev->is_idle && READ_ONCE(u->leaving);

	/* from here on another CPU may run prev, or take it apart */
	store_release(&prev->is_running, false);
	if (unlikely(leaving))
		sched_wake(prev);
	if (unlikely(rq->nr_queued && !cpumask_empty(&sched_idle_cpus))) {
		spin_lock(&rq->lock);
		place_offer(rq);
		spin_unlock(&rq->lock);
	}
}

/* The queue's timer: time to look again, and now and then whether someone should go to another CPU. */
static void queue_timer(void *arg)
{
	struct runqueue *rq = arg;
	u64 flags, now = time_now_ns();
	bool balance = false;

	flags = spin_lock_irqsave(&rq->lock);
	rq->timer_at_ns = 0;
	if (rq->nr_queued && now - rq->balanced_ns >= BALANCE_INTERVAL) {
		rq->balanced_ns = now;
		balance = true;
	}
	spin_unlock_irqrestore(&rq->lock, flags);
	if (balance)
		place_push(rq, now);
	if (!rq->curr->is_idle)
		softirq_raise(SOFTIRQ_SCHEDULE);
}

/*
 * Moves a vCPU that is on no queue to the queue of `cpu`. The old queue is locked, then the new one; false:
 * look again.
 */
static bool move_to(struct vcpu *v, struct runqueue **rq, u32 cpu, u64 *flags)
{
	WRITE_ONCE(v->processor, cpu);
	spin_unlock_irqrestore(&(*rq)->lock, *flags);
	*rq = &runqueues[cpu];
	*flags = spin_lock_irqsave(&(*rq)->lock);
	return v->processor == cpu && (*rq)->online;
}

void sched_wake(struct vcpu *v)
{
	struct sched_unit *u = v->sched;
	struct runqueue *rq;
	u64 flags, now;
	u32 cpu;

	if (v->is_idle)
		return;
again:
	rq = rq_lock_of(v, &flags);
	now = time_now_ns();
	if (!vcpu_can_run(v)) {
		if (rq->curr != v && v->runstate == RUNSTATE_blocked)
			runstate_set(v, resting_state(v), now);
		goto out;
	}
	if (u->queued || rq->curr == v || READ_ONCE(u->parked))
		goto out;
	if (!load_acquire(&v->is_running)) {
		u->leaving = false;
		cpu = place_choose(u, rq->cpu);
		if (cpu != rq->cpu) {
			if (!move_to(v, &rq, cpu, &flags)) {
				spin_unlock_irqrestore(&rq->lock, flags);
				goto again;
			}
			if (u->queued || rq->curr == v || READ_ONCE(u->parked) || !vcpu_can_run(v))
				goto out;
		}
	} else if (u->leaving) {
		goto out;		/* sched_context_saved() will be here again */
	}
	if (v->runstate != RUNSTATE_running)
		runstate_set(v, RUNSTATE_runnable, now);
	if (now - rq->charged_until_ns > CLOCK_SLACK)
		rq_charge(rq, now);	/* the queue's clock stood still if one ran alone here */
	if (rq_enqueue(rq, u, INSERT_WOKEN))
		rq_tickle(rq, u, now);
out:
	spin_unlock_irqrestore(&rq->lock, flags);
}

void sched_sleep_nosync(struct vcpu *v)
{
	struct sched_unit *u = v->sched;
	struct runqueue *rq;
	u64 flags;

	if (v->is_idle)
		return;
	rq = rq_lock_of(v, &flags);
	if (!vcpu_can_run(v)) {
		if (u->queued)
			rq_dequeue(rq, u);
		if (rq->curr == v)
			softirq_raise_cpu(rq->cpu, SOFTIRQ_SCHEDULE);
		else if (!v->is_running)
			runstate_set(v, resting_state(v), time_now_ns());
	}
	spin_unlock_irqrestore(&rq->lock, flags);
}

void sched_sleep_sync(struct vcpu *v)
{
	sched_sleep_nosync(v);
	while (!vcpu_can_run(v) && load_acquire(&v->is_running))
		cpu_relax();
}

void sched_kick(struct vcpu *v)
{
	u32 cpu = READ_ONCE(v->processor);

	if (READ_ONCE(v->is_running) && cpu != this_cpu())
		ipi_event_check(cpu);
}

static void poll_timeout(void *arg)
{
	sched_vcpu_unblock(arg);
}

int sched_vcpu_init(struct vcpu *v)
{
	struct sched_unit *u;
	int rc;

	v->runstate_entry_ns = time_now_ns();
	v->affinity_broken = -1;
	if (v->is_idle) {
		v->runstate = RUNSTATE_running;
		return 0;
	}
	u = heap_new(struct sched_unit);
	if (!u)
		return -ENOMEM;
	u->vcpu = v;
	v->runstate = RUNSTATE_offline;
	if (bitmap_empty(v->hard_affinity.bits, MAX_CPUS))
		bitmap_fill(v->hard_affinity.bits, MAX_CPUS);
	if (bitmap_empty(v->soft_affinity.bits, MAX_CPUS))
		bitmap_fill(v->soft_affinity.bits, MAX_CPUS);
	u->allowed = v->hard_affinity;
	rc = account_join(u);
	if (rc) {
		heap_free(u);
		return rc;
	}
	v->sched = u;
	policy->set_weight(u, v->domain->weight);
	v->processor = place_choose(u, v->id % MAX(cpu_online_count, 1u));
	timer_init(&v->poll_timer, poll_timeout, v, v->processor);
	return 0;
}

void sched_vcpu_destroy(struct vcpu *v)
{
	struct sched_unit *u = v->sched;
	struct runqueue *rq;
	u64 flags;

	if (!u)
		return;
	timer_kill(&v->poll_timer);
	rq = rq_lock_of(v, &flags);
	if (u->queued)
		rq_dequeue(rq, u);
	spin_unlock_irqrestore(&rq->lock, flags);
	account_leave(u);
	v->sched = NULL;
	heap_free(u);
}

void sched_cpu_up(u32 cpu)
{
	struct runqueue *rq = &runqueues[cpu];
	u64 flags = spin_lock_irqsave(&rq->lock);

	rq->idle = current;
	rq->curr = current;
	current->processor = cpu;
	current->is_running = true;
	rq->curr_since_ns = time_now_ns();
	rq->online = true;
	set_bit(cpu, sched_idle_cpus.bits);
	spin_unlock_irqrestore(&rq->lock, flags);
	softirq_raise(SOFTIRQ_SCHEDULE);
}

/* On the CPU itself, in its idle vCPU: everything queued here goes elsewhere, nothing comes any more. */
void sched_cpu_down(u32 cpu)
{
	struct runqueue *rq = &runqueues[cpu];
	struct sched_unit *u;
	u64 flags = spin_lock_irqsave(&rq->lock);

	rq->online = false;
	clear_bit(cpu, sched_idle_cpus.bits);
	while ((u = policy->nth(rq, 0)) != NULL) {
		rq_dequeue(rq, u);
		spin_unlock_irqrestore(&rq->lock, flags);
		sched_wake(u->vcpu);
		flags = spin_lock_irqsave(&rq->lock);
	}
	spin_unlock_irqrestore(&rq->lock, flags);
}

void sched_init(void)
{
	u32 cpu;

	for (cpu = 0; cpu < MAX_CPUS; cpu++) {
		struct runqueue *rq = &runqueues[cpu];

		spin_lock_init(&rq->lock, RANK_SCHED, "runqueue");
		rq->cpu = cpu;
		timer_init(&rq->timer, queue_timer, rq, cpu);
	}
	softirq_register(SOFTIRQ_SCHEDULE, schedule);
}

__noreturn void sched_idle_loop(void)
{
	for (;;) {
		irq_disable();
		if (softirq_is_pending()) {
			irq_enable();
			softirq_run();
		} else {
			irq_enable_and_halt();
		}
	}
}
