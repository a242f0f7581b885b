/* SPDX-License-Identifier: MIT */
/*
 * What the CPUs' TLBs may still hold. Every translation that a guest used is noted with the time of the CPU's last
 * flush (x86/tlb.c's own clock, and what host_ops counts); it is gone as soon as either has moved. Invalidating one
 * page drops all, so a missing flush can be overlooked, but never seen where there is none.
 *
 * The rule: while a CPU may hold a translation, its frame is not free for the hypervisor's own use, is no page table or
 * descriptor page if it is writable, and still belongs to the domain that it was used by, or to one whose references to
 * it are the mapping's business (grants, foreign maps).
 */
#include <stdio.h>

#include "machine.h"
#include "x86/cpu_ops.h"
#include "x86/tlb.h"

#define NOTES	512u

static struct note {
	u64 va;
	mfn_t m;
	u16 owner;		/* of the frame, when it was used */
	bool writable;
	u32 cpu, time;
	u64 pages, loads;	/* invlpg and CR3 loads until then */
} notes[NOTES];
static u32 nr_notes, next_note;

static bool alive(const struct note *n)
{
	const struct host_cpu *c = machine_cpu_registers(n->cpu);

	return n->time == tlb_time[n->cpu] && n->pages == c->invlpg_count && n->loads == c->cr3_writes;
}

void machine_tlb_note(u64 va, mfn_t m, bool writable)
{
	u32 cpu = this_cpu();

	for (u32 i = 0; i < nr_notes; i++)
		if (notes[i].va == va && mfn_eq(notes[i].m, m) && notes[i].writable == writable &&
		    notes[i].cpu == cpu &&
		    alive(&notes[i]))
			return;
	notes[next_note] = (struct note){
		va, m, mfn_to_frame(m)->owner, writable, cpu, tlb_time[cpu], host_cpu.invlpg_count, host_cpu.cr3_writes,
	};
	next_note = (next_note + 1) % NOTES;
	nr_notes = MIN(nr_notes + 1, NOTES);
}

void machine_tlb_forget(void)
{
	nr_notes = next_note = 0;
}

static const char *what_is_wrong(const struct note *n)
{
	const struct frame *f = mfn_to_frame(n->m);
	u32 type = f->type & FT_MASK;

	if (!f->refs)
		return NULL;		/* flushed when it is given to somebody */
	if (f->flags & FRAME_HEAP)
		return "is the hypervisor's now";
	if (f->owner != n->owner)
		return "has another owner now";
	if (n->writable && type >= FT_L1 && type <= FT_DESC && (f->type & (FT_COUNT_MASK | FT_PARTIAL)))
		return "is a table now";
	return NULL;
}

bool machine_tlb_is_safe(void)
{
	bool ok = true;

	for (u32 i = 0; i < nr_notes; i++) {
		const char *wrong = alive(&notes[i]) ? what_is_wrong(&notes[i]) : NULL;

		if (!wrong)
			continue;
		printf("    CPU %u may still reach frame %#lx (%s, by %#lx), which %s: owner %u type %#x\n",
		       notes[i].cpu, (unsigned long)mfn_x(notes[i].m), notes[i].writable ? "writable" : "readable",
		       (unsigned long)notes[i].va, wrong, mfn_to_frame(notes[i].m)->owner,
		       mfn_to_frame(notes[i].m)->type);
		ok = false;
	}
	return ok;
}
