/* SPDX-License-Identifier: MIT */
/* Privileged instructions of guest kernels (which run in ring 3): see priv_op.c. */
#ifndef PV_PRIV_OP_H
#define PV_PRIV_OP_H

#include "domain/domain.h"

/* True if the instruction at v's rip was carried out (or its own fault delivered); false: #GP is the guest's. */
bool pv_emulate_privileged(struct vcpu *v);
void pv_emulate_cpuid(struct vcpu *v);		/* registers only */

/* Ports as the domain may use them: 1, 2, 4 bytes. What is withheld reads as ones and swallows writes. */
u32 pv_port_read(struct domain *d, u32 port, u32 bytes);
void pv_port_write(struct domain *d, u32 port, u32 bytes, u32 value);

#endif
