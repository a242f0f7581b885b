/* SPDX-License-Identifier: MIT */
/*
 * What the boot loader and the firmware hand over, with anything in it: multiboot 1 and 2 information, and
 * ACPI tables. Machine memory is a sparse arena of 4 GiB; what the ACPI code maps is a copy of exactly the
 * size asked for, so that reading beyond it is seen. After each input the results must keep their promises.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "boot/multiboot.h"
#include "core/log.h"
#include "mm/frame.h"
#include "mm/hostmap.h"
#include "platform/acpi.h"
#include "platform/efi.h"

#define ARENA	(1ul << 32)
#define INFO	0x10000u
#define RSDP	0xe0000u
#define RSDT	0x100000u
#define TABLES	0x110000u
#define ROOM	0x40000u

u8 *host_ram;

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

void log_printf(enum log_level level, bool guest, const char *fmt, ...)
{
}

void *hostmap_mmio(u64 maddr, u64 size, enum hostmap_cache cache)
{
	void *copy;

	if (maddr >= ARENA || size > ARENA - maddr || size > (32ul << 20))
		return NULL;
	copy = malloc(size);
	memcpy(copy, host_ram + maddr, size);
	return copy;
}

void hostmap_unmap(void *va, u64 size)
{
	free(va);
}

/* Where firmware of the other kind says that the root pointer is. */
u64 efi_find_table(const u8 guid[16])
{
	return RSDP;
}

static void require(bool what)
{
	if (!what)
		abort();
}

static void check_e820(void)
{
	for (u32 i = 0; i < boot_info.nr_e820; i++) {
		const struct e820_entry *e = &boot_info.e820[i];

		require(e->size && e->start + e->size > e->start && e->type >= E820_RAM && e->type <= E820_UNUSABLE);
		require(!i || e[-1].start + e[-1].size <= e->start);
		require(e->type != E820_RAM || !((e->start | e->size) & (PAGE_SIZE - 1)));
	}
}

static void check_boot_info(void)
{
	require(boot_info.nr_modules <= BOOT_MAX_MODULES && boot_info.nr_e820 <= BOOT_MAX_E820);
	require(memchr(boot_info.loader, 0, sizeof(boot_info.loader)) != NULL);
	require(memchr(boot_info.cmdline, 0, BOOT_CMDLINE_MAX) != NULL);
	for (u32 i = 0; i < boot_info.nr_modules; i++)
		require(memchr(boot_info.modules[i].cmdline, 0, BOOT_CMDLINE_MAX) && boot_info.modules[i].size);
	check_e820();
}

static void fuzz_multiboot(const u8 *data, size_t size, bool two)
{
	u32 dropped = 0;

	memset(&boot_info, 0, sizeof(boot_info));
	size = size > ROOM ? ROOM : size;
	memcpy(host_ram + INFO, data, size);
	/* Addresses in multiboot 1 information usually lead back into the input. */
	if (!two) {
		static const u8 pointers[] = { 16, 24, 48, 64 };

		for (u32 i = 0; i < sizeof(pointers); i++) {
			u32 *p = (u32 *)(host_ram + INFO + pointers[i]);

			*p = INFO + *p % ROOM;
		}
	}
	if (two)
		(void)multiboot2_parse(INFO, &dropped);
	else
		(void)multiboot1_parse(INFO, &dropped);
	boot_strip_names();
	e820_sanitise();
	check_boot_info();
	memset(host_ram + INFO, 0, size);
}

static void put_sum(u8 *p, size_t len, size_t at)
{
	u8 sum = 0;

	p[at] = 0;
	for (size_t i = 0; i < len; i++)
		sum += p[i];
	p[at] = -sum;
}

/* A table: its kind, how long it claims to be, its bytes from the input. */
static u32 put_table(u32 at, const u8 **data, size_t *size)
{
	static const char kinds[][5] = { "APIC", "FACP", "HPET", "MCFG", "SRAT", "DSDT", "XXXX", "APIC" };
	u8 *t = host_ram + at;
	u32 len, have, kind;

	if (*size < 4)
		return 0;
	kind = (*data)[0] % 8;
	have = (*data)[1];
	len = (*data)[2] | (u32)((*data)[3] & 3) << 8;
	*data += 4;
	*size -= 4;
	have = have > *size ? *size : have;
	memcpy(t + 36, *data, have);
	*data += have;
	*size -= have;
	memcpy(t, kinds[kind], 4);
	memcpy(t + 4, &len, 4);
	if (kind == 1)	/* its DSDT is the table behind it */
		*(u32 *)(t + 40) = at + 2048;
	if (len >= 36)
		put_sum(t, len, 9);
	return at;
}

static void fuzz_acpi(const u8 *data, size_t size, bool efi)
{
	struct { char sig[8]; u8 sum; char oem[6]; u8 rev; u32 rsdt; } __attribute__((packed)) r = {
		.sig = "RSD PTR ", .rsdt = RSDT,
	};
	u32 at, n = 0, *entries = (u32 *)(host_ram + RSDT + 36);

	memset(&boot_info, 0, sizeof(boot_info));
	memset(&acpi_facts, 0, sizeof(acpi_facts));
	boot_info.efi_system_table = efi ? INFO : 0;
	memcpy(host_ram + RSDP, &r, sizeof(r));
	put_sum(host_ram + RSDP, sizeof(r), 8);
	while (n < 16 && (at = put_table(TABLES + n * 2048, &data, &size)) != 0)
		entries[n++] = at;
	memcpy(host_ram + RSDT, "RSDT", 4);
	*(u32 *)(host_ram + RSDT + 4) = 36 + 4 * n;
	put_sum(host_ram + RSDT, 36 + 4 * n, 9);
	acpi_init();
	require(acpi_facts.nr_cpus <= ACPI_MAX_CPUS && acpi_facts.nr_ioapics <= ACPI_MAX_IOAPICS &&
		acpi_facts.nr_overrides <= ACPI_MAX_OVERRIDES && acpi_facts.nr_mcfg <= ACPI_MAX_MCFG &&
		acpi_facts.nr_memory_affinity <= ACPI_MAX_AFFINITY && acpi_facts.nr_nodes <= 256);
	for (u32 irq = 0; irq < 16; irq++)
		(void)acpi_isa_irq_to_gsi(irq);
	memset(host_ram + TABLES, 0, 17 * 2048);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	if (!host_ram) {
		host_ram = mmap(NULL, ARENA + 4096, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		require(host_ram != MAP_FAILED);
	}
	if (size < 1)
		return 0;
	switch (data[0] % 3) {
	case 0:
	case 1:
		fuzz_multiboot(data + 1, size - 1, data[0] % 3);
		break;
	case 2:
		fuzz_acpi(data + 1, size - 1, data[0] / 3 % 2);
		break;
	}
	return 0;
}
