/* SPDX-License-Identifier: MIT */
/*
 * MADT: processors, IO-APICs, how the ISA interrupts are wired. SRAT: which of them and which memory are
 * near.
 */
#include "platform/acpi.h"

#include "core/log.h"
#include "lib/overflow.h"
#include "lib/string.h"

struct madt {
	struct acpi_header h;
	u32 lapic_maddr;
	u32 flags;		/* bit 0: there are legacy PICs */
} __packed;

enum madt_type {
	MADT_LAPIC = 0, MADT_IOAPIC = 1, MADT_OVERRIDE = 2, MADT_LAPIC_ADDRESS = 5, MADT_X2APIC = 9,
};

struct madt_lapic {
	u8 type, length;
	u8 acpi_id, apic_id;
	u32 flags;
} __packed;

struct madt_ioapic {
	u8 type, length;
	u8 id, reserved;
	u32 address, gsi_base;
} __packed;

struct madt_override {
	u8 type, length;
	u8 bus, irq;
	u32 gsi;
	u16 flags;
} __packed;

struct madt_lapic_address {
	u8 type, length;
	u16 reserved;
	u64 address;
} __packed;

struct madt_x2apic {
	u8 type, length;
	u16 reserved;
	u32 apic_id, flags, acpi_id;
} __packed;

static void madt_add_cpu(u32 apic_id, u32 acpi_id, u32 flags)
{
	/* Bit 0: usable now; bit 1: may become so. An APIC id of all ones is a placeholder. */
	if (!(flags & 3) || apic_id == 0xffffffffu)
		return;
	for (u32 i = 0; i < acpi_facts.nr_cpus; i++)
		if (acpi_facts.cpus[i].apic_id == apic_id)
			return;
	if (acpi_facts.nr_cpus == ACPI_MAX_CPUS) {
		log_warn("ACPI: more than %u processors: APIC id %u stays unused", ACPI_MAX_CPUS, apic_id);
		return;
	}
	acpi_facts.cpus[acpi_facts.nr_cpus++] = (struct acpi_cpu){ apic_id, acpi_id, flags & 1 };
}

static void madt_add_ioapic(const struct madt_ioapic *e)
{
	if (!e->address || acpi_facts.nr_ioapics == ACPI_MAX_IOAPICS) {
		log_warn("ACPI: IO-APIC %u at %#x: ignored", e->id, e->address);
		return;
	}
	acpi_facts.ioapics[acpi_facts.nr_ioapics++] = (struct acpi_ioapic){ e->id, e->address, e->gsi_base };
}

static void madt_add_override(const struct madt_override *e)
{
	if (e->bus || e->irq > 15 || acpi_facts.nr_overrides == ACPI_MAX_OVERRIDES) {
		log_warn("ACPI: interrupt override %u -> %u: ignored", e->irq, e->gsi);
		return;
	}
	acpi_facts.overrides[acpi_facts.nr_overrides++] = (struct acpi_override){ e->irq, e->gsi, e->flags };
}

/* One entry whose length is known to fit the table. */
static void madt_parse_entry(const u8 *p, u8 type, u8 len)
{
	union {
		struct madt_lapic lapic;
		struct madt_ioapic ioapic;
		struct madt_override override;
		struct madt_lapic_address address;
		struct madt_x2apic x2apic;
	} e;
	static const u8 sizes[] = {
		[MADT_LAPIC] = sizeof(e.lapic), [MADT_IOAPIC] = sizeof(e.ioapic),
		[MADT_OVERRIDE] = sizeof(e.override), [MADT_LAPIC_ADDRESS] = sizeof(e.address),
		[MADT_X2APIC] = sizeof(e.x2apic),
	};

	if (type >= ARRAY_SIZE(sizes) || !sizes[type] || len < sizes[type])
		return;
	memcpy(&e, p, sizes[type]);
	switch (type) {
	case MADT_LAPIC:
		if (e.lapic.apic_id != 0xff)
			madt_add_cpu(e.lapic.apic_id, e.lapic.acpi_id, e.lapic.flags);
		break;
	case MADT_X2APIC:
		madt_add_cpu(e.x2apic.apic_id, e.x2apic.acpi_id, e.x2apic.flags);
		break;
	case MADT_IOAPIC:
		madt_add_ioapic(&e.ioapic);
		break;
	case MADT_OVERRIDE:
		madt_add_override(&e.override);
		break;
	case MADT_LAPIC_ADDRESS:
		acpi_facts.lapic_maddr = e.address.address;
		break;
	}
}

/* Calls fn for each entry of { u8 type, u8 length, ... } behind `head` bytes of the table. */
static void acpi_for_each_entry(const struct acpi_header *h, u32 head, void (*fn)(const u8 *p, u8 type,
										  u8 len))
{
	const u8 *table = (const u8 *)h;

	for (u32 at = head; range_fits(at, 2, h->length);) {
		u8 len = table[at + 1];

		if (len < 2 || !range_fits(at, len, h->length)) {
			log_warn("ACPI: %.4s has a broken entry at %u: the rest is ignored", h->signature,
				 at);
			return;
		}
		fn(table + at, table[at], len);
		at += len;
	}
}

void acpi_parse_madt(void)
{
	const struct madt *m = (const void *)acpi_find_table("APIC", 0);

	if (!m || m->h.length < sizeof(*m)) {
		log_warn("ACPI: no MADT: one CPU, no IO-APIC");
		return;
	}
	acpi_facts.lapic_maddr = m->lapic_maddr;
	acpi_facts.legacy_pics = m->flags & 1;
	acpi_for_each_entry(&m->h, sizeof(*m), madt_parse_entry);
	log_info("ACPI: %u processors, %u IO-APICs", acpi_facts.nr_cpus, acpi_facts.nr_ioapics);
}

enum srat_type { SRAT_LAPIC = 0, SRAT_MEMORY = 1, SRAT_X2APIC = 2 };

struct srat_lapic {
	u8 type, length;
	u8 node_low, apic_id;
	u32 flags;
	u8 sapic_eid, node_high[3];
	u32 clock_domain;
} __packed;

struct srat_memory {
	u8 type, length;
	u32 node;
	u16 reserved;
	u64 start, size;
	u32 reserved2, flags;
	u64 reserved3;
} __packed;

struct srat_x2apic {
	u8 type, length;
	u16 reserved;
	u32 node, apic_id, flags, clock_domain, reserved2;
} __packed;

static void srat_set_cpu(u32 apic_id, u32 node)
{
	for (u32 i = 0; i < acpi_facts.nr_cpus; i++)
		if (acpi_facts.cpus[i].apic_id == apic_id)
			acpi_facts.cpu_node[i] = node;
	acpi_facts.nr_nodes = MAX(acpi_facts.nr_nodes, node + 1);
}

static void srat_add_memory(const struct srat_memory *e)
{
	if (!(e->flags & 1) || !e->size || acpi_facts.nr_memory_affinity == ACPI_MAX_AFFINITY)
		return;
	acpi_facts.memory_affinity[acpi_facts.nr_memory_affinity++] =
		(struct acpi_memory_affinity){ e->start, e->size, e->node };
	acpi_facts.nr_nodes = MAX(acpi_facts.nr_nodes, e->node + 1);
}

static void srat_parse_entry(const u8 *p, u8 type, u8 len)
{
	union {
		struct srat_lapic lapic;
		struct srat_memory memory;
		struct srat_x2apic x2apic;
	} e;
	static const u8 sizes[] = { sizeof(e.lapic), sizeof(e.memory), sizeof(e.x2apic) };

	if (type >= ARRAY_SIZE(sizes) || len < sizes[type])
		return;
	memcpy(&e, p, sizes[type]);
	/* Node numbers are bytes here; more nodes than that are none of our machines. */
	if (type == SRAT_LAPIC && (e.lapic.flags & 1))
		srat_set_cpu(e.lapic.apic_id, e.lapic.node_low);
	else if (type == SRAT_X2APIC && (e.x2apic.flags & 1) && e.x2apic.node < 255)
		srat_set_cpu(e.x2apic.apic_id, e.x2apic.node);
	else if (type == SRAT_MEMORY && e.memory.node < 255)
		srat_add_memory(&e.memory);
}

void acpi_parse_srat(void)
{
	const struct acpi_header *h = acpi_find_table("SRAT", 0);

	acpi_facts.nr_nodes = 1;
	if (h && h->length >= sizeof(*h) + 12)
		acpi_for_each_entry(h, sizeof(*h) + 12, srat_parse_entry);
}
