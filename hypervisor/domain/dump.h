/* SPDX-License-Identifier: MIT */
/* What a person at the console wants to see of a domain. */
#ifndef DOMAIN_DUMP_H
#define DOMAIN_DUMP_H

#include "domain/domain.h"

void vcpu_dump_registers(const struct vcpu *v);
void domain_dump(struct domain *d);
void domain_dump_init(void);		/* debug keys */

#endif
