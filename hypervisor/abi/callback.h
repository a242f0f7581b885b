/* SPDX-License-Identifier: MIT */
/* callback_op: where the hypervisor enters a PV kernel for events, failed returns, syscalls and NMIs. */
#ifndef ABI_CALLBACK_H
#define ABI_CALLBACK_H

#include "abi/types.h"

#define CALLBACKOP_register	0
#define CALLBACKOP_unregister	1

#define CALLBACKTYPE_event			0
#define CALLBACKTYPE_failsafe			1
#define CALLBACKTYPE_syscall			2	/* syscall from 64-bit user mode */
#define CALLBACKTYPE_sysenter_deprecated	3
#define CALLBACKTYPE_nmi			4
#define CALLBACKTYPE_sysenter			5
#define CALLBACKTYPE_syscall32			7	/* syscall from 32-bit user mode */

#define _CALLBACKF_mask_events	0
#define CALLBACKF_mask_events	(1U << _CALLBACKF_mask_events)

struct callback_register {
	uint16_t type;			/* CALLBACKTYPE_* */
	uint16_t flags;			/* CALLBACKF_* */
	xen_callback_t address;
};

struct callback_unregister {
	uint16_t type;
	uint16_t _unused;
};

_Static_assert(sizeof(struct callback_register) == 16, "two words");

#endif
