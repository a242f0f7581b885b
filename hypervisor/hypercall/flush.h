/* SPDX-License-Identifier: MIT */
/* Flushes that guests ask for: translated from vCPUs to the CPUs that may hold their mappings. */
#ifndef HYPERCALL_FLUSH_H
#define HYPERCALL_FLUSH_H

#include "domain/domain.h"

#define FLUSH_EVERYTHING	(~0ul)

/*
 * Of current's domain. scope: UVMF_LOCAL, UVMF_ALL or the address of a bitmap of vCPUs. va: a page, or
 * FLUSH_EVERYTHING.
 */
int flush_guest(u64 scope, u64 va);
int flush_vcpus(u64 bitmap, u64 va);		/* guest address of a bitmap */
void flush_domain(struct domain *d, u64 va);

#endif
