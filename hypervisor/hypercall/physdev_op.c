/* SPDX-License-Identifier: MIT */
/*
 * physdev_op: interrupts, ports and PCI devices. Most of it is for the domain that drives the hardware; what concerns
 * a domain's own PIRQs and its virtual IOPL is open to all. One function an operation, in a table with who may.
 */
#include "abi/physdev.h"

#include "core/percpu.h"
#include "domain/guest_copy.h"
#include "event/pirq.h"
#include "hypercall/hypercall.h"
#include "lib/errno.h"
#include "platform/irq.h"
#include "platform/machine.h"

static long op_eoi(struct domain *d, u64 arg)
{
	struct physdev_eoi eoi;

	return guest_get(&eoi, arg) ? -EFAULT : pirq_eoi(d, eoi.irq);
}

static long op_eoi_gmfn(struct domain *d, u64 arg, bool v2)
{
	struct physdev_pirq_eoi_gmfn info;

	return guest_get(&info, arg) ? -EFAULT : pirq_set_eoi_map(d, info.gmfn, v2);
}

static long op_eoi_gmfn_v1(struct domain *d, u64 arg)
{
	return op_eoi_gmfn(d, arg, false);
}

static long op_eoi_gmfn_v2(struct domain *d, u64 arg)
{
	return op_eoi_gmfn(d, arg, true);
}

static long op_irq_status(struct domain *d, u64 arg)
{
	struct physdev_irq_status_query q;
	int needs;

	if (guest_get(&q, arg))
		return -EFAULT;
	needs = pirq_needs_eoi(d, q.irq);
	if (needs < 0)
		return needs;
	q.flags = needs ? XENIRQSTAT_needs_eoi : 0;
	return guest_put(arg, &q);
}

static long op_set_iopl(struct domain *d, u64 arg)
{
	struct physdev_set_iopl set;

	if (guest_get(&set, arg))
		return -EFAULT;
	if (set.iopl > 3)
		return -EINVAL;
	current->pv.iopl = set.iopl;
	return 0;
}

static long op_set_iobitmap(struct domain *d, u64 arg)
{
	struct physdev_set_iobitmap set;

	if (guest_get(&set, arg))
		return -EFAULT;
	if (set.nr_ports > 65536 || !guest_range_ok(set.bitmap, DIV_ROUND_UP(set.nr_ports, 8)))
		return -EINVAL;
	current->pv.iobmp = set.bitmap;
	current->pv.iobmp_limit = set.nr_ports;
	return 0;
}

static long op_apic_read(struct domain *d, u64 arg)
{
	struct physdev_apic apic;
	int rc;

	if (guest_get(&apic, arg))
		return -EFAULT;
	rc = ioapic_guest_read(apic.apic_physbase, apic.reg, &apic.value);
	return rc ? rc : guest_put(arg, &apic);
}

static long op_apic_write(struct domain *d, u64 arg)
{
	struct physdev_apic apic;

	return guest_get(&apic, arg) ? -EFAULT : ioapic_guest_write(apic.apic_physbase, apic.reg, apic.value);
}

static long op_alloc_vector(struct domain *d, u64 arg)
{
	struct physdev_irq op;

	if (guest_get(&op, arg))
		return -EFAULT;
	if (op.irq >= irq_nr_gsis)
		return -EINVAL;
	op.vector = op.irq;		/* the guest needs none; it puts the number into ioapic writes */
	return guest_put(arg, &op);
}

static int map_msi(struct domain *d, struct physdev_map_pirq *map)
{
	u32 bus = map->bus, segment = map->type == MAP_PIRQ_TYPE_MSI ? 0 : bus >> 16;
	u32 sbdf = segment << 16 | (bus & 0xff) << 8 | ((u32)map->devfn & 0xff);
	u32 nvec = map->type == MAP_PIRQ_TYPE_MULTI_MSI ? map->entry_nr : 1;

	return pirq_map_msi(d, sbdf, map->entry_nr, map->table_base, map->table_base != 0, nvec, &map->pirq);
}

static long op_map_pirq(struct domain *self, u64 arg)
{
	struct physdev_map_pirq map;
	struct domain *d;
	int rc;

	if (guest_get(&map, arg))
		return -EFAULT;
	d = domain_get_for_caller(map.domid);
	if (!d)
		return -ESRCH;
	switch (map.type) {
	case MAP_PIRQ_TYPE_GSI:
		rc = pirq_map_gsi(d, map.index, &map.pirq);
		break;
	case MAP_PIRQ_TYPE_MSI:
	case MAP_PIRQ_TYPE_MSI_SEG:
	case MAP_PIRQ_TYPE_MULTI_MSI:
		rc = map_msi(d, &map);
		break;
	default:
		rc = -EINVAL;
	}
	domain_put(d);
	return rc ? rc : guest_put(arg, &map);
}

static long op_unmap_pirq(struct domain *self, u64 arg)
{
	struct physdev_unmap_pirq unmap;
	struct domain *d;
	int rc;

	if (guest_get(&unmap, arg))
		return -EFAULT;
	d = domain_get_for_caller(unmap.domid);
	if (!d)
		return -ESRCH;
	rc = pirq_unmap(d, unmap.pirq);
	domain_put(d);
	return rc;
}

static long op_setup_gsi(struct domain *d, u64 arg)
{
	struct physdev_setup_gsi gsi;

	if (guest_get(&gsi, arg))
		return -EFAULT;
	if (gsi.gsi < 0 || (u32)gsi.gsi >= irq_nr_gsis)
		return -EINVAL;
	return irq_set_gsi_mode(gsi.gsi, gsi.triggering, gsi.polarity);
}

static long op_get_free_pirq(struct domain *d, u64 arg)
{
	struct physdev_get_free_pirq get;
	int rc;

	if (guest_get(&get, arg))
		return -EFAULT;
	rc = pirq_get_free(d, get.type != MAP_PIRQ_TYPE_GSI, &get.pirq);
	return rc ? rc : guest_put(arg, &get);
}

static long op_pci_device_add(struct domain *d, u64 arg)
{
	struct physdev_pci_device_add add;

	return guest_get(&add, arg) ? -EFAULT : pci_device_add(add.seg, add.bus, add.devfn);
}

static long op_manage_pci_add(struct domain *d, u64 arg)
{
	struct physdev_manage_pci m;

	return guest_get(&m, arg) ? -EFAULT : pci_device_add(0, m.bus, m.devfn);
}

static long op_manage_pci_remove(struct domain *d, u64 arg)
{
	struct physdev_manage_pci m;

	return guest_get(&m, arg) ? -EFAULT : pci_device_remove(0, m.bus, m.devfn);
}

static long op_pci_device_remove(struct domain *d, u64 arg)
{
	struct physdev_pci_device dev;

	return guest_get(&dev, arg) ? -EFAULT : pci_device_remove(dev.seg, dev.bus, dev.devfn);
}

static long op_pci_known(struct domain *d, u64 arg)
{
	struct physdev_pci_device dev;

	if (guest_get(&dev, arg))
		return -EFAULT;
	return pci_device_known(dev.seg, dev.bus, dev.devfn) ? 0 : -ENODEV;
}

static long op_restore_msi_ext(struct domain *d, u64 arg)
{
	struct physdev_pci_device dev;

	return guest_get(&dev, arg) ? -EFAULT : irq_restore_msi(dev.seg, dev.bus, dev.devfn);
}

static long op_restore_msi(struct domain *d, u64 arg)
{
	struct physdev_restore_msi dev;

	return guest_get(&dev, arg) ? -EFAULT : irq_restore_msi(0, dev.bus, dev.devfn);
}

static long op_mmcfg_reserved(struct domain *d, u64 arg)
{
	struct physdev_pci_mmcfg_reserved m;

	if (guest_get(&m, arg))
		return -EFAULT;
	return pci_mmcfg_reserved(m.address, m.segment, m.start_bus, m.end_bus, m.flags & XEN_PCI_MMCFG_RESERVED);
}

static long op_dbgp(struct domain *d, u64 arg)
{
	return 0;		/* the hypervisor uses no USB debug port: whatever dom0 does with it is fine */
}

static const struct {
	long (*fn)(struct domain *d, u64 arg);
	bool privileged;
} ops[] = {
	[PHYSDEVOP_eoi] = { op_eoi, false },
	[PHYSDEVOP_pirq_eoi_gmfn_v1] = { op_eoi_gmfn_v1, false },
	[PHYSDEVOP_pirq_eoi_gmfn_v2] = { op_eoi_gmfn_v2, false },
	[PHYSDEVOP_irq_status_query] = { op_irq_status, false },
	[PHYSDEVOP_set_iopl] = { op_set_iopl, false },
	[PHYSDEVOP_set_iobitmap] = { op_set_iobitmap, false },
	[PHYSDEVOP_apic_read] = { op_apic_read, true },
	[PHYSDEVOP_apic_write] = { op_apic_write, true },
	[PHYSDEVOP_alloc_irq_vector] = { op_alloc_vector, true },
	[PHYSDEVOP_map_pirq] = { op_map_pirq, true },
	[PHYSDEVOP_unmap_pirq] = { op_unmap_pirq, true },
	[PHYSDEVOP_manage_pci_add] = { op_manage_pci_add, true },
	[PHYSDEVOP_manage_pci_add_ext] = { op_manage_pci_add, true },
	[PHYSDEVOP_manage_pci_remove] = { op_manage_pci_remove, true },
	[PHYSDEVOP_restore_msi] = { op_restore_msi, true },
	[PHYSDEVOP_restore_msi_ext] = { op_restore_msi_ext, true },
	[PHYSDEVOP_setup_gsi] = { op_setup_gsi, true },
	[PHYSDEVOP_get_free_pirq] = { op_get_free_pirq, false },
	[PHYSDEVOP_pci_mmcfg_reserved] = { op_mmcfg_reserved, true },
	[PHYSDEVOP_pci_device_add] = { op_pci_device_add, true },
	[PHYSDEVOP_pci_device_remove] = { op_pci_device_remove, true },
	[PHYSDEVOP_prepare_msix] = { op_pci_known, true },
	[PHYSDEVOP_release_msix] = { op_pci_known, true },
	[PHYSDEVOP_dbgp_op] = { op_dbgp, true },
};

long do_physdev_op(u32 cmd, u64 arg)
{
	struct domain *d = current->domain;

	if (cmd >= ARRAY_SIZE(ops) || !ops[cmd].fn)
		return -ENOSYS;
	if (ops[cmd].privileged && !d->is_privileged)
		return -EPERM;
	return ops[cmd].fn(d, arg);
}
