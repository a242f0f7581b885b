/* SPDX-License-Identifier: MIT */
/*
 * A screen in a graphics mode of the loader's, as console output until dom0 takes it over.
 */
#ifndef PLATFORM_LFB_H
#define PLATFORM_LFB_H

#include "lib/types.h"

void lfb_init(void);		/* registers it if the loader left a mode that can be drawn on */
void lfb_map(void);		/* there are page tables of our own: maps it for good, before the boot tables go */
void lfb_release(void);		/* dom0 starts */
bool lfb_in_use(void);

#endif
