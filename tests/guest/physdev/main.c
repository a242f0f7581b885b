/* SPDX-License-Identifier: MIT */
/* physdev_op: interrupts and PCI devices that are there, and those that are not. */
#include "guest.h"

const char test_title[] = "physdev: PIRQs, GSIs, PCI devices";

static void gsi(void)
{
	struct physdev_map_pirq m = { .domid = DOMID_SELF, .type = MAP_PIRQ_TYPE_GSI, .index = 9, .pirq = 9 };
	struct physdev_setup_gsi s = { .gsi = 9, .triggering = 1, .polarity = 0 };
	struct physdev_unmap_pirq u = { .domid = DOMID_SELF, .pirq = 9 };
	struct evtchn_bind_pirq b = { .pirq = 9 };
	struct physdev_irq_status_query q = { .irq = 9 };
	struct physdev_eoi e = { .irq = 9 };

	EXPECT(0, hypercall(physdev_op, PHYSDEVOP_map_pirq, &m));
	EXPECT(0, hypercall(physdev_op, PHYSDEVOP_setup_gsi, &s));
	EXPECT(0, hypercall(event_channel_op, EVTCHNOP_bind_pirq, &b));
	EXPECT(0, hypercall(physdev_op, PHYSDEVOP_irq_status_query, &q));
	EXPECT(0, hypercall(physdev_op, PHYSDEVOP_eoi, &e));
	CHECK(hypercall(event_channel_op, EVTCHNOP_bind_pirq, &b) < 0, "PIRQ 9 is bound twice");
	close_port(b.port);
	EXPECT(0, hypercall(physdev_op, PHYSDEVOP_unmap_pirq, &u));
	CHECK(hypercall(event_channel_op, EVTCHNOP_bind_pirq, &b) < 0, "an unmapped PIRQ is bound");
	m.index = 9999;
	m.pirq = -1;
	CHECK(hypercall(physdev_op, PHYSDEVOP_map_pirq, &m) < 0, "GSI 9999 is mapped");
	m.index = -1;
	CHECK(hypercall(physdev_op, PHYSDEVOP_map_pirq, &m) < 0, "GSI -1 is mapped");
	m = (struct physdev_map_pirq) { .domid = DOMID_SELF, .type = 77, .pirq = -1 };
	CHECK(hypercall(physdev_op, PHYSDEVOP_map_pirq, &m) < 0, "a PIRQ of type 77 is mapped");
	m = (struct physdev_map_pirq) { .domid = 77, .type = MAP_PIRQ_TYPE_GSI, .index = 9, .pirq = 9 };
	CHECK(hypercall(physdev_op, PHYSDEVOP_map_pirq, &m) < 0, "a PIRQ of domain 77 is mapped");
	u.pirq = 99999;
	CHECK(hypercall(physdev_op, PHYSDEVOP_unmap_pirq, &u) < 0, "PIRQ 99999 is unmapped");
	s.gsi = 9999;
	CHECK(hypercall(physdev_op, PHYSDEVOP_setup_gsi, &s) < 0, "GSI 9999 is set up");
}

static void pci(void)
{
	struct physdev_pci_device_add a = { .bus = 0, .devfn = 0 };
	struct physdev_pci_device d = { .bus = 0, .devfn = 0 };
	struct physdev_map_pirq msi = { .domid = DOMID_SELF, .type = MAP_PIRQ_TYPE_MSI_SEG, .index = -1, .pirq = -1,
					.bus = 0, .devfn = 0 };
	struct physdev_get_free_pirq f = { .type = MAP_PIRQ_TYPE_MSI };
	struct physdev_pci_mmcfg_reserved r = { .address = 0xe0000000, .end_bus = 255,
						.flags = XEN_PCI_MMCFG_RESERVED };

	EXPECT(0, hypercall(physdev_op, PHYSDEVOP_pci_device_add, &a));
	CHECK(hypercall(physdev_op, PHYSDEVOP_map_pirq, &msi) < 0, "the host bridge has MSI");
	EXPECT(0, hypercall(physdev_op, PHYSDEVOP_pci_device_remove, &d));
	d.bus = 200;
	CHECK(hypercall(physdev_op, PHYSDEVOP_pci_device_remove, &d) < 0, "a device that is not there is removed");
	CHECK(hypercall(physdev_op, PHYSDEVOP_prepare_msix, &d) < 0, "a device that is not there has MSI-X");
	msi.bus = 200;
	CHECK(hypercall(physdev_op, PHYSDEVOP_map_pirq, &msi) < 0, "a device that is not there has MSI");
	EXPECT(0, hypercall(physdev_op, PHYSDEVOP_get_free_pirq, &f));
	CHECK(f.pirq > 0 && f.pirq < 4096, "free PIRQ %u", f.pirq);
	hypercall(physdev_op, PHYSDEVOP_pci_mmcfg_reserved, &r);
	r.segment = 9;
	CHECK(hypercall(physdev_op, PHYSDEVOP_pci_mmcfg_reserved, &r) < 0, "segment 9 has configuration space");
}

static void apic(void)
{
	struct physdev_apic a = { .apic_physbase = 0xfec00000, .reg = 1 };

	EXPECT(0, hypercall(physdev_op, PHYSDEVOP_apic_read, &a));
	CHECK((a.value & 0xff) >= 0x10, "I/O APIC version %#x", a.value);
	a.apic_physbase = 0xfee00000;
	CHECK(hypercall(physdev_op, PHYSDEVOP_apic_read, &a) < 0, "the local APIC is read as an I/O APIC");
	a.apic_physbase = 0xffff830000000000;
	CHECK(hypercall(physdev_op, PHYSDEVOP_apic_read, &a) < 0, "the hypervisor is read as an I/O APIC");
	/* A redirection entry with a vector of the guest's choice: refused, or only polarity and trigger count. */
	a = (struct physdev_apic) { .apic_physbase = 0xfec00000, .reg = 0x10 + 2 * 2, .value = 0x02 };
	hypercall(physdev_op, PHYSDEVOP_apic_write, &a);
	a.value = 0x7ff;
	hypercall(physdev_op, PHYSDEVOP_apic_write, &a);
	EXPECT(-XEN_ENOSYS, hypercall(physdev_op, 99, &a));
}

void test_main(void)
{
	gsi();
	pci();
	apic();
	/* The machine's timer must still tick. */
	hypercall(vcpu_op, VCPUOP_stop_periodic_timer, 0, NULL);
	{
		uint32_t port = bind_virq(VIRQ_TIMER, 0);

		event_unmask(port);
		events_on();
		hypercall(set_timer_op, system_time() + 2000000);
		CHECK(wait_event(port, 1, 5000000000), "no timer after all this");
	}
}
