/* SPDX-License-Identifier: MIT */
/*
 * The policy: weighted fair sharing. Each vCPU has a virtual time that advances while it runs, the slower the
 * greater its weight; the one furthest behind is next. Queues are red-black trees in order of virtual time.
 *
 *   vtime += ran * 256 / weight * n    the division is done once, when the weight is set
 *
 * The weight is the domain's: n of its vCPUs that run or could run now share it, so a guest gains nothing by
 * spinning on more of them.
 *
 * Virtual times of all CPUs are on one scale, so that a vCPU takes its arrears with it when it moves. A
 * sleeper may not save up time: on waking it is at most WAKE_BONUS behind its queue's `min_vtime` (the
 * furthest behind of those that can run, never going back). One that moves takes arrears or lead with it,
 * within MOVE_WINDOW of its new queue. fair_clock follows the fastest queue, for CPUs whose own clock stood
 * still while they slept.
 *
 * Lock: the queue's; fair_clock is written by single stores and may lag.
 */
#include "abi/domctl.h"
#include "sched/internal.h"

#define INVERSE_SHIFT		22
#define WEIGHT_DEFAULT		256u
#define WAKE_BONUS		(3 * NS_PER_MS)
#define WAKE_MARGIN		(NS_PER_MS / 4)	/* a waking vCPU preempts if it is this much further behind */
#define MOVE_WINDOW		(50 * NS_PER_MS)
#define SLICE			(5 * NS_PER_MS)
#define SLICE_MAX		(10 * NS_PER_MS)
#define MOVE_ARREARS		(5 * NS_PER_MS)
#define DRIFT_MAX		(200 * NS_PER_MS)
#define CHARGE_MAX		(4 * SLICE_MAX)

static u64 fair_clock;

static inline struct sched_unit *unit_of(const struct rb_node *n)
{
	return n ? rb_entry(n, struct sched_unit, node) : NULL;
}

static int compare_vtime(const struct rb_node *a, const struct rb_node *b)
{
	u64 va = unit_of(a)->vtime, vb = unit_of(b)->vtime;

	return va < vb ? -1 : va > vb;
}

static void fair_set_weight(struct sched_unit *u, u32 weight)
{
	u->weight = weight;
	u->inverse_weight = (u32)(((u64)WEIGHT_DEFAULT << INVERSE_SHIFT) / weight);
}

/*
 * The one to run next stands apart from the tree (rq->first; none: the tree is empty), so that the common
 * queue of one costs no tree at all.
 */
static void order_add(struct runqueue *rq, struct sched_unit *u)
{
	if (!rq->first) {
		rq->first = u;
	} else if (u->vtime < rq->first->vtime) {
		rb_insert(&rq->tree, &rq->first->node, compare_vtime);
		rq->first = u;
	} else {
		rb_insert(&rq->tree, &u->node, compare_vtime);
	}
}

static void order_remove(struct runqueue *rq, struct sched_unit *u)
{
	struct rb_node *next;

	if (u != rq->first) {
		rb_erase(&rq->tree, &u->node);
		return;
	}
	next = rb_first(&rq->tree);
	if (next)
		rb_erase(&rq->tree, next);
	rq->first = unit_of(next);
}

/* min_vtime follows the one furthest behind of `curr` and the queue. */
static void clock_advance(struct runqueue *rq, const struct sched_unit *curr)
{
	const struct sched_unit *first = rq->first;
	u64 v = curr->vtime;

	if (first && first->vtime < v)
		v = first->vtime;
	if (v <= rq->min_vtime)
		return;
	rq->min_vtime = v;
	if (v > READ_ONCE(fair_clock) + NS_PER_MS)
		WRITE_ONCE(fair_clock, v);
}

/*
 * With others waiting it has had its due within a slice: what goes beyond some of them is no gain of its own, but a
 * machine that stood still or a clock that jumped, and would keep it waiting for as long.
 */
static void fair_charge(struct runqueue *rq, struct sched_unit *u, u64 ns)
{
	if (rq->first)
		ns = MIN(ns, CHARGE_MAX);
	u->vtime += (u64)((unsigned __int128)ns * u->inverse_weight >> INVERSE_SHIFT) * unit_sharers(u);
	clock_advance(rq, u);
}

static void fair_insert(struct runqueue *rq, struct sched_unit *u, enum insert_why why)
{
	u64 behind = why == INSERT_WOKEN ? WAKE_BONUS : MOVE_WINDOW;

	if (why != INSERT_RAN_HERE) {
		if (rq->load == 0)
			rq->min_vtime = MAX(rq->min_vtime, READ_ONCE(fair_clock));
		if (u->vtime + behind < rq->min_vtime)
			u->vtime = rq->min_vtime - behind;
		else if (u->vtime > rq->min_vtime + MOVE_WINDOW)
			u->vtime = rq->min_vtime + MOVE_WINDOW;
	}
	order_add(rq, u);
}

static void fair_remove(struct runqueue *rq, struct sched_unit *u)
{
	order_remove(rq, u);
}

static struct sched_unit *fair_nth(const struct runqueue *rq, u32 n)
{
	struct rb_node *node;

	if (n == 0)
		return rq->first;
	for (node = rb_first(&rq->tree); node && --n; node = rb_next(node))
		;
	return unit_of(node);
}

static bool fair_preempts(const struct runqueue *rq, const struct sched_unit *u,
			  const struct sched_unit *curr)
{
	(void)rq;
	return u->vtime + WAKE_MARGIN < curr->vtime;
}

static u64 fair_slice_ns(const struct runqueue *rq, const struct sched_unit *u)
{
	const struct sched_unit *next = rq->first;
	s64 ahead = next ? (s64)(next->vtime - u->vtime) : 0;
	u64 ns, least = MAX(sched_ratelimit_us, 500u) * NS_PER_US;

	/* Until it is SLICE ahead of the next one, in its own time. */
	ahead = CLAMP(ahead, (s64)0, (s64)SLICE_MAX);
	ns = (((u64)ahead + SLICE) * u->weight) >> 8;
	ns = MIN(ns, SLICE_MAX);
	return MAX(ns, least);
}

static void fair_yield(const struct runqueue *rq, struct sched_unit *u)
{
	const struct sched_unit *first = rq->first;

	if (first && u->vtime <= first->vtime)
		u->vtime = first->vtime + 1;
}

/*
 * A queue that fell far behind another (its vCPUs could not leave, or the other's ran alone and was charged for all
 * of that at once) is set forward as a whole.
 */
static void clock_follow(struct runqueue *rq, u64 to)
{
	u64 by = to - rq->min_vtime;
	struct rb_node *n;

	if (rq->first)
		rq->first->vtime += by;
	for (n = rb_first(&rq->tree); n; n = rb_next(n))
		unit_of(n)->vtime += by;
	if (rq->curr && !rq->curr->is_idle)
		rq->curr->sched->vtime += by;
	rq->min_vtime += by;
}

static bool fair_wants_to_move(struct runqueue *from, struct runqueue *to, const struct sched_unit *u)
{
	const struct sched_unit *other;

	if (to->min_vtime > from->min_vtime + DRIFT_MAX)
		clock_follow(from, to->min_vtime - DRIFT_MAX);
	if (from->min_vtime > to->min_vtime + DRIFT_MAX)
		clock_follow(to, from->min_vtime - DRIFT_MAX);
	if (to->curr->is_idle)
		return true;
	other = to->curr->sched;
	return other->vtime > u->vtime + MOVE_ARREARS;
}

const struct sched_ops sched_fair = {
	.name = "fair (credit2 parameters)",
	.id = XEN_SCHEDULER_CREDIT2,
	.set_weight = fair_set_weight,
	.charge = fair_charge,
	.insert = fair_insert,
	.remove = fair_remove,
	.nth = fair_nth,
	.preempts = fair_preempts,
	.slice_ns = fair_slice_ns,
	.yield = fair_yield,
	.wants_to_move = fair_wants_to_move,
};
