/* SPDX-License-Identifier: MIT */
/*
 * Between the files of domctl: one function an operation. `d` is the domain named, counted; the copied-in structure may
 * be changed, and goes back to the caller if the function returns DOMCTL_COPY_BACK. Serialised by domctl_lock.
 */
#ifndef HYPERCALL_DOMCTL_H
#define HYPERCALL_DOMCTL_H

#include "abi/domctl.h"
#include "domain/domain.h"

#define DOMCTL_COPY_BACK	1
#define DOMCTL_COPY_BACK_EINVAL	2	/* refused, and the structure says what */

typedef int (*domctl_fn)(struct domain *d, struct xen_domctl *op);

/* Whoever pauses domains for the privileged, or lets them go, holds this. False: come again. */
bool __must_check domctl_lock_try(void);
void domctl_unlock(void);

/* domctl_life.c */
int domctl_createdomain(struct xen_domctl *op);
int domctl_max_vcpus(struct domain *d, struct xen_domctl *op);
int domctl_destroydomain(struct domain *d, struct xen_domctl *op);
int domctl_pausedomain(struct domain *d, struct xen_domctl *op);
int domctl_unpausedomain(struct domain *d, struct xen_domctl *op);
int domctl_resumedomain(struct domain *d, struct xen_domctl *op);
int domctl_getdomaininfo(struct domain *d, struct xen_domctl *op);
int domctl_setdomainhandle(struct domain *d, struct xen_domctl *op);
int domctl_settimeoffset(struct domain *d, struct xen_domctl *op);
int domctl_max_mem(struct domain *d, struct xen_domctl *op);
int domctl_address_size(struct domain *d, struct xen_domctl *op);
int domctl_hypercall_init(struct domain *d, struct xen_domctl *op);
int domctl_tscinfo(struct domain *d, struct xen_domctl *op);
int domctl_shadow_op(struct domain *d, struct xen_domctl *op);
int domctl_getpageframeinfo3(struct domain *d, struct xen_domctl *op);
void domain_info_fill(struct domain *d, struct xen_domctl_getdomaininfo *info);

/* domctl_vcpu.c */
int domctl_setvcpucontext(struct domain *d, struct xen_domctl *op);
int domctl_getvcpucontext(struct domain *d, struct xen_domctl *op);
int domctl_getvcpuinfo(struct domain *d, struct xen_domctl *op);
int domctl_vcpuaffinity(struct domain *d, struct xen_domctl *op);
int domctl_nodeaffinity(struct domain *d, struct xen_domctl *op);
int domctl_ext_vcpucontext(struct domain *d, struct xen_domctl *op);
int domctl_vcpuextstate(struct domain *d, struct xen_domctl *op);
int domctl_vcpu_msrs(struct domain *d, struct xen_domctl *op);
int domctl_sendtrigger(struct domain *d, struct xen_domctl *op);
int domctl_scheduler_op(struct domain *d, struct xen_domctl *op);

/* domctl_rights.c */
int domctl_irq_permission(struct domain *d, struct xen_domctl *op);
int domctl_iomem_permission(struct domain *d, struct xen_domctl *op);
int domctl_ioport_permission(struct domain *d, struct xen_domctl *op);
int domctl_set_virq_handler(struct domain *d, struct xen_domctl *op);
int domctl_get_cpu_policy(struct domain *d, struct xen_domctl *op);
int domctl_set_cpu_policy(struct domain *d, struct xen_domctl *op);

/* A bitmap of the caller's <-> a set of CPUs. 0 or -EFAULT. */
struct xenctl_bitmap;
int bitmap_to_guest(const struct xenctl_bitmap *to, const unsigned long *bits, u32 nr_bits);
int bitmap_from_guest(unsigned long *bits, u32 nr_bits, const struct xenctl_bitmap *from);

#endif
