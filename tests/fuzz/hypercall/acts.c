/* SPDX-License-Identifier: MIT */
/*
 * What guests do without hypercalls: they store to their memory, page tables among it, write grant entries and event
 * words; what time, devices and people do meanwhile; and the table of all such acts. Those of the CPU are in
 * acts_cpu.c.
 */
#include "core/console.h"
#include "core/panic.h"
#include "event/internal.h"
#include "fake.h"
#include "fuzz.h"
#include "grant/internal.h"
#include "platform/nmi.h"

static void act_store_entries(void)
{
	u64 va = pick_va() & ~7ul, e;

	for (u32 n = 1 + in_below(3); n; n--, va += 8) {
		e = pick_pte();
		guest_write(va, &e, sizeof(e));
	}
}

static void act_load(void)
{
	u64 word;

	(void)!machine_load(actor, &word, pick_va(), sizeof(word));
}

/* The guest's own table of grants, which it may write as it likes. */
static void act_grant_entry(void)
{
	struct grant_table *gt = self->g->d->grant;
	struct grant_entry_v1 *e;

	if (!gt || !gt->nr_frames || !gt->shared[0])
		return;
	e = &gt->shared[0][8 + in_below(6)];
	e->frame = (u32)mfn_x(pick_mfn());
	e->domid = slots[in_below(SLOTS)].g->d->id;
	e->flags = in_byte() < 200 ? GTF_permit_access | (in_bit() ? GTF_readonly : 0) :
		   in_bit() ? GTF_accept_transfer : in_byte();
}

static void act_shared_info(void)
{
	u8 *p = (u8 *)self->g->d->shared_info;

	if (p)
		p[in_word() % sizeof(struct shared_info)] = in_byte();
}

static void act_time(void)
{
	u32 b = in_byte();

	fake_advance(b < 128 ? b * 100000ul : (u64)b << (b & 31));
}

static void act_event_words(void)
{
	const struct event_fifo *fifo = self->g->d->event ? self->g->d->event->fifo : NULL;
	u32 port = in_below(12);

	if (!fifo)
		return;
	if (fifo->nr_words > port)
		fifo->page[0][port] = in_byte() < 128 ? (u32)in_below(16) << 28 | in_below(12) : in_word();
	if (fifo->vcpu[0].control)
		fifo->vcpu[0].control->head[in_below(EVTCHN_FIFO_MAX_QUEUES)] = in_below(12);
}

static void act_interrupt(void)
{
	(void)fake_irq_fire(in_below(FAKE_IRQS));
}

/* What lower floors tell of: somebody types, text comes, a button asks for an NMI, a panic asks who ran. */
static void act_machine(void)
{
	char text[64];

	switch (in_below(4)) {
	case 0:
		console_input_hook();
		break;
	case 1:
		console_ring_hook();
		break;
	case 2:
		nmi_dom0_hook();
		break;
	case 3:
		panic_vcpu_hook(in_bit() ? actor : domain_idle->vcpu[this_cpu()], text, sizeof(text));
		break;
	}
}

void do_act(void)
{
	static void (*const acts[])(void) = {
		act_store_entries, act_store_entries, act_store_entries, act_load, act_load, act_context,
		act_grant_entry, act_grant_entry, act_grant_entry, act_shared_info, act_page_table_store,
		act_page_table_store, act_instruction, act_instruction, act_instruction, act_trap, act_trap,
		act_handlers, act_handlers, act_return, act_selector, act_selector, act_mode, act_time,
		act_event_words, act_schedule, act_schedule, act_interrupt, act_machine,
	};

	machine_run(actor);
	acts[in_below(ARRAY_SIZE(acts))]();
}
