/* SPDX-License-Identifier: MIT */
/*
 * Steps of boot/main.c that choose among this folder's parts by the command line.
 */
#ifndef PLATFORM_SETUP_H
#define PLATFORM_SETUP_H

#include "core/param.h"

extern const struct param setup_params[];

void console_setup_early(void);		/* serial ports and screen, before anything is said */
void console_setup_ring(void);		/* conring_size=, once there is memory */
void cpu_setup_boot(void);		/* switches on and describes what is left */
void lapic_setup_boot(void);

#endif
