/* SPDX-License-Identifier: MIT */
/*
 * The ACPI power management timer: 24 (or 32) bits at 3.58 MHz, read from a port or from memory.
 */
#include "platform/clock.h"

#include "mm/hostmap.h"
#include "platform/acpi.h"
#include "x86/cpu_ops.h"

#define PM_TIMER_HZ	3579545u

static volatile u32 *pm_mmio;

static u64 pmtimer_read(void)
{
	return (pm_mmio ? *pm_mmio : inl(acpi_facts.pm_timer.address)) & 0xffffff;
}

static const struct ref_clock pmtimer_clock = {
	.name = "acpi", .hz = PM_TIMER_HZ, .mask = 0xffffff, .window_us = 8000, .read = pmtimer_read,
};

const struct ref_clock *pmtimer_init(void)
{
	const struct acpi_address *a = &acpi_facts.pm_timer;

	if (!a->address)
		return NULL;
	if (a->space == ACPI_SPACE_MEMORY && !pm_mmio) {
		pm_mmio = hostmap_mmio(a->address, 4, HOSTMAP_UC);
		if (!pm_mmio)
			return NULL;
	}
	if (a->space == ACPI_SPACE_IO && a->address > 0xfffc)
		return NULL;
	return &pmtimer_clock;
}
