/* SPDX-License-Identifier: MIT */
/* Stores of a guest kernel to memory that it may only read: see ro_fault.c. */
#ifndef PV_RO_FAULT_H
#define PV_RO_FAULT_H

#include "domain/domain.h"
#include "pv/type.h"

/* True if the store at v's rip was carried out (or must be tried again); false: it is the guest's own fault. */
bool pv_ro_fault(struct vcpu *v, u64 cr2);

#endif
