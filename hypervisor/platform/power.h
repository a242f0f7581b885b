/* SPDX-License-Identifier: MIT */
/*
 * What sleeping and switching off share.
 */
#ifndef PLATFORM_POWER_H
#define PLATFORM_POWER_H

#include "lib/types.h"

/* Sends the machine to sleep by the values of its sleep registers; returns if it is still awake after half a second. */
void power_write_pm1(u16 pm1a, u16 pm1b);

#endif
