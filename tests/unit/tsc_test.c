/* SPDX-License-Identifier: MIT */
/*
 * The speed of the TSC, measured against a PIT that the test turns: whenever the machine stands still in the middle (an
 * emulator that is not scheduled, firmware in SMM), so long that the counter goes round, the result is right.
 */
#include "unit.h"

#include "x86/cpu_ops.h"
#include "x86/features.h"
#include "x86/lapic.h"
#include "x86/tsc.h"

#define TSC_KHZ		2000000ul
#define APIC_KHZ	1000000ul
#define PIT_HZ		1193182ul

struct host_cpu host_cpu;
struct cpu_features cpu_features;
bool lapic_x2apic = true;
volatile u32 *lapic_mmio;

static u64 apic_start, reads, pause_at, pause_ms, frozen;

static u64 on_rdmsr(u32 msr)
{
	if (msr != MSR_X2APIC(LAPIC_TIMER_CURRENT))
		return 0;
	return ~0u - (u32)((host_cpu.tsc - apic_start) * APIC_KHZ / TSC_KHZ);
}

static void on_wrmsr(u32 msr, u64 value)
{
	if (msr == MSR_X2APIC(LAPIC_TIMER_INITIAL) && value)
		apic_start = host_cpu.tsc;
}

/* A microsecond a reading, as real ones take. */
static u64 pit_read(void)
{
	host_cpu.tsc += TSC_KHZ / 1000;
	if (reads++ == pause_at)
		host_cpu.tsc += TSC_KHZ * pause_ms;
	return frozen ? 7 : host_cpu.tsc * PIT_HZ / (TSC_KHZ * 1000) & 0xffff;
}

static const struct ref_clock pit = { .name = "pit", .hz = PIT_HZ, .mask = 0xffff, .window_us = 10000,
				      .read = pit_read };

static bool measure(struct tsc_speed *speed, u64 at, u64 ms)
{
	host_cpu = (struct host_cpu){ .tsc = 123456789, .rdmsr = on_rdmsr, .wrmsr = on_wrmsr };
	reads = 0;
	pause_at = at;
	pause_ms = ms;
	return tsc_speed_measure(&pit, speed);
}

static bool about(u64 value, u64 wanted)
{
	return value > wanted - wanted / 200 && value < wanted + wanted / 200;
}

TEST(an_undisturbed_measure_is_right)
{
	struct tsc_speed speed = { 0 };

	REQUIRE(measure(&speed, ~0ul, 0));
	CHECK(about(speed.tsc_khz, TSC_KHZ));
	CHECK(about(speed.apic_khz, APIC_KHZ));
	CHECK_STR(speed.source, "pit");
}

TEST(a_machine_that_stands_still_is_measured_again)
{
	for (u64 at = 0; at < 10200; at += 3)
		for (u64 ms = 3; ms < 300; ms += 99) {
			struct tsc_speed speed = { 0 };

			REQUIRE(measure(&speed, at, ms));
			REQUIRE(about(speed.tsc_khz, TSC_KHZ));
			REQUIRE(about(speed.apic_khz, APIC_KHZ));
		}
}

TEST(a_clock_that_does_not_run_is_refused)
{
	struct tsc_speed speed = { 0 };

	frozen = 1;
	CHECK(!measure(&speed, ~0ul, 0));
	frozen = 0;
}

int main(void)
{
	RUN(an_undisturbed_measure_is_right);
	RUN(a_machine_that_stands_still_is_measured_again);
	RUN(a_clock_that_does_not_run_is_refused);
	return unit_end();
}
