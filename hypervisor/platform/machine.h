/* SPDX-License-Identifier: MIT */
/*
 * The rest of the machine that guests' hypercalls reach: power, PCI configuration space, ports, ACPI facts.
 */
#ifndef PLATFORM_MACHINE_H
#define PLATFORM_MACHINE_H

#include "lib/types.h"

__noreturn void machine_reboot(void);
__noreturn void machine_power_off(void);	/* halts with a message if the firmware gave no way */
__noreturn void machine_halt(void);
/* dom0's ACPI code has prepared the sleep registers and hands over their values: XENPF_enter_acpi_sleep. */
int machine_acpi_sleep(u32 state, u32 pm1a, u32 pm1b, bool reduced_hw);

/* PCI configuration space: mechanism 1, or MMCONFIG once known. */
u32 pci_conf_read(u32 seg, u32 bus, u32 devfn, u32 reg, u32 bytes);
void pci_conf_write(u32 seg, u32 bus, u32 devfn, u32 reg, u32 bytes, u32 value);
int pci_device_add(u32 seg, u32 bus, u32 devfn);	/* -EEXIST if known already is success to dom0 */
int pci_device_remove(u32 seg, u32 bus, u32 devfn);
int pci_mmcfg_reserved(u64 base, u32 seg, u32 start_bus, u32 end_bus, bool reserved);

/* What dom0 may not touch. fn is called for each range. */
void machine_hv_ports(void (*fn)(u32 first, u32 last, void *arg), void *arg);
void machine_hv_mmio(void (*fn)(u64 first_mfn, u64 last_mfn, void *arg), void *arg);

u64 acpi_rsdp_maddr(void);
u32 cpu_apic_id(u32 cpu);
u32 cpu_acpi_id(u32 cpu);			/* the MADT's processor id; ~0u if none */
bool cpu_is_present(u32 cpu);
u32 cpu_present_count(void);			/* CPUs in the MADT that maxcpus= lets us use */
int cpu_bring_up(u32 cpu);
int cpu_take_down(u32 cpu);			/* -EOPNOTSUPP for the boot CPU */

/* Console as dom0 uses it (CONSOLEIO_*). */
void console_guest_write(u16 domid, bool hardware_domain, const char *text, size_t len);
size_t console_read(char *buf, size_t len);	/* what was typed on the serial line for dom0; never waits */
extern void (*console_input_hook)(void);	/* called when input for dom0 arrived (VIRQ_CONSOLE) */
extern void (*console_ring_hook)(void);		/* new text in the ring (VIRQ_CON_RING) */
u32 console_ring_read(char *buf, u32 len, u32 *index, bool clear);

/* Debug keys: Ctrl-A three times, then a key; also SYSCTL debug_keys. */
void keyhandler_register(u8 key, void (*fn)(u8 key), const char *what);
void keyhandler_run(u8 key);

#endif
