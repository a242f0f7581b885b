/* SPDX-License-Identifier: MIT */
/*
 * What the firmware told: of a BIOS what stands in its data area, since nobody can ask it any more; of UEFI what its
 * system table and memory map say.
 */
#include "boot/boot_info.h"
#include "domain/guest_copy.h"
#include "hypercall/firmware.h"
#include "lib/errno.h"
#include "mm/frame.h"
#include "platform/efi.h"

static int efi_version(union xenpf_efi_info *info)
{
	info->version = efi_facts.revision;
	return 0;
}

static int efi_services_version(union xenpf_efi_info *info)
{
	if (!efi_usable())
		return -EOPNOTSUPP;
	info->version = efi_facts.services_revision;
	return 0;
}

static int efi_config_table(union xenpf_efi_info *info)
{
	if (!boot_info.efi_tables)
		return -ESRCH;
	info->cfg.addr = boot_info.efi_tables;
	info->cfg.nent = boot_info.efi_nr_tables;
	return 0;
}

/* As much of the name as there is room for; it ends with 0 if that fits, too. */
static int efi_vendor(union xenpf_efi_info *info)
{
	u32 room = info->vendor.bufsz / sizeof(efi_facts.vendor[0]), n = 0;

	info->vendor.revision = efi_facts.vendor_revision;
	while (efi_facts.vendor[n])
		n++;
	return guest_copy_to(info->vendor.name, efi_facts.vendor, MIN(room, n + 1) * sizeof(efi_facts.vendor[0])) ?
	       -EFAULT : 0;
}

/* The region that holds an address; the span is cut to it. */
static int efi_memory(union xenpf_efi_info *info)
{
	for (u32 i = 0; i < boot_info.nr_efi_map; i++) {
		const struct boot_efi_region *r = &boot_info.efi_map[i];
		u64 into = info->mem.addr - r->start;

		if (info->mem.addr < r->start || into >> PAGE_SHIFT >= r->pages)
			continue;
		info->mem.size = MIN(info->mem.size, (r->pages << PAGE_SHIFT) - into);
		info->mem.type = r->type;
		info->mem.attr = r->attributes;
		return 0;
	}
	return -ESRCH;
}

/* ROMs of PCI devices are the boot services' to tell, which the loader has left. */
static int efi_pci_rom(union xenpf_efi_info *info)
{
	return -ESRCH;
}

static int efi_apple_properties(union xenpf_efi_info *info)
{
	return -ENODATA;
}

static int (*const efi_items[])(union xenpf_efi_info *info) = {
	[XEN_FW_EFI_VERSION] = efi_version,
	[XEN_FW_EFI_CONFIG_TABLE] = efi_config_table,
	[XEN_FW_EFI_VENDOR] = efi_vendor,
	[XEN_FW_EFI_MEM_INFO] = efi_memory,
	[XEN_FW_EFI_RT_VERSION] = efi_services_version,
	[XEN_FW_EFI_PCI_ROM] = efi_pci_rom,
	[XEN_FW_EFI_APPLE_PROPERTIES] = efi_apple_properties,
};

static int efi_info(struct xenpf_firmware_info *info)
{
	if (!boot_info.efi_system_table)
		return -ENOSYS;
	return info->index < ARRAY_SIZE(efi_items) ? efi_items[info->index](&info->u.efi_info) : -EINVAL;
}

int firmware_info(struct xenpf_firmware_info *info)
{
	switch (info->type) {
	case XEN_FW_DISK_INFO:
	case XEN_FW_DISK_MBR_SIGNATURE:
	case XEN_FW_VBEDDC_INFO:
		return -ESRCH;		/* the BIOS was not asked */
	case XEN_FW_KBD_SHIFT_FLAGS:
		if (info->index || boot_info.efi_system_table)
			return -ESRCH;
		info->u.kbd_shift_flags = *(const u8 *)maddr_to_virt(0x417);	/* BIOS data area */
		return 0;
	case XEN_FW_EFI_INFO:
		return efi_info(info);
	}
	return -EINVAL;
}
