/* SPDX-License-Identifier: MIT */
/* Memory in which a guest lets the hypervisor keep a vCPU's state. */
#ifndef DOMAIN_VCPU_AREA_H
#define DOMAIN_VCPU_AREA_H

#include "domain/domain.h"

/* VCPUOP_register_vcpu_info: once per vCPU; of itself, or of one that is down. 0 or -EINVAL. Domain lock held. */
int vcpu_register_info(struct vcpu *v, mfn_t m, u32 offset);

#endif
