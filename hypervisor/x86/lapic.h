/* SPDX-License-Identifier: MIT */
/*
 * The local APIC of each CPU, by memory (xAPIC) or by MSRs (x2APIC), chosen once at boot. All functions act
 * on the calling CPU's own; interrupts off where it says so. Hardware only, no locks.
 */
#ifndef X86_LAPIC_H
#define X86_LAPIC_H

#include "x86/cpu_ops.h"

#define LAPIC_ID		0x20
#define LAPIC_VERSION		0x30
#define LAPIC_TPR		0x80
#define LAPIC_EOI		0xb0
#define LAPIC_LDR		0xd0
#define LAPIC_DFR		0xe0
#define LAPIC_SVR		0xf0
#define   LAPIC_SVR_ENABLE	(1u << 8)
#define LAPIC_ISR		0x100
#define LAPIC_IRR		0x200
#define LAPIC_ESR		0x280
#define LAPIC_LVT_CMCI		0x2f0
#define LAPIC_ICR_LOW		0x300
#define   LAPIC_ICR_FIXED	(0u << 8)
#define   LAPIC_ICR_NMI		(4u << 8)
#define   LAPIC_ICR_INIT	(5u << 8)
#define   LAPIC_ICR_STARTUP	(6u << 8)
#define   LAPIC_ICR_BUSY	(1u << 12)
#define   LAPIC_ICR_ASSERT	(1u << 14)
#define   LAPIC_ICR_LEVEL	(1u << 15)
#define   LAPIC_ICR_ALL_OTHERS	(3u << 18)
#define LAPIC_ICR_HIGH		0x310
#define LAPIC_LVT_TIMER		0x320
#define   LAPIC_TIMER_DEADLINE	(2u << 17)
#define LAPIC_LVT_THERMAL	0x330
#define LAPIC_LVT_PERF		0x340
#define LAPIC_LVT_LINT0		0x350
#define LAPIC_LVT_LINT1		0x360
#define LAPIC_LVT_ERROR		0x370
#define   LAPIC_LVT_MASKED	(1u << 16)
#define LAPIC_TIMER_INITIAL	0x380
#define LAPIC_TIMER_CURRENT	0x390
#define LAPIC_TIMER_DIVIDE	0x3e0
#define   LAPIC_DIVIDE_BY_1	0xb

#define LAPIC_DEFAULT_MADDR	0xfee00000ul

extern bool lapic_x2apic;		/* the mode in use */
extern volatile u32 *lapic_mmio;	/* its registers, unless x2APIC */
extern bool lapic_timer_deadline;	/* the timer takes TSC values, not counts */
extern u32 lapic_errors;		/* count of error interrupts, and what the last one said */
extern u32 lapic_last_error;

/* Where the registers are in the machine. */
u64 lapic_base_maddr(void);
/* Boot CPU, once: `mmio` maps lapic_base_maddr(), `allow_x2apic` from the command line. */
void lapic_init(volatile void *mmio, bool allow_x2apic);
/* Every CPU: enables its own APIC with everything but errors and spurious interrupts masked. */
void lapic_init_cpu(bool boot_cpu);

static inline u32 lapic_read(u32 reg)
{
	return lapic_x2apic ? (u32)rdmsr(MSR_X2APIC(reg)) : lapic_mmio[reg / 4];
}

static inline void lapic_write(u32 reg, u32 value)
{
	if (lapic_x2apic)
		wrmsr(MSR_X2APIC(reg), value);
	else
		lapic_mmio[reg / 4] = value;
}

static inline void lapic_eoi(void)
{
	lapic_write(LAPIC_EOI, 0);
}

u32 lapic_id(void);
void lapic_send_ipi(u32 apic_id, u8 vector);
void lapic_send_nmi(u32 apic_id);
void lapic_send_init(u32 apic_id);
void lapic_send_startup(u32 apic_id, u8 page);
bool lapic_is_in_service(u8 vector);	/* the bit of the in-service register */

/* The timer fires once: when the TSC passes `tsc` (deadline mode), or after `count` ticks; 0 stops it. */
void lapic_timer_init_cpu(void);

static inline void lapic_timer_set_deadline(u64 tsc)
{
	wrmsr(MSR_TSC_DEADLINE, tsc);
}

static inline void lapic_timer_set_count(u32 count)
{
	lapic_write(LAPIC_TIMER_INITIAL, count);
}

#endif
