/* SPDX-License-Identifier: MIT */
/*
 * Interrupt vectors. The upper four bits are the local APIC's priority: what must never wait stands highest.
 *
 *   0x20..0x2f  the masked legacy PICs (only spurious ones come)
 *   0x30..0xdf  devices; 0x80 and 0x82 are left to guests' INT gates
 *   0xe0..0xef  private vectors given out by irq_alloc_private_vector()
 *   0xf0..0xff  fixed, below
 */
#ifndef X86_VECTORS_H
#define X86_VECTORS_H

#include "lib/types.h"

struct regs;

#define VECTOR_LEGACY_FIRST	0x20
#define VECTOR_DEVICE_FIRST	0x30
#define VECTOR_DEVICE_LAST	0xdf

#define VECTOR_CALL		0xfa	/* core/ipi: run a function */
#define VECTOR_EVENT_CHECK	0xfb	/* look at softirqs: the interrupt itself is the message */
#define VECTOR_TIMER		0xfc	/* the local APIC's timer */
#define VECTOR_TLB		0xfd
#define VECTOR_ERROR		0xfe
#define VECTOR_SPURIOUS		0xff

/* In interrupt context, interrupts off; the caller acknowledges the local APIC after it. */
typedef void (*vector_handler_t)(struct regs *regs);
extern vector_handler_t vector_handlers[256];

#endif
