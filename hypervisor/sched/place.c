/* SPDX-License-Identifier: MIT */
/*
 * Which CPU: where a waking vCPU goes, what an idle CPU takes from others, and what a CPU with a queue gives
 * away.
 *
 *   place_choose   on waking: an idle CPU if there is one, best where it ran last; else where it ran last
 *   place_steal    a CPU about to sleep takes someone who waits elsewhere
 *   place_offer    a CPU that left someone waiting wakes an idle one to come and steal
 *   place_push     from the timer of a CPU with a queue: moves one that waited long to a less loaded CPU
 *
 * A vCPU that runs alone is never disturbed by a tick: only CPUs with a queue look for balance. The masks of
 * idle and waiting CPUs are read without locks and may be out of date by an instant; the owner of a bit
 * corrects it.
 */
#include "core/softirq.h"
#include "sched/internal.h"
#include "x86/cpu_ops.h"

#define LOOK_AT_MOST	8	/* queued vCPUs looked at for one that may move */

static bool cpu_is_online(u32 cpu)
{
	return READ_ONCE(runqueues[cpu].online);
}

/* An idle CPU of `allowed`, with `also` if given, the first one from `home` on; MAX_CPUS if none. */
static u32 find_idle(const cpumask_t *allowed, const cpumask_t *also, u32 home)
{
	unsigned long m[CPUMASK_WORDS];
	size_t cpu;
	u32 i;

	for (i = 0; i < CPUMASK_WORDS; i++)
		m[i] = READ_ONCE(sched_idle_cpus.bits[i]) & allowed->bits[i] & (also ? also->bits[i] : ~0ul);
	cpu = bitmap_find_next(m, MAX_CPUS, home);
	if (cpu == MAX_CPUS)
		cpu = bitmap_find_next(m, MAX_CPUS, 0);
	return (u32)cpu;
}

/* The CPU of `allowed` with the least load, `prefer` among equals; MAX_CPUS if none of them is up. */
static u32 find_least_loaded(const cpumask_t *allowed, u32 prefer)
{
	u32 best = MAX_CPUS, best_load = ~0u, load;
	size_t cpu;

	bitmap_for_each(cpu, allowed->bits, MAX_CPUS) {
		if (!cpu_is_online((u32)cpu))
			continue;
		load = READ_ONCE(runqueues[cpu].load);
		if (load < best_load || (load == best_load && cpu == prefer)) {
			best = (u32)cpu;
			best_load = load;
		}
	}
	return best;
}

/*
 * Nobody is idle: where it ran, if the one that runs there is all it has to compete with; else the least
 * load.
 */
static u32 choose_busy(const struct sched_unit *u, u32 home, bool home_ok)
{
	u32 cpu;

	if (home_ok && (READ_ONCE(runqueues[home].nr_queued) == 0 || cpu_online_count == 1))
		return home;
	cpu = find_least_loaded(&u->allowed, home);
	if (cpu == MAX_CPUS)			/* all it may use are down: better anywhere than nowhere */
		cpu = find_least_loaded(&cpu_online_mask, home);
	return cpu < MAX_CPUS ? cpu : home;
}

u32 place_choose(const struct sched_unit *u, u32 home)
{
	const struct vcpu *v = u->vcpu;
	bool home_ok = unit_allowed(u, home) && cpu_is_online(home);
	u32 cpu;

	if (cpumask_empty(&sched_idle_cpus))
		return choose_busy(u, home, home_ok);
	if (home_ok && cpumask_test(home, &sched_idle_cpus) && cpumask_test(home, &v->soft_affinity))
		return home;
	cpu = find_idle(&u->allowed, &v->soft_affinity, home);
	if (cpu == MAX_CPUS)
		cpu = find_idle(&u->allowed, NULL, home);
	return cpu < MAX_CPUS ? cpu : choose_busy(u, home, home_ok);
}

/*
 * From the locked queue `from` to the locked queue `to`. False: it waits for its cap's next period instead.
 */
static bool move_queued(struct runqueue *from, struct runqueue *to, struct sched_unit *u)
{
	rq_dequeue(from, u);
	WRITE_ONCE(u->vcpu->processor, to->cpu);
	return rq_enqueue(to, u, INSERT_MOVED);
}

static bool may_move(const struct sched_unit *u, u32 cpu)
{
	return !load_acquire(&u->vcpu->is_running) && unit_allowed(u, cpu);
}

/* Both locked: the first of `from` that may run on `rq` is moved there. */
static struct sched_unit *steal_from(struct runqueue *rq, struct runqueue *from)
{
	struct sched_unit *u;
	u32 n;

	for (n = 0; n < LOOK_AT_MOST; n++) {
		u = policy->nth(from, n);
		if (!u)
			return NULL;
		if (!may_move(u, rq->cpu))
			continue;
		if (move_queued(from, rq, u))
			return u;
		n--;			/* it is parked now; the next one has its place */
	}
	return NULL;
}

/* `rq` is this CPU's, locked and empty; it is locked again on return. What is stolen is queued on it. */
struct sched_unit *place_steal(struct runqueue *rq)
{
	struct sched_unit *u;
	size_t i, cpu = rq->cpu;

	if (cpumask_empty(&sched_waiting_cpus))
		return NULL;
	for (i = 0; i < cpu_online_count; i++) {
		struct runqueue *from;

		cpu = bitmap_find_next(sched_waiting_cpus.bits, MAX_CPUS, cpu + 1);
		if (cpu == MAX_CPUS)
			cpu = bitmap_find_next(sched_waiting_cpus.bits, MAX_CPUS, 0);
		if (cpu == MAX_CPUS)
			break;
		if (cpu == rq->cpu)
			continue;
		from = &runqueues[cpu];
		spin_unlock(&rq->lock);
		rq_lock_two(rq, from);
		u = policy->nth(rq, 0);		/* someone woke here meanwhile */
		if (!u)
			u = steal_from(rq, from);
		spin_unlock(&from->lock);
		if (u)
			return u;
	}
	return policy->nth(rq, 0);
}

void place_offer(struct runqueue *rq)
{
	struct sched_unit *u;
	u32 n, cpu;

	for (n = 0; n < LOOK_AT_MOST && (u = policy->nth(rq, n)) != NULL; n++) {
		if (load_acquire(&u->vcpu->is_running))
			continue;
		cpu = find_idle(&u->allowed, NULL, rq->cpu);
		if (cpu == MAX_CPUS)
			continue;
		if (test_and_clear_bit(cpu, sched_idle_cpus.bits))
			softirq_raise_cpu(cpu, SOFTIRQ_SCHEDULE);
	}
}

/* Both locked: moves one, if that evens out the load and it has waited longer than what runs there. */
static void push_to(struct runqueue *rq, struct runqueue *to, u64 now)
{
	struct sched_unit *u;
	u32 n;

	rq_charge(rq, now);
	rq_charge(to, now);
	for (n = 0; n < LOOK_AT_MOST; n++) {
		u = policy->nth(rq, n);
		if (!u)
			return;
		if (!may_move(u, to->cpu) || to->load + u->load > rq->load || !policy->wants_to_move(rq, to, u))
			continue;
		if (move_queued(rq, to, u))
			rq_tickle(to, u, now);
		return;
	}
}

void place_push(struct runqueue *rq, u64 now)
{
	struct sched_unit *u;
	cpumask_t allowed;
	u64 flags = spin_lock_irqsave(&rq->lock);
	u32 cpu;

	u = policy->nth(rq, 0);
	if (u)
		allowed = u->allowed;
	spin_unlock(&rq->lock);
	if (u) {
		cpu = find_least_loaded(&allowed, rq->cpu);
		if (cpu < MAX_CPUS && cpu != rq->cpu) {
			rq_lock_two(rq, &runqueues[cpu]);
			push_to(rq, &runqueues[cpu], now);
			rq_unlock_two(rq, &runqueues[cpu]);
		}
	}
	irq_restore(flags);
}

static void affinity_apply(struct vcpu *v, struct runqueue *rq)
{
	struct sched_unit *u = v->sched;

	u->allowed = v->hard_affinity;
	if (v->affinity_broken >= 0) {
		bitmap_zero(u->allowed.bits, MAX_CPUS);
		bitmap_set_bit(u->allowed.bits, (size_t)v->affinity_broken);
	}
	if (unit_allowed(u, rq->cpu))
		return;
	if (u->queued && !load_acquire(&v->is_running))
		rq_dequeue(rq, u);		/* the caller wakes it again, which chooses a CPU */
	else if (rq->curr == v)
		softirq_raise_cpu(rq->cpu, SOFTIRQ_SCHEDULE);
}

static bool any_online(const cpumask_t *m)
{
	return bitmap_intersects(m->bits, cpu_online_mask.bits, MAX_CPUS);
}

int sched_set_affinity(struct vcpu *v, const cpumask_t *hard, const cpumask_t *soft)
{
	struct runqueue *rq;
	u64 flags;

	if (v->is_idle || (hard && !any_online(hard)) || (soft && bitmap_empty(soft->bits, MAX_CPUS)))
		return -EINVAL;
	rq = rq_lock_of(v, &flags);
	if (hard)
		v->hard_affinity = *hard;
	if (soft)
		v->soft_affinity = *soft;
	affinity_apply(v, rq);
	if (v->sched->queued)
		place_offer(rq);
	spin_unlock_irqrestore(&rq->lock, flags);
	sched_wake(v);
	return 0;
}

/*
 * SCHEDOP_pin_override: this vCPU runs on `cpu` only, whatever its affinity says; negative: as before again.
 */
int sched_pin_override(s32 cpu)
{
	struct vcpu *v = current;
	struct runqueue *rq;
	u64 flags;
	int rc = 0;

	if (cpu >= (s32)MAX_CPUS || (cpu >= 0 && !cpumask_test((u32)cpu, &cpu_online_mask)))
		return -EINVAL;
	rq = rq_lock_of(v, &flags);
	if (cpu < 0 && v->affinity_broken < 0)
		rc = -EINVAL;
	else if (cpu >= 0 && v->affinity_broken >= 0)
		rc = -EBUSY;
	else
		v->affinity_broken = cpu < 0 ? -1 : cpu;
	if (!rc)
		affinity_apply(v, rq);
	spin_unlock_irqrestore(&rq->lock, flags);
	return rc;
}
