/* SPDX-License-Identifier: MIT */
/*
 * How fast the time stamp counter and the local APIC's timer run: from CPUID where the processor states it,
 * else by comparing them with a clock of known speed for a few milliseconds. No delay loops.
 */
#ifndef X86_TSC_H
#define X86_TSC_H

#include "lib/types.h"

/* A counter of known frequency that counts up and wraps at mask + 1. */
struct ref_clock {
	const char *name;
	u64 hz;
	u64 mask;
	u32 window_us;		/* how long to compare for a good result */
	u64 (*read)(void);
};

struct tsc_speed {
	u64 tsc_khz;
	u64 apic_khz;		/* 0: not known (only in deadline mode) */
	const char *source;
};

/* From CPUID leaves 0x15 and 0x40000010; false if they are silent. */
bool tsc_speed_from_cpuid(struct tsc_speed *speed);
/* Compares; needs lapic_init_cpu() done. False if the clock does not run. */
bool tsc_speed_measure(const struct ref_clock *clock, struct tsc_speed *speed);

#endif
