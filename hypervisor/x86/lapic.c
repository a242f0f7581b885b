/* SPDX-License-Identifier: MIT */
/*
 * Local APIC: enabling, interprocessor interrupts, the timer's mode, errors (SDM 3A 11, APM 2 16).
 * Interrupts are delivered in physical destination mode to one CPU each.
 */
#include "x86/lapic.h"

#include "x86/features.h"
#include "x86/vectors.h"

bool lapic_x2apic;
volatile u32 *lapic_mmio;
bool lapic_timer_deadline;
u32 lapic_errors, lapic_last_error;
vector_handler_t vector_handlers[256];

u64 lapic_base_maddr(void)
{
	return rdmsr(MSR_APIC_BASE) & BITS(51, 12);
}

static void lapic_error_interrupt(struct regs *regs)
{
	(void)regs;
	lapic_write(LAPIC_ESR, 0);
	lapic_last_error = lapic_read(LAPIC_ESR);
	lapic_errors++;
}

void lapic_init(volatile void *mmio, bool allow_x2apic)
{
	bool already = rdmsr(MSR_APIC_BASE) & APIC_BASE_X2APIC;

	lapic_mmio = mmio;
	lapic_x2apic = already || (cpu_features.x2apic && allow_x2apic);
	lapic_timer_deadline = cpu_features.tsc_deadline && cpu_features.tsc_constant;
	vector_handlers[VECTOR_ERROR] = lapic_error_interrupt;
}

static void lapic_clear_in_service(void)
{
	/* A kexec or a wedged firmware may have left interrupts in service: each EOI ends the highest. */
	for (u32 reg = 0; reg < 8; reg++)
		for (u32 left = 32; left && lapic_read(LAPIC_ISR + 0x10 * reg); left--)
			lapic_eoi();
}

void lapic_init_cpu(bool boot_cpu)
{
	u64 base = rdmsr(MSR_APIC_BASE);
	u32 lvts;

	if (!(base & APIC_BASE_ENABLE))
		wrmsr(MSR_APIC_BASE, base |= APIC_BASE_ENABLE);
	if (lapic_x2apic && !(base & APIC_BASE_X2APIC))
		wrmsr(MSR_APIC_BASE, base | APIC_BASE_X2APIC);
	lvts = lapic_read(LAPIC_VERSION) >> 16 & 0xff;
	if (!lapic_x2apic) {
		lapic_write(LAPIC_DFR, ~0u);
		lapic_write(LAPIC_LDR, 0);
	}
	lapic_write(LAPIC_LVT_TIMER, LAPIC_LVT_MASKED);
	lapic_write(LAPIC_LVT_LINT0, LAPIC_LVT_MASKED);
	lapic_write(LAPIC_LVT_LINT1, boot_cpu ? LAPIC_ICR_NMI : LAPIC_ICR_NMI | LAPIC_LVT_MASKED);
	if (lvts >= 4)
		lapic_write(LAPIC_LVT_PERF, LAPIC_LVT_MASKED);
	if (lvts >= 5)
		lapic_write(LAPIC_LVT_THERMAL, LAPIC_LVT_MASKED);
	lapic_clear_in_service();
	lapic_write(LAPIC_TPR, 0);
	lapic_write(LAPIC_SVR, LAPIC_SVR_ENABLE | VECTOR_SPURIOUS);
	lapic_write(LAPIC_ESR, 0);
	lapic_write(LAPIC_LVT_ERROR, VECTOR_ERROR);
}

u32 lapic_id(void)
{
	u32 id = lapic_read(LAPIC_ID);

	return lapic_x2apic ? id : id >> 24;
}

static void lapic_send(u32 apic_id, u32 command)
{
	u64 flags;

	if (lapic_x2apic) {
		/* The MSR write does not order earlier stores, which the receiver wants to see. */
		__asm__ volatile ("mfence; lfence" : : : "memory");
		wrmsr(MSR_X2APIC(LAPIC_ICR_LOW), (u64)apic_id << 32 | command);
		return;
	}
	flags = irq_save();
	while (lapic_read(LAPIC_ICR_LOW) & LAPIC_ICR_BUSY)
		cpu_pause();
	lapic_write(LAPIC_ICR_HIGH, apic_id << 24);
	lapic_write(LAPIC_ICR_LOW, command);
	irq_restore(flags);
}

void lapic_send_ipi(u32 apic_id, u8 vector)
{
	lapic_send(apic_id, LAPIC_ICR_FIXED | LAPIC_ICR_ASSERT | vector);
}

void lapic_send_nmi(u32 apic_id)
{
	lapic_send(apic_id, LAPIC_ICR_NMI | LAPIC_ICR_ASSERT);
}

void lapic_send_init(u32 apic_id)
{
	lapic_send(apic_id, LAPIC_ICR_INIT | LAPIC_ICR_LEVEL | LAPIC_ICR_ASSERT);
}

void lapic_send_startup(u32 apic_id, u8 page)
{
	lapic_send(apic_id, LAPIC_ICR_STARTUP | LAPIC_ICR_ASSERT | page);
}

bool lapic_is_in_service(u8 vector)
{
	return lapic_read(LAPIC_ISR + 0x10 * (vector / 32)) >> vector % 32 & 1;
}

void lapic_timer_init_cpu(void)
{
	lapic_write(LAPIC_TIMER_DIVIDE, LAPIC_DIVIDE_BY_1);
	lapic_write(LAPIC_TIMER_INITIAL, 0);
	lapic_write(LAPIC_LVT_TIMER, VECTOR_TIMER | (lapic_timer_deadline ? LAPIC_TIMER_DEADLINE : 0));
	/* The mode must be in force before the first deadline is written (SDM 3A 11.5.4.1). */
	__asm__ volatile ("mfence" : : : "memory");
}
