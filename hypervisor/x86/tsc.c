/* SPDX-License-Identifier: MIT */
/*
 * Measuring the TSC: both ends of the window are taken several times, and of each the quickest reading
 * counts, so that an interrupt of the emulator or a slow bus does no harm. Boot only.
 */
#include "x86/tsc.h"

#include "x86/cpu_ops.h"
#include "x86/features.h"
#include "x86/lapic.h"

#define SAMPLE_TRIES	6
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

bool tsc_speed_measure(const struct ref_clock *clock, struct tsc_speed *speed)
{
	u64 window = clock->hz * clock->window_us / 1000000, passed = 0;
	u32 stuck = 0;
	struct sample start, end;

	lapic_write(LAPIC_TIMER_DIVIDE, LAPIC_DIVIDE_BY_1);
	lapic_write(LAPIC_LVT_TIMER, LAPIC_LVT_MASKED);
	lapic_write(LAPIC_TIMER_INITIAL, ~0u);
	start = tsc_sample(clock);
	while (passed < window) {
		u64 now = (clock->read() - start.ref) & clock->mask;

		if (now == passed && ++stuck > STUCK_LIMIT)
			break;
		if (now != passed)
			stuck = 0;
		passed = now;
	}
	end = tsc_sample(clock);
	lapic_write(LAPIC_TIMER_INITIAL, 0);
	passed = (end.ref - start.ref) & clock->mask;
	if (stuck > STUCK_LIMIT || !passed || end.tsc <= start.tsc)
		return false;
	speed->tsc_khz = (end.tsc - start.tsc) * (clock->hz / 100) / passed / 10;
	speed->apic_khz = (u64)(start.apic - end.apic) * (clock->hz / 100) / passed / 10;
	speed->source = clock->name;
	return true;
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
