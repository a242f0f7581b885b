/* SPDX-License-Identifier: MIT */
/*
 * The screen of a PC, as console output until dom0 takes it over.
 */
#ifndef PLATFORM_VGA_H
#define PLATFORM_VGA_H

#include "core/param.h"

extern const struct param vga_params[];

void vga_init(void);		/* registers it if the loader left a mode that can be written in */
void vga_release(void);		/* dom0 starts: off, unless vga=keep; fills boot_info.video's cursor */

#endif
