/* SPDX-License-Identifier: MIT */
/*
 * The firmware's system table, and calls of its runtime services.
 *
 * Firmware runs in ring 0 on this CPU's stack, on page tables whose lower half shows its regions (efi_map.c) and whose
 * upper half is that of the tables it interrupted: so interrupts stay on and are served as ever. What it may do it does
 * with all rights; what it does by mistake traps, and ends in efi_recover(): the call fails, the services stay off, the
 * machine lives on. (TRICKS 39.)
 *
 * `efi_lock` guards the tables' upper half and `inside`; it is only ever tried, so that nobody waits for firmware.
 */
#include "platform/efi.h"

#include "core/lock.h"
#include "core/log.h"
#include "lib/cmdline.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/hostmap.h"
#include "mm/layout.h"
#include "mm/page_alloc.h"
#include "mm/pt.h"
#include "x86/cpu_ops.h"
#include "x86/image.h"

#define SYSTEM_TABLE_SIZE	120
#define MAX_TABLES		256u
#define NO_CPU			~0u
#define HV_SLOTS		(HV_SLOT_LAST - HV_SLOT_FIRST + 1)

enum { RESET_COLD, RESET_WARM, RESET_SHUTDOWN };

struct config_entry {
	u8 guid[16];
	u64 table;
};

struct efi_facts efi_facts;
u64 efi_stack;				/* of efi_entry.S: the caller's, while a CPU is in the firmware */
u64 efi_enter(u64 function, const u64 *args);
void efi_abandon(void);

static bool wanted = true, odd_uc;	/* efi=rs, efi=attr=uc */
static u8 services[EFI_SERVICES_SIZE];	/* a copy: the firmware's own table can be written */
static u64 *l4;				/* NULL: the services are not called */
static bool broken;

static DEFINE_SPINLOCK(efi_lock, RANK_NONE);
static u32 inside = NO_CPU;		/* the CPU that is in the firmware */
static struct {
	bool happened;
	u32 vector, error_code;
	u64 rip, address;
} fault;

/* ---- the system table ---- */

static u64 word(const u8 *table, u32 offset)
{
	u64 value;

	memcpy(&value, table + offset, sizeof(value));
	return value;
}

static const u64 signature_system = 0x5453595320494249ul;	/* "IBI SYST" */
static const u64 signature_services = 0x56524553544e5552ul;	/* "RUNTSERV" */

u64 __init efi_find_table(const u8 guid[16])
{
	u64 count = boot_info.efi_nr_tables, found = 0;
	struct config_entry *entries;

	if (!count || count > MAX_TABLES || !boot_info.efi_tables)
		return 0;
	entries = hostmap_mmio(boot_info.efi_tables, count * sizeof(*entries), HOSTMAP_WB);
	for (u64 i = 0; entries && i < count; i++)
		if (!memcmp(entries[i].guid, guid, 16))
			found = entries[i].table;
	if (entries)
		hostmap_unmap(entries, count * sizeof(*entries));
	return found;
}

/* Before there are page tables of our own, what lies below 4 GiB can be looked at where it lies. */
static const void *__init early(u64 at, u64 size)
{
	return at >= PAGE_SIZE && at < GiB(4) && size <= GiB(4) - at ? maddr_to_virt(at) : NULL;
}

void __init efi_save_attributes(void)
{
	static const u8 guid[16] = { 0x1d, 0x91, 0xfa, 0xdc, 0xeb, 0x26, 0x9f, 0x46,
				     0xa2, 0x20, 0x38, 0xb7, 0xdc, 0x46, 0x12, 0x20 };
	const u8 *system = early(boot_info.efi_system_table, SYSTEM_TABLE_SIZE);
	const struct config_entry *entries;
	u64 count;

	if (!system || word(system, 0) != signature_system)
		return;
	count = word(system, 104);
	entries = count <= MAX_TABLES ? early(word(system, 112), count * sizeof(*entries)) : NULL;
	for (u64 i = 0; entries && i < count; i++) {
		u64 at = entries[i].table;

		if (!memcmp(entries[i].guid, guid, 16) && early(at, 16))
			efi_map_save_attributes(early(at, 16), GiB(4) - at);
	}
}

static void __init read_vendor(u64 at)
{
	u32 room = sizeof(efi_facts.vendor) - sizeof(efi_facts.vendor[0]);
	const void *text = at ? hostmap_mmio(at, room, HOSTMAP_WB) : NULL;

	if (!text)
		return;
	memcpy(efi_facts.vendor, text, room);
	hostmap_unmap((void *)text, room);
}

static bool __init read_services(u64 at)
{
	const u8 *table = at ? hostmap_mmio(at, sizeof(services), HOSTMAP_WB) : NULL;
	u32 size;

	if (!table)
		return false;
	memcpy(services, table, sizeof(services));
	hostmap_unmap((void *)table, sizeof(services));
	size = word(services, 8) >> 32;
	if (word(services, 0) != signature_services || size < EFI_RESET_SYSTEM + 8)
		return false;
	if (size < sizeof(services))		/* before UEFI 2.0 */
		memset(services + size, 0, sizeof(services) - size);
	efi_facts.services_revision = word(services, 8);
	return true;
}

/* The table lies where it likes, not in RAM, so it is read here once and never again. */
static bool __init read_system_table(void)
{
	const u8 *table = hostmap_mmio(boot_info.efi_system_table, SYSTEM_TABLE_SIZE, HOSTMAP_WB);
	u8 copy[SYSTEM_TABLE_SIZE];

	if (!table)
		return false;
	memcpy(copy, table, sizeof(copy));
	hostmap_unmap((void *)table, sizeof(copy));
	if (word(copy, 0) != signature_system) {
		log_warn("EFI: no system table at %#lx; update the machine's firmware", boot_info.efi_system_table);
		return false;
	}
	efi_facts.revision = word(copy, 8);
	efi_facts.vendor_revision = word(copy, 32);
	boot_info.efi_nr_tables = word(copy, 104);
	boot_info.efi_tables = word(copy, 112);
	read_vendor(word(copy, 24));
	log_debug("EFI: runtime services at %#lx", word(copy, 88));
	return read_services(word(copy, 88));
}

/* A service whose entry does not lie in the firmware's code is none. */
static u32 __init keep_code_only(void)
{
	static const u64 none;
	u32 good = 0;

	for (u32 at = EFI_GET_TIME; at < sizeof(services); at += sizeof(none)) {
		if (efi_is_code(word(services, at)))
			good++;
		else
			memcpy(services + at, &none, sizeof(none));
	}
	return good;
}

static void __init build_tables(void)
{
	struct efi_map_result result = { 0 };
	u64 page = page_alloc_table();
	u32 good = keep_code_only();

	if (!good || !page || efi_map_build(maddr_to_virt(page), page_alloc_table, odd_uc, &result)) {
		log_warn("EFI: %s: runtime services are not called", good ? "no memory for page tables" :
			 "no service lies in memory for code");
		return;
	}
	l4 = maddr_to_virt(page);
	log_info("EFI: %u regions for runtime services", result.regions);
	if (result.open_pages)
		log_info("EFI: %lu pages are both writable and executable there, since the firmware does not tell them "
			 "apart", result.open_pages);
}

static char __init printable(u16 c)
{
	return !c || (c >= ' ' && c < 0x7f) ? c : '?';
}

void __init efi_init(void)
{
	char vendor[ARRAY_SIZE(efi_facts.vendor)];
	bool services_found;

	if (!boot_info.efi_system_table)
		return;
	services_found = read_system_table();
	for (u32 i = 0; i < ARRAY_SIZE(vendor); i++)
		vendor[i] = printable(efi_facts.vendor[i]);
	log_info("EFI: version %u.%u by %s", efi_facts.revision >> 16, (efi_facts.revision & 0xffff) / 10, vendor);
	if (!wanted)
		log_info("EFI: runtime services are not called (efi=no-rs)");
	else if (!services_found)
		log_warn("EFI: no table of runtime services: they are not called; update the machine's firmware");
	else
		build_tables();
}

/* ---- calls ---- */

bool efi_usable(void)
{
	return l4 && !READ_ONCE(broken);
}

static const char *service_name(enum efi_service service)
{
	static const char *const names[] = {
		"GetTime", "SetTime", "GetWakeupTime", "SetWakeupTime", "SetVirtualAddressMap", "ConvertPointer",
		"GetVariable", "GetNextVariableName", "SetVariable", "GetNextHighMonotonicCount", "ResetSystem",
		"UpdateCapsule", "QueryCapsuleCapabilities", "QueryVariableInfo",
	};
	u32 i = (service - EFI_GET_TIME) / 8;

	return names[i < ARRAY_SIZE(names) ? i : 0];
}

static u64 call_on_its_tables(u64 function, const u64 *args)
{
	u64 cr3 = read_cr3(), status;
	const u64 *ours = maddr_to_virt(cr3 & PTE_MFN_MASK);

	memcpy(l4 + HV_SLOT_FIRST, ours + HV_SLOT_FIRST, HV_SLOTS * sizeof(*l4));
	WRITE_ONCE(inside, this_cpu());
	write_cr3(virt_to_maddr(l4));
	status = efi_enter(function, args);
	write_cr3(cr3);
	WRITE_ONCE(inside, NO_CPU);
	return status;
}

static void tell_fault(enum efi_service service)
{
	log_err("EFI: the firmware's %s raised exception %u, error code %#x, at %#lx (address %#lx): its services are "
		"off until the next boot; update the machine's firmware, or start with efi=no-rs",
		service_name(service), fault.vector, fault.error_code, fault.rip, fault.address);
}

int efi_call(enum efi_service service, const u64 args[EFI_ARGS], u64 *status)
{
	u64 function = word(services, service);
	bool faulted = false;

	if (!efi_usable())
		return -EOPNOTSUPP;
	*status = EFI_UNSUPPORTED;
	if (!function)
		return 0;
	if (!spin_trylock(&efi_lock))
		return -ERESTART;
	if (!broken) {
		*status = call_on_its_tables(function, args);
		broken = faulted = fault.happened;
	}
	spin_unlock(&efi_lock);
	if (faulted)
		tell_fault(service);
	return 0;
}

void efi_reset(bool off)
{
	const u64 args[EFI_ARGS] = { off ? RESET_SHUTDOWN : RESET_COLD };
	u64 status;

	if (!efi_call(EFI_RESET_SYSTEM, args, &status))
		log_err("EFI: the firmware does not %s the machine (status %#lx)", off ? "switch off" : "reset",
			status);
}

/* Interrupts that came meanwhile run code of ours: a fault in that is our own. */
bool efi_recover(struct regs *regs)
{
	if (READ_ONCE(inside) != this_cpu() || image_contains_text(regs->rip))
		return false;
	fault.happened = true;
	fault.vector = regs->vector;
	fault.error_code = regs->error_code;
	fault.rip = regs->rip;
	fault.address = regs->vector == X86_VEC_PF || regs->vector == X86_VEC_DF ? read_cr2() : 0;
	regs->rip = (u64)efi_abandon;
	regs->rsp = efi_stack;
	regs->rflags = RFLAGS_FIXED;
	return true;
}

/* ---- efi= ---- */

static int __init set_item(char *item)
{
	struct cmdline_arg arg = { item, NULL };
	char *equals = strchr(item, '=');
	int on;

	if (!strcmp(item, "attr=no") || !strcmp(item, "attr=uc")) {
		odd_uc = item[5] == 'u';
		return 0;
	}
	if (equals) {
		*equals = '\0';
		arg.value = equals + 1;
	}
	on = cmdline_match_bool(&arg, "rs");
	if (on < 0)
		return -EINVAL;
	wanted = on;
	return 0;
}

static int __init param_efi(const char *value)
{
	char list[64], *pos = list, *item;
	int rc = 0;

	if (!value || !*value || strlcpy(list, value, sizeof(list)) >= sizeof(list))
		return -EINVAL;
	while (!rc && (item = cmdline_next_item(&pos, ',')))
		rc = set_item(item);
	return rc;
}

const struct param efi_params[] = {
	{ "efi", "[no-]rs: call the firmware's runtime services; attr=uc: map even what it does not describe",
	  param_efi },
	{ 0 },
};
