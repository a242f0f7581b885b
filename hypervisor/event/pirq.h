/* SPDX-License-Identifier: MIT */
/*
 * Physical interrupts as a guest sees them: a PIRQ number of the domain bound to a machine irq
 * (platform/irq.h) and to an event channel. Level-triggered ones stay masked until the guest says EOI.
 */
#ifndef EVENT_PIRQ_H
#define EVENT_PIRQ_H

#include "domain/domain.h"

struct irq_share;

struct pirq {
	/* set at creation */
	u32 pirq;
	struct domain *domain;

	/* the PIRQ lock */
	int irq;			/* machine irq, or -1: only the number is reserved */
	bool is_msi;
	u32 nvec;			/* multi-vector MSI: how many, at the first of them; else 1 */

	/* the PIRQ lock; read by interrupt handlers and pirq_eoi() */
	u32 port;			/* event channel, 0 if not bound */
	struct irq_share *share;	/* NULL if not bound */

	/* atomic */
	bool masked;			/* told the guest, waits for its EOI */
};

/* The sub-operations of physdev_op, values already copied in. 0 or -E. */
/* *pirq < 0: choose; PHYSDEVOP_map_pirq GSI. */
int pirq_map_gsi(struct domain *d, u32 gsi, int *pirq);
int pirq_map_msi(struct domain *d, u32 sbdf, u32 entry_nr, u64 table_base, bool msix, u32 nvec, int *pirq);
int pirq_unmap(struct domain *d, int pirq);
int pirq_bind_guest(struct domain *d, u32 pirq, u32 port, bool shareable);	/* by event_bind_pirq */
/* The number may have been unmapped and bound to another port since: then nothing happens. */
void pirq_unbind_guest(struct domain *d, u32 pirq, u32 port);
void pirq_set_vcpu(struct domain *d, u32 pirq, u32 port, const struct vcpu *v);	/* delivered where v runs */
int pirq_eoi(struct domain *d, u32 pirq);
/* PHYSDEVOP_irq_status_query: XENIRQSTAT_* or -E. */
int pirq_needs_eoi(struct domain *d, u32 pirq);
int pirq_get_free(struct domain *d, bool msi, u32 *pirq);
int pirq_set_eoi_map(struct domain *d, u64 gfn, bool v2);
int pirq_domain_destroy(struct domain *d);			/* all event channels closed; -ERESTART for more */
void pirq_dump(struct domain *d);

#endif
