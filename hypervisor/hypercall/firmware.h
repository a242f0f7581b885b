/* SPDX-License-Identifier: MIT */
/*
 * What platform_op asks of the firmware for dom0: 0 and the structure filled, or an error.
 */
#ifndef HYPERCALL_FIRMWARE_H
#define HYPERCALL_FIRMWARE_H

#include "abi/platform.h"

int firmware_info(struct xenpf_firmware_info *info);
/* -ERESTART while another CPU is in the firmware. */
int efi_runtime_call(struct xenpf_efi_runtime_call *call);

#endif
