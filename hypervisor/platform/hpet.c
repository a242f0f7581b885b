/* SPDX-License-Identifier: MIT */
/*
 * The high precision event timer, as a counter only: its interrupts stay off.
 */
#include "platform/clock.h"

#include "core/log.h"
#include "mm/hostmap.h"
#include "platform/acpi.h"

#define HPET_CAPABILITIES	0x000	/* high half: period in femtoseconds */
#define HPET_CONFIG		0x010
#define   HPET_CONFIG_ENABLE	1u
#define   HPET_CONFIG_LEGACY	2u
#define HPET_COUNTER		0x0f0
#define HPET_MAX_PERIOD_FS	100000000u
#define FEMTO			1000000000000000ul

static volatile u32 *hpet;

static u64 hpet_read(void)
{
	return hpet[HPET_COUNTER / 4];
}

static struct ref_clock hpet_clock = { .name = "hpet", .mask = 0xffffffff, .window_us = 4000,
				      .read = hpet_read };

const struct ref_clock *hpet_init(void)
{
	u32 period;

	if (!acpi_facts.hpet_maddr)
		return NULL;
	if (!hpet)
		hpet = hostmap_mmio(acpi_facts.hpet_maddr, 0x400, HOSTMAP_UC);
	if (!hpet)
		return NULL;
	period = hpet[HPET_CAPABILITIES / 4 + 1];
	if (!period || period > HPET_MAX_PERIOD_FS) {
		log_warn("HPET at %#lx claims a period of %u fs: not used", acpi_facts.hpet_maddr, period);
		return NULL;
	}
	hpet[HPET_CONFIG / 4] = (hpet[HPET_CONFIG / 4] & ~HPET_CONFIG_LEGACY) | HPET_CONFIG_ENABLE;
	hpet_clock.hz = FEMTO / period;
	return &hpet_clock;
}
