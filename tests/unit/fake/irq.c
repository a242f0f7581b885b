/* SPDX-License-Identifier: MIT */
/*
 * Interrupt lines of the fake machine, with platform/irq's contract: a level line is masked while its handler
 * runs.
 */
#include <string.h>

#include "fake.h"
#include "fake_internal.h"
#include "lib/errno.h"

struct fake_irq fake_irqs[FAKE_IRQS];
u32 irq_nr_gsis = FAKE_GSIS;

/* MSI vectors are the irqs from 32 on. */
#define FIRST_MSI	32u

static u32 msi_block[FAKE_IRQS];	/* how many vectors were given from here on; the rest of a block is 0 */

void fake_irq_start(void)
{
	u32 i;

	memset(fake_irqs, 0, sizeof(fake_irqs));
	memset(msi_block, 0, sizeof(msi_block));
	for (i = 16; i < FAKE_GSIS; i++)
		fake_irqs[i].level = true;
}

bool fake_irq_fire(int irq)
{
	struct fake_irq *i = &fake_irqs[irq];
	enum irq_result r;

	if (i->masked || !i->fn)
		return false;
	i->masked = i->level;
	r = i->fn(irq, i->arg);
	if (r == IRQ_DONE)
		i->masked = false;
	return true;
}

int irq_from_gsi(u32 gsi)
{
	return gsi < FAKE_GSIS ? (int)gsi : -EINVAL;
}

bool irq_is_level(int irq)
{
	return fake_irqs[irq].level;
}

int irq_request(int irq, irq_handler_t fn, void *arg, const char *name)
{
	(void)name;
	if (fake_irqs[irq].fn)
		return -EBUSY;
	fake_irqs[irq].fn = fn;
	fake_irqs[irq].arg = arg;
	return 0;
}

void irq_release(int irq)
{
	fake_irqs[irq].fn = NULL;
	fake_irqs[irq].masked = false;
}

void irq_mask(int irq)
{
	fake_irqs[irq].masked = true;
}

void irq_unmask(int irq)
{
	fake_irqs[irq].masked = false;
	fake_irqs[irq].unmasks++;
}

int irq_set_cpu(int irq, u32 cpu)
{
	fake_irqs[irq].cpu = cpu;
	return 0;
}

static bool msi_is_free(u32 first, u32 nvec)
{
	for (u32 irq = FIRST_MSI; irq < first + nvec; irq++)
		if (msi_block[irq] && irq + msi_block[irq] > first)
			return false;
	return true;
}

int irq_alloc_msi(u32 seg, u32 bus, u32 devfn, u32 entry_nr, u64 table_base, bool msix, u32 nvec,
		  int *first_irq)
{
	for (u32 first = FIRST_MSI; first + nvec <= FAKE_IRQS; first++) {
		if (!msi_is_free(first, nvec))
			continue;
		msi_block[first] = nvec;
		*first_irq = (int)first;
		return 0;
	}
	return -ENOSPC;
}

void irq_free_msi(int irq)
{
	msi_block[irq] = 0;
}
