/* SPDX-License-Identifier: MIT */
/* Between the files of domain/: vCPUs and their areas. Others use domain.h. */
#ifndef DOMAIN_LIFECYCLE_H
#define DOMAIN_LIFECYCLE_H

#include "domain/domain.h"

void vcpu_free(struct vcpu *v);			/* NULL is fine */
struct vcpu *vcpu_new(struct domain *d, u32 id);
void domain_hooks_init(void);			/* who tells dom0 what: hooks.c */

/* The idle vCPU of a CPU, made once; panics without memory. */
struct vcpu *idle_vcpu_create(u32 cpu);
/* Gives back the frames behind vcpu_info and friends. The vCPU does not run. */
void vcpu_release_areas(struct vcpu *v);

#endif
