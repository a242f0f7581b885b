/* SPDX-License-Identifier: MIT */
/*
 * The time at boot: every form in which a CMOS clock may keep it, nonsense, and UEFI's clock where there is no other.
 */
#include "unit.h"

#include <time.h>

#include "abi/platform.h"
#include "lib/errno.h"
#include "platform/acpi.h"
#include "platform/clock.h"
#include "platform/efi.h"
#include "x86/cpu_ops.h"

struct cpu_local host_cpu_local;
struct host_cpu host_cpu;
struct acpi_facts acpi_facts;

static u8 cmos[128], at;
static struct xenpf_efi_time firmware_time;
static u64 firmware_status;
static int firmware_rc;

static void port_out(u16 port, u32 bytes, u32 value)
{
	if (port == 0x70)
		at = value & 127;
}

static u32 port_in(u16 port, u32 bytes)
{
	return port == 0x71 ? cmos[at] : 0xff;
}

int efi_call(enum efi_service service, const u64 args[EFI_ARGS], u64 *status)
{
	CHECK_EQ(service, EFI_GET_TIME);
	if (!firmware_rc)
		*(struct xenpf_efi_time *)args[0] = firmware_time;
	*status = firmware_status;
	return firmware_rc;
}

static void fresh(void)
{
	memset(cmos, 0, sizeof(cmos));
	acpi_facts = (struct acpi_facts){ .century_register = 0x32 };
	host_cpu.port_in = port_in;
	host_cpu.port_out = port_out;
	firmware_rc = -EOPNOTSUPP;
	firmware_status = 0;
}

static u8 as_bcd(u32 n)
{
	return n / 10 << 4 | n % 10;
}

static void set_clock(const struct tm *t, bool bcd, bool hours12)
{
	u32 hour = hours12 ? (t->tm_hour + 11) % 12 + 1 : t->tm_hour;
	u32 fields[] = { t->tm_sec, 0, t->tm_min, 0, hour, 0, 0, t->tm_mday, t->tm_mon + 1, t->tm_year % 100 };

	for (u32 i = 0; i < ARRAY_SIZE(fields); i++)
		cmos[i] = bcd ? as_bcd(fields[i]) : fields[i];
	cmos[0x32] = bcd ? as_bcd(19 + t->tm_year / 100) : 19 + t->tm_year / 100;
	if (hours12 && t->tm_hour >= 12)
		cmos[4] |= 0x80;
	cmos[11] = (hours12 ? 0 : 2) | (bcd ? 0 : 4);
}

TEST(every_form)
{
	static const time_t times[] = { 0x5e0be100, 951782400, 951868799, 1709164800, 1709251199, 2147483648,
					4102444799, 1 };

	for (u32 i = 0; i < ARRAY_SIZE(times); i++)
		for (u32 form = 0; form < 4; form++) {
			struct tm t;

			fresh();
			gmtime_r(&times[i], &t);
			set_clock(&t, form & 1, form & 2);
			CHECK_EQ(rtc_read(), times[i]);
		}
}

TEST(no_century)
{
	struct tm t = { .tm_year = 126, .tm_mon = 0, .tm_mday = 1 };

	fresh();
	set_clock(&t, true, false);
	cmos[0x32] = 0x55;
	acpi_facts.century_register = 0;
	CHECK_EQ(rtc_read(), 1767225600);
}

/* All ones: nobody answers there. */
TEST(no_clock)
{
	fresh();
	memset(cmos, 0xff, sizeof(cmos));
	CHECK_EQ(rtc_read(), 0);
	firmware_rc = 0;
	firmware_time = (struct xenpf_efi_time){ .year = 2024, .month = 2, .day = 29, .hour = 23, .min = 59, .sec = 58,
						 .ns = 7, .tz = 2047 };
	CHECK_EQ(rtc_read(), 1709251198);
	firmware_status = EFI_DEVICE_ERROR;
	CHECK_EQ(rtc_read(), 0);
	firmware_status = 0;
	firmware_time.month = 0;
	CHECK_EQ(rtc_read(), 0);
	firmware_time.month = 13;
	CHECK_EQ(rtc_read(), 0);
	firmware_time = (struct xenpf_efi_time){ .year = 1, .month = 1, .day = 1 };
	CHECK_EQ(rtc_read(), 0);
}

/* ACPI says that there is none: the firmware is asked first, and whatever answers, if it cannot. */
TEST(acpi_says_no_clock)
{
	struct tm t = { .tm_year = 126, .tm_mon = 0, .tm_mday = 1 };

	fresh();
	set_clock(&t, true, false);
	acpi_facts.boot_flags = 1 << 5;
	CHECK_EQ(rtc_read(), 1767225600);
	firmware_rc = 0;
	firmware_time = (struct xenpf_efi_time){ .year = 2024, .month = 2, .day = 29 };
	CHECK_EQ(rtc_read(), 1709164800);
	acpi_facts.boot_flags = 0;
	CHECK_EQ(rtc_read(), 1767225600);
}

int main(void)
{
	RUN(every_form);
	RUN(no_century);
	RUN(no_clock);
	RUN(acpi_says_no_clock);
	return unit_end();
}
