/* SPDX-License-Identifier: MIT */
/*
 * The oracle: between two hypercalls it recounts from nothing what every frame's counts must be, from live page tables,
 * pins, vCPUs, grants, event pages and allocations, and compares. It shares no code with what it checks beyond the
 * declarations. What it demands:
 *
 *   - each frame's references are exactly those that something stands for, and so is its type count
 *   - no frame is counted as two types: nothing writable is a page table or a descriptor page
 *   - nothing of the hypervisor's and nothing free is mapped by a guest; level-4 tables carry the hypervisor's slots
 *   - each frame of a domain is on exactly one list of its owner; the lists' lengths are the domain's counts
 *   - free frames are as many as the allocator says, and no frame is lost in between
 *   - pins of grants are those of the mappings; claims add up; no lock is held, interrupts are on
 *
 * For the fake machine of tests/unit/machine: one thread, every CPU at rest.
 */
#ifndef ORACLE_H
#define ORACLE_H

#include "lib/types.h"

/* False, and a line on stdout for each thing that is wrong (the first few of them). */
bool oracle_check(void);

#endif
