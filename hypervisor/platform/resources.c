/* SPDX-License-Identifier: MIT */
/*
 * Ports and memory that the hypervisor keeps for itself, so that dom0 is given all but these.
 */
#include "platform/machine.h"

#include "platform/efi.h"
#include "platform/irq.h"
#include "platform/uart.h"
#include "x86/lapic.h"

struct mmio_walk {
	void (*fn)(u64 first_mfn, u64 last_mfn, void *arg);
	void *arg;
};

void machine_hv_ports(void (*fn)(u32 first, u32 last, void *arg), void *arg)
{
	static const struct { u16 first, last; } fixed[] = {
		{ 0x20, 0x21 }, { 0xa0, 0xa1 }, { 0x4d0, 0x4d1 },	/* legacy interrupt controllers */
		/* PIT, and the gate of its channel 2. */
		{ 0x40, 0x43 }, { 0x61, 0x61 },
		{ 0xcf8, 0xcff },					/* PCI configuration: by emulation */
	};

	for (u32 i = 0; i < ARRAY_SIZE(fixed); i++)
		fn(fixed[i].first, fixed[i].last, arg);
	uart_for_each_port(fn, arg);
}

static void mmio_page(u64 maddr, void *arg)
{
	const struct mmio_walk *w = arg;

	w->fn(maddr >> PAGE_SHIFT, maddr >> PAGE_SHIFT, w->arg);
}

void machine_hv_mmio(void (*fn)(u64 first_mfn, u64 last_mfn, void *arg), void *arg)
{
	struct mmio_walk w = { fn, arg };

	mmio_page(LAPIC_DEFAULT_MADDR, &w);
	if (lapic_base_maddr() != LAPIC_DEFAULT_MADDR)
		mmio_page(lapic_base_maddr(), &w);
	ioapic_for_each(mmio_page, &w);
	efi_for_each_code(fn, arg);
}
