/* SPDX-License-Identifier: MIT */
/*
 * The flush clock and the request to other CPUs; see tlb.h for the rule that makes stamps safe.
 *
 * A flush takes its time before it flushes and publishes it after: a stamp taken in between is not earlier
 * than that time, so the CPU counts as not flushed, which errs on the safe side.
 */
#include "x86/tlb.h"

#include "x86/features.h"
#include "x86/lapic.h"
#include "x86/vectors.h"
#include "x86/perfc.h"

#define TLB_CLOCK_QUARTER	(1u << 30)
#define INVPCID_ALL_GLOBAL	2

u32 tlb_clock = 1;
u32 tlb_time[MAX_CPUS];

/*
 * The one request under way. `busy` guards va; pending bits are cleared by their CPUs when they have
 * flushed.
 */
static struct {
	u32 busy;
	u64 va;
	cpumask_t pending;
} request;

static void tlb_kick_others(void)
{
	u32 cpu, self = this_cpu();

	for_each_started_cpu(cpu)
		if (cpu != self)
			lapic_send_ipi(cpu_locals[cpu]->apic_id, VECTOR_TLB);
}

static u32 tlb_tick(void)
{
	u32 now = atomic_add_return(&tlb_clock, 1);

	if (unlikely(now % TLB_CLOCK_QUARTER == 0))
		tlb_kick_others();
	return now;
}

void tlb_flush_local(void)
{
	u32 now = tlb_tick();

	if (cpu_features.invpcid) {
		invpcid(INVPCID_ALL_GLOBAL, 0, 0);
	} else {
		u64 cr4 = read_cr4();

		write_cr4(cr4 & ~CR4_PGE);
		write_cr4(cr4);
	}
	WRITE_ONCE(tlb_time[this_cpu()], now);
}

void tlb_switch_cr3(u64 cr3)
{
	u32 now = tlb_tick();

	write_cr3(cr3);
	WRITE_ONCE(tlb_time[this_cpu()], now);
}

static void tlb_flush_here(u64 va)
{
	if (va == TLB_ALL)
		tlb_flush_local();
	else
		tlb_flush_page_local(va);
}

/* Does what another CPU asks of this one, if anything. */
static void tlb_serve(void)
{
	u32 self = this_cpu();

	if (!test_bit(self, request.pending.bits))
		return;
	tlb_flush_here(READ_ONCE(request.va));
	cpumask_clear_atomic(self, &request.pending);
}

/* The clock's quarter may have come with a request, or alone: flush, so that this CPU's time is recent. */
static void tlb_interrupt(struct regs *regs)
{
	(void)regs;
	tlb_serve();
	if (READ_ONCE(tlb_clock) - tlb_time[this_cpu()] >= TLB_CLOCK_QUARTER / 2)
		tlb_flush_local();
}

/*
 * Interrupts off: the handler must not finish a request half-way through this, when the next one may begin.
 */
void tlb_poll(void)
{
	u64 flags;

	if (likely(!test_bit(this_cpu(), request.pending.bits)))
		return;
	flags = irq_save();
	tlb_serve();
	irq_restore(flags);
}

static void tlb_flush_others(const cpumask_t *mask, u64 va)
{
	u32 cpu;

	while (xchg(&request.busy, 1)) {
		tlb_poll();
		cpu_pause();
	}
	request.va = va;
	cpumask_for_each(cpu, mask)
		cpumask_set_atomic(cpu, &request.pending);
	cpumask_for_each(cpu, mask)
		lapic_send_ipi(cpu_locals[cpu]->apic_id, VECTOR_TLB);
	while (!cpumask_empty(&request.pending))
		cpu_pause();
	store_release(&request.busy, 0);
}

void tlb_flush_mask(const cpumask_t *mask, u64 va)
{
	u32 self = this_cpu();
	cpumask_t others;
	bool local;

	cpumask_and(&others, mask, &cpu_started_mask);
	local = cpumask_test(self, &others);
	cpumask_clear(self, &others);
	if (local)
		tlb_flush_here(va);
	if (!cpumask_empty(&others)) {
		perfc_inc(flushes_asked);
		tlb_flush_others(&others, va);
	}
}

void tlb_filter(cpumask_t *mask, u32 stamp)
{
	for (u32 w = 0; w < ARRAY_SIZE(mask->bits); w++) {
		for (unsigned long left = mask->bits[w]; left; left &= left - 1) {
			u32 bit = bit_lowest(left);

			if (likely(tlb_flushed_since(w * 64 + bit, stamp)))
				mask->bits[w] &= ~(1ul << bit);
		}
	}
}

void tlb_init(void)
{
	vector_handlers[VECTOR_TLB] = tlb_interrupt;
}
