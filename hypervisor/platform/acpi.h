/* SPDX-License-Identifier: MIT */
/*
 * What the firmware's tables say. Every length is checked before use and every checksum verified; a broken
 * table is named and skipped. Filled at boot on the boot CPU, constant afterwards.
 */
#ifndef PLATFORM_ACPI_H
#define PLATFORM_ACPI_H

#include "core/param.h"
#include "core/percpu.h"

struct acpi_header {
	char signature[4];
	u32 length;
	u8 revision, checksum;
	char oem_id[6], oem_table_id[8];
	u32 oem_revision;
	u32 creator_id, creator_revision;
} __packed;

struct acpi_address {		/* "generic address structure" */
	u8 space;		/* ACPI_SPACE_* */
	u8 bits, offset, access;
	u64 address;
} __packed;
#define ACPI_SPACE_MEMORY	0
#define ACPI_SPACE_IO		1

#define ACPI_MAX_CPUS		MAX_CPUS
#define ACPI_MAX_IOAPICS	16u
#define ACPI_MAX_OVERRIDES	16u
#define ACPI_MAX_MCFG		8u
#define ACPI_MAX_AFFINITY	256u

struct acpi_cpu {
	u32 apic_id, acpi_id;
	bool enabled;		/* false: could be plugged in later */
};

struct acpi_ioapic {
	u8 id;
	u64 maddr;
	u32 gsi_base;
};

struct acpi_override {
	u8 isa_irq;
	u32 gsi;
	/* Polarity in bits 0..1, trigger in bits 2..3: 1 high/edge, 3 low/level, 0 bus default. */
	u16 flags;
};

struct acpi_mcfg {
	u64 base;
	u16 segment;
	u8 first_bus, last_bus;
};

struct acpi_memory_affinity {
	u64 start, size;
	u32 node;
};

struct acpi_facts {
	u64 rsdp;			/* machine address, 0: no ACPI */
	bool reduced_hardware;

	u64 lapic_maddr;		/* 0: as the MSR says */
	bool legacy_pics;
	u32 nr_cpus, nr_ioapics, nr_overrides;
	struct acpi_cpu cpus[ACPI_MAX_CPUS];
	struct acpi_ioapic ioapics[ACPI_MAX_IOAPICS];
	struct acpi_override overrides[ACPI_MAX_OVERRIDES];

	u32 sci_irq;
	struct acpi_address pm_timer;	/* address 0: none */
	bool pm_timer_32bit;
	struct acpi_address pm1a_control, pm1b_control;
	struct acpi_address sleep_control;	/* in place of those on reduced hardware; address 0: none */
	bool sleep_types_known;		/* found in the DSDT: for S5 */
	u8 s5_type_a, s5_type_b;
	struct acpi_address reset;	/* address 0: none */
	u8 reset_value;
	u8 century_register;		/* of the CMOS clock; 0: none */
	u16 boot_flags;
	u64 facs;

	u64 hpet_maddr;

	u32 nr_mcfg;
	struct acpi_mcfg mcfg[ACPI_MAX_MCFG];

	u32 nr_memory_affinity, nr_nodes;
	struct acpi_memory_affinity memory_affinity[ACPI_MAX_AFFINITY];
	u8 cpu_node[ACPI_MAX_CPUS];	/* by index in cpus[] */
};

extern struct acpi_facts acpi_facts;
extern const struct param acpi_params[];

void acpi_init(void);
u32 acpi_isa_irq_to_gsi(u32 irq);

/* A mapped and checked table, or NULL. The instance counts from 0. */
const struct acpi_header *acpi_find_table(const char *signature, u32 instance);

/* Unmaps all tables: the facts are copies. Nothing looks for tables after boot. */
void acpi_forget_tables(void);

/* acpi_madt.c, acpi_fadt.c, acpi_misc.c: called by acpi_init(). */
void acpi_parse_madt(void);
void acpi_parse_fadt(void);
void acpi_parse_hpet(void);
void acpi_parse_mcfg(void);
void acpi_parse_srat(void);

#endif
