/* SPDX-License-Identifier: MIT */
/* dom0_mem=: see memory.c. */
#ifndef BUILDER_DOM0_MEM_H
#define BUILDER_DOM0_MEM_H

#include "lib/types.h"

int dom0_mem_parse(const char *value);
u64 dom0_mem_pages(u64 available);
u64 dom0_mem_max_pages(u64 pages, u64 available);

#endif
