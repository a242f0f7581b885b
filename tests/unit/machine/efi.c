/* SPDX-License-Identifier: MIT */
/*
 * Firmware of paper: none, until a test supplies some.
 */
#include "lib/errno.h"
#include "machine.h"

struct efi_facts efi_facts;
int (*machine_firmware)(enum efi_service service, const u64 args[EFI_ARGS], u64 *status);

bool efi_usable(void)
{
	return machine_firmware;
}

int efi_call(enum efi_service service, const u64 args[EFI_ARGS], u64 *status)
{
	return machine_firmware ? machine_firmware(service, args, status) : -EOPNOTSUPP;
}
