/* SPDX-License-Identifier: MIT */
/*
 * One-shot timers, kept per CPU in order of expiry and driven by the local APIC timer. No periodic tick
 * exists: a CPU without a timer sleeps. A timer's function runs in softirq context on the timer's CPU,
 * interrupts on, no lock held. set, stop and kill may be called from anywhere, for any CPU's timer.
 */
#ifndef CORE_TIMER_H
#define CORE_TIMER_H

#include "lib/rbtree.h"
#include "lib/types.h"

struct timer {
	struct rb_node node;
	u64 expires_ns;
	void (*fn)(void *arg);
	void *arg;
	u32 cpu;
	u8 state;		/* TIMER_IDLE.. in timer.c */
};

void timer_init(struct timer *t, void (*fn)(void *), void *arg, u32 cpu);
/* Replaces an earlier setting; a past time fires at once. */
void timer_set(struct timer *t, u64 expires_ns);
void timer_stop(struct timer *t);			/* fn may still be running on another CPU */
/* Stops, waits until fn does not run, and never sets it again, whoever asks: until timer_init(). */
void timer_kill(struct timer *t);
void timer_migrate(struct timer *t, u32 cpu);
bool timer_active(const struct timer *t);

/* Boot: `apic_khz` is the speed of the local APIC's timer where it counts. Then each CPU for itself. */
void timer_init_system(u64 apic_khz);
void timer_init_cpu(void);
void timer_dump(void);

#endif
