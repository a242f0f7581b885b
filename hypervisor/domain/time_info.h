/* SPDX-License-Identifier: MIT */
/*
 * What guests need to compute the time from their TSC: vcpu_time_info and the wall clock.
 */
#ifndef DOMAIN_TIME_INFO_H
#define DOMAIN_TIME_INFO_H

#include "core/time.h"
#include "domain/domain.h"

void time_info_update(struct vcpu *v);
void time_wallclock_update(struct domain *d);	/* this domain's shared info */
void time_wallclock_update_all(void);
/* Copies into the area of VCPUOP_register_vcpu_time_memory_area; v is current. */
void time_info_to_guest(struct vcpu *v);

#endif
