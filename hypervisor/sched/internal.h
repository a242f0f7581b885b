/* SPDX-License-Identifier: MIT */
/*
 * The insides of sched/: run queues, what a policy must provide, and the state kept for each vCPU.
 *
 *   mechanism (queue.c, switch.c, place.c, runstate.c, guest.c)   which CPU, when to switch, states of a vCPU
 *   policy (fair.c, cap.c) behind struct sched_ops                which vCPU of a queue is next, for how long
 *
 * Each CPU has a run queue. A vCPU that may run is either the queue's `curr` or queued on the run queue of
 * v->processor, or it waits apart because its domain has used up its cap (parked). A vCPU whose state is
 * still loaded on a CPU (v->is_running) is never moved: it is queued at that CPU, or moved in
 * sched_context_saved().
 *
 * Locks: a queue's lock guards the queue, and sched_unit and the scheduling fields of every vCPU whose
 * v->processor is that CPU; v->processor changes only under the lock of the old CPU's queue. Two queues in
 * order of CPU. They are taken with interrupts off, since waking happens in interrupt handlers. An account's
 * lock is taken inside.
 */
#ifndef SCHED_INTERNAL_H
#define SCHED_INTERNAL_H

#include "core/ipi.h"
#include "core/lock.h"
#include "core/timer.h"
#include "lib/atomic.h"
#include "lib/list.h"
#include "lib/rbtree.h"
#include "sched/sched.h"

#define NS_PER_US		1000ul
#define NS_PER_MS		1000000ul
#define CPUMASK_WORDS		(MAX_CPUS / 64)

/* What a domain uses, and may use if it is capped, of all CPUs together. Shared by the units of its vCPUs. */
struct account {
	u32 units;			/* atomic; how many hold it */
	u32 wanting;			/* atomic; how many of them run or could */
	struct spinlock lock;		/* parked; start and stop of the timer */
	struct list_head parked;
	struct timer period;
	bool running;			/* the timer is set */
	u32 cap_percent;		/* 0: no cap; read anywhere */
	s64 budget_ns;			/* atomic; left in this period, below 0: owed */
};

struct sched_unit {
	struct vcpu *vcpu;		/* set at creation */
	struct account *account;	/* set at creation: the domain's */

	/* the run queue's lock */
	bool queued;
	bool leaving;			/* has been taken off a CPU it may not use: placed anew once saved */
	bool yielded;
	u32 load;			/* its part of the load of the queue that it is on */
	cpumask_t allowed;		/* hard affinity, or the one CPU of a pin override */

	/* the account's lock */
	bool parked;
	struct list_head parked_node;

	/* the policy's, under the run queue's lock */
	struct rb_node node;
	u64 vtime;
	u32 weight;
	u32 inverse_weight;
};

struct runqueue {
	struct spinlock lock;
	u32 cpu;
	bool online;
	struct vcpu *idle;
	u64 idle_entries;		/* how often there was nothing to run */
	struct vcpu *curr;		/* what runs here, or is being switched to; idle while choosing */
	u64 curr_since_ns;
	u64 charged_until_ns;
	u32 nr_queued;
	u32 load;			/* of curr and all queued: weights, shared among a domain's vCPUs */

	/* End of a slice, a budget or a rate limit; may fire early, never late. */
	struct timer timer;
	u64 timer_at_ns;		/* 0: not set */
	u64 balanced_ns;

	/* the policy's */
	struct sched_unit *first;	/* next to run; the rest is in the tree */
	struct rb_root tree;
	u64 min_vtime;
} __aligned(64);

/* Where a vCPU comes from when it is put on a queue. */
enum insert_why { INSERT_RAN_HERE, INSERT_WOKEN, INSERT_MOVED };

struct sched_ops {
	const char *name;
	u32 id;				/* XEN_SCHEDULER_* */
	/* The weight changed, or is set for the first time. */
	void (*set_weight)(struct sched_unit *u, u32 weight);
	/* rq->curr has run for `ns`. */
	void (*charge)(struct runqueue *rq, struct sched_unit *u, u64 ns);
	/* Into and out of the order. */
	void (*insert)(struct runqueue *rq, struct sched_unit *u, enum insert_why why);
	void (*remove)(struct runqueue *rq, struct sched_unit *u);
	/* The n-th to run next, NULL if there are fewer. */
	struct sched_unit *(*nth)(const struct runqueue *rq, u32 n);
	bool (*preempts)(const struct runqueue *rq, const struct sched_unit *u,
			 const struct sched_unit *curr);
	/* How long `u` may run while others wait on the queue. */
	u64 (*slice_ns)(const struct runqueue *rq, const struct sched_unit *u);
	/* Others on the queue are to run before it once. */
	void (*yield)(const struct runqueue *rq, struct sched_unit *u);
	/* `from` has waited too long compared with what runs on `to` (both locked, `to` charged). */
	bool (*wants_to_move)(struct runqueue *from, struct runqueue *to, const struct sched_unit *u);
};
extern const struct sched_ops sched_fair;
#define policy (&sched_fair)

extern struct runqueue runqueues[MAX_CPUS];
extern cpumask_t sched_idle_cpus;	/* atomic bits: CPUs that sleep and have not been told to look yet */
extern cpumask_t sched_waiting_cpus;	/* atomic bits: CPUs with someone queued */
extern u32 sched_ratelimit_us;

static inline bool vcpu_can_run(const struct vcpu *v)
{
	return READ_ONCE(v->pause_flags) == 0;
}

static inline bool unit_allowed(const struct sched_unit *u, u32 cpu)
{
	return u->allowed.bits[cpu / 64] >> (cpu % 64) & 1;
}

/* How many vCPUs share the weight of its domain now. */
static inline u32 unit_sharers(const struct sched_unit *u)
{
	return MAX(atomic_read(&u->account->wanting), 1u);
}

/* What it adds to the load of a queue; kept, so that the same is taken off. */
static inline u32 unit_load(struct sched_unit *u)
{
	u32 n = unit_sharers(u);

	u->load = likely(n == 1) ? u->weight : MAX(u->weight / n, 1u);
	return u->load;
}

/* u runs or waits on rq, and its part of the load may be another now. Locked. */
static inline void rq_reload(struct runqueue *rq, struct sched_unit *u)
{
	rq->load -= u->load;
	rq->load += unit_load(u);
}

/* queue.c */
struct runqueue *rq_lock_of(const struct vcpu *v, u64 *flags);
void rq_lock_two(struct runqueue *a, struct runqueue *b);	/* interrupts are off */
void rq_unlock_two(struct runqueue *a, struct runqueue *b);
/* False: parked instead. */
bool rq_enqueue(struct runqueue *rq, struct sched_unit *u, enum insert_why why);
void rq_dequeue(struct runqueue *rq, struct sched_unit *u);
void rq_charge(struct runqueue *rq, u64 now);
void rq_arm(struct runqueue *rq, u64 at_ns);
void rq_tickle(struct runqueue *rq, struct sched_unit *u, u64 now);

/* place.c */
u32 place_choose(const struct sched_unit *u, u32 home);
struct sched_unit *place_steal(struct runqueue *rq);	/* rq is locked, may be released meanwhile */
void place_push(struct runqueue *rq, u64 now);		/* not locked */
/* Locked: tells an idle CPU that someone waits here. */
void place_offer(struct runqueue *rq);

/* cap.c */
int account_join(struct sched_unit *u);
void account_leave(struct sched_unit *u);
void account_set_cap(struct account *a, u32 percent);
void account_charge_slow(struct account *a, u64 ns);
bool account_park(struct sched_unit *u);		/* true if it has to wait for the next period */

static inline void account_charge(struct account *a, u64 ns)
{
	if (unlikely(READ_ONCE(a->cap_percent)))
		account_charge_slow(a, ns);
}

static inline bool account_exhausted(const struct account *a)
{
	return READ_ONCE(a->cap_percent) && atomic_read(&a->budget_ns) <= 0;
}

/* runstate.c: the run queue is locked */
void runstate_set(struct vcpu *v, u32 state, u64 now);

#endif
