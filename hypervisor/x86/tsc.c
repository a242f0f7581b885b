/* SPDX-License-Identifier: MIT */
/*
 * Measuring the TSC: both ends of the window are taken several times, and of each the quickest reading counts, so that
 * an interrupt of the emulator or a slow bus does no harm. A machine that stood still in between, perhaps so long that
 * the clock went round, is measured again. Boot only.
 */
#include "x86/tsc.h"

#include "x86/cpu_ops.h"
#include "x86/features.h"
#include "x86/lapic.h"

#define SAMPLE_TRIES	6
#define MEASURE_TRIES	8
#define STUCK_LIMIT	1000000u	/* readings without progress */

struct sample {
	u64 tsc, ref;
	u32 apic;		/* counts down */
};

static struct sample tsc_sample(const struct ref_clock *clock)
{
	struct sample best = { 0 };
	u64 quickest = ~0ul;

	for (u32 i = 0; i < SAMPLE_TRIES; i++) {
		u64 before = rdtsc_ordered();
		u64 ref = clock->read();
		u32 apic = lapic_read(LAPIC_TIMER_CURRENT);
		u64 after = rdtsc_ordered();

		if (after - before < quickest) {
			quickest = after - before;
			best = (struct sample){ before + quickest / 2, ref, apic };
		}
	}
	return best;
}

/*
 * Waits until the clock has gone on by `window`; false: it does not run. `*gap` is the longest time, by the TSC,
 * between two looks at the clock: within it nobody saw whether it went round.
 */
static bool tsc_wait_window(const struct ref_clock *clock, const struct sample *start, u64 window, u64 *gap)
{
	u64 passed = 0, last_tsc = start->tsc;
	u32 stuck = 0;

	for (*gap = 0; passed < window; ) {
		u64 now = (clock->read() - start->ref) & clock->mask, tsc = rdtsc_ordered();

		if (now != passed)
			stuck = 0;
		else if (++stuck > STUCK_LIMIT)
			return false;
		*gap = MAX(*gap, tsc - last_tsc);
		last_tsc = tsc;
		passed = now;
	}
	return true;
}

/* False: the clock does not run. Where nothing came of it, `speed` is as it was. */
static bool tsc_measure_once(const struct ref_clock *clock, struct tsc_speed *speed, bool *smooth)
{
	u64 window = clock->hz * clock->window_us / 1000000, passed, gap, before;
	struct sample start, end;

	lapic_write(LAPIC_TIMER_INITIAL, ~0u);
	start = tsc_sample(clock);
	if (!tsc_wait_window(clock, &start, window, &gap))
		return false;
	before = rdtsc_ordered();
	end = tsc_sample(clock);
	lapic_write(LAPIC_TIMER_INITIAL, 0);
	passed = (end.ref - start.ref) & clock->mask;
	if (!passed || end.tsc <= start.tsc)
		return true;
	*smooth = MAX(gap, end.tsc - before) < (end.tsc - start.tsc) / 4;
	speed->tsc_khz = (end.tsc - start.tsc) * (clock->hz / 100) / passed / 10;
	speed->apic_khz = (u64)(start.apic - end.apic) * (clock->hz / 100) / passed / 10;
	speed->source = clock->name;
	return true;
}

bool tsc_speed_measure(const struct ref_clock *clock, struct tsc_speed *speed)
{
	bool smooth = false;

	speed->tsc_khz = 0;
	lapic_write(LAPIC_TIMER_DIVIDE, LAPIC_DIVIDE_BY_1);
	lapic_write(LAPIC_LVT_TIMER, LAPIC_LVT_MASKED);
	for (u32 i = 0; i < MEASURE_TRIES && !smooth; i++)
		if (!tsc_measure_once(clock, speed, &smooth))
			return false;
	return speed->tsc_khz;
}

bool tsc_speed_from_cpuid(struct tsc_speed *speed)
{
	struct cpuid_regs r;

	if (cpu_features.hypervisor && cpuid(0x40000000u).eax >= 0x40000010u &&
	    cpuid(0x40000000u).eax < 0x40010000u) {
		r = cpuid(0x40000010u);
		if (r.eax && r.ebx) {
			*speed = (struct tsc_speed){ r.eax, r.ebx, "CPUID leaf 0x40000010" };
			return true;
		}
	}
	if (cpu_features.vendor != VENDOR_INTEL || cpu_features.max_leaf < 0x15 ||
	    !cpu_features.tsc_invariant)
		return false;
	r = cpuid(0x15);
	if (!r.eax || !r.ebx || !r.ecx)
		return false;
	*speed = (struct tsc_speed){ (u64)r.ecx * r.ebx / r.eax / 1000, r.ecx / 1000, "CPUID leaf 0x15" };
	return true;
}
