/* SPDX-License-Identifier: MIT */
/*
 * Collecting what every frame should be, and comparing. See oracle.h.
 */
#include "oracle.h"

#include <stdio.h>
#include <string.h>

#include "domain/memory.h"
#include "internal.h"
#include "mm/hostmap.h"
#include "mm/page_alloc.h"
#include "x86/cpu_ops.h"

#define LINES_MAX	20u

struct expected expected[MACHINE_FRAMES];
static u32 lines;

void oracle_wrong(const char *fmt, ...)
{
	va_list args;

	if (lines++ >= LINES_MAX)
		return;
	va_start(args, fmt);
	printf("    oracle: ");
	vprintf(fmt, args);
	printf("\n");
	va_end(args);
}

void oracle_ref(mfn_t m, const char *why)
{
	const struct frame *f = mfn_to_frame(m);

	expected[mfn_x(m)].refs++;
	if (!f->refs)
		oracle_wrong("%s holds frame %#lx, which is free", why, mfn_x(m));
	else if (f->owner >= DOMID_FIRST_RESERVED)
		oracle_wrong("%s holds frame %#lx, which is %s", why, mfn_x(m),
			     f->owner == OWNER_NONE ? "nobody's" : "not any guest's");
}

void oracle_typed_ref(mfn_t m, u32 type, const char *why)
{
	struct expected *e = &expected[mfn_x(m)];

	oracle_ref(m, why);
	if (type == FT_WRITABLE && (mfn_to_frame(m)->flags & FRAME_SHARED))
		type = FT_SHARED;
	if (e->count && e->type != type)
		oracle_wrong("%s: frame %#lx is type %#x by it, and %#x by others", why, mfn_x(m), type, e->type);
	e->type = type;
	e->count++;
}

/* A frame that belongs to a domain, lent or its own. */
static void compare(u64 n)
{
	const struct frame *f = &frame_table[n];
	const struct expected *e = &expected[n];
	u32 count = f->type & FT_COUNT_MASK;

	if ((f->refs & FRAME_REFS_MASK) != e->refs)
		oracle_wrong("frame %#lx of domain %u (type %#x): %u references, %u counted", n, f->owner, f->type,
			     f->refs & FRAME_REFS_MASK, e->refs);
	if (count != e->count || (count && (f->type & FT_MASK) != e->type))
		oracle_wrong("frame %#lx of domain %u: type %#x, counted %#x", n, f->owner, f->type,
			     e->type | e->count);
	if ((f->type & FT_BUSY) == FT_BUSY)
		oracle_wrong("frame %#lx of domain %u: type %#x, still being worked on", n, f->owner, f->type);
	if ((f->type & FT_PARTIAL) && count)
		oracle_wrong("frame %#lx of domain %u: type %#x, half done and counted", n, f->owner, f->type);
	if (count && e->type >= FT_L1 && e->type <= FT_DESC && !(f->type & FT_VALIDATED))
		oracle_wrong("frame %#lx of domain %u: type %#x counted before it is checked", n, f->owner, f->type);
	if ((f->flags & FRAME_SHARED) && (f->type & FT_MASK) != FT_SHARED)
		oracle_wrong("frame %#lx is lent to domain %u: type %#x", n, f->owner, f->type);
	if (!e->listed)
		oracle_wrong("frame %#lx says it is domain %u's, which does not list it", n, f->owner);
}

static void compare_all(void)
{
	u64 free = 0;

	for (u64 n = 0; n < MACHINE_FRAMES; n++) {
		const struct frame *f = &frame_table[n];

		if (!f->refs)
			free++;
		else if (f->owner < DOMID_FIRST_RESERVED)
			compare(n);
		else if (f->owner == OWNER_NONE && !expected[n].listed)
			oracle_wrong("frame %#lx is taken but nobody's: refs %#x", n, f->refs);
		else if (f->refs != (FRAME_ALLOCATED | 1) || (f->type & FT_COUNT_MASK))
			oracle_wrong("frame %#lx of owner %#x is in use by somebody: refs %#x type %#x", n, f->owner,
				     f->refs, f->type);
	}
	if (free != page_free_count())
		oracle_wrong("%lu frames are free, the allocator says %lu", free, page_free_count());
}

/* A CPU stands on the tables of whom it runs, or on the hypervisor's own. */
static void check_cr3(u32 cpu, const struct vcpu *v)
{
	u64 cr3 = machine_cpu_registers(cpu)->cr3;
	const struct frame *f = mfn_to_frame(mfn(cr3 >> PAGE_SHIFT));

	if (v->is_idle ? cr3 != hostmap_l4_maddr :
	    !mfn_valid(mfn(cr3 >> PAGE_SHIFT)) || f->owner != v->domain->id ||
	    (f->type & (FT_MASK | FT_BUSY)) != (FT_L4 | FT_VALIDATED))
		oracle_wrong("CPU %u runs d%uv%u on CR3 %#lx", cpu, v->domain->id, v->id, cr3);
}

static void check_cpus(void)
{
	for (u32 cpu = 0; cpu < MACHINE_CPUS; cpu++) {
		if (cpu_locals[cpu]->locks_held)
			oracle_wrong("CPU %u holds %u locks", cpu, cpu_locals[cpu]->locks_held);
		check_cr3(cpu, machine_current(cpu));
	}
	if (!(host_cpu.rflags & RFLAGS_IF))
		oracle_wrong("interrupts are off");
}

bool oracle_check(void)
{
	struct domain *d;
	u64 claims = 0;

	lines = 0;
	memset(expected, 0, sizeof(expected));
	oracle_count_tables();
	for_each_machine_domain(d) {
		oracle_count_domain(d);
		claims += d->outstanding_claim;
	}
	compare_all();
	oracle_check_grants();
	check_cpus();
	if (claims != domain_claimed_pages())
		oracle_wrong("claims are %lu pages, %lu together", domain_claimed_pages(), claims);
	if (!machine_tlb_is_safe())
		lines++;
	return !lines;
}
