/* SPDX-License-Identifier: MIT */
/*
 * Finding the tables: RSDP (from the loader, from EFI's system table, or by search of the BIOS area), then
 * XSDT or RSDT, then each table mapped, its length and sum checked.
 */
#include "platform/acpi.h"

#include "boot/boot_info.h"
#include "core/log.h"
#include "core/param.h"
#include "lib/cmdline.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/hostmap.h"
#include "platform/efi.h"

#define MAX_TABLES	64u
#define MAX_TABLE_SIZE	MiB(16)

struct acpi_rsdp {
	char signature[8];
	u8 checksum;
	char oem_id[6];
	u8 revision;
	u32 rsdt;
	u32 length;		/* from revision 2 on */
	u64 xsdt;
	u8 checksum2;
	u8 reserved[3];
} __packed;
static_assert(sizeof(struct acpi_rsdp) == 36, "ACPI 6.4, 5.2.5.3");
#define RSDP_SIZE_1	20

struct acpi_facts acpi_facts;

static const struct acpi_header *tables[MAX_TABLES];
static u32 nr_tables;
static bool acpi_off;

static bool acpi_sum_ok(const void *data, size_t len)
{
	const u8 *p = data;
	u8 sum = 0;

	while (len--)
		sum += *p++;
	return sum == 0;
}

static bool acpi_rsdp_valid(const struct acpi_rsdp *r)
{
	if (memcmp(r->signature, "RSD PTR ", 8) || !acpi_sum_ok(r, RSDP_SIZE_1))
		return false;
	return r->revision < 2 || (r->length >= sizeof(*r) && r->length <= 4096);
}

/* The structure stands at a multiple of 16 in the given part of the first MiB. */
static u64 acpi_search(u64 start, u64 end)
{
	for (u64 at = ROUNDUP(start, 16); at + sizeof(struct acpi_rsdp) <= end; at += 16)
		if (acpi_rsdp_valid(maddr_to_virt(at)))
			return at;
	return 0;
}

static u64 acpi_from_efi(void)
{
	static const u8 acpi20[16] = { 0x71, 0xe8, 0x68, 0x88, 0xf1, 0xe4, 0xd3, 0x11,
				       0xbc, 0x22, 0x00, 0x80, 0xc7, 0x3c, 0x88, 0x81 };

	return efi_find_table(acpi20);
}

/* Fills *rsdp with a checked copy. */
static bool acpi_find_rsdp(struct acpi_rsdp *rsdp)
{
	u64 at = boot_info.rsdp;

	if (!at && boot_info.efi_system_table)
		at = acpi_from_efi();
	if (!at && !boot_info.efi_system_table) {
		u64 ebda = (u64)*(const u16 *)maddr_to_virt(0x40e) << 4;

		at = ebda >= 0x80000 && ebda < 0xa0000 ? acpi_search(ebda, MIN(ebda + 1024, 0xa0000ul)) : 0;
		if (!at)
			at = acpi_search(0xe0000, 0x100000);
	}
	acpi_facts.rsdp = at;
	if (at) {
		const void *p = hostmap_mmio(at, sizeof(*rsdp), HOSTMAP_WB);

		if (!p)
			return false;
		memcpy(rsdp, p, sizeof(*rsdp));
		hostmap_unmap((void *)p, sizeof(*rsdp));
		if (acpi_rsdp_valid(rsdp))
			return true;
		log_warn("ACPI: the root pointer at %#lx is damaged; update the machine's firmware", at);
	}
	/* The loader's copy has no address of its own, but leads to the same tables. */
	memcpy(rsdp, boot_info.rsdp_copy, sizeof(*rsdp));
	return acpi_rsdp_valid(rsdp);
}

/* Maps a table whole if it is sound. */
static const struct acpi_header *acpi_map_table(u64 maddr)
{
	const struct acpi_header *h = hostmap_mmio(maddr, sizeof(*h), HOSTMAP_WB);
	struct acpi_header head;

	if (!h)
		return NULL;
	head = *h;
	hostmap_unmap((void *)h, sizeof(*h));
	if (head.length < sizeof(head) || head.length > MAX_TABLE_SIZE) {
		log_warn("ACPI: table at %#lx has length %u: skipped; update the machine's firmware", maddr,
			 head.length);
		return NULL;
	}
	h = hostmap_mmio(maddr, head.length, HOSTMAP_WB);
	if (h && !acpi_sum_ok(h, head.length)) {
		log_warn("ACPI: table %.4s at %#lx has a wrong checksum: skipped; update the machine's firmware",
			 head.signature, maddr);
		hostmap_unmap((void *)h, head.length);
		return NULL;
	}
	return h;
}

static void acpi_add_table(u64 maddr)
{
	const struct acpi_header *h = maddr ? acpi_map_table(maddr) : NULL;

	if (!h)
		return;
	log_debug("ACPI: %.4s %#lx, length %u, revision %u (%.6s)", h->signature, maddr, h->length,
		  h->revision,
		  h->oem_id);
	if (nr_tables == MAX_TABLES) {
		log_warn("ACPI: more than %u tables: %.4s skipped", MAX_TABLES, h->signature);
		hostmap_unmap((void *)h, h->length);
		return;
	}
	tables[nr_tables++] = h;
}

/* The root's entries are addresses of 4 or 8 bytes. */
static bool acpi_read_root(u64 maddr, const char *signature, u32 entry_size)
{
	const struct acpi_header *root = maddr ? acpi_map_table(maddr) : NULL;
	const u8 *entries = (const u8 *)(root + 1);
	u32 count;

	if (!root)
		return false;
	if (memcmp(root->signature, signature, 4)) {
		log_warn("ACPI: %s expected at %#lx, found %.4s", signature, maddr, root->signature);
		hostmap_unmap((void *)root, root->length);
		return false;
	}
	count = (root->length - sizeof(*root)) / entry_size;
	for (u32 i = 0; i < count; i++) {
		u64 address = 0;

		memcpy(&address, entries + i * entry_size, entry_size);
		acpi_add_table(address);
	}
	hostmap_unmap((void *)root, root->length);
	return true;
}

const struct acpi_header *acpi_find_table(const char *signature, u32 instance)
{
	for (u32 i = 0; i < nr_tables; i++)
		if (!memcmp(tables[i]->signature, signature, 4) && instance-- == 0)
			return tables[i];
	return NULL;
}

void acpi_init(void)
{
	struct acpi_rsdp rsdp;

	acpi_facts.legacy_pics = true;
	if (acpi_off || !acpi_find_rsdp(&rsdp)) {
		log_warn("ACPI: %s; one CPU and the legacy interrupts are assumed", acpi_off ? "off" :
			 "the root pointer is not found; update the machine's firmware");
		return;
	}
	if (!(rsdp.revision >= 2 && rsdp.xsdt && acpi_read_root(rsdp.xsdt, "XSDT", 8)))
		acpi_read_root(rsdp.rsdt, "RSDT", 4);
	acpi_parse_fadt();
	acpi_parse_madt();
	acpi_parse_hpet();
	acpi_parse_mcfg();
	acpi_parse_srat();
	acpi_forget_tables();
}

void acpi_forget_tables(void)
{
	while (nr_tables) {
		const struct acpi_header *h = tables[--nr_tables];

		hostmap_unmap((void *)h, h->length);
	}
}

u32 acpi_isa_irq_to_gsi(u32 irq)
{
	for (u32 i = 0; i < acpi_facts.nr_overrides; i++)
		if (acpi_facts.overrides[i].isa_irq == irq)
			return acpi_facts.overrides[i].gsi;
	return irq;
}

static int param_acpi(const char *value)
{
	int on;

	if (value && (!strcmp(value, "ht") || !strcmp(value, "force") || !strcmp(value, "verbose") ||
		      !*value))
		return 0;
	on = value ? cmdline_parse_bool(value) : 0;
	if (on < 0)
		return -EINVAL;
	acpi_off = !on;
	return 0;
}

const struct param acpi_params[] = {
	{ "acpi", "off: do without the firmware's tables", param_acpi },
	{ 0 },
};
