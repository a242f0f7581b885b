/* SPDX-License-Identifier: MIT */
/* The guest's part of a context switch: see switch.c. */
#ifndef PV_SWITCH_H
#define PV_SWITCH_H

#include "domain/domain.h"

void pv_switch_from(struct vcpu *v);
void pv_switch_to(struct vcpu *v);

#endif
