/* SPDX-License-Identifier: MIT */
/*
 * The ways out: reset, power off, sleep, halt. Each tries what the firmware offers and falls back to what
 * every PC has. Other CPUs are stopped first, buffered output is written out.
 */
#include "platform/machine.h"

#include "core/ipi.h"
#include "core/log.h"
#include "core/panic.h"
#include "core/time.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/hostmap.h"
#include "platform/acpi.h"
#include "platform/efi.h"
#include "platform/power.h"
#include "x86/cpu_ops.h"

#define KBD_STATUS	0x64
#define   KBD_INPUT_FULL 0x02
#define KBD_RESET	0xfe
#define PORT_RESET	0xcf9
#define PM1_SLEEP_SHIFT	10
#define PM1_SLEEP_ENABLE (1u << 13)
#define SLEEP_CONTROL_SHIFT 2		/* of the byte that reduced hardware has instead */
#define SLEEP_CONTROL_ENABLE (1u << 5)
#define CRASH_WAIT_NS	5000000000ul

static char reboot_order = 'a';		/* reboot=: acpi or efi first; k(eyboard), p(ci), t(riple) without these */
static volatile u8 *reset_mmio, *sleep_mmio;	/* the reset and the sleep control register, if in memory */

/* Before the clock runs there is no waiting. */
static void wait_ns(u64 ns)
{
	u64 limit = time_now_ns() + ns;

	while (time_tsc_khz && time_now_ns() < limit)
		cpu_pause();
}

static void machine_quiesce(void)
{
	ipi_stop_others();
	console_enter_panic();
}

/* A byte-wide register of the firmware's, in a port or mapped; false: neither. */
static bool register_write(const struct acpi_address *a, volatile u8 *mmio, u8 value)
{
	if (a->space == ACPI_SPACE_IO && a->address && a->address <= 0xffff)
		outb(a->address, value);
	else if (a->space == ACPI_SPACE_MEMORY && mmio)
		*mmio = value;
	else
		return false;
	return true;
}

static void reset_by_acpi(void)
{
	const struct acpi_address *r = &acpi_facts.reset;

	if (!r->address)
		return;
	if (r->space == 2)	/* a byte of PCI configuration space: device, function, offset on bus 0 */
		pci_conf_write(0, 0, (r->address >> 32 & 0x1f) << 3 | (r->address >> 16 & 7),
			       r->address & 0xff, 1, acpi_facts.reset_value);
	else if (!register_write(r, reset_mmio, acpi_facts.reset_value))
		return;
	wait_ns(10000000);
}

static void reset_by_keyboard(void)
{
	for (u32 i = 0; i < 10000 && (inb(KBD_STATUS) & KBD_INPUT_FULL); i++)
		cpu_pause();
	outb(KBD_STATUS, KBD_RESET);
	wait_ns(10000000);
}

static void reset_by_pci(void)
{
	u8 value = inb(PORT_RESET) & ~6;

	outb(PORT_RESET, value | 2);
	outb(PORT_RESET, value | 6);
	wait_ns(10000000);
}

static __noreturn void reset_by_triple_fault(void)
{
	static const struct desc_ptr empty;

	lidt(&empty);
	__asm__ volatile ("int3");
	for (;;)
		hlt();
}

void machine_reboot(void)
{
	bool all;

	machine_quiesce();
	all = reboot_order == 'a' || reboot_order == 'e';
	if (reboot_order == 'e')
		efi_reset(false);
	if (all)
		reset_by_acpi();
	if (reboot_order == 'a')
		efi_reset(false);
	if (all || reboot_order == 'k')
		reset_by_keyboard();
	if (reboot_order != 't')
		reset_by_pci();
	reset_by_triple_fault();
}

void machine_halt(void)
{
	machine_quiesce();
	for (;;)
		hlt();
}

bool machine_noreboot(void)
{
	return panic_wants_no_reboot();
}

static __noreturn void machine_end(bool noreboot)
{
	if (noreboot) {
		log_err("Manual reset required ('noreboot' specified)");
		machine_halt();
	}
	log_err("Reboot in five seconds...");
	console_flush();
	wait_ns(CRASH_WAIT_NS);
	machine_reboot();
}

void machine_crash_reboot(void)
{
	machine_quiesce();
	machine_end(panic_wants_no_reboot());
}

/* Writes a sleep control register, in a port or (never seen) elsewhere. */
static bool power_write_control(const struct acpi_address *a, u16 value)
{
	if (a->space != ACPI_SPACE_IO || !a->address || a->address > 0xfffe)
		return false;
	outw(a->address, value);
	return true;
}

void machine_power_off(void)
{
	const struct acpi_facts *a = &acpi_facts;

	machine_quiesce();
	if (a->sleep_types_known && a->reduced_hardware) {
		if (register_write(&a->sleep_control, sleep_mmio,
				   a->s5_type_a << SLEEP_CONTROL_SHIFT | SLEEP_CONTROL_ENABLE))
			wait_ns(500000000);
	} else if (a->sleep_types_known) {
		if (power_write_control(&a->pm1a_control, a->s5_type_a << PM1_SLEEP_SHIFT | PM1_SLEEP_ENABLE))
			power_write_control(&a->pm1b_control, a->s5_type_b << PM1_SLEEP_SHIFT |
					    PM1_SLEEP_ENABLE);
		wait_ns(500000000);
	}
	efi_reset(true);
	log_err("The firmware offers no way to switch this machine off: please do it by hand");
	for (;;)
		hlt();
}

void power_write_pm1(u16 pm1a, u16 pm1b)
{
	if (power_write_control(&acpi_facts.pm1a_control, pm1a))
		power_write_control(&acpi_facts.pm1b_control, pm1b);
	wait_ns(500000000);
}

void machine_soft_off(u32 pm1a, u32 pm1b)
{
	machine_quiesce();
	if (!acpi_facts.reduced_hardware)
		power_write_pm1(pm1a, pm1b);
	else if (register_write(&acpi_facts.sleep_control, sleep_mmio, pm1a))
		wait_ns(500000000);
	machine_power_off();
}

static void key_reboot(u8 key)
{
	machine_reboot();
}

void power_init_early(void)
{
	panic_end_hook = machine_end;
}

static volatile u8 *register_map(const struct acpi_address *a)
{
	return a->address && a->space == ACPI_SPACE_MEMORY ? hostmap_mmio(a->address, 1, HOSTMAP_UC) : NULL;
}

void power_init(void)
{
	reset_mmio = register_map(&acpi_facts.reset);
	sleep_mmio = register_map(&acpi_facts.sleep_control);
	keyhandler_register('R', key_reboot, "reboot the machine");
}

static int param_reboot(const char *value)
{
	static const char words[][8] = { "acpi", "pci", "triple", "kbd", "Power", "efi" };
	const char *comma = value ? strchr(value, ',') : NULL;
	size_t len = comma ? (size_t)(comma - value) : strlen(value ? value : "");

	if (!value || (comma && strcmp(comma, ",warm") && strcmp(comma, ",cold")))
		return -EINVAL;
	if (!strcmp(value, "no") || !strcmp(value, "n")) {
		panic_set_no_reboot();
		return 0;
	}
	if (!strcmp(value, "warm") || !strcmp(value, "cold"))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if ((len == 1 || len == strlen(words[i])) && !strncmp(value, words[i], len)) {
			reboot_order = words[i][0] == 'P' ? 'p' : words[i][0];
			return 0;
		}
	return -EINVAL;
}

const struct param power_params[] = {
	{ "reboot", "how to reset: acpi, efi, kbd, pci, triple; no: not at all", param_reboot },
	{ 0 },
};
