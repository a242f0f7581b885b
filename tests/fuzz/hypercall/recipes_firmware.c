/* SPDX-License-Identifier: MIT */
/*
 * dom0 and UEFI's firmware: services that answer with anything, sizes larger than the buffer among it, and facts asked
 * for. The machine has firmware as long as the recipe lasts; sometimes it has tables, but its services are off.
 */
#include <string.h>

#include "abi/platform.h"
#include "boot/boot_info.h"
#include "fuzz.h"
#include "lib/errno.h"

#define NAME	guest_va(CONTEXT_PAGE)
#define DATA	(guest_va(CONTEXT_PAGE) + 1024)

static const u64 statuses[] = { 0, 0, 0, EFI_BUFFER_TOO_SMALL, EFI_UNSUPPORTED };

static u64 some_size(u64 asked)
{
	u32 b = in_byte();

	return b < 128 ? asked : b < 200 ? asked / 2 : b < 240 ? asked + in_below(64) : pick_any();
}

/* What a service writes to where it is told to. */
static void answer(enum efi_service service, const u64 args[EFI_ARGS])
{
	switch (service) {
	case EFI_GET_VARIABLE:
		*(u32 *)args[2] = in_byte();
		memset((void *)args[4], in_byte(), MIN(*(u64 *)args[3], 64ul));
		*(u64 *)args[3] = some_size(*(u64 *)args[3]);
		break;
	case EFI_GET_NEXT_VARIABLE_NAME:
		memset((void *)args[1], in_byte(), MIN(*(u64 *)args[0], 64ul));
		*(u64 *)args[0] = some_size(*(u64 *)args[0]);
		break;
	case EFI_GET_TIME:
		*(u8 *)(args[1] + 8) = (u8)in_bit();
		break;
	case EFI_GET_WAKEUP_TIME:
		*(u8 *)args[0] = (u8)in_bit();
		*(u8 *)args[1] = (u8)in_bit();
		break;
	case EFI_GET_NEXT_HIGH_MONOTONIC_COUNT:
		*(u32 *)args[0] = in_byte();
		break;
	case EFI_QUERY_VARIABLE_INFO:
		for (u32 i = 1; i < 4; i++)
			*(u64 *)args[i] = in_byte();
		break;
	default:
		break;
	}
}

static int firmware(enum efi_service service, const u64 args[EFI_ARGS], u64 *status)
{
	u32 how = in_byte();

	if (how < 16)
		return how < 8 ? -ERESTART : -EIO;
	*status = statuses[how % ARRAY_SIZE(statuses)];
	answer(service, args);
	return 0;
}

static void call_service(void)
{
	static const u32 sizes[] = { 0, 1, 64, 1024, 4095, 65536, 65537, ~0u };
	u16 name[8] = { 'B', 'o', 'o', 't', in_byte() < 220 ? 0 : 'x', 0 };
	struct xen_platform_op op = {
		.cmd = XENPF_efi_runtime_call, .interface_version = XENPF_INTERFACE_VERSION,
		.u.efi_runtime_call = { .function = in_below(14), .misc = in_byte() < 160 ? in_below(4) : 0 },
	};
	struct xenpf_efi_runtime_call *c = &op.u.efi_runtime_call;

	guest_write(in_byte() < 240 ? NAME : guest_va(CONTEXT_PAGE + 2) - sizeof(name), name, sizeof(name));
	if (c->function == XEN_EFI_get_next_variable_name) {
		c->u.get_next_variable_name.size = sizes[in_below(ARRAY_SIZE(sizes))];
		c->u.get_next_variable_name.name = in_byte() < 230 ? NAME : guest_va(NO_PAGE);
	} else if (c->function == XEN_EFI_get_variable || c->function == XEN_EFI_set_variable) {
		c->u.get_variable.name = in_byte() < 230 ? NAME : guest_va(NO_PAGE);
		c->u.get_variable.size = sizes[in_below(ARRAY_SIZE(sizes))];
		c->u.get_variable.data = in_byte() < 230 ? DATA : guest_va(NO_PAGE);
	}
	(void)recipe_call(__HYPERVISOR_platform_op, op.cmd, &op, sizeof(op), 0);
}

static void ask_facts(void)
{
	struct xen_platform_op op = {
		.cmd = XENPF_firmware_info, .interface_version = XENPF_INTERFACE_VERSION,
		.u.firmware_info = { .type = in_byte() < 220 ? XEN_FW_EFI_INFO : in_below(8), .index = in_below(8) },
	};
	union xenpf_efi_info *info = &op.u.firmware_info.u.efi_info;

	if (op.u.firmware_info.index == XEN_FW_EFI_VENDOR) {
		info->vendor.bufsz = in_byte();
		info->vendor.name = in_byte() < 200 ? DATA : guest_va(NO_PAGE);
	} else if (op.u.firmware_info.index == XEN_FW_EFI_MEM_INFO) {
		info->mem.addr = in_byte() < 200 ? in_byte() << (PAGE_SHIFT - 2) : pick_any();
		info->mem.size = in_byte() < 128 ? in_byte() << PAGE_SHIFT : pick_any();
	}
	(void)recipe_call(__HYPERVISOR_platform_op, op.cmd, &op, sizeof(op), 0);
}

/* A region of memory, then a hole, then another. */
static void describe_machine(bool services)
{
	machine_firmware = services ? firmware : NULL;
	memcpy(efi_facts.vendor, (u16[]){ 'p', 'a', 'p', 'e', 'r', 0 }, 12);
	boot_info.efi_system_table = 0x1000;
	boot_info.efi_tables = in_byte() < 200 ? 0x2000 : 0;
	boot_info.nr_efi_map = 2;
	boot_info.efi_map[0] = (struct boot_efi_region){ .start = 0, .pages = 8, .type = 4 };
	boot_info.efi_map[1] = (struct boot_efi_region){ .start = 32 << PAGE_SHIFT, .pages = 8, .type = 7 };
}

void recipe_firmware(void)
{
	if (!become(&slots[0]))
		return;
	describe_machine(in_byte() < 240);
	for (u32 n = 1 + in_below(4); n; n--) {
		if (in_byte() < 170)
			call_service();
		else
			ask_facts();
	}
	machine_firmware = NULL;
	boot_info.efi_system_table = boot_info.efi_tables = 0;
	boot_info.nr_efi_map = 0;
}
