/* SPDX-License-Identifier: MIT */
/*
 * IO-APICs: one redirection entry a GSI. Callers hold the lock of the interrupt's descriptor; the index and
 * data registers of each chip are guarded by a lock of its own.
 */
#ifndef PLATFORM_IOAPIC_H
#define PLATFORM_IOAPIC_H

#include "lib/types.h"

#define RTE_LOW_ACTIVE		(1ul << 13)
#define RTE_LEVEL		(1ul << 15)
#define RTE_MASKED		(1ul << 16)
#define RTE_DEST_SHIFT		56

/* Maps and masks all; returns the number of GSIs (one past the highest). */
u32 ioapic_init(void);
bool ioapic_has_gsi(u32 gsi);
/* Writes an entry; the masked state is part of it. */
void ioapic_write_rte(u32 gsi, u64 rte);
/* The half that holds the mask bit only: one register write. */
void ioapic_write_rte_low(u32 gsi, u32 low);
void ioapic_for_each(void (*fn)(u64 maddr, void *arg), void *arg);

int ioapic_guest_read(u64 base, u32 reg, u32 *value);	/* PHYSDEVOP_apic_read; -EINVAL */
int ioapic_guest_write(u64 base, u32 reg, u32 value);

#endif
