/* SPDX-License-Identifier: MIT */
/*
 * The clock that runs while the machine is off: the CMOS one, or, where there is none, what UEFI's GetTime says.
 * Registers of the CMOS clock change one after the other during an update, so they are read until two readings agree:
 * no waiting for the start of a second, which costs up to one.
 */
#include "platform/clock.h"

#include "abi/platform.h"
#include "lib/string.h"
#include "platform/acpi.h"
#include "platform/efi.h"
#include "x86/cpu_ops.h"

#define CMOS_INDEX	0x70
#define CMOS_DATA	0x71
#define RTC_STATUS_A	10
#define   STATUS_A_UPDATING 0x80
#define RTC_STATUS_B	11
#define   STATUS_B_24H	0x02
#define   STATUS_B_BINARY 0x04
#define HOUR_PM		0x80
#define READ_TRIES	100
#define NO_CMOS_CLOCK	(1u << 5)	/* of acpi_facts.boot_flags */

struct rtc_time {
	u8 second, minute, hour, day, month, year, century;
};

static u8 cmos_read(u8 reg)
{
	outb(CMOS_INDEX, reg);
	return inb(CMOS_DATA);
}

static struct rtc_time rtc_read_once(void)
{
	return (struct rtc_time){
		cmos_read(0), cmos_read(2), cmos_read(4), cmos_read(7), cmos_read(8), cmos_read(9),
		acpi_facts.century_register && acpi_facts.century_register < 128 ?
			cmos_read(acpi_facts.century_register) : 0,
	};
}

static u32 rtc_number(u8 value, bool binary)
{
	return binary ? value : (value >> 4) * 10 + (value & 15);
}

/*
 * Days from 1970-01-01 to the first of March of `year`, and so on: months counted from March make leap days
 * last.
 */
static u64 rtc_days(u32 year, u32 month, u32 day)
{
	u32 y = month <= 2 ? year - 1 : year, m = month <= 2 ? month + 9 : month - 3;

	return 365ul * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

/* 0: no sensible time. */
static u64 cmos_seconds(void)
{
	struct rtc_time a = rtc_read_once(), b;
	u32 year, month, day, hour;
	u8 status = cmos_read(RTC_STATUS_B);
	bool binary = status & STATUS_B_BINARY;

	for (u32 i = 0; i < READ_TRIES; i++) {
		b = a;
		a = rtc_read_once();
		if (!memcmp(&a, &b, sizeof(a)) && !(cmos_read(RTC_STATUS_A) & STATUS_A_UPDATING))
			break;
	}
	year = rtc_number(a.year, binary);
	year += a.century ? rtc_number(a.century, binary) * 100 : year < 70 ? 2000 : 1900;
	month = rtc_number(a.month, binary);
	day = rtc_number(a.day, binary);
	hour = rtc_number(a.hour & ~(status & STATUS_B_24H ? 0 : HOUR_PM), binary);
	if (!(status & STATUS_B_24H))
		hour = hour % 12 + (a.hour & HOUR_PM ? 12 : 0);
	/* An empty battery gives nonsense, no clock all ones: better the epoch than a wild date. */
	if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || year < 1970)
		return 0;
	return rtc_days(year, month, day) * 86400 + hour * 3600 + rtc_number(a.minute, binary) * 60 +
	       rtc_number(a.second, binary);
}

static u64 efi_seconds(void)
{
	struct xenpf_efi_time t = { 0 };	/* laid out as EFI_TIME is; UTC, as the CMOS clock is taken to be */
	const u64 args[EFI_ARGS] = { (u64)&t };
	u64 status;

	if (efi_call(EFI_GET_TIME, args, &status) || status || t.year < 1970 || t.year > 9999 || t.month < 1 ||
	    t.month > 12 || t.day < 1 || t.day > 31)
		return 0;
	return rtc_days(t.year, t.month, t.day) * 86400 + t.hour * 3600 + t.min * 60 + t.sec;
}

u64 rtc_read(void)
{
	bool cmos = !(acpi_facts.boot_flags & NO_CMOS_CLOCK);
	u64 seconds = cmos ? cmos_seconds() : efi_seconds();

	return seconds ? seconds : cmos ? efi_seconds() : cmos_seconds();
}
