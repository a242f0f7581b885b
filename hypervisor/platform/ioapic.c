/* SPDX-License-Identifier: MIT */
/*
 * Register access through an index and a data window. dom0 may read registers as they are, but of what it
 * writes only the trigger mode and polarity of an entry count (irq_set_gsi_mode); vectors and masks are the
 * hypervisor's.
 */
#include "platform/ioapic.h"

#include "core/lock.h"
#include "core/log.h"
#include "lib/errno.h"
#include "mm/hostmap.h"
#include "platform/acpi.h"
#include "platform/irq.h"

#define IOAPIC_INDEX	0x00
#define IOAPIC_DATA	0x10
#define REG_ID		0x00
#define REG_VERSION	0x01
#define REG_RTE(pin)	(0x10 + 2 * (pin))

static struct ioapic {
	volatile u32 *regs;
	u64 maddr;
	u32 gsi_base, pins;
	struct spinlock lock;
} ioapics[ACPI_MAX_IOAPICS];
static u32 nr_ioapics;

static u32 ioapic_read(struct ioapic *io, u32 reg)
{
	u64 flags = spin_lock_irqsave(&io->lock);
	u32 value;

	io->regs[IOAPIC_INDEX / 4] = reg;
	value = io->regs[IOAPIC_DATA / 4];
	spin_unlock_irqrestore(&io->lock, flags);
	return value;
}

static void ioapic_write(struct ioapic *io, u32 reg, u32 value)
{
	u64 flags = spin_lock_irqsave(&io->lock);

	io->regs[IOAPIC_INDEX / 4] = reg;
	io->regs[IOAPIC_DATA / 4] = value;
	spin_unlock_irqrestore(&io->lock, flags);
}

static struct ioapic *ioapic_of_gsi(u32 gsi)
{
	for (u32 i = 0; i < nr_ioapics; i++)
		if (gsi - ioapics[i].gsi_base < ioapics[i].pins)
			return &ioapics[i];
	return NULL;
}

bool ioapic_has_gsi(u32 gsi)
{
	return ioapic_of_gsi(gsi) != NULL;
}

void ioapic_write_rte(u32 gsi, u64 rte)
{
	struct ioapic *io = ioapic_of_gsi(gsi);
	u32 pin = gsi - io->gsi_base;

	/* Masked while the halves do not belong together. */
	ioapic_write(io, REG_RTE(pin), RTE_MASKED);
	ioapic_write(io, REG_RTE(pin) + 1, rte >> 32);
	ioapic_write(io, REG_RTE(pin), rte);
}

void ioapic_write_rte_low(u32 gsi, u32 low)
{
	struct ioapic *io = ioapic_of_gsi(gsi);

	ioapic_write(io, REG_RTE(gsi - io->gsi_base), low);
}

static bool ioapic_init_one(const struct acpi_ioapic *a)
{
	struct ioapic *io = &ioapics[nr_ioapics];
	u32 version;

	spin_lock_init(&io->lock, RANK_NONE, "ioapic");
	io->maddr = a->maddr;
	io->gsi_base = a->gsi_base;
	io->regs = hostmap_mmio(a->maddr, 0x20, HOSTMAP_UC);
	if (!io->regs)
		return false;
	version = ioapic_read(io, REG_VERSION);
	if (version == 0xffffffff || a->gsi_base > 4096) {
		log_warn("IO-APIC at %#lx does not answer: ignored", a->maddr);
		return false;
	}
	io->pins = (version >> 16 & 0xff) + 1;
	for (u32 pin = 0; pin < io->pins; pin++) {
		ioapic_write(io, REG_RTE(pin), RTE_MASKED);
		ioapic_write(io, REG_RTE(pin) + 1, 0);
	}
	log_info("IO-APIC at %#lx: version %#x, GSI %u to %u", a->maddr, version & 0xff, a->gsi_base,
		 a->gsi_base + io->pins - 1);
	return true;
}

u32 ioapic_init(void)
{
	u32 gsis = 0;

	for (u32 i = 0; i < acpi_facts.nr_ioapics; i++)
		if (ioapic_init_one(&acpi_facts.ioapics[i])) {
			gsis = MAX(gsis, ioapics[nr_ioapics].gsi_base + ioapics[nr_ioapics].pins);
			nr_ioapics++;
		}
	return gsis;
}

void ioapic_for_each(void (*fn)(u64 maddr, void *arg), void *arg)
{
	for (u32 i = 0; i < nr_ioapics; i++)
		fn(ioapics[i].maddr, arg);
}

static struct ioapic *ioapic_of_maddr(u64 maddr)
{
	for (u32 i = 0; i < nr_ioapics; i++)
		if (ioapics[i].maddr == maddr)
			return &ioapics[i];
	return NULL;
}

int ioapic_guest_read(u64 base, u32 reg, u32 *value)
{
	struct ioapic *io = ioapic_of_maddr(base);

	if (!io || (reg > 2 && reg - 0x10 >= 2 * io->pins))
		return -EINVAL;
	*value = ioapic_read(io, reg);
	return 0;
}

int ioapic_guest_write(u64 base, u32 reg, u32 value)
{
	struct ioapic *io = ioapic_of_maddr(base);

	if (!io || (reg > 2 && reg - 0x10 >= 2 * io->pins))
		return -EINVAL;
	if (reg < 0x10 || (reg & 1) || (value & RTE_MASKED))
		return 0;
	return irq_set_gsi_mode(io->gsi_base + (reg - 0x10) / 2, value & RTE_LEVEL, value & RTE_LOW_ACTIVE);
}
