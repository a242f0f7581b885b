/* SPDX-License-Identifier: MIT */
/*
 * Register dumps and call traces by frame pointers. Output goes to the log at error level.
 */
#ifndef CORE_BACKTRACE_H
#define CORE_BACKTRACE_H

#include "lib/types.h"

struct regs;

void backtrace_print_here(void);
/* Of interrupted code of the hypervisor. */
void backtrace_print(const struct regs *regs);
void regs_print(const struct regs *regs);

#endif
