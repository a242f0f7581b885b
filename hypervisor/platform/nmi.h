/* SPDX-License-Identifier: MIT */
/*
 * Non-maskable interrupts and machine checks. Called by entry/ on their own stacks; no lock may be waited
 * for, so what is to be said is said later, by a softirq.
 */
#ifndef PLATFORM_NMI_H
#define PLATFORM_NMI_H

#include "core/param.h"

struct regs;

extern const struct param nmi_params[];

void nmi_init(void);
void nmi_interrupt(struct regs *regs);
void mce_init_cpu(void);
void machine_check_interrupt(struct regs *regs);
/* Set by domain/: a hardware NMI that is dom0's to hear about (nmi=dom0). Any context but this one's. */
extern void (*nmi_dom0_hook)(void);

#endif
