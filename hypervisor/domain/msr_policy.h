/* SPDX-License-Identifier: MIT */
/*
 * Model-specific registers as PV guests see them. What is not in the tables does not exist: #GP.
 */
#ifndef DOMAIN_MSR_POLICY_H
#define DOMAIN_MSR_POLICY_H

#include "domain/domain.h"

/* 0, or -EPERM where the instruction raises #GP. v is current. */
int msr_guest_read(struct vcpu *v, u32 msr, u64 *value);
int msr_guest_write(struct vcpu *v, u32 msr, u64 value);

#endif
