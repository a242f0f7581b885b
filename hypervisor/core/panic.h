/* SPDX-License-Identifier: MIT */
/*
 * The end. panic() stops the other CPUs, prints the reason, registers, a symbolised trace, build-id, the
 * current vCPU and the held locks, and then resets the machine (or waits, with noreboot). For faults of our
 * own only: what a guest did wrong ends in an error or in domain_crash().
 */
#ifndef CORE_PANIC_H
#define CORE_PANIC_H

#include "core/param.h"
#include "lib/types.h"

struct regs;
struct vcpu;

__noreturn void panic(const char *fmt, ...) __printf(1, 2);
__noreturn void panic_regs(const struct regs *regs, const char *fmt, ...) __printf(2, 3);

extern const struct param panic_params[];
/* noreboot was given: for whoever else ends the machine, such as a crash of dom0. */
bool panic_wants_no_reboot(void);
void panic_set_no_reboot(void);

/* Set by higher floors: what vCPU that is, and how the machine resets (or, with noreboot, waits). */
extern void (*panic_vcpu_hook)(const struct vcpu *v, char *buf, size_t size);
extern void (*panic_end_hook)(bool noreboot);

#define BUG()		panic("BUG at %s:%d", __FILE__, __LINE__)
#define BUG_ON(cond) do {									\
		if (unlikely(cond))								\
			panic("BUG at %s:%d: %s", __FILE__, __LINE__, #cond);			\
	} while (0)
#ifdef NDEBUG
#define PANIC_DEBUG	'n'
#define ASSERT(cond)	do { (void)sizeof(cond); } while (0)
#else
#define PANIC_DEBUG	'y'
#define ASSERT(cond)	BUG_ON(!(cond))
#endif

#endif
