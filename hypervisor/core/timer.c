/* SPDX-License-Identifier: MIT */
/*
 * Timers: each CPU has a tree ordered by expiry, and its local APIC is programmed for the first one.
 * Stopping the first timer leaves the hardware as it is: the interrupt that then comes finds nothing to do.
 *
 * Lock: each queue's own (RANK_TIMER), taken with interrupts off. A timer's `cpu` changes only under the
 * lock of the queue that it leaves.
 */
#include "core/timer.h"

#include "core/lock.h"
#include "core/log.h"
#include "core/percpu.h"
#include "core/softirq.h"
#include "core/time.h"
#include "lib/muldiv.h"
#include "x86/cpu_ops.h"
#include "x86/cpumask.h"
#include "x86/lapic.h"
#include "x86/vectors.h"

enum timer_state { TIMER_IDLE, TIMER_QUEUED, TIMER_KILLED };

#define NEVER		(~0ul)
#define DELTA_MAX_NS	(1ul << 50)	/* beyond it, ticks might not fit: it fires early, and is set again */

static struct timer_queue {
	struct spinlock lock;
	struct timer *first;		/* NULL: none at all */
	struct rb_root others;
	const struct timer *running;	/* its function is being called */
	u64 programmed_ns;		/* what the hardware waits for, NEVER if nothing */
} timer_queues[MAX_CPUS];

static u64 apic_per_ns_32;	/* ticks a nanosecond, 32 fractional bits */

static int timer_compare(const struct rb_node *a, const struct rb_node *b)
{
	u64 x = rb_entry(a, struct timer, node)->expires_ns, y = rb_entry(b, struct timer, node)->expires_ns;

	return x < y ? -1 : x > y;
}

static void timer_enqueue(struct timer_queue *q, struct timer *t)
{
	struct timer *first = q->first;

	t->state = TIMER_QUEUED;
	if (likely(!first)) {
		q->first = t;
	} else if (t->expires_ns < first->expires_ns) {
		rb_insert(&q->others, &first->node, timer_compare);
		q->first = t;
	} else {
		rb_insert(&q->others, &t->node, timer_compare);
	}
}

static void timer_dequeue(struct timer_queue *q, struct timer *t)
{
	t->state = TIMER_IDLE;
	if (q->first != t) {
		rb_erase(&q->others, &t->node);
	} else if (likely(rb_empty(&q->others))) {
		q->first = NULL;
	} else {
		struct rb_node *next = rb_first(&q->others);

		rb_erase(&q->others, next);
		q->first = rb_entry(next, struct timer, node);
	}
}

/* Makes this CPU's hardware wait for the first timer, which exists. Queue lock held. */
static void timer_program(struct timer_queue *q)
{
	u64 expires = q->first->expires_ns, tsc, now, delta;

	if (expires == q->programmed_ns)
		return;
	q->programmed_ns = expires;
	tsc = rdtsc();
	now = time_tsc_to_ns(tsc);
	delta = expires > now ? MIN(expires - now, DELTA_MAX_NS) : 0;
	if (lapic_timer_deadline) {
		lapic_timer_set_deadline(tsc + time_ns_to_ticks(delta));
		return;
	}
	/* A count that does not fit fires early; the softirq then programs the rest. */
	delta = MIN(delta, 1ul << 32);
	lapic_timer_set_count(MIN(mul_u64_u64_shr(delta, apic_per_ns_32, 32) + 1, (u64)0xffffffffu));
}

static struct timer_queue *timer_lock(const struct timer *t, u64 *flags)
{
	for (;;) {
		u32 cpu = READ_ONCE(t->cpu);
		struct timer_queue *q = &timer_queues[cpu];

		*flags = spin_lock_irqsave(&q->lock);
		if (likely(READ_ONCE(t->cpu) == cpu))
			return q;
		spin_unlock_irqrestore(&q->lock, *flags);
	}
}

/* The queue of `cpu` has a new first timer. Its lock held. */
static void timer_first_changed(struct timer_queue *q, u32 cpu)
{
	if (cpu == this_cpu())
		timer_program(q);
	else
		softirq_raise_cpu(cpu, SOFTIRQ_TIMER);
}

void timer_init(struct timer *t, void (*fn)(void *), void *arg, u32 cpu)
{
	*t = (struct timer){ .fn = fn, .arg = arg, .cpu = cpu };
}

void timer_set(struct timer *t, u64 expires_ns)
{
	u64 flags;
	struct timer_queue *q = timer_lock(t, &flags);

	if (unlikely(t->state == TIMER_KILLED))
		goto out;
	if (t->state == TIMER_QUEUED)
		timer_dequeue(q, t);
	t->expires_ns = expires_ns;
	timer_enqueue(q, t);
	if (q->first == t)
		timer_first_changed(q, t->cpu);
out:
	spin_unlock_irqrestore(&q->lock, flags);
}

void timer_stop(struct timer *t)
{
	u64 flags;
	struct timer_queue *q = timer_lock(t, &flags);

	if (t->state == TIMER_QUEUED)
		timer_dequeue(q, t);
	spin_unlock_irqrestore(&q->lock, flags);
}

void timer_kill(struct timer *t)
{
	u32 cpu, self = this_cpu();
	u64 flags;
	struct timer_queue *q = timer_lock(t, &flags);

	if (t->state == TIMER_QUEUED)
		timer_dequeue(q, t);
	t->state = TIMER_KILLED;	/* its function may be about to set it again */
	spin_unlock_irqrestore(&q->lock, flags);
	/*
	 * It may have moved while its function runs, so every queue is asked. Its own function does not
	 * wait for itself.
	 */
	for_each_started_cpu(cpu)
		while (cpu != self && READ_ONCE(timer_queues[cpu].running) == t)
			cpu_pause();
}

/* Both queues' locks in order of CPU; the first of them also decides about interrupts. */
static u64 timer_lock_pair(u32 a, u32 b)
{
	u64 flags = spin_lock_irqsave(&timer_queues[MIN(a, b)].lock);

	spin_lock_nested(&timer_queues[MAX(a, b)].lock);
	return flags;
}

static void timer_unlock_pair(u32 a, u32 b, u64 flags)
{
	spin_unlock(&timer_queues[MAX(a, b)].lock);
	spin_unlock_irqrestore(&timer_queues[MIN(a, b)].lock, flags);
}

void timer_migrate(struct timer *t, u32 cpu)
{
	u32 from;
	u64 flags;

	for (;;) {
		from = READ_ONCE(t->cpu);
		if (from == cpu)
			return;
		flags = timer_lock_pair(from, cpu);
		if (t->cpu == from)
			break;
		timer_unlock_pair(from, cpu, flags);
	}
	if (t->state == TIMER_QUEUED) {
		timer_dequeue(&timer_queues[from], t);
		timer_enqueue(&timer_queues[cpu], t);
		if (timer_queues[cpu].first == t)
			timer_first_changed(&timer_queues[cpu], cpu);
	}
	WRITE_ONCE(t->cpu, cpu);
	timer_unlock_pair(from, cpu, flags);
}

bool timer_active(const struct timer *t)
{
	return READ_ONCE(t->state) == TIMER_QUEUED;
}

static void timer_softirq(void)
{
	struct timer_queue *q = &timer_queues[this_cpu()];
	struct timer *t;

	irq_disable();
	spin_lock(&q->lock);
	while ((t = q->first) != NULL && t->expires_ns <= time_now_ns()) {
		timer_dequeue(q, t);
		q->running = t;
		spin_unlock(&q->lock);
		irq_enable();
		t->fn(t->arg);
		irq_disable();
		spin_lock(&q->lock);
		q->running = NULL;
	}
	if (t)
		timer_program(q);
	spin_unlock(&q->lock);
	irq_enable();
}

static void timer_interrupt(struct regs *regs)
{
	timer_queues[this_cpu()].programmed_ns = NEVER;
	softirq_raise(SOFTIRQ_TIMER);
}

void timer_init_system(u64 apic_khz)
{
	apic_per_ns_32 = muldiv64(apic_khz, 1ul << 32, 1000000);
	for (u32 cpu = 0; cpu < MAX_CPUS; cpu++) {
		spin_lock_init(&timer_queues[cpu].lock, RANK_TIMER, "timer_queue");
		timer_queues[cpu].programmed_ns = NEVER;
	}
	softirq_register(SOFTIRQ_TIMER, timer_softirq);
	vector_handlers[VECTOR_TIMER] = timer_interrupt;
}

void timer_init_cpu(void)
{
	timer_queues[this_cpu()].programmed_ns = NEVER;
	lapic_timer_init_cpu();
	softirq_raise(SOFTIRQ_TIMER);
}

static void timer_dump_one(const struct timer *t, u64 now)
{
	log_info("  in %ld us: function %p(%p)", (s64)(t->expires_ns - now) / 1000, (void *)t->fn, t->arg);
}

static void timer_dump_queue(u32 cpu)
{
	struct timer_queue *q = &timer_queues[cpu];
	u64 flags = spin_lock_irqsave(&q->lock), now = time_now_ns();

	log_info("CPU%u: hardware in %ld us", cpu,
		 q->programmed_ns == NEVER ? -1 : (s64)(q->programmed_ns - now) / 1000);
	if (q->first)
		timer_dump_one(q->first, now);
	for (struct rb_node *n = rb_first(&q->others); n; n = rb_next(n))
		timer_dump_one(rb_entry(n, struct timer, node), now);
	spin_unlock_irqrestore(&q->lock, flags);
}

void timer_dump(void)
{
	u32 cpu;

	for_each_online_cpu(cpu)
		timer_dump_queue(cpu);
}
