/* SPDX-License-Identifier: MIT */
/*
 * PCI configuration space. Mechanism 1 (an index and a data port) reaches the first 256 bytes of segment 0;
 * for the rest the firmware's memory windows are mapped bus by bus when first needed. Also the list of
 * devices that dom0 announced.
 *
 * Locks: cf8_lock around index and data; pci_lock around the list and the table of mapped buses.
 */
#include "platform/machine.h"

#include "core/lock.h"
#include "core/log.h"
#include "lib/errno.h"
#include "lib/list.h"
#include "mm/heap.h"
#include "mm/hostmap.h"
#include "platform/acpi.h"
#include "x86/cpu_ops.h"

#define PCI_INDEX	0xcf8
#define PCI_DATA	0xcfc
#define BUS_BYTES	MiB(1)
#define PCI_STATUS	0x06
#define   STATUS_CAPABILITIES 0x10
#define PCI_CAP_POINTER	0x34
#define MAX_CAPABILITIES 48
#define MAX_DEVICES	65536u

struct pci_device {
	struct list_head list;
	u16 seg;
	u8 bus, devfn;
};

struct pci_bus_window {
	struct list_head list;
	u16 seg;
	u8 bus;
	u8 *va;
};

static DEFINE_SPINLOCK(cf8_lock, RANK_NONE);
static DEFINE_SPINLOCK(pci_lock, RANK_NONE);
/* pci_lock: */
static LIST_HEAD(devices);
static u32 nr_devices;
static LIST_HEAD(windows);

static const struct acpi_mcfg *pci_find_mcfg(u32 seg, u32 bus)
{
	for (u32 i = 0; i < acpi_facts.nr_mcfg; i++) {
		const struct acpi_mcfg *m = &acpi_facts.mcfg[i];

		if (m->segment == seg && bus >= m->first_bus && bus <= m->last_bus)
			return m;
	}
	return NULL;
}

static u8 *pci_find_window(u32 seg, u32 bus)
{
	struct pci_bus_window *w;
	u8 *va = NULL;

	spin_lock(&pci_lock);
	list_for_each_entry(w, &windows, list)
		if (w->seg == seg && w->bus == bus)
			va = w->va;
	spin_unlock(&pci_lock);
	return va;
}

/* The configuration space of a bus in memory, or NULL. */
static u8 *pci_bus_window(u32 seg, u32 bus)
{
	const struct acpi_mcfg *m = pci_find_mcfg(seg, bus);
	struct pci_bus_window *w;
	u8 *va;

	if (!m)
		return NULL;
	va = pci_find_window(seg, bus);
	if (va)
		return va;
	w = heap_new(struct pci_bus_window);
	if (!w)
		return NULL;
	/*
	 * The window's base is that of bus 0, whichever bus it begins with. Two who come at once map it
	 * twice.
	 */
	va = hostmap_mmio(m->base + bus * BUS_BYTES, BUS_BYTES, HOSTMAP_UC);
	if (!va) {
		heap_free(w);
		return NULL;
	}
	*w = (struct pci_bus_window){ .seg = seg, .bus = bus, .va = va };
	spin_lock(&pci_lock);
	list_add(&w->list, &windows);
	spin_unlock(&pci_lock);
	return va;
}

static u32 pci_index(u32 bus, u32 devfn, u32 reg)
{
	return 0x80000000u | bus << 16 | devfn << 8 | (reg & 0xfc);
}

static bool pci_access_valid(u32 seg, u32 bus, u32 devfn, u32 reg, u32 bytes)
{
	return seg <= 0xffff && bus <= 0xff && devfn <= 0xff && reg < 4096 && (bytes == 1 || bytes == 2 ||
									       bytes == 4) &&
	       reg % bytes == 0;
}

u32 pci_conf_read(u32 seg, u32 bus, u32 devfn, u32 reg, u32 bytes)
{
	u32 value = ~0u >> (32 - 8 * (bytes & 7));
	u64 flags;
	u8 *window;

	if (!pci_access_valid(seg, bus, devfn, reg, bytes))
		return ~0u;
	if (seg || reg >= 256) {
		window = pci_bus_window(seg, bus);
		if (!window)
			return value;
		window += devfn << 12 | reg;
		return bytes == 1 ? *(volatile u8 *)window : bytes == 2 ? *(volatile u16 *)window :
		       *(volatile u32 *)window;
	}
	flags = spin_lock_irqsave(&cf8_lock);
	outl(PCI_INDEX, pci_index(bus, devfn, reg));
	value = bytes == 1 ? inb(PCI_DATA + (reg & 3)) :
		bytes == 2 ? inw(PCI_DATA + (reg & 2)) : inl(PCI_DATA);
	spin_unlock_irqrestore(&cf8_lock, flags);
	return value;
}

void pci_conf_write(u32 seg, u32 bus, u32 devfn, u32 reg, u32 bytes, u32 value)
{
	u64 flags;
	u8 *window;

	if (!pci_access_valid(seg, bus, devfn, reg, bytes))
		return;
	if (seg || reg >= 256) {
		window = pci_bus_window(seg, bus);
		if (!window)
			return;
		window += devfn << 12 | reg;
		if (bytes == 1)
			*(volatile u8 *)window = value;
		else if (bytes == 2)
			*(volatile u16 *)window = value;
		else
			*(volatile u32 *)window = value;
		return;
	}
	flags = spin_lock_irqsave(&cf8_lock);
	outl(PCI_INDEX, pci_index(bus, devfn, reg));
	if (bytes == 1)
		outb(PCI_DATA + (reg & 3), value);
	else if (bytes == 2)
		outw(PCI_DATA + (reg & 2), value);
	else
		outl(PCI_DATA, value);
	spin_unlock_irqrestore(&cf8_lock, flags);
}

u32 pci_find_capability(u32 seg, u32 bus, u32 devfn, u8 id)
{
	u32 at;

	if (pci_conf_read(seg, bus, devfn, 0, 2) == 0xffff ||
	    !(pci_conf_read(seg, bus, devfn, PCI_STATUS, 2) & STATUS_CAPABILITIES))
		return 0;
	at = pci_conf_read(seg, bus, devfn, PCI_CAP_POINTER, 1) & 0xfc;
	/* A device may link its list into a ring. */
	for (u32 i = 0; at >= 0x40 && i < MAX_CAPABILITIES; i++) {
		if (pci_conf_read(seg, bus, devfn, at, 1) == id)
			return at;
		at = pci_conf_read(seg, bus, devfn, at + 1, 1) & 0xfc;
	}
	return 0;
}

static struct pci_device *pci_find_device(u32 seg, u32 bus, u32 devfn)
{
	struct pci_device *p;

	list_for_each_entry(p, &devices, list)
		if (p->seg == seg && p->bus == bus && p->devfn == devfn)
			return p;
	return NULL;
}

bool pci_device_known(u32 seg, u32 bus, u32 devfn)
{
	bool known;

	spin_lock(&pci_lock);
	known = pci_find_device(seg, bus, devfn) != NULL;
	spin_unlock(&pci_lock);
	return known;
}

int pci_device_add(u32 seg, u32 bus, u32 devfn)
{
	struct pci_device *p;
	int rc = 0;

	if (seg > 0xffff || bus > 0xff || devfn > 0xff)
		return -EINVAL;
	p = heap_new(struct pci_device);
	if (!p)
		return -ENOMEM;
	*p = (struct pci_device){ .seg = seg, .bus = bus, .devfn = devfn };
	spin_lock(&pci_lock);
	if (pci_find_device(seg, bus, devfn)) {
		rc = -EEXIST;
	} else if (nr_devices == MAX_DEVICES) {
		rc = -ENOSPC;
	} else {
		list_add(&p->list, &devices);
		nr_devices++;
	}
	spin_unlock(&pci_lock);
	if (rc)
		heap_free(p);
	return rc;
}

int pci_device_remove(u32 seg, u32 bus, u32 devfn)
{
	struct pci_device *p;

	spin_lock(&pci_lock);
	p = pci_find_device(seg, bus, devfn);
	if (p) {
		list_del(&p->list);
		nr_devices--;
	}
	spin_unlock(&pci_lock);
	heap_free(p);
	return p ? 0 : -ENODEV;
}

int pci_mmcfg_reserved(u64 base, u32 seg, u32 start_bus, u32 end_bus, bool reserved)
{
	/*
	 * dom0 says whether its own table agrees that the window is set apart. Ours came from MCFG and is
	 * used as needed.
	 */
	for (u32 i = 0; i < acpi_facts.nr_mcfg; i++) {
		const struct acpi_mcfg *m = &acpi_facts.mcfg[i];

		if (m->segment == seg && m->base == base && m->first_bus == start_bus)
			return end_bus <= m->last_bus ? 0 : -EINVAL;
	}
	log_warn("PCI: dom0 speaks of a configuration window at %#lx for segment %u that MCFG does not have",
		 base, seg);
	return -ENODEV;
}
