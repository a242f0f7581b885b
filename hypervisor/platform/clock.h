/* SPDX-License-Identifier: MIT */
/*
 * The machine's clocks: HPET, ACPI PM timer, PIT as references for the TSC's speed; the CMOS clock for the
 * date.
 */
#ifndef PLATFORM_CLOCK_H
#define PLATFORM_CLOCK_H

#include "core/param.h"
#include "x86/tsc.h"

extern const struct param clock_params[];

/*
 * Finds out how fast the TSC runs and starts system time; panics if nothing can tell. After
 * lapic_init_cpu().
 */
void clock_init(u64 boot_tsc);

/* NULL if the machine has none or it does not work. */
const struct ref_clock *hpet_init(void);
const struct ref_clock *pmtimer_init(void);
const struct ref_clock *pit_init(void);

/* Seconds since 1970 (the CMOS clock is taken as UTC). Never waits for its update edge. */
u64 rtc_read(void);

#endif
