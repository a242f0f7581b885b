/* SPDX-License-Identifier: MIT */
/*
 * CPUs, time, timers, IPIs and the context switch of the fake machine.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/ipi.h"
#include "core/log.h"
#include "core/panic.h"
#include "core/softirq.h"
#include "core/time.h"
#include "fake.h"
#include "fake_internal.h"
#include "hypercall/hypercall.h"
#include "sched/sched.h"

u64 fake_now;
u32 fake_cpus;
u32 fake_ipis[MAX_CPUS];
u32 fake_restarts;
u64 fake_restart_args[6];

struct host_cpu host_cpu;
struct cpu_local *cpu_locals[MAX_CPUS];

/*
 * race_test has a thread for each CPU and is compiled with host_cpu_local as the macro (*fake_local());
 * everywhere else it is a variable, and one thread is one CPU after another.
 */
#ifdef host_cpu_local
static struct cpu_local first_local;
static __thread struct cpu_local *thread_local_cpu = &first_local;

struct cpu_local *fake_local(void)
{
	return thread_local_cpu;
}

void fake_thread_is_cpu(u32 cpu)
{
	thread_local_cpu = cpu_locals[cpu];
}
#else
struct cpu_local host_cpu_local;
#endif

static pthread_mutex_t big_lock;

static void big_lock_init(void)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&big_lock, &attr);
}

void fake_lock(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, big_lock_init);
	pthread_mutex_lock(&big_lock);
}

void fake_unlock(void)
{
	pthread_mutex_unlock(&big_lock);
}

cpumask_t cpu_online_mask, cpu_started_mask;
u32 cpu_online_count;

/* The CPUs that the program is not at the moment. */
static struct cpu_local parked[MAX_CPUS];
enum { TIMER_OFF, TIMER_SET, TIMER_DEAD };	/* struct timer's state */
static struct timer *timers;		/* all that are set, unsorted, linked through node.parent */
static __thread jmp_buf after_switch;
static __thread bool may_switch;
static struct timer *running_timer[MAX_CPUS];	/* whose function runs now */

void panic(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	printf("panic: ");
	vprintf(fmt, args);
	printf("\n");
	va_end(args);
	abort();
}

void log_printf(enum log_level level, bool guest, const char *fmt, ...)
{
	va_list args;

	(void)level;
	(void)guest;
	if (!getenv("UNIT_LOG"))
		return;
	va_start(args, fmt);
	vprintf(fmt, args);
	printf("\n");
	va_end(args);
}

void fake_cpu(u32 cpu)
{
	u32 now = host_cpu_local.cpu;

	if (cpu == now)
		return;
	parked[now] = host_cpu_local;
	host_cpu_local = parked[cpu];
	cpu_locals[now] = &parked[now];
	cpu_locals[cpu] = &host_cpu_local;
}

void fake_be(struct vcpu *v)
{
	current = v;
}

void fake_cpu_start(u32 cpus)
{
	u32 i;

	memset(&host_cpu, 0, sizeof(host_cpu));
	host_cpu.rflags = RFLAGS_IF;
	memset(parked, 0, sizeof(parked));
	memset(&host_cpu_local, 0, sizeof(host_cpu_local));
	memset(fake_ipis, 0, sizeof(fake_ipis));
	memset(cpu_locals, 0, sizeof(cpu_locals));
	memset(&cpu_online_mask, 0, sizeof(cpu_online_mask));
	memset(&cpu_started_mask, 0, sizeof(cpu_started_mask));
	timers = NULL;
	fake_now = 1000000000ul;
	fake_restarts = 0;
	fake_cpus = cpus;
	cpu_online_count = cpus;
	for (i = 0; i < cpus; i++) {
		parked[i].cpu = i;
		cpu_locals[i] = i ? &parked[i] : &host_cpu_local;
		cpumask_set(i, &cpu_online_mask);
		cpumask_set(i, &cpu_started_mask);
	}
}

u64 time_now_ns(void)
{
	return fake_now;
}

void timer_init(struct timer *t, void (*fn)(void *arg), void *arg, u32 cpu)
{
	memset(t, 0, sizeof(*t));
	t->fn = fn;
	t->arg = arg;
	t->cpu = cpu;
}

void timer_stop(struct timer *t)
{
	struct timer **link = &timers;

	fake_lock();
	if (t->state == TIMER_SET) {
		while (*link != t)
			link = (struct timer **)&(*link)->node.parent;
		*link = (struct timer *)t->node.parent;
		t->state = TIMER_OFF;
	}
	fake_unlock();
}

void timer_set(struct timer *t, u64 expires_ns)
{
	fake_lock();
	timer_stop(t);
	if (t->state != TIMER_DEAD) {
		t->expires_ns = expires_ns;
		t->node.parent = (struct rb_node *)timers;
		timers = t;
		t->state = TIMER_SET;
	}
	fake_unlock();
}

void timer_kill(struct timer *t)
{
	u32 i;

	fake_lock();
	timer_stop(t);
	t->state = TIMER_DEAD;
	fake_unlock();
	for (i = 0; i < fake_cpus; i++)
		while (i != this_cpu() && READ_ONCE(running_timer[i]) == t)
			cpu_pause();
}

bool fake_fire_timer(void)
{
	struct timer *t, *due = NULL;

	fake_lock();
	for (t = timers; t; t = (struct timer *)t->node.parent)
		if (t->cpu == this_cpu() && t->expires_ns <= fake_now)
			due = t;
	if (due) {
		timer_stop(due);
		running_timer[this_cpu()] = due;
	}
	fake_unlock();
	if (!due)
		return false;
	due->fn(due->arg);
	WRITE_ONCE(running_timer[this_cpu()], NULL);
	return true;
}

void timer_migrate(struct timer *t, u32 cpu)
{
	t->cpu = cpu;
}

bool timer_active(const struct timer *t)
{
	return t->state == TIMER_SET;
}

void ipi_event_check(u32 cpu)
{
	fake_ipis[cpu]++;
}

/* The whole machine (tests/unit/machine) links the real one. */
__attribute__((weak)) long hypercall_restart(u32 nr, u32 nargs, ...)
{
	va_list args;
	u32 i;

	(void)nr;
	va_start(args, nargs);
	for (i = 0; i < nargs; i++)
		fake_restart_args[i] = va_arg(args, u64);
	va_end(args);
	fake_restarts++;
	return -ERESTART;
}

void context_switch(struct vcpu *prev, struct vcpu *next)
{
	if (!may_switch)
		panic("context_switch() outside of fake_softirqs()");
	current = next;
	sched_context_saved(prev);
	irq_enable();
	longjmp(after_switch, 1);
}

void fake_softirqs(u32 cpu)
{
	u32 before = this_cpu();

	fake_cpu(cpu);
	may_switch = true;
	(void)setjmp(after_switch);
	while (softirq_is_pending())
		softirq_run();
	may_switch = false;
	fake_cpu(before);
}

void fake_all_softirqs(void)
{
	bool again = true;
	u32 i;

	while (again) {
		again = false;
		for (i = 0; i < fake_cpus; i++)
			if (cpu_locals[i]->softirq_pending) {
				fake_softirqs(i);
				again = true;
			}
	}
}

static struct timer *first_due(u64 until)
{
	struct timer *t, *first = NULL;

	for (t = timers; t; t = (struct timer *)t->node.parent)
		if (t->expires_ns <= until && (!first || t->expires_ns < first->expires_ns))
			first = t;
	return first;
}

void fake_advance(u64 ns)
{
	u64 until = fake_now + ns;
	u32 before = this_cpu();
	struct timer *t;

	fake_all_softirqs();
	while ((t = first_due(until)) != NULL) {
		fake_now = MAX(fake_now, t->expires_ns);
		timer_stop(t);
		fake_cpu(t->cpu);
		t->fn(t->arg);
		fake_cpu(before);
		fake_all_softirqs();
	}
	fake_now = until;
}

bool fake_cpu_clean(void)
{
	bool ok = true;
	u32 i;

	for (i = 0; i < fake_cpus; i++)
		if (cpu_locals[i]->locks_held) {
			printf("    CPU %u holds %u locks\n", i, cpu_locals[i]->locks_held);
			ok = false;
		}
	if (timers) {
		printf("    a timer is still set\n");
		ok = false;
	}
	return ok;
}
