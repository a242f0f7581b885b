/* SPDX-License-Identifier: MIT */
/*
 * Choosing a clock: CPUID's own statement if the processor makes one, else the best of HPET, PM timer and
 * PIT is held against the TSC for a few milliseconds. Boot only.
 */
#include "platform/clock.h"

#include "core/log.h"
#include "core/panic.h"
#include "core/time.h"
#include "core/timer.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "x86/features.h"
#include "x86/lapic.h"

static const char *wanted;	/* clocksource= */
static const char *source_name = "none";

static bool clock_try(const struct ref_clock *clock, struct tsc_speed *speed)
{
	if (!clock || (wanted && strcmp(wanted, clock->name)))
		return false;
	if (tsc_speed_measure(clock, speed))
		return true;
	log_warn("Clock %s does not run", clock->name);
	return false;
}

static bool clock_measure(struct tsc_speed *speed)
{
	return clock_try(hpet_init(), speed) || clock_try(pmtimer_init(), speed) || clock_try(pit_init(),
											      speed);
}

void clock_init(u64 boot_tsc)
{
	struct tsc_speed speed;

	/*
	 * Without the deadline mode the APIC's speed is needed too; 0x15 tells it where the mode exists
	 * anyway.
	 */
	if (wanted || !tsc_speed_from_cpuid(&speed))
		if (!clock_measure(&speed)) {
			wanted = NULL;
			if (!clock_measure(&speed))
				panic("No clock works (HPET, PM timer, PIT): the TSC's speed is "
				      "unknown; switch one on in the firmware's setup");
		}
	if (!speed.tsc_khz || (!speed.apic_khz && !lapic_timer_deadline))
		panic("The %s says that the TSC runs at %lu kHz, the APIC timer at %lu kHz", speed.source,
		      speed.tsc_khz, speed.apic_khz);
	source_name = speed.source;
	time_init(speed.tsc_khz, boot_tsc);
	timer_init_system(speed.apic_khz);
	time_wallclock_set(rtc_read(), 0, time_now_ns());
	log_info("Detected %lu.%03lu MHz TSC by %s, APIC timer %lu.%03lu MHz%s", speed.tsc_khz / 1000,
		 speed.tsc_khz % 1000, speed.source, speed.apic_khz / 1000, speed.apic_khz % 1000,
		 lapic_timer_deadline ? " (deadline mode)" : "");
	if (!cpu_features.tsc_constant)
		log_warn("This processor's TSC changes its speed with the core's: time may drift");
}

static int param_clocksource(const char *value)
{
	static const char *const names[] = { "hpet", "acpi", "pit", "tsc" };

	for (u32 i = 0; value && i < ARRAY_SIZE(names); i++)
		if (!strcmp(value, names[i])) {
			wanted = i == 3 ? NULL : names[i];
			return 0;
		}
	return -EINVAL;
}

const struct param clock_params[] = {
	{ "clocksource", "clock to measure the TSC with: hpet, acpi, pit", param_clocksource },
	{ 0 },
};
