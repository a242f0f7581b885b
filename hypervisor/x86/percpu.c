/* SPDX-License-Identifier: MIT */
/*
 * Which CPUs there are and where their own blocks stand. A CPU's entry is set before it starts and never
 * changes.
 */
#include "x86/cpumask.h"

struct cpu_local *cpu_locals[MAX_CPUS];
cpumask_t cpu_online_mask, cpu_started_mask;
u32 cpu_online_count;
