/* SPDX-License-Identifier: MIT */
/*
 * PV guests as entry/ and hypercall/ see them: traps in, traps out, mode changes, life cycle.
 */
#ifndef PV_PV_H
#define PV_PV_H

#include "domain/domain.h"
#include "event/event.h"

#define PV_CS64		0xe033u		/* FLAT_RING3_CS64 */
#define PV_CS32		0xe023u
#define PV_SS		0xe02bu		/* FLAT_RING3_SS64 */

/* Traps of a guest, from entry/; v is current, interrupts on as in the guest. */
void pv_trap(struct vcpu *v, u32 vector);		/* any but the ones below */
void pv_page_fault(struct vcpu *v, u64 cr2);
void pv_general_protection(struct vcpu *v);
void pv_invalid_opcode(struct vcpu *v);
void pv_device_not_available(struct vcpu *v);
void pv_debug(struct vcpu *v, u64 dr6);
void pv_syscall(struct vcpu *v, bool compat);		/* from user mode */
void pv_sysenter(struct vcpu *v);
void pv_iret_fault(struct vcpu *v);			/* returning to the guest faulted: its failsafe handler */

/* The hypervisor's own load of a selector met v's LDT window: true if the page is there now. */
bool pv_window_fault(struct vcpu *v, u64 cr2);

/*
 * The hypervisor's own write to a page of v's faulted only because this CPU remembered it as read-only: true if the
 * tables that are loaded allow it, and what was remembered is gone.
 */
bool pv_stale_write(struct vcpu *v, u64 cr2, u32 error);

/* Delivers a trap to the guest's own handler: builds the frame now. */
void pv_inject(struct vcpu *v, u32 vector, bool has_error, u32 error);
void pv_inject_page_fault(struct vcpu *v, u64 cr2, u32 error);
/* True if something was delivered: pending NMI or event upcall. At exit, interrupts off. */
bool pv_deliver_pending(struct vcpu *v);

/* Whether there may be something: the quick question before it. */
static inline bool pv_needs_delivery(const struct vcpu *v)
{
	return event_vcpu_needs_upcall(v) || TEST_ONCE(v->nmi_pending);
}

/* Mode changes: CR3, GS. v is current. */
void pv_to_kernel(struct vcpu *v);
bool pv_to_user(struct vcpu *v);	/* false: it has no user page tables */

/* What hypercalls set; values checked inside. 0 or -E. */
#define TRAP_MASKS_EVENTS	4	/* of struct trap_info's flags; the lowest two bits are the DPL */
int pv_set_trap(struct vcpu *v, u32 vector, u64 address, u16 cs, u8 flags);
int pv_set_callback(struct vcpu *v, u32 type, u64 address, u16 cs, bool mask_events);
int pv_set_segment_base(struct vcpu *v, u32 which, u64 base);
int pv_set_debugreg(struct vcpu *v, u32 reg, u64 value);
int pv_get_debugreg(const struct vcpu *v, u32 reg, u64 *value);
/* A #DB for an access to a port just made, if a breakpoint is set on it. */
void pv_io_breakpoint(struct vcpu *v, u32 port, u32 bytes);
int pv_set_cr4(struct vcpu *v, u64 cr4);		/* v is current; 0 or -EPERM: not the guest's to change */
void pv_context_cr4(struct vcpu *v, u64 cr4);		/* v does not run; what it may not have is left out */
void pv_load_cr4(const struct vcpu *v);			/* the hardware's CR4 follows v's choice */
void pv_set_ts(struct vcpu *v, bool set);
long pv_iret(struct vcpu *v);		/* the value for rax */
void pv_hypercall_page_fill(void *page);
int pv_hypercall_page_set(struct domain *d, u64 gfn);	/* 0, or as guest_frame_get() */

struct vcpu_guest_context;
/* Sets a vCPU that does not run to a context, all of it checked. Domain lock held. 0, -EINVAL, -EBUSY, -ERESTART. */
int pv_vcpu_set_context(struct vcpu *v, const struct vcpu_guest_context *c);
void pv_vcpu_get_context(struct vcpu *v, struct vcpu_guest_context *c);
void pv_init(void);

#endif
