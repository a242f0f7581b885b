/* SPDX-License-Identifier: MIT */
/*
 * Event channels: one bit of news between domains, devices and the hypervisor; 2-level and FIFO layouts.
 * Hypercall decoding is in hypercall/event_channel_op.c; the functions here take values already copied in.
 */
#ifndef EVENT_EVENT_H
#define EVENT_EVENT_H

#include "abi/event_channel.h"
#include "domain/domain.h"

int event_domain_init(struct domain *d, u32 max_port);
/* A bounded piece of closing all ports; -ERESTART for more. */
int event_domain_destroy(struct domain *d);
void event_domain_free(struct domain *d);

/*
 * The sub-operations. `d` is the caller's domain; privilege checks inside. 0 or -E; results are written to
 * op.
 */
int event_alloc_unbound(struct domain *d, struct evtchn_alloc_unbound *op);
int event_bind_interdomain(struct domain *d, struct evtchn_bind_interdomain *op);
int event_bind_virq(struct domain *d, struct evtchn_bind_virq *op);
int event_bind_ipi(struct domain *d, struct evtchn_bind_ipi *op);
int event_bind_pirq(struct domain *d, struct evtchn_bind_pirq *op);
int event_close(struct domain *d, u32 port);
long event_send(struct domain *d, u32 port);			/* hot */
int event_status(struct evtchn_status *op);
int event_bind_vcpu(struct domain *d, u32 port, u32 vcpu);
int event_unmask(struct domain *d, u32 port);
int event_reset(domid_t dom, bool cont);
int event_init_control(struct evtchn_init_control *op);
int event_expand_array(const struct evtchn_expand_array *op, bool cont);	/* -ERESTART: again, with cont */
int event_set_priority(const struct evtchn_set_priority *op);

/* From the hypervisor itself: any context, interrupts on or off. */
/* Per-vCPU VIRQs: TIMER, DEBUG, XENOPROF, XENPMU. */
void event_send_virq_vcpu(struct vcpu *v, u32 virq);
void event_send_virq_domain(struct domain *d, u32 virq);	/* per-domain VIRQs, to the vCPU bound */
/* To the domain that bound it (dom0): DOM_EXC, CONSOLE... */
void event_send_virq_global(u32 virq);
/*
 * XEN_DOMCTL_set_virq_handler: `d` hears the global VIRQ from now on (a reference is taken); NULL: dom0
 * again.
 */
int event_set_virq_handler(struct domain *d, u32 virq);
void event_send_pirq(struct domain *d, struct pirq *pirq);
bool event_port_is_pending(struct domain *d, u32 port);
bool event_port_exists(struct domain *d, u32 port);
/* A vCPU of d begins or ends SCHEDOP_poll: while there is one, senders look for VPF_POLL. */
void event_poller_comes(struct domain *d);
void event_poller_gone(struct domain *d);

/* Sets the upcall flag of the vCPU and wakes it. */
void event_vcpu_mark_pending(struct vcpu *v);

/* True if the guest wants to be interrupted now: pending and not masked. */
static inline bool event_vcpu_needs_upcall(const struct vcpu *v)
{
	return TEST_ONCE(v->info->evtchn_upcall_pending) && !TEST_ONCE(v->info->evtchn_upcall_mask);
}

/*
 * Waits until no CPU is in the middle of sending: after a pointer that senders follow (v->info, a port) has
 * changed and before the memory behind the old one is given back.
 */
void event_synchronize(void);

/* After vcpu_info moved (VCPUOP_register_vcpu_info): everything pending again. */
void event_vcpu_info_moved(struct vcpu *v);
void event_dump(struct domain *d);	/* debug key */

#endif
