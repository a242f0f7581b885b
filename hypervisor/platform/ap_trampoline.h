/* SPDX-License-Identifier: MIT */
/*
 * The code that another processor starts in: copied to a page below 640 KiB, entered in real mode at its
 * start. The parameters stand at the page's end.
 */
#ifndef PLATFORM_AP_TRAMPOLINE_H
#define PLATFORM_AP_TRAMPOLINE_H

#define AP_PARAM_CR3	0xfe0		/* page tables that map this page and the image; below 4 GiB */
#define AP_PARAM_STACK	0xfe8
#define AP_PARAM_ENTRY	0xff0		/* C function of no arguments that does not return */
#define AP_PARAM_ALIVE	0xff8		/* becomes 1 as soon as the processor runs */

#ifndef __ASSEMBLY__
#include "lib/types.h"
extern const u8 ap_trampoline_start[], ap_trampoline_end[];
#endif

#endif
