/* SPDX-License-Identifier: MIT */
/*
 * The letters of the graphics screen's console.
 */
#ifndef PLATFORM_FONT_H
#define PLATFORM_FONT_H

#include "lib/types.h"

#define FONT_FIRST	0x20u
#define FONT_LAST	0x7eu
#define FONT_WIDTH	5u
#define FONT_HEIGHT	8u

/* Rows from the top; bit FONT_WIDTH - 1 is the left one. */
extern const u8 font[FONT_LAST - FONT_FIRST + 1][FONT_HEIGHT];

#endif
