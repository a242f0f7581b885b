/* SPDX-License-Identifier: MIT */
/*
 * The door between what is common to all guests and the two kinds, PV and HVM: what domain/, sched/ and grant/ need
 * of pv/ and hvm/, as a table set at creation.
 */
#ifndef DOMAIN_GUEST_OPS_H
#define DOMAIN_GUEST_OPS_H

#include "domain/domain.h"

struct guest_ops {
	/* State of the CPU: interrupts off. */
	void (*switch_from)(struct vcpu *v);
	void (*switch_to)(struct vcpu *v);
	int (*domain_create)(struct domain *d);
	void (*domain_free)(struct domain *d);
	int (*vcpu_create)(struct vcpu *v);
	void (*vcpu_destroy)(struct vcpu *v);
	/* One bounded piece of giving memory back; -ERESTART for more. */
	int (*relinquish)(struct domain *d);
};

extern const struct guest_ops *guest_ops[2];	/* by enum domain_kind */

static inline const struct guest_ops *guest_ops_of(const struct domain *d)
{
	return guest_ops[d->kind];
}

#endif
