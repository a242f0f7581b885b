/* SPDX-License-Identifier: MIT */
/*
 * System time: nanoseconds since boot, monotonic, the same on every CPU within what the TSCs allow,
 * computed from the TSC. wallclock: seconds since 1970 at system time 0, read from the CMOS without waiting
 * for its update edge, later set by dom0.
 */
#ifndef CORE_TIME_H
#define CORE_TIME_H

#include "lib/types.h"

/* ns = ((tsc << shift or >> -shift) * mul) >> 32: the published form of vcpu_time_info. */
struct time_scale {
	u32 mul;
	s8 shift;
};

extern u64 time_tsc_khz;
extern struct time_scale time_tsc_scale;	/* ticks to ns, constant after boot */

/* Once, when the TSC's speed is known: system time counts from `boot_tsc`. Until then all times are 0. */
void time_init(u64 tsc_khz, u64 boot_tsc);
struct time_scale time_scale_of_hz(u64 hz);
/* The machine slept since the TSC stood at that value; nothing else runs. Guests' records are then stale. */
void time_resume(u64 tsc_before);

u64 time_now_ns(void);
u64 time_tsc_to_ns(u64 tsc);		/* of a TSC value read on this CPU */
u64 time_ns_to_ticks(u64 ns);		/* a duration in TSC ticks, rounded up */
u64 time_tsc(void);

/* Wall clock at system time 0. */
void time_wallclock_get(u64 *sec, u32 *nsec);
void time_wallclock_set(u64 sec, u32 nsec, u64 at_system_time_ns);

#endif
