/* SPDX-License-Identifier: MIT */
/*
 * Included ahead of every file by the build: whatever is declared is in this image, so it is reached directly
 * and not through a global offset table, which position-independent code would otherwise use.
 */
#ifndef LIB_VISIBILITY_H
#define LIB_VISIBILITY_H

#pragma GCC visibility push(hidden)

#endif
