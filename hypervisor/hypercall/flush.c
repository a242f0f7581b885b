/* SPDX-License-Identifier: MIT */
/* See flush.h. No locks: dirty_cpus and dirty_cpu may lag behind only in the direction of flushing too much. */
#include "hypercall/flush.h"

#include "domain/guest_copy.h"
#include "hypercall/foreign.h"
#include "x86/tlb.h"

static void flush_mask(const cpumask_t *mask, u64 va)
{
	tlb_flush_mask(mask, va == FLUSH_EVERYTHING ? TLB_ALL : va);
}

static void flush_local(u64 va)
{
	if (va == FLUSH_EVERYTHING)
		tlb_switch_cr3(read_cr3());	/* nothing of a guest's is global (TRICKS 18), and what is ours stays */
	else if (guest_range_ok(va, 1))
		tlb_flush_page_local(va);
}

void flush_domain(struct domain *d, u64 va)
{
	cpumask_t mask = domain_dirty_cpus(d);

	if (va != FLUSH_EVERYTHING && !guest_range_ok(va, 1))
		return;
	flush_mask(&mask, va);
}

int flush_vcpus(u64 bitmap, u64 va)
{
	struct domain *d = current->domain;
	cpumask_t mask = { 0 };

	if (va != FLUSH_EVERYTHING && !guest_range_ok(va, 1))
		return 0;
	smp_mb();		/* as in domain_dirty_cpus() */
	for (u32 base = 0; base < d->max_vcpus; base += 64) {
		u32 bytes = MIN((d->max_vcpus - base + 7) / 8, 8u);
		u64 word = 0;

		if (guest_copy_from(&word, bitmap + base / 8, bytes))
			return -EFAULT;
		while (word) {
			struct vcpu *v = domain_vcpu(d, base + bit_lowest(word));
			u32 cpu = v ? READ_ONCE(v->dirty_cpu) : VCPU_NO_CPU;

			word &= word - 1;
			if (cpu != VCPU_NO_CPU)
				cpumask_set(cpu, &mask);
		}
	}
	flush_mask(&mask, va);
	return 0;
}

int flush_guest(u64 scope, u64 va)
{
	if (scope == UVMF_LOCAL)
		flush_local(va);
	else if (scope == UVMF_ALL)
		flush_domain(current->domain, va);
	else
		return flush_vcpus(scope, va);
	return 0;
}
