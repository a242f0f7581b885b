/* SPDX-License-Identifier: MIT */
/* What a new domain's CPUID says: see policy.c. */
#ifndef DAEMON_POLICY_H
#define DAEMON_POLICY_H

#include "base/error.h"
#include "hv/domctl.h"

/* By cpuid= of its configuration; NULL: as the hypervisor has it. */
int policy_apply(domid_t domid, const char *cpuid, struct error *err) __must_check;

#endif
