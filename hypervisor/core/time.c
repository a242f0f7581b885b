/* SPDX-License-Identifier: MIT */
/*
 * System time from the TSC by one multiplication, the same formula that guests are given, so both agree to
 * the nanosecond. The wall clock is a pair of numbers under wallclock_lock.
 */
#include "core/time.h"

#include "core/lock.h"
#include "lib/muldiv.h"
#include "x86/cpu_ops.h"

u64 time_tsc_khz;
struct time_scale time_tsc_scale;

/* Constant after boot, but for sleep. */
static u64 tsc_epoch;
static u64 tsc_per_ns_32;	/* ticks a nanosecond, 32 fractional bits */

static DEFINE_SPINLOCK(wallclock_lock, RANK_NONE);
/* wallclock_lock: */
static u64 wallclock_sec;
static u32 wallclock_nsec;

struct time_scale time_scale_of_hz(u64 hz)
{
	struct time_scale s = { 0, 0 };

	/* Bring the frequency into (1, 2] GHz, so that the multiplier has 32 significant bits. */
	for (; hz > 2000000000; hz >>= 1)
		s.shift--;
	for (; hz <= 1000000000; hz <<= 1)
		s.shift++;
	s.mul = (1000000000ul << 32) / hz;
	return s;
}

void time_init(u64 tsc_khz, u64 boot_tsc)
{
	time_tsc_khz = tsc_khz;
	tsc_per_ns_32 = muldiv64(tsc_khz, 1ul << 32, 1000000);
	tsc_epoch = boot_tsc;
	barrier();
	time_tsc_scale = time_scale_of_hz(tsc_khz * 1000);
}

/* Counters that were reset would take time back: it goes on from where it stopped. */
void time_resume(u64 tsc_before)
{
	u64 tsc = rdtsc();

	if (tsc < tsc_before)
		tsc_epoch -= tsc_before - tsc;
}

u64 time_tsc(void)
{
	return rdtsc();
}

u64 time_tsc_to_ns(u64 tsc)
{
	u64 delta = tsc - tsc_epoch;

	delta = time_tsc_scale.shift >= 0 ? delta << time_tsc_scale.shift : delta >> -time_tsc_scale.shift;
	return mul_u64_u32_shr(delta, time_tsc_scale.mul, 32);
}

u64 time_now_ns(void)
{
	return time_tsc_to_ns(rdtsc());
}

u64 time_ns_to_ticks(u64 ns)
{
	return mul_u64_u64_shr(ns, tsc_per_ns_32, 32) + 1;
}

void time_wallclock_get(u64 *sec, u32 *nsec)
{
	u64 flags = spin_lock_irqsave(&wallclock_lock);

	*sec = wallclock_sec;
	*nsec = wallclock_nsec;
	spin_unlock_irqrestore(&wallclock_lock, flags);
}

void time_wallclock_set(u64 sec, u32 nsec, u64 at_system_time_ns)
{
	u64 back_sec = at_system_time_ns / 1000000000, flags;
	u32 back_nsec = at_system_time_ns % 1000000000;

	if (nsec < back_nsec) {
		nsec += 1000000000;
		back_sec++;
	}
	flags = spin_lock_irqsave(&wallclock_lock);
	wallclock_sec = sec - back_sec;
	wallclock_nsec = nsec - back_nsec;
	spin_unlock_irqrestore(&wallclock_lock, flags);
}
