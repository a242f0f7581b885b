/* SPDX-License-Identifier: MIT */
/*
 * Debug keys: Ctrl-A three times on the serial line, then a key; also SYSCTL debug_keys. Functions run in
 * softirq or hypercall context with interrupts on and no lock held. The table is filled at boot.
 */
#ifndef CORE_KEYHANDLER_H
#define CORE_KEYHANDLER_H

#include "lib/types.h"

void keyhandler_register(u8 key, void (*fn)(u8 key), const char *what);
void keyhandler_run(u8 key);
void keyhandler_init(void);	/* the keys of this folder: h, and what core/ knows */

#endif
