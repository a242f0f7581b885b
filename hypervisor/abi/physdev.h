/* SPDX-License-Identifier: MIT */
/*
 * physdev_op: what the hardware domain does about interrupts, I/O ports and PCI devices, since the interrupt
 * controllers belong to the hypervisor. A PIRQ is a domain's own number for a physical interrupt.
 */
#ifndef ABI_PHYSDEV_H
#define ABI_PHYSDEV_H

#include "abi/types.h"

#define PHYSDEVOP_IRQ_UNMASK_NOTIFY	4
#define PHYSDEVOP_irq_status_query	5
#define PHYSDEVOP_set_iopl		6
#define PHYSDEVOP_set_iobitmap		7
#define PHYSDEVOP_apic_read		8
#define PHYSDEVOP_apic_write		9
#define PHYSDEVOP_alloc_irq_vector	10
#define PHYSDEVOP_free_irq_vector	11
#define PHYSDEVOP_eoi			12
#define PHYSDEVOP_map_pirq		13
#define PHYSDEVOP_unmap_pirq		14
#define PHYSDEVOP_manage_pci_add	15
#define PHYSDEVOP_manage_pci_remove	16
#define PHYSDEVOP_pirq_eoi_gmfn_v1	17
#define PHYSDEVOP_restore_msi		19
#define PHYSDEVOP_manage_pci_add_ext	20
#define PHYSDEVOP_setup_gsi		21
#define PHYSDEVOP_get_free_pirq		23
#define PHYSDEVOP_pci_mmcfg_reserved	24
#define PHYSDEVOP_pci_device_add	25
#define PHYSDEVOP_pci_device_remove	26
#define PHYSDEVOP_restore_msi_ext	27
#define PHYSDEVOP_pirq_eoi_gmfn_v2	28
#define PHYSDEVOP_dbgp_op		29
#define PHYSDEVOP_prepare_msix		30
#define PHYSDEVOP_release_msix		31

#define PHYSDEVOP_pirq_eoi_gmfn		PHYSDEVOP_pirq_eoi_gmfn_v2

struct physdev_eoi {
	uint32_t irq;			/* PIRQ */
};

/* A page with a bit for each PIRQ that needs an EOI. v1 also makes unmasking a port do the EOI. */
struct physdev_pirq_eoi_gmfn {
	xen_pfn_t gmfn;
};

#define _XENIRQSTAT_needs_eoi	0
#define XENIRQSTAT_needs_eoi	(1U << _XENIRQSTAT_needs_eoi)
#define _XENIRQSTAT_shared	1
#define XENIRQSTAT_shared	(1U << _XENIRQSTAT_shared)

struct physdev_irq_status_query {
	uint32_t irq;
	uint32_t flags;			/* out: XENIRQSTAT_* */
};

struct physdev_set_iopl {
	uint32_t iopl;
};

struct physdev_set_iobitmap {
	uint64_t bitmap;		/* guest pointer: uint8_t */
	uint32_t nr_ports;
};

struct physdev_apic {
	uint64_t apic_physbase;
	uint32_t reg;
	uint32_t value;
};

struct physdev_irq {
	uint32_t irq;
	uint32_t vector;		/* out */
};

#define MAP_PIRQ_TYPE_MSI	0x0
#define MAP_PIRQ_TYPE_GSI	0x1
#define MAP_PIRQ_TYPE_UNKNOWN	0x2
#define MAP_PIRQ_TYPE_MSI_SEG	0x3	/* `bus` has the segment in its upper half */
#define MAP_PIRQ_TYPE_MULTI_MSI	0x4	/* entry_nr: how many; out: how many there could be */

struct physdev_map_pirq {
	domid_t domid;
	int32_t type;			/* MAP_PIRQ_TYPE_* */
	int32_t index;			/* GSI */
	int32_t pirq;			/* in and out; negative: any */
	int32_t bus;
	int32_t devfn;
	int32_t entry_nr;		/* MSI-X entry */
	uint64_t table_base;		/* of the MSI-X table; 0 for MSI */
};

struct physdev_unmap_pirq {
	domid_t domid;
	int32_t pirq;
};

struct physdev_manage_pci {
	uint8_t bus;
	uint8_t devfn;
};

struct physdev_restore_msi {
	uint8_t bus;
	uint8_t devfn;
};

struct physdev_manage_pci_ext {
	uint8_t bus;
	uint8_t devfn;
	uint32_t is_extfn;
	uint32_t is_virtfn;
	struct {
		uint8_t bus;
		uint8_t devfn;
	} physfn;
};

/* Argument of the old physdev_op_compat hypercall. */
struct physdev_op {
	uint32_t cmd;
	union {
		struct physdev_irq_status_query irq_status_query;
		struct physdev_set_iopl set_iopl;
		struct physdev_set_iobitmap set_iobitmap;
		struct physdev_apic apic_op;
		struct physdev_irq irq_op;
	} u;
};

struct physdev_setup_gsi {
	int32_t gsi;
	uint8_t triggering;		/* 0: edge, 1: level */
	uint8_t polarity;		/* 0: active high, 1: active low */
};

struct physdev_get_free_pirq {
	int32_t type;			/* MAP_PIRQ_TYPE_* */
	uint32_t pirq;			/* out */
};

#define XEN_PCI_MMCFG_RESERVED	0x1

struct physdev_pci_mmcfg_reserved {
	uint64_t address;
	uint16_t segment;
	uint8_t start_bus;
	uint8_t end_bus;
	uint32_t flags;			/* XEN_PCI_MMCFG_RESERVED */
};

#define XEN_PCI_DEV_EXTFN	0x1
#define XEN_PCI_DEV_VIRTFN	0x2
#define XEN_PCI_DEV_PXM		0x4

struct physdev_pci_device_add {
	uint16_t seg;
	uint8_t bus;
	uint8_t devfn;
	uint32_t flags;			/* XEN_PCI_DEV_* */
	struct {
		uint8_t bus;
		uint8_t devfn;
	} physfn;
	uint32_t optarr[];		/* with XEN_PCI_DEV_PXM: its proximity domain */
};

struct physdev_pci_device {
	uint16_t seg;
	uint8_t bus;
	uint8_t devfn;
};

#define PHYSDEVOP_DBGP_RESET_PREPARE	1
#define PHYSDEVOP_DBGP_RESET_DONE	2
#define PHYSDEVOP_DBGP_BUS_UNKNOWN	0
#define PHYSDEVOP_DBGP_BUS_PCI		1

struct physdev_dbgp_op {
	uint8_t op;
	uint8_t bus;
	union {
		struct physdev_pci_device pci;
	} u;
};

_Static_assert(sizeof(struct physdev_map_pirq) == 40, "five words");
_Static_assert(sizeof(struct physdev_manage_pci_ext) == 16, "two words");
_Static_assert(sizeof(struct physdev_op) == 24, "a word and the largest of the union");

#endif
