/* SPDX-License-Identifier: MIT */
/*
 * Message signalled interrupts: a device writes a word to the local APIC's address. The capability (MSI) or
 * the table in the device's memory (MSI-X) holds address and data; they are written here and nowhere else.
 *
 * A multi-message MSI is a block of consecutive vectors on one CPU, of which the device changes the low
 * bits; so its irqs do not move. Lock: the irq's descriptor lock for what a struct msi_desc says; msi_lock
 * for the list.
 */
#include "core/lock.h"
#include "core/log.h"
#include "lib/errno.h"
#include "lib/list.h"
#include "lib/bitmap.h"
#include "mm/heap.h"
#include "mm/hostmap.h"
#include "platform/irq.h"
#include "platform/machine.h"

#define CAP_MSI		0x05
#define CAP_MSIX	0x11

#define MSI_CONTROL	2
#define   MSI_ENABLE	(1u << 0)
#define   MSI_MULTI_CAPABLE(c) (1u << ((c) >> 1 & 7))
#define   MSI_MULTI_ENABLE_SHIFT 4
#define   MSI_64BIT	(1u << 7)
#define   MSI_MASKABLE	(1u << 8)
#define MSI_ADDRESS	4

#define MSIX_CONTROL	2
#define   MSIX_SIZE(c)	(((c) & 0x7ffu) + 1)
#define   MSIX_MASK_ALL	(1u << 14)
#define   MSIX_ENABLE	(1u << 15)
#define MSIX_TABLE	4
#define MSIX_ENTRY_SIZE	16

#define PCI_COMMAND	4
#define   COMMAND_MEMORY	(1u << 1)
#define   COMMAND_NO_INTX	(1u << 10)
#define PCI_BAR(n)	(0x10 + 4 * (n))

#define MSI_ADDRESS_BASE	0xfee00000u
#define MSI_MAX_MULTI		32u

struct msi_desc {
	struct list_head list;
	u16 seg;
	u8 bus, devfn;
	bool msix, masked;
	/* MSI: place in its block, and the block's size; on the first counts the block. */
	u8 index, count;
	u16 cap;			/* of the capability in configuration space */
	u16 entry_nr;			/* MSI-X */
	volatile u32 *entry;		/* MSI-X: mapped table entry */
	u32 address, data;		/* what the device was told */
	int irq;
};

static DEFINE_SPINLOCK(msi_lock, RANK_NONE);
static LIST_HEAD(msi_list);

static u32 msi_read(const struct msi_desc *m, u32 reg, u32 bytes)
{
	return pci_conf_read(m->seg, m->bus, m->devfn, reg, bytes);
}

static void msi_write(const struct msi_desc *m, u32 reg, u32 bytes, u32 value)
{
	pci_conf_write(m->seg, m->bus, m->devfn, reg, bytes, value);
}

static void msix_write(struct msi_desc *m)
{
	/* Masked while address and data do not belong together. */
	m->entry[3] = 1;
	m->entry[0] = m->address;
	m->entry[1] = 0;
	m->entry[2] = m->data;
	m->entry[3] = m->masked;
	(void)m->entry[3];
}

static void msi_write_capability(const struct msi_desc *m)
{
	u32 control = msi_read(m, m->cap + MSI_CONTROL, 2);

	msi_write(m, m->cap + MSI_ADDRESS, 4, m->address);
	if (control & MSI_64BIT) {
		msi_write(m, m->cap + MSI_ADDRESS + 4, 4, 0);
		msi_write(m, m->cap + MSI_ADDRESS + 8, 2, m->data);
	} else {
		msi_write(m, m->cap + MSI_ADDRESS + 4, 2, m->data);
	}
	control &= ~(7u << MSI_MULTI_ENABLE_SHIFT);
	control |= order_of(m->count) << MSI_MULTI_ENABLE_SHIFT | MSI_ENABLE;
	msi_write(m, m->cap + MSI_CONTROL, 2, control);
}

void msi_write_target(struct msi_desc *m, u32 apic_id, u8 vector)
{
	m->address = MSI_ADDRESS_BASE | (apic_id & 0xff) << 12;
	m->data = vector;
	if (m->msix)
		msix_write(m);
	else if (m->index == 0)
		msi_write_capability(m);
}

/* The mask bit of a message, where the device has one; else messages just keep coming. */
void msi_set_masked(struct msi_desc *m, bool masked)
{
	u32 control, reg, bits;

	m->masked = masked;
	if (m->msix) {
		m->entry[3] = masked;
		(void)m->entry[3];
		return;
	}
	control = msi_read(m, m->cap + MSI_CONTROL, 2);
	if (!(control & MSI_MASKABLE))
		return;
	reg = m->cap + (control & MSI_64BIT ? 16 : 12);
	bits = msi_read(m, reg, 4);
	msi_write(m, reg, 4, masked ? bits | 1u << m->index : bits & ~(1u << m->index));
}

/* The machine address of a device's BAR, 0 if it is none of memory. */
static u64 msi_bar_maddr(u32 seg, u32 bus, u32 devfn, u32 bar)
{
	u32 low, high = 0;

	if (bar > 5)
		return 0;
	low = pci_conf_read(seg, bus, devfn, PCI_BAR(bar), 4);
	if (low & 1)
		return 0;
	if ((low & 6) == 4 && bar < 5)
		high = pci_conf_read(seg, bus, devfn, PCI_BAR(bar + 1), 4);
	return (u64)high << 32 | (low & ~15u);
}

static struct msi_desc *msi_new(u32 seg, u32 bus, u32 devfn, u32 cap, bool msix)
{
	struct msi_desc *m = heap_new(struct msi_desc);

	if (m)
		*m = (struct msi_desc){ .seg = seg, .bus = bus, .devfn = devfn, .cap = cap, .msix = msix,
					.masked = true, .count = 1, .irq = -1 };
	return m;
}

static void msi_link(struct msi_desc *m)
{
	spin_lock(&msi_lock);
	list_add(&m->list, &msi_list);
	spin_unlock(&msi_lock);
}

/* Whether the device's message `entry_nr` (MSI: any) is in use. */
static bool msi_in_use(u32 seg, u32 bus, u32 devfn, bool msix, u32 entry_nr)
{
	struct msi_desc *m;
	bool found = false;

	spin_lock(&msi_lock);
	list_for_each_entry(m, &msi_list, list)
		found |= m->seg == seg && m->bus == bus && m->devfn == devfn &&
			 (m->msix != msix || !msix || m->entry_nr == entry_nr);
	spin_unlock(&msi_lock);
	return found;
}

static int msix_alloc(u32 seg, u32 bus, u32 devfn, u32 entry_nr, u64 table_base, int *irq)
{
	u32 cap = pci_find_capability(seg, bus, devfn, CAP_MSIX), control, table;
	struct msi_desc *m;
	u64 base;
	int rc;

	if (!cap)
		return -ENODEV;
	control = pci_conf_read(seg, bus, devfn, cap + MSIX_CONTROL, 2);
	table = pci_conf_read(seg, bus, devfn, cap + MSIX_TABLE, 4);
	if (entry_nr >= MSIX_SIZE(control))
		return -EINVAL;
	/* The BAR decides, and what dom0 says must agree, as far as the BAR is programmed at all. */
	base = msi_bar_maddr(seg, bus, devfn, table & 7);
	if (!base)
		base = table_base;
	else
		base += table & ~7u;
	if (!base || base >> 52)
		return -ENXIO;
	m = msi_new(seg, bus, devfn, cap, true);
	if (!m)
		return -ENOMEM;
	m->entry_nr = entry_nr;
	m->entry = hostmap_mmio(base + entry_nr * MSIX_ENTRY_SIZE, MSIX_ENTRY_SIZE, HOSTMAP_UC);
	rc = m->entry ? irq_alloc_block(1, &m, &m->irq) : -ENOMEM;
	if (rc) {
		if (m->entry)
			hostmap_unmap((void *)m->entry, MSIX_ENTRY_SIZE);
		heap_free(m);
		return rc;
	}
	pci_conf_write(seg, bus, devfn, PCI_COMMAND, 2,
		       pci_conf_read(seg, bus, devfn, PCI_COMMAND, 2) | COMMAND_MEMORY | COMMAND_NO_INTX);
	m->entry[3] = 1;
	pci_conf_write(seg, bus, devfn, cap + MSIX_CONTROL, 2, (control | MSIX_ENABLE) & ~MSIX_MASK_ALL);
	*irq = m->irq;
	msi_link(m);
	return 0;
}

static int msi_alloc(u32 seg, u32 bus, u32 devfn, u32 nvec, int *irq)
{
	u32 cap = pci_find_capability(seg, bus, devfn, CAP_MSI), control, block;
	struct msi_desc *m[MSI_MAX_MULTI];
	int rc = 0;
	u32 made;

	if (!cap)
		return -ENODEV;
	control = pci_conf_read(seg, bus, devfn, cap + MSI_CONTROL, 2);
	if (nvec > MSI_MAX_MULTI || nvec > MSI_MULTI_CAPABLE(control))
		return -EINVAL;
	block = 1u << order_of(nvec);
	for (made = 0; made < block && !rc; made++) {
		m[made] = msi_new(seg, bus, devfn, cap, false);
		if (!m[made])
			rc = -ENOMEM;
		else
			m[made]->index = made;
	}
	if (rc)
		made--;
	else
		rc = irq_alloc_block(block, m, irq);
	if (rc) {
		while (made)
			heap_free(m[--made]);
		return rc;
	}
	for (u32 i = 0; i < block; i++) {
		m[i]->irq = *irq + i;
		m[i]->count = block;
		msi_link(m[i]);
		msi_set_masked(m[i], true);
	}
	pci_conf_write(seg, bus, devfn, PCI_COMMAND, 2,
		       pci_conf_read(seg, bus, devfn, PCI_COMMAND, 2) | COMMAND_NO_INTX);
	return 0;
}

int irq_alloc_msi(u32 seg, u32 bus, u32 devfn, u32 entry_nr, u64 table_base, bool msix, u32 nvec,
		  int *first_irq)
{
	if (!nvec || (msix && nvec != 1))
		return -EINVAL;
	if (msi_in_use(seg, bus, devfn, msix, entry_nr))
		return -EEXIST;
	return msix ? msix_alloc(seg, bus, devfn, entry_nr, table_base, first_irq) :
		      msi_alloc(seg, bus, devfn, nvec, first_irq);
}

static void msi_switch_off(struct msi_desc *m)
{
	u32 control;

	if (m->msix) {
		m->entry[3] = 1;
		hostmap_unmap((void *)m->entry, MSIX_ENTRY_SIZE);
		return;
	}
	if (m->index)
		return;
	control = msi_read(m, m->cap + MSI_CONTROL, 2);
	msi_write(m, m->cap + MSI_CONTROL, 2, control & ~MSI_ENABLE);
}

/* The last MSI-X message of a device switches its capability off; INTx is allowed again. msi_lock held. */
static void msi_device_idle(const struct msi_desc *gone)
{
	struct msi_desc *m;
	u32 reg = gone->cap + MSIX_CONTROL;

	list_for_each_entry(m, &msi_list, list)
		if (m->seg == gone->seg && m->bus == gone->bus && m->devfn == gone->devfn)
			return;
	if (gone->msix)
		msi_write(gone, reg, 2, msi_read(gone, reg, 2) & ~MSIX_ENABLE);
	msi_write(gone, PCI_COMMAND, 2, msi_read(gone, PCI_COMMAND, 2) & ~COMMAND_NO_INTX);
}

/* The irq of a multi-message block goes with its whole block, when the first of it is freed. */
void irq_free_msi(int irq)
{
	struct msi_desc *first = irq_msi_desc(irq), *m;

	if (!first || first->index)
		return;
	for (u32 i = first->count; i-- > 0;) {
		m = irq_msi_desc(irq + i);
		if (!m)
			continue;
		irq_release(irq + i);
		irq_free_block(irq + i, 1);
		spin_lock(&msi_lock);
		list_del(&m->list);
		msi_switch_off(m);
		msi_device_idle(m);
		spin_unlock(&msi_lock);
		heap_free(m);
	}
}

int irq_restore_msi(u32 seg, u32 bus, u32 devfn)
{
	struct msi_desc *m;
	int rc = -ENODEV;
	u32 reg;

	spin_lock(&msi_lock);
	list_for_each_entry(m, &msi_list, list) {
		if (m->seg != seg || m->bus != bus || m->devfn != devfn)
			continue;
		rc = 0;
		if (!m->msix) {
			if (m->index == 0)
				msi_write_capability(m);
			msi_set_masked(m, m->masked);
			continue;
		}
		reg = m->cap + MSIX_CONTROL;
		msi_write(m, reg, 2, (msi_read(m, reg, 2) | MSIX_ENABLE) & ~MSIX_MASK_ALL);
		msix_write(m);
	}
	spin_unlock(&msi_lock);
	return rc;
}
