/* SPDX-License-Identifier: MIT */
/* CPUs that come and go at dom0's word, which has two calls for it (platform_op, sysctl). */
#ifndef HYPERCALL_CPU_SWITCH_H
#define HYPERCALL_CPU_SWITCH_H

#include "lib/types.h"

/*
 * -EINVAL: no such CPU, or off already; -EOPNOTSUPP: the boot CPU stays; or why it does not start. dom0 hears of
 * success.
 */
int cpu_switch(u32 cpu, bool on);

#endif
