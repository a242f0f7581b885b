/* SPDX-License-Identifier: MIT */
/*
 * The end. panic() stops the other CPUs, prints the reason, registers, a symbolised trace, build-id, the current
 * vCPU and the held locks, and then resets the machine (or waits, with noreboot). For faults of our own only:
 * what a guest did wrong ends in an error or in domain_crash().
 */
#ifndef CORE_PANIC_H
#define CORE_PANIC_H

#include "lib/types.h"

struct regs;

__noreturn void panic(const char *fmt, ...) __printf(1, 2);
__noreturn void panic_regs(const struct regs *regs, const char *fmt, ...) __printf(2, 3);

#define BUG()		panic("BUG at %s:%d", __FILE__, __LINE__)
#define BUG_ON(cond)	do { if (unlikely(cond)) panic("BUG at %s:%d: %s", __FILE__, __LINE__, #cond); } while (0)
#ifdef NDEBUG
#define ASSERT(cond)	do { (void)sizeof(cond); } while (0)
#else
#define ASSERT(cond)	BUG_ON(!(cond))
#endif

#endif
