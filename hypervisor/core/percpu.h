/* SPDX-License-Identifier: MIT */
/*
 * struct cpu_local, this_cpu() and `current`: see x86/percpu.h, which the lowest floor needs too.
 */
#ifndef CORE_PERCPU_H
#define CORE_PERCPU_H

#include "x86/percpu.h"

#endif
