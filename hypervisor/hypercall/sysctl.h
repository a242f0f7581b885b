/* SPDX-License-Identifier: MIT */
/* sysctl: what its operations share. Each gets the structure copied in; SYSCTL_COPY_BACK: success, and it goes back. */
#ifndef HYPERCALL_SYSCTL_H
#define HYPERCALL_SYSCTL_H

#include "abi/sysctl.h"

#define SYSCTL_COPY_BACK	1

int sysctl_perfc_op(struct xen_sysctl *op);
int sysctl_get_pmstat(struct xen_sysctl *op);
int sysctl_pm_op(struct xen_sysctl *op);

#endif
