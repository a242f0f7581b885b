/* SPDX-License-Identifier: MIT */
/*
 * Physical interrupts as a guest sees them: a PIRQ number of the domain bound to a machine irq (platform/irq.h)
 * and to an event channel. Level-triggered ones stay masked until the guest says EOI.
 */
#ifndef EVENT_PIRQ_H
#define EVENT_PIRQ_H

#include "domain/domain.h"

struct pirq {
	u32 pirq;
	int irq;		/* machine irq, or -1 */
	u32 port;		/* event channel, 0 if not bound */
	bool masked;		/* waits for EOI */
	bool level;
	bool shareable;
	bool is_msi;
	struct domain *domain;
};

/* The sub-operations of physdev_op, values already copied in. 0 or -E. */
int pirq_map_gsi(struct domain *d, u32 gsi, int *pirq);		/* *pirq < 0: choose; PHYSDEVOP_map_pirq GSI */
int pirq_map_msi(struct domain *d, u32 sbdf, u32 entry_nr, u64 table_base, bool msix, u32 nvec, int *pirq);
int pirq_unmap(struct domain *d, int pirq);
int pirq_bind_guest(struct domain *d, u32 pirq, u32 port, bool shareable);	/* by event_bind_pirq */
void pirq_unbind_guest(struct domain *d, u32 pirq);
int pirq_eoi(struct domain *d, u32 pirq);
int pirq_needs_eoi(struct domain *d, u32 pirq);			/* PHYSDEVOP_irq_status_query */
int pirq_get_free(struct domain *d, bool msi, u32 *pirq);
int pirq_set_eoi_map(struct domain *d, u64 gfn, bool v2);
void pirq_domain_destroy(struct domain *d);

#endif
