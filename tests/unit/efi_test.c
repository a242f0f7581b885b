/* SPDX-License-Identifier: MIT */
/*
 * Firmware as the hypervisor finds it, in RAM that the test writes: which pages its code runs on and with what rights,
 * which of its tables are believed, how a call goes in and comes out, and what is left when it faults.
 */
#include "unit.h"

#include <stdarg.h>

#include "core/log.h"
#include "core/panic.h"
#include "lib/errno.h"
#include "mm/hostmap.h"
#include "mm/layout.h"
#include "mm/page_alloc.h"
#include "mm/pt.h"
#include "platform/efi.h"
#include "x86/cpu_ops.h"
#include "x86/features.h"

#define RAM_SIZE	(8u << 20)
#define SYSTEM		0x201000ul
#define SERVICES	0x201800ul
#define TABLES		0x201400ul
#define VENDOR		0x201700ul
#define ATTRIBUTES	0x110000ul
#define CODE		0x210000ul		/* 16 pages */
#define DATA		0x201000ul		/* 15 pages */
#define TABLE_PAGES	0x400000ul		/* what page_alloc_zeroed() gives out */
#define OLD_L4		0x10000ul

struct cpu_local host_cpu_local, *cpu_locals[MAX_CPUS];
struct host_cpu host_cpu;
struct cpu_features cpu_features;
struct boot_info boot_info;
u8 image_start[1], text_end[1];
static u8 ram[RAM_SIZE] __attribute__((aligned(4096)));
u8 *host_ram = ram;

u64 efi_enter(u64 function, const u64 *args);
void efi_abandon(void);

static u32 pages_left, pages_given, warnings, errors;
static char last_error[300];
static u64 entered, entered_cr3, seen_args[EFI_ARGS];
static u32 fault_vector, fault_at_rip;
static int nested;

void panic(const char *fmt, ...)
{
	abort();
}

void log_printf(enum log_level level, bool guest, const char *fmt, ...)
{
	va_list ap;

	warnings += level == LOG_WARN;
	errors += level == LOG_ERR;
	if (level != LOG_ERR)
		return;
	va_start(ap, fmt);
	vsnprintf(last_error, sizeof(last_error), fmt, ap);
	va_end(ap);
}

void *hostmap_mmio(u64 maddr, u64 size, enum hostmap_cache cache)
{
	return maddr < RAM_SIZE && size <= RAM_SIZE - maddr ? ram + maddr : NULL;
}

void hostmap_unmap(void *va, u64 size)
{
}

u64 page_alloc_table(void)
{
	void *page = page_alloc_zeroed();

	return page ? virt_to_maddr(page) : 0;
}

void *page_alloc_zeroed(void)
{
	if (!pages_left)
		return NULL;
	pages_left--;
	return ram + TABLE_PAGES + PAGE_SIZE * pages_given++;
}

void tlb_poll(void)
{
}

void efi_abandon(void)
{
}

/* The firmware: notes what it got, and does what the test wants. */
u64 efi_enter(u64 function, const u64 *args)
{
	struct regs regs = { .vector = fault_vector, .error_code = 2, .rip = fault_at_rip ? fault_at_rip : CODE + 5,
			     .rflags = RFLAGS_DF };
	u64 status;

	entered = function;
	entered_cr3 = host_cpu.cr3;
	memcpy(seen_args, args, sizeof(seen_args));
	if (nested)
		nested = efi_call(EFI_GET_TIME, args, &status);
	if (!fault_vector)
		return 0x1234;
	CHECK(efi_recover(&regs));
	CHECK_EQ(regs.rip, (u64)efi_abandon);
	CHECK_EQ(regs.rflags, RFLAGS_FIXED);
	return EFI_DEVICE_ERROR;
}

static void put(u64 at, u64 value)
{
	memcpy(ram + at, &value, sizeof(value));
}

static void region(u32 type, u64 start, u64 pages, u64 attributes)
{
	boot_info.efi_map[boot_info.nr_efi_map++] = (struct boot_efi_region){ type, start, pages, attributes };
}

static void attribute(u32 i, u64 start, u64 pages, u64 attributes)
{
	struct efi_descriptor d = { .type = EFI_RUNTIME_CODE, .start = start, .pages = pages,
				    .attributes = attributes | EFI_MEMORY_RUNTIME };

	memcpy(ram + ATTRIBUTES + 16 + i * 48, &d, sizeof(d));
}

/* Sound firmware. Where one test differs it says so after this. */
static void fresh(void)
{
	static const u8 guid[16] = { 0x1d, 0x91, 0xfa, 0xdc, 0xeb, 0x26, 0x9f, 0x46, 0xa2, 0x20, 0x38, 0xb7, 0xdc, 0x46,
				     0x12, 0x20 };

	memset(ram, 0, sizeof(ram));
	memset(&boot_info, 0, sizeof(boot_info));
	memset(&host_cpu, 0, sizeof(host_cpu));
	cpu_features.phys_bits = 40;
	boot_info.nr_e820 = 1;
	boot_info.e820[0] = (struct e820_entry){ 0, 0x200000, E820_RAM };
	boot_info.efi_system_table = SYSTEM;
	put(SYSTEM, 0x5453595320494249ul);
	put(SYSTEM + 8, 2u << 16 | 70 | 120ul << 32);
	put(SYSTEM + 24, VENDOR);
	put(SYSTEM + 32, 0x10000);
	put(SYSTEM + 88, SERVICES);
	put(SYSTEM + 104, 1);
	put(SYSTEM + 112, TABLES);
	memcpy(ram + VENDOR, u"A\x7fNAME", 14);
	memcpy(ram + TABLES, guid, 16);
	put(TABLES + 16, ATTRIBUTES);
	put(ATTRIBUTES, 1 | 0ul << 32);
	put(ATTRIBUTES + 8, 48);
	put(SERVICES, 0x56524553544e5552ul);
	put(SERVICES + 8, 2u << 16 | 70 | 136ul << 32);
	for (u32 at = 24; at < 136; at += 8)
		put(SERVICES + at, CODE + at);
	region(EFI_RUNTIME_DATA, DATA, 15, EFI_MEMORY_RUNTIME | 0xf);
	region(EFI_RUNTIME_CODE, CODE, 16, EFI_MEMORY_RUNTIME | 0xf);
	region(11, 0xffc00000, 0x400, EFI_MEMORY_RUNTIME | EFI_MEMORY_UC);
	region(7, 0x300000, 16, 0xf);
	for (u32 i = HV_SLOT_FIRST; i <= HV_SLOT_LAST; i++)
		put(OLD_L4 + i * 8, 0x7000 + i);
	host_cpu.cr3 = OLD_L4;
	pages_left = 100;
	pages_given = warnings = errors = fault_vector = fault_at_rip = nested = 0;
	efi_facts = (struct efi_facts){ 0 };
}

static u64 entry_of(u64 va)
{
	u64 *table = (u64 *)(ram + TABLE_PAGES);	/* the first page given is level 4 */

	for (u32 level = 4; level > 1; level--) {
		u64 e = table[pt_index(va, level)];

		if (!(e & PTE_PRESENT) || (level < 4 && (e & PTE_PSE)))
			return e & PTE_PRESENT ? e : 0;
		table = (u64 *)(ram + (e & PTE_MFN_MASK));
	}
	return table[pt_index(va, 1)];
}

#define RIGHTS	(PTE_PRESENT | PTE_WRITE | PTE_NX)

TEST(regions_by_kind)
{
	fresh();
	efi_save_attributes();
	efi_init();
	CHECK(efi_usable());
	CHECK_EQ(entry_of(DATA) & RIGHTS, PTE_PRESENT | PTE_WRITE | PTE_NX);
	CHECK_EQ(entry_of(CODE) & RIGHTS, PTE_PRESENT | PTE_WRITE);
	CHECK_EQ(entry_of(CODE) & PTE_MFN_MASK, CODE);
	CHECK_EQ(entry_of(CODE + 15 * PAGE_SIZE) & PTE_MFN_MASK, CODE + 15 * PAGE_SIZE);
	CHECK_EQ(entry_of(CODE + 16 * PAGE_SIZE), 0);
	CHECK_EQ(entry_of(0x300000), 0);
	CHECK_EQ(entry_of(0xffc00000) & (RIGHTS | PTE_CACHE_UC), PTE_PRESENT | PTE_WRITE | PTE_NX | PTE_CACHE_UC);
	CHECK_EQ(entry_of(CODE) & (PTE_GLOBAL | PTE_USER), 0);
	CHECK_EQ(warnings, 0);
	CHECK_EQ(efi_facts.revision, 2u << 16 | 70);
	CHECK_EQ(efi_facts.services_revision, 2u << 16 | 70);
	CHECK_EQ(efi_facts.vendor[1], 0x7f);
}

TEST(attributes_part_code_from_data)
{
	fresh();
	put(ATTRIBUTES, 1 | 4ul << 32);
	attribute(0, CODE, 4, EFI_MEMORY_RO);
	attribute(1, CODE + 0x4000, 10, EFI_MEMORY_XP);
	attribute(2, CODE + 0xf000, 1, EFI_MEMORY_RO | EFI_MEMORY_XP);
	attribute(3, 0xffc00000, 1, EFI_MEMORY_RO);			/* no code: not touched */
	efi_save_attributes();
	memset(ram + ATTRIBUTES, 0xee, 256);				/* that memory has a new owner */
	efi_init();
	CHECK(efi_usable());
	CHECK_EQ(entry_of(CODE + 0x3000) & RIGHTS, PTE_PRESENT);
	CHECK_EQ(entry_of(CODE + 0x4000) & RIGHTS, PTE_PRESENT | PTE_WRITE | PTE_NX);
	CHECK_EQ(entry_of(CODE + 0xe000) & RIGHTS, PTE_PRESENT | PTE_WRITE);
	CHECK_EQ(entry_of(CODE + 0xf000) & RIGHTS, PTE_PRESENT | PTE_NX);
	CHECK_EQ(entry_of(0xffc00000) & RIGHTS, PTE_PRESENT | PTE_WRITE | PTE_NX);
}

/* An attributes table of impossible size, stride or place is as none. */
TEST(attributes_that_lie)
{
	static const struct { u64 head, stride, first; } bad[] = {
		{ 1 | 0xffffffffull << 32, 48, CODE }, { 1 | 1ul << 32, 8, CODE }, { 1 | 1ul << 32, 0xffffffff, CODE },
		{ 1 | 1ul << 32, 48, CODE + 1 }, { 1 | 1ul << 32, 48, ~0xffful },
		{ 1 | 1ul << 32, 48, CODE - PAGE_SIZE },
	};

	for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
		fresh();
		put(ATTRIBUTES, bad[i].head);
		put(ATTRIBUTES + 8, bad[i].stride);
		attribute(0, bad[i].first, 1000, EFI_MEMORY_RO);
		efi_save_attributes();
		efi_init();
		CHECK(efi_usable());
		CHECK_EQ(entry_of(CODE) & RIGHTS, PTE_PRESENT | PTE_WRITE);
	}
	fresh();
	put(SYSTEM + 104, ~0ul);
	efi_save_attributes();
	put(SYSTEM + 104, 1);
	put(TABLES + 16, ~0ul);
	efi_save_attributes();
	put(SYSTEM + 112, 0);
	efi_save_attributes();
}

/* What overlaps RAM, wraps around or is no page is not mapped, and not called. */
TEST(regions_that_lie)
{
	fresh();
	region(EFI_RUNTIME_DATA, 0x100000, 1, EFI_MEMORY_RUNTIME | 8);		/* RAM */
	region(EFI_RUNTIME_DATA, 0x1ff000, 2, EFI_MEMORY_RUNTIME | 8);
	region(EFI_RUNTIME_CODE, 0x500800, 1, EFI_MEMORY_RUNTIME | 8);
	region(EFI_RUNTIME_CODE, 0x600000, ~0ul, EFI_MEMORY_RUNTIME | 8);
	region(EFI_RUNTIME_CODE, 0x600000, 0, EFI_MEMORY_RUNTIME | 8);
	region(EFI_RUNTIME_DATA, 1ul << 40, 1, EFI_MEMORY_RUNTIME | 8);
	region(EFI_RUNTIME_DATA, (1ul << 40) - PAGE_SIZE, 2, EFI_MEMORY_RUNTIME | 8);
	region(EFI_RUNTIME_DATA, 0x700000, 1, EFI_MEMORY_RUNTIME);		/* cached how? */
	efi_init();
	CHECK(efi_usable());
	CHECK_EQ(warnings, 8);
	CHECK_EQ(entry_of(0x100000) | entry_of(0x1ff000) | entry_of(0x200000) | entry_of(0x500000) |
		 entry_of(0x600000) | entry_of(1ul << 40) | entry_of((1ul << 40) - PAGE_SIZE) | entry_of(0x700000), 0);
	CHECK(!efi_is_code(0x600000));
	CHECK(!efi_is_code(~0ul));
	CHECK(efi_is_code(CODE + 0xffff));
	CHECK(!efi_is_code(CODE + 0x10000));
}

TEST(tables_that_lie)
{
	fresh();
	put(SYSTEM, 1);
	efi_init();
	CHECK_EQ(efi_facts.revision, 0);
	CHECK_EQ(boot_info.efi_tables, 0);
	CHECK(warnings);

	fresh();
	put(SERVICES, 1);
	efi_init();
	CHECK_EQ(efi_facts.revision >> 16, 2);
	CHECK_EQ(efi_facts.services_revision, 0);

	fresh();
	put(SYSTEM + 88, ~0xful);
	put(SYSTEM + 24, ~0xful);
	efi_init();
	CHECK_EQ(efi_facts.services_revision, 0);

	fresh();
	put(SYSTEM + 104, 1ul << 40);
	efi_init();
	CHECK_EQ(efi_find_table(ram + TABLES), 0);
	boot_info.efi_nr_tables = 1;
	CHECK_EQ(efi_find_table(ram + TABLES), ATTRIBUTES);
	CHECK_EQ(efi_find_table(ram), 0);
}

TEST(no_memory)
{
	for (u32 pages = 0; pages < 5; pages++) {
		fresh();
		pages_left = pages;
		efi_init();
		CHECK(warnings);
	}
}

static int call(enum efi_service service, u64 *status)
{
	static const u64 args[EFI_ARGS] = { 1, 2, 3, 4, 5 };

	entered = 0;
	return efi_call(service, args, status);
}

TEST(call_goes_in_and_out)
{
	u64 status;

	fresh();
	put(SERVICES + EFI_SET_TIME, 0);
	put(SERVICES + EFI_GET_VARIABLE, DATA + 8);	/* not in code */
	efi_init();
	CHECK_EQ(call(EFI_SET_VARIABLE, &status), 0);
	CHECK_EQ(status, 0x1234);
	CHECK_EQ(entered, CODE + EFI_SET_VARIABLE);
	CHECK_EQ(entered_cr3, TABLE_PAGES);
	CHECK_EQ(host_cpu.cr3, OLD_L4);
	CHECK_EQ(seen_args[0] + seen_args[4] * 10, 51);
	for (u32 i = HV_SLOT_FIRST; i <= HV_SLOT_LAST; i++)
		CHECK_EQ(((u64 *)(ram + TABLE_PAGES))[i], 0x7000 + i);
	CHECK_EQ(call(EFI_SET_TIME, &status), 0);
	CHECK_EQ(status, EFI_UNSUPPORTED);
	CHECK_EQ(call(EFI_GET_VARIABLE, &status), 0);
	CHECK_EQ(status, EFI_UNSUPPORTED);
	CHECK_EQ(entered, 0);
	nested = 1;
	CHECK_EQ(call(EFI_GET_TIME, &status), 0);
	CHECK_EQ(nested, -ERESTART);
}

/* Firmware from before UEFI 2.0: what stands behind its table is no service. */
TEST(short_table)
{
	u64 status;

	fresh();
	put(SERVICES + 8, 1u << 16 | 10 | 112ul << 32);
	efi_init();
	CHECK_EQ(call(EFI_QUERY_VARIABLE_INFO, &status), 0);
	CHECK_EQ(status, EFI_UNSUPPORTED);
	CHECK_EQ(call(EFI_RESET_SYSTEM, &status), 0);
	CHECK_EQ(status, 0x1234);
}

TEST(option)
{
	static const struct { const char *text; int rc; } cases[] = {
		{ "rs", 0 }, { "no-rs", 0 }, { "rs=1", 0 }, { "attr=uc,rs", 0 }, { "attr=no", 0 }, { "", -EINVAL },
		{ "rs=2", -EINVAL }, { "no-rs=1", -EINVAL }, { "attr=wb", -EINVAL }, { "attr", -EINVAL },
		{ "rs,x", -EINVAL }, { NULL, -EINVAL },
		{ "rs,rs,rs,rs,rs,rs,rs,rs,rs,rs,rs,rs,rs,rs,rs,rs,rs,rs,rs,rs,rs,rs,rs,rs,rs", -EINVAL },
	};

	for (u32 i = 0; i < ARRAY_SIZE(cases); i++)
		CHECK_EQ(efi_params[0].set(cases[i].text), cases[i].rc);
	fresh();
	CHECK_EQ(efi_params[0].set("attr=uc"), 0);
	region(EFI_RUNTIME_DATA, 0x700000, 1, EFI_MEMORY_RUNTIME);
	efi_init();
	CHECK_EQ(entry_of(0x700000) & (PTE_PRESENT | PTE_NX | PTE_CACHE_UC), PTE_PRESENT | PTE_NX | PTE_CACHE_UC);
	CHECK_EQ(efi_params[0].set("attr=no"), 0);
}

TEST(a_fault_that_is_not_the_firmwares)
{
	struct regs regs = { .vector = 14, .rip = CODE };

	fresh();
	efi_init();
	CHECK(!efi_recover(&regs));
	CHECK_EQ(regs.rip, CODE);
}

static u64 code_first, code_last;

static void note_code(u64 first_mfn, u64 last_mfn, void *arg)
{
	code_first = first_mfn;
	code_last = last_mfn;
}

TEST(code_is_nobody_elses)
{
	fresh();
	efi_for_each_code(note_code, NULL);
	CHECK_EQ(code_first, CODE >> PAGE_SHIFT);
	CHECK_EQ(code_last, (CODE >> PAGE_SHIFT) + 15);
}

/* The last test: what is broken stays so. */
TEST(fault_ends_the_services)
{
	u64 status;

	fresh();
	efi_init();
	fault_vector = 14;
	host_cpu.cr2 = 0xabc;
	CHECK_EQ(call(EFI_GET_TIME, &status), 0);
	CHECK_EQ(status, EFI_DEVICE_ERROR);
	CHECK_EQ(host_cpu.cr3, OLD_L4);
	CHECK(strstr(last_error, "GetTime raised exception 14") && strstr(last_error, "0xabc"));
	CHECK(!efi_usable());
	CHECK_EQ(call(EFI_GET_VARIABLE, &status), -EOPNOTSUPP);
	CHECK_EQ(entered, 0);
	CHECK_EQ(errors, 1);
	efi_reset(true);
	CHECK_EQ(errors, 1);
}

int main(void)
{
	/* nothing has been found yet */
	CHECK(!efi_usable());
	RUN(no_memory);
	RUN(tables_that_lie);
	RUN(regions_by_kind);
	RUN(attributes_that_lie);
	RUN(attributes_part_code_from_data);
	RUN(regions_that_lie);
	RUN(call_goes_in_and_out);
	RUN(short_table);
	RUN(option);
	RUN(a_fault_that_is_not_the_firmwares);
	RUN(code_is_nobody_elses);
	RUN(fault_ends_the_services);
	return unit_end();
}
