/* SPDX-License-Identifier: MIT */
/* Between the files of memory_op. */
#ifndef HYPERCALL_MEMORY_H
#define HYPERCALL_MEMORY_H

#include "abi/memory.h"
#include "domain/domain.h"

/* `start` is the extent to begin with; the result is extents done, or a restart's value. */
long memory_increase(u64 start, u64 arg);
long memory_decrease(u64 start, u64 arg);
long memory_populate(u64 start, u64 arg);
long memory_exchange(u64 arg);
/* memory_op has to be called again, from extent `at`. */
long memory_restart(u32 cmd, u64 at, u64 arg);

#endif
