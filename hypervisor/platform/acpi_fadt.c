/* SPDX-License-Identifier: MIT */
/*
 * FADT: power, reset, the PM timer; from the DSDT only the two numbers that switch the machine off. HPET
 * and MCFG: where the timer and the PCI configuration windows are.
 */
#include "platform/acpi.h"

#include "core/log.h"
#include "lib/overflow.h"
#include "lib/string.h"
#include "mm/hostmap.h"

struct fadt {
	struct acpi_header h;
	u32 facs, dsdt;
	u8 reserved1, profile;
	u16 sci_irq;
	u32 smi_command;
	u8 acpi_enable, acpi_disable, s4bios, pstate;
	u32 pm1a_event, pm1b_event, pm1a_control, pm1b_control, pm2_control, pm_timer, gpe0, gpe1;
	u8 pm1_event_len, pm1_control_len, pm2_control_len, pm_timer_len, gpe0_len, gpe1_len, gpe1_base, cst;
	u16 c2_latency, c3_latency, flush_size, flush_stride;
	u8 duty_offset, duty_width, day_alarm, month_alarm, century;
	u16 boot_flags;
	u8 reserved2;
	u32 flags;
	struct acpi_address reset;
	u8 reset_value;
	u16 arm_flags;
	u8 minor;
	u64 x_facs, x_dsdt;
	struct acpi_address x_pm1a_event, x_pm1b_event, x_pm1a_control, x_pm1b_control;
	struct acpi_address x_pm2_control, x_pm_timer, x_gpe0, x_gpe1, sleep_control, sleep_status;
} __packed;
static_assert(offsetof(struct fadt, x_pm_timer) == 208, "ACPI 6.4, 5.2.9");
static_assert(offsetof(struct fadt, sleep_control) == 244, "ACPI 6.4, 5.2.9");

#define FADT_TIMER_32BIT	(1u << 8)
#define FADT_RESET_REGISTER	(1u << 10)
#define FADT_REDUCED_HARDWARE	(1u << 20)

/* The extended address if there is one, else the old port number. */
static struct acpi_address fadt_address(const struct acpi_address *extended, u32 port)
{
	if (extended->address && extended->space <= ACPI_SPACE_IO)
		return *extended;
	return (struct acpi_address){ .space = ACPI_SPACE_IO, .address = port };
}

/* A small integer of AML: ZeroOp, OneOp or BytePrefix. */
static const u8 *aml_small_int(const u8 *p, const u8 *end, u8 *value)
{
	if (p < end && *p <= 1) {
		*value = *p;
		return p + 1;
	}
	if (end - p >= 2 && *p == 0x0a) {
		*value = p[1];
		return p + 2;
	}
	return NULL;
}

/*
 * Name (_S5_, Package { a, b, ... }): NameOp, the name, PackageOp, its length, the count, then small
 * integers.
 */
static bool aml_parse_s5(const u8 *p, const u8 *end)
{
	u8 a, b;

	if (end - p < 8 || p[4] != 0x12)
		return false;
	p += 5;
	p += 1 + (*p >> 6);
	if (p >= end)
		return false;
	p = aml_small_int(p + 1, end, &a);
	p = p ? aml_small_int(p, end, &b) : NULL;
	if (!p)
		return false;
	acpi_facts.s5_type_a = a;
	acpi_facts.s5_type_b = b;
	return acpi_facts.sleep_types_known = true;
}

static void fadt_find_s5(u64 maddr)
{
	struct acpi_header *h = maddr ? hostmap_mmio(maddr, sizeof(*h), HOSTMAP_WB) : NULL;
	u32 length = h ? h->length : 0;
	const u8 *p, *end;

	if (h)
		hostmap_unmap(h, sizeof(*h));
	if (length < sizeof(*h) || length > MiB(16))
		return;
	h = hostmap_mmio(maddr, length, HOSTMAP_WB);
	if (!h)
		return;
	end = (const u8 *)h + length;
	for (p = (const u8 *)(h + 1); end - p >= 8; p++)
		if (!memcmp(p, "_S5_", 4) && p[-1] == 0x08 && aml_parse_s5(p, end))
			break;
	/* A root prefix may stand before the name. */
	for (p = (const u8 *)(h + 1); !acpi_facts.sleep_types_known && end - p >= 9; p++)
		if (!memcmp(p, "\\_S5_", 5) && aml_parse_s5(p + 1, end))
			break;
	hostmap_unmap(h, length);
}

void acpi_parse_fadt(void)
{
	const struct acpi_header *h = acpi_find_table("FACP", 0);
	struct acpi_facts *a = &acpi_facts;
	struct fadt f = { 0 };

	if (!h || h->length < offsetof(struct fadt, flags)) {
		log_warn("ACPI: no FADT: power-off and the PM timer are not available");
		return;
	}
	memcpy(&f, h, MIN(h->length, (u32)sizeof(f)));
	a->reduced_hardware = f.flags & FADT_REDUCED_HARDWARE;
	a->sci_irq = f.sci_irq;
	a->century_register = f.century;
	a->boot_flags = f.boot_flags;
	a->facs = f.x_facs ? f.x_facs : f.facs;
	if (f.pm_timer_len == 4 || f.x_pm_timer.address)
		a->pm_timer = fadt_address(&f.x_pm_timer, f.pm_timer);
	a->pm_timer_32bit = f.flags & FADT_TIMER_32BIT;
	a->pm1a_control = fadt_address(&f.x_pm1a_control, f.pm1a_control);
	a->pm1b_control = fadt_address(&f.x_pm1b_control, f.pm1b_control);
	if (a->reduced_hardware)
		a->sleep_control = f.sleep_control;
	if ((f.flags & FADT_RESET_REGISTER) && f.reset.space <= 2) {
		a->reset = f.reset;
		a->reset_value = f.reset_value;
	}
	fadt_find_s5(f.x_dsdt ? f.x_dsdt : f.dsdt);
}

struct acpi_hpet_table {
	struct acpi_header h;
	u32 id;
	struct acpi_address address;
	u8 number;
	u16 minimum_tick;
	u8 page_protection;
} __packed;

void acpi_parse_hpet(void)
{
	const struct acpi_hpet_table *t = (const void *)acpi_find_table("HPET", 0);

	if (t && t->h.length >= sizeof(*t) && t->address.space == ACPI_SPACE_MEMORY)
		acpi_facts.hpet_maddr = t->address.address;
}

struct acpi_mcfg_entry {
	u64 base;
	u16 segment;
	u8 first_bus, last_bus;
	u32 reserved;
} __packed;

void acpi_parse_mcfg(void)
{
	const struct acpi_header *h = acpi_find_table("MCFG", 0);
	struct acpi_mcfg_entry e;

	for (u32 at = sizeof(*h) + 8; h && range_fits(at, sizeof(e), h->length); at += sizeof(e)) {
		memcpy(&e, (const u8 *)h + at, sizeof(e));
		if (!e.base || (e.base & 0xfffff) || e.last_bus < e.first_bus ||
		    acpi_facts.nr_mcfg == ACPI_MAX_MCFG) {
			log_warn("ACPI: MCFG entry for segment %u at %#lx makes no sense: ignored",
				 e.segment, e.base);
			continue;
		}
		acpi_facts.mcfg[acpi_facts.nr_mcfg++] =
			(struct acpi_mcfg){ e.base, e.segment, e.first_bus, e.last_bus };
	}
}
