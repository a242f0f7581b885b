/* SPDX-License-Identifier: MIT */
/*
 * What lies below the tested floors: the console, power, PCI, other CPUs, floating point, descriptor tables. Each does
 * what its header promises in the smallest way.
 */
#include <stdio.h>
#include <string.h>

#include "boot/boot_info.h"
#include "core/backtrace.h"
#include "core/console.h"
#include "core/keyhandler.h"
#include "core/panic.h"
#include "core/time.h"
#include "fake.h"
#include "lib/errno.h"
#include "machine.h"
#include "machine_internal.h"
#include "platform/irq.h"
#include "platform/machine.h"
#include "platform/nmi.h"
#include "x86/desc.h"
#include "x86/features.h"
#include "x86/fpu.h"
#include "x86/lapic.h"
#include "x86/vectors.h"

#define NS_PER_TICK	100u		/* host_ops' TSC goes in steps of 100 */

struct boot_info boot_info;
struct cpu_features cpu_features;
u32 machine_stops;
const u8 build_id_note[36] = { 4, 0, 0, 0, 20, 0, 0, 0, 3, 0, 0, 0, 'G', 'N', 'U' }, build_id_end[1];
u64 time_tsc_khz = 1000000;
struct time_scale time_tsc_scale = { 0x80000000u, 1 };
u32 fpu_area_size = 832;
u64 fpu_xcr0_all = XCR0_X87 | XCR0_SSE | XCR0_YMM;
void (*vector_handlers[256])(struct regs *regs);
void (*console_input_hook)(void), (*console_ring_hook)(void), (*nmi_dom0_hook)(void);
void (*panic_vcpu_hook)(const struct vcpu *v, char *buf, size_t size);

void machine_platform_start(void)
{
	cpu_features = (struct cpu_features){
		.vendor = VENDOR_AMD, .family = 15, .model = 107, .stepping = 1, .max_leaf = 0xd,
		.max_ext_leaf = 0x80000008, .phys_bits = 40, .virt_bits = 48, .name = "a machine of paper",
		.xsave = true, .rdtscp = true, .pat = true, .fsgsbase = true,
	};
	boot_info.nr_e820 = 2;
	boot_info.e820[0] = (struct e820_entry){ 0, MACHINE_FRAMES * PAGE_SIZE, E820_RAM };
	boot_info.e820[1] = (struct e820_entry){ 0xf0000000, 0x100000, E820_RESERVED };
	strcpy(boot_info.cmdline, "console=com1");
}

/* Other CPUs answer at once. */
void lapic_send_ipi(u32 apic_id, u8 vector)
{
	u32 before = this_cpu();

	machine_cpu(apic_id);
	if (vector_handlers[vector])
		vector_handlers[vector](NULL);
	machine_cpu(before);
}

void lapic_send_nmi(u32 apic_id)
{
}

void machine_reboot(void)
{
	machine_stop();
}

void machine_power_off(void)
{
	machine_stop();
}

void machine_crash_reboot(void)
{
	machine_stop();
}

bool machine_noreboot(void)
{
	return true;
}

void machine_soft_off(u32 pm1a, u32 pm1b)
{
	machine_stop();
}

bool machine_has_pm1(void)
{
	return true;
}

bool machine_can_suspend(void)
{
	return true;
}

/* Awake again at once. */
int machine_suspend(u32 pm1a, u32 pm1b)
{
	return pm1a == pm1b ? 0 : -EIO;
}

u64 rtc_read(void)
{
	return 1700000000;
}

u32 pci_conf_read(u32 seg, u32 bus, u32 devfn, u32 reg, u32 bytes)
{
	return seg || bus || devfn > 8 || reg + bytes > 4096 ? ~0u : 0x12345678;
}

void pci_conf_write(u32 seg, u32 bus, u32 devfn, u32 reg, u32 bytes, u32 value)
{
}

int pci_device_add(u32 seg, u32 bus, u32 devfn)
{
	return 0;
}

int pci_device_remove(u32 seg, u32 bus, u32 devfn)
{
	return -ENODEV;
}

bool pci_device_known(u32 seg, u32 bus, u32 devfn)
{
	return !seg && !bus;
}

int pci_mmcfg_reserved(u64 base, u32 seg, u32 start_bus, u32 end_bus, bool reserved)
{
	return -ENODEV;
}

int irq_restore_msi(u32 seg, u32 bus, u32 devfn)
{
	return pci_device_known(seg, bus, devfn) ? 0 : -ENODEV;
}

int irq_set_gsi_mode(u32 gsi, bool level, bool active_low)
{
	return -EEXIST;
}

u32 cpu_apic_id(u32 cpu)
{
	return cpu;
}

u32 cpu_acpi_id(u32 cpu)
{
	return cpu;
}

bool cpu_is_present(u32 cpu)
{
	return cpu < MACHINE_CPUS;
}

int cpu_bring_up(u32 cpu)
{
	return 0;		/* they are all up */
}

int cpu_take_down(u32 cpu)
{
	return -EBUSY;
}

int ioapic_guest_read(u64 base, u32 reg, u32 *value)
{
	*value = 0;
	return base == 0xfec00000 ? 0 : -EINVAL;
}

int ioapic_guest_write(u64 base, u32 reg, u32 value)
{
	return base == 0xfec00000 ? 0 : -EINVAL;
}

bool console_is_full(size_t len)
{
	return false;
}

void console_guest_write(u16 domid, bool hardware_domain, const char *text, size_t len)
{
}

size_t console_read(char *buf, size_t len)
{
	size_t n = MIN(len, (size_t)3);

	memcpy(buf, "abc", n);
	return n;
}

static char levels[2][CONSOLE_LEVEL_MAX] = { "warning", "warning" };

const char *console_level(bool guest)
{
	return levels[guest];
}

int console_set_level(bool guest, const char *text)
{
	snprintf(levels[guest], sizeof(levels[guest]), "%s", text);
	return 0;
}

u32 console_ring_read(char *buf, u32 len, u32 *index, bool clear)
{
	u32 n = *index < 1000 ? MIN(len, 1000 - *index) : 0;

	memset(buf, 'x', n);
	*index += n;
	return n;
}

void backtrace_print_here(void)
{
}

void timer_dump(void)
{
}

u64 time_tsc(void)
{
	return fake_now;
}

u64 time_tsc_to_ns(u64 tsc)
{
	return tsc;
}

u64 time_ns_to_ticks(u64 ns)
{
	return ns;
}

static u64 wallclock_sec = 1700000000;
static u32 wallclock_nsec;

void time_wallclock_get(u64 *sec, u32 *nsec)
{
	*sec = wallclock_sec;
	*nsec = wallclock_nsec;
}

void time_wallclock_set(u64 sec, u32 nsec, u64 at_system_time_ns)
{
	wallclock_sec = sec;
	wallclock_nsec = nsec;
}

/* The floating point registers of the fake CPU are nobody's. */
void fpu_area_init(void *area)
{
	memset(area, 0, fpu_area_size);
	*(u16 *)area = 0x37f;
	*(u32 *)((u8 *)area + 24) = 0x1f80;
}

void fpu_save(void *area, u64 xcr0)
{
}

int fpu_restore(const void *area, u64 xcr0)
{
	return *(const u32 *)((const u8 *)area + 24) & 0xffff0000u ? -EFAULT : 0;
}

void fpu_reset(void)
{
}

void fpu_set_xcr0(u64 xcr0)
{
}

bool fpu_xcr0_valid(u64 xcr0)
{
	return (xcr0 & XCR0_X87) && !(xcr0 & ~fpu_xcr0_all) && (!(xcr0 & XCR0_YMM) || (xcr0 & XCR0_SSE));
}

mfn_t desc_gdt_page_mfn(u32 cpu, bool compat)
{
	return mfn(1 + cpu);
}

void desc_load_idle_gdt(void)
{
}

void desc_load_gdt(u64 base)
{
}

void desc_set_ldt(u64 base, u32 entries)
{
}
