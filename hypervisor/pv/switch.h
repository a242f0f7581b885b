/* SPDX-License-Identifier: MIT */
/* The guest's part of a context switch: see switch.c. */
#ifndef PV_SWITCH_H
#define PV_SWITCH_H

#include "domain/domain.h"

void pv_switch_from(struct vcpu *v);
void pv_switch_to(struct vcpu *v);

/* Some breakpoint is enabled: only then do the CPU's debug registers hold the vCPU's. */
static inline bool pv_debug_active(const struct pv_vcpu *pv)
{
	return pv->dr[7] & 0xff;
}

void pv_load_debugregs(const struct pv_vcpu *pv);	/* regs.c */

#endif
