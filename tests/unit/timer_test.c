/* SPDX-License-Identifier: MIT */
/*
 * Timers and the flush clock on a CPU whose clock the test turns by hand: order of expiry, what the
 * hardware is told, moving, stamps across the wrap.
 */
#include "unit.h"

#include "core/ipi.h"
#include "core/lock.h"
#include "core/log.h"
#include "core/panic.h"
#include "core/softirq.h"
#include "core/time.h"
#include "core/timer.h"
#include "x86/features.h"
#include "x86/lapic.h"
#include "x86/tlb.h"
#include "x86/vectors.h"

struct cpu_local host_cpu_local, second_cpu = { .cpu = 1, .apic_id = 1 };
struct host_cpu host_cpu;
struct cpu_features cpu_features;
struct cpu_local *cpu_locals[MAX_CPUS] = { &host_cpu_local, &second_cpu };
cpumask_t cpu_online_mask = { { 3 } }, cpu_started_mask = { { 3 } };
u32 cpu_online_count = 2;
bool lapic_x2apic = true, lapic_timer_deadline = true;
volatile u32 *lapic_mmio;
vector_handler_t vector_handlers[256];

static u64 deadline;		/* last TSC value given to the hardware */
static u32 ipis;
static u32 fired[8], nr_fired;

void panic(const char *fmt, ...)
{
	abort();
}

void log_printf(enum log_level level, bool guest, const char *fmt, ...)
{
}

void ipi_event_check(u32 cpu)
{
	ipis++;
}

void lapic_timer_init_cpu(void)
{
}

void lapic_send_ipi(u32 apic_id, u8 vector)
{
	ipis++;
}

static void on_wrmsr(u32 msr, u64 value)
{
	if (msr == MSR_TSC_DEADLINE)
		deadline = value;
}

/* The fake TSC advances by 100 at each reading; 1 GHz. */
static void set_now(u64 ns)
{
	host_cpu.tsc = ns;
}

static void fire(void *arg)
{
	fired[nr_fired++] = (u32)(unsigned long)arg;
}

static void start(void)
{
	static bool done;

	host_cpu.wrmsr = on_wrmsr;
	if (!done) {
		time_init(1000000, 0);
		timer_init_system(0);
	}
	done = true;
	set_now(0);
	nr_fired = ipis = 0;
	host_cpu_local.softirq_pending = second_cpu.softirq_pending = 0;
	vector_handlers[VECTOR_TIMER](NULL);
	softirq_run();
}

static void run_at(u64 ns)
{
	set_now(ns);
	vector_handlers[VECTOR_TIMER](NULL);
	softirq_run();
}

TEST(scale_is_published_form)
{
	struct time_scale s = time_scale_of_hz(1000000000);

	CHECK_EQ(s.shift, 1);
	CHECK_EQ(s.mul, 0x80000000u);
	s = time_scale_of_hz(3000000000ul);
	CHECK_EQ(s.shift, -1);
	CHECK(((3000000000ul >> 1) * s.mul >> 32) - 999999999ul <= 1);
}

TEST(fires_in_order)
{
	struct timer t[4];
	static const u64 when[4] = { 30000, 10000, 20000, 10000 };

	start();
	for (u32 i = 0; i < 4; i++) {
		timer_init(&t[i], fire, (void *)(unsigned long)i, 0);
		timer_set(&t[i], when[i]);
	}
	CHECK(deadline >= 10000 && deadline < 11000);
	run_at(9000);
	CHECK_EQ(nr_fired, 0);
	run_at(15000);
	CHECK_EQ(nr_fired, 2);
	CHECK_EQ(fired[0], 1);
	CHECK_EQ(fired[1], 3);
	CHECK(deadline >= 20000 && deadline < 21000);
	run_at(50000);
	CHECK_EQ(nr_fired, 4);
	CHECK_EQ(fired[2], 2);
	CHECK_EQ(fired[3], 0);
	CHECK(!timer_active(&t[0]));
}

TEST(stop_and_set_again)
{
	struct timer a, b;

	start();
	timer_init(&a, fire, (void *)1ul, 0);
	timer_init(&b, fire, (void *)2ul, 0);
	timer_set(&a, 10000);
	timer_set(&b, 20000);
	timer_stop(&a);
	timer_stop(&a);
	timer_set(&b, 5000);
	CHECK(deadline >= 5000 && deadline < 6000);
	timer_set(&a, 40000);
	run_at(30000);
	CHECK_EQ(nr_fired, 1);
	CHECK_EQ(fired[0], 2);
	timer_kill(&a);
	run_at(90000);
	CHECK_EQ(nr_fired, 1);
}

/* One that sets itself again is killed while its function runs (here by the function; in earnest by another CPU). */
static void fire_again(void *arg)
{
	struct timer *t = arg;

	nr_fired++;
	timer_kill(t);
	timer_set(t, t->expires_ns + 1000);
}

TEST(killed_is_never_set_again)
{
	struct timer a;

	start();
	timer_init(&a, fire_again, &a, 0);
	timer_set(&a, 10000);
	run_at(11000);
	CHECK_EQ(nr_fired, 1);
	CHECK(!timer_active(&a));
	timer_set(&a, 20000);
	run_at(90000);
	CHECK_EQ(nr_fired, 1);
	/* until it begins a new life */
	timer_init(&a, fire, (void *)1ul, 0);
	timer_set(&a, 100000);
	run_at(110000);
	CHECK_EQ(nr_fired, 2);
}

/* "Never" must not wrap around to "now", at any speed of the clock. */
TEST(the_end_of_time_is_far)
{
	static const u64 far[] = { ~0ul - 1, ~0ul - 1000, 1ul << 63, (1ul << 63) - 1, 1ul << 62,
				   6148914691236517206ul };
	struct timer a;

	for (u64 khz = 1000000; khz <= 4000000; khz += 500000) {
		time_init(khz, 0);
		for (u32 i = 0; i < ARRAY_SIZE(far); i++) {
			start();
			timer_init(&a, fire, (void *)1ul, 0);
			timer_set(&a, far[i]);
			CHECK(deadline > 1000000000000ul && deadline < 1ul << 62);
			timer_stop(&a);
		}
	}
	time_init(1000000, 0);
}

TEST(past_time_fires_at_once)
{
	struct timer a;

	start();
	set_now(1000000);
	timer_init(&a, fire, (void *)1ul, 0);
	timer_set(&a, 5);
	CHECK(deadline <= 1001000);
	run_at(1002000);
	CHECK_EQ(nr_fired, 1);
}

TEST(other_cpu_is_kicked)
{
	struct timer a;

	start();
	timer_init(&a, fire, (void *)1ul, 1);
	timer_set(&a, 10000);
	CHECK_EQ(ipis, 1);
	CHECK_EQ(second_cpu.softirq_pending, 1ul << SOFTIRQ_TIMER);
	run_at(20000);
	CHECK_EQ(nr_fired, 0);
	timer_migrate(&a, 0);
	CHECK_EQ(a.cpu, 0);
	run_at(30000);
	CHECK_EQ(nr_fired, 1);
}

TEST(stamps)
{
	cpumask_t m = { { 3 } };
	u32 stamp = tlb_stamp_now();

	CHECK(!tlb_flushed_since(0, stamp));
	tlb_flush_local();
	CHECK(tlb_flushed_since(0, stamp));
	CHECK(!tlb_flushed_since(0, tlb_stamp_now()));
	tlb_filter(&m, stamp);
	CHECK_EQ(m.bits[0], 2);
}

TEST(stamps_across_the_wrap)
{
	u32 stamp;

	tlb_clock = 0xffffffff;
	stamp = tlb_stamp_now();
	ipis = 0;
	tlb_flush_local();		/* the clock becomes 0: a quarter is full, the other CPU is told */
	CHECK_EQ(tlb_clock, 0);
	CHECK_EQ(ipis, 1);
	CHECK(tlb_flushed_since(0, stamp));
}

TEST(time_goes_on_where_a_counter_was_reset)
{
	u64 before_ns, before_tsc;

	host_cpu.tsc = 5000000000000;
	before_ns = time_now_ns();
	before_tsc = time_tsc();
	host_cpu.tsc += 1000000000;		/* a sleep that the counter went on through */
	time_resume(before_tsc);
	CHECK(time_now_ns() > before_ns + 100000000);
	before_ns = time_now_ns();
	before_tsc = time_tsc();
	host_cpu.tsc = 5;
	time_resume(before_tsc);
	CHECK(time_now_ns() >= before_ns);
	CHECK(time_now_ns() < before_ns + 100000);
}

int main(void)
{
	RUN(scale_is_published_form);
	RUN(fires_in_order);
	RUN(stop_and_set_again);
	RUN(killed_is_never_set_again);
	RUN(the_end_of_time_is_far);
	RUN(past_time_fires_at_once);
	RUN(other_cpu_is_kicked);
	RUN(stamps);
	RUN(stamps_across_the_wrap);
	RUN(time_goes_on_where_a_counter_was_reset);
	return unit_end();
}
