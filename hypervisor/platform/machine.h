/* SPDX-License-Identifier: MIT */
/*
 * The rest of the machine that guests' hypercalls reach: power, PCI configuration space, ports, ACPI facts.
 * The console and the debug keys are core/console.h and core/keyhandler.h.
 */
#ifndef PLATFORM_MACHINE_H
#define PLATFORM_MACHINE_H

#include "core/console.h"
#include "core/keyhandler.h"
#include "lib/types.h"

extern const struct param power_params[], smp_params[];

__noreturn void machine_reboot(void);
__noreturn void machine_power_off(void);	/* halts with a message if the firmware gave no way */
__noreturn void machine_halt(void);
/* After a panic or a crash of dom0: resets after five seconds, or waits for ever with noreboot. */
__noreturn void machine_crash_reboot(void);
bool machine_noreboot(void);
/* dom0's ACPI code has prepared the sleep registers and hands over their values: XENPF_enter_acpi_sleep. */
__noreturn void machine_soft_off(u32 pm1a, u32 pm1b);	/* S5; on reduced hardware pm1a is the one register */
bool machine_has_pm1(void);				/* false: reduced hardware */
bool machine_can_suspend(void);
/*
 * S3. Boot CPU in its idle vCPU, no other vCPU runs anywhere, the other CPUs were taken down; they are to be brought up
 * again. Returns after waking, or -EIO if the machine did not fall asleep.
 */
int machine_suspend(u32 pm1a, u32 pm1b);
void power_init_early(void);			/* panics end here from now on */
void power_init(void);				/* what ACPI says about the reset register; debug key R */

/* PCI configuration space: mechanism 1, or MMCONFIG once known. All ones where nothing answers. */
u32 pci_conf_read(u32 seg, u32 bus, u32 devfn, u32 reg, u32 bytes);
void pci_conf_write(u32 seg, u32 bus, u32 devfn, u32 reg, u32 bytes, u32 value);
u32 pci_find_capability(u32 seg, u32 bus, u32 devfn, u8 id);	/* its offset, 0 if it has none */
int pci_device_add(u32 seg, u32 bus, u32 devfn);	/* -EEXIST if known already is success to dom0 */
int pci_device_remove(u32 seg, u32 bus, u32 devfn);
bool pci_device_known(u32 seg, u32 bus, u32 devfn);
int pci_mmcfg_reserved(u64 base, u32 seg, u32 start_bus, u32 end_bus, bool reserved);

/* What dom0 may not touch. fn is called for each range. */
void machine_hv_ports(void (*fn)(u32 first, u32 last, void *arg), void *arg);
void machine_hv_mmio(void (*fn)(u64 first_mfn, u64 last_mfn, void *arg), void *arg);

u32 cpu_apic_id(u32 cpu);
u32 cpu_acpi_id(u32 cpu);			/* the MADT's processor id; ~0u if none */
bool cpu_is_present(u32 cpu);
u32 cpu_present_count(void);			/* CPUs in the MADT that maxcpus= lets us use */
int cpu_bring_up(u32 cpu);			/* 0 if it is up already; interrupts on */
/* -EOPNOTSUPP for the boot CPU; interrupts on, no lock held. */
int cpu_take_down(u32 cpu);

#endif
