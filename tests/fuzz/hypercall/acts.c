/* SPDX-License-Identifier: MIT */
/*
 * What guests do without hypercalls: they store to their memory, page tables among it, write grant entries and event
 * words, trap, and load selectors; and what time and other CPUs do meanwhile.
 */
#include <stdio.h>
#include <string.h>

#include "event/internal.h"
#include "fake.h"
#include "fuzz.h"
#include "grant/internal.h"
#include "pv/desc.h"
#include "pv/priv_op.h"
#include "pv/pv.h"
#include "pv/ro_fault.h"
#include "x86/cpu_ops.h"

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

/* A context for vCPUs, mostly sane. */
static void act_context(void)
{
	struct vcpu_guest_context c;

	machine_run(actor);
	pv_vcpu_get_context(actor, &c);
	if (in_bit())
		c.ctrlreg[3] = mfn_x(pick_mfn()) << PAGE_SHIFT;
	if (in_bit())
		c.ctrlreg[1] = in_bit() ? 0 : mfn_x(pick_mfn()) << PAGE_SHIFT;
	if (in_bit()) {
		c.gdt_ents = in_below(2) * 512 + in_below(64);
		for (u32 i = 0; i < 4; i++)
			c.gdt_frames[i] = mfn_x(pick_mfn());
	}
	if (in_bit()) {
		c.ldt_base = pick_va();
		c.ldt_ents = in_below(64);
	}
	if (in_bit())
		c.flags ^= VGCF_in_kernel;
	if (in_bit())
		((u64 *)&c)[in_word() % (sizeof(c) / 8)] = pick_any();
	guest_write(guest_va(CONTEXT_PAGE), &c, sizeof(c));
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

/* What the CPU would fetch at CODE_PAGE; registers point to where it may hurt. */
static void set_code(const u8 *code, size_t len)
{
	guest_write(guest_va(CODE_PAGE), code, len);
	actor->regs.rip = guest_va(CODE_PAGE);
	actor->regs.cs = PV_CS64;
}

static void act_page_table_store(void)
{
	static const u8 stores[][8] = {
		{ 0x48, 0x89, 0x07 },			/* mov %rax,(%rdi) */
		{ 0x48, 0x87, 0x07 },			/* xchg %rax,(%rdi) */
		{ 0x48, 0x21, 0x07 },			/* and %rax,(%rdi) */
		{ 0x48, 0x09, 0x07 },			/* or %rax,(%rdi) */
		{ 0xf0, 0x48, 0x0f, 0xb1, 0x0f },	/* lock cmpxchg %rcx,(%rdi) */
		{ 0xf0, 0x48, 0x0f, 0xba, 0x37, 0x01 },	/* lock btrq $1,(%rdi) */
		{ 0x89, 0x07 },				/* mov %eax,(%rdi) */
		{ 0x48, 0xc7, 0x07, 0, 0, 0, 0 },	/* movq $0,(%rdi) */
	};
	u64 va = guest_va(GUEST_PAGES + in_below(GUEST_TABLES)) + in_below(64) * 8;
	bool done;

	machine_run(actor);
	set_code(stores[in_below(ARRAY_SIZE(stores))], 8);
	actor->regs.rdi = in_byte() < 16 ? pick_va() : va;
	actor->regs.rax = pick_pte();
	actor->regs.rcx = pick_pte();
	done = pv_ro_fault(actor, actor->regs.rdi);
	if (fuzz_log)
		printf("d%uv%u stores %#lx to %#lx: %d\n", actor->domain->id, actor->id, actor->regs.rax, actor->regs.rdi, done);
}

static u32 pick_msr(void)
{
	static const u32 msr[] = {
		0x10, 0x1b, 0x8b, 0x17, 0x140, 0x1a0, 0x277, 0x400, 0xc0000080, 0xc0000082, 0xc0000100, 0xc0000101, 0xc0000102,
		0xc0000103, 0xc0010015, 0xc0010058, 0xc0011029,
	};

	return msr[in_below(ARRAY_SIZE(msr))];
}

static void act_instruction(void)
{
	static const u8 likely_ones[][4] = {
		{ 0x0f, 0x32 }, { 0x0f, 0x30 }, { 0x0f, 0xa2 }, { 0x0f, 0x01, 0xd1 }, { 0x0f, 0x06 }, { 0x0f, 0x09 },
		{ 0x0f, 0x20, 0xd8 }, { 0x0f, 0x22, 0xd8 }, { 0x0f, 0x22, 0xc0 }, { 0x0f, 0x22, 0xe0 }, { 0x0f, 0x23, 0xf8 },
		{ 0x0f, 0x21, 0xc0 }, { 0x0f, 0x01, 0x38 }, { 0xec }, { 0xef }, { 0xf3, 0x6c }, { 0xf3, 0x6f }, { 0xfa }, { 0xfb },
	};
	u32 which = in_byte();
	u8 code[16];

	for (u32 i = 0; i < sizeof(code); i++)
		code[i] = which < 128 ? i < 4 ? likely_ones[which % ARRAY_SIZE(likely_ones)][i] : 0x90 : in_byte();
	machine_run(actor);
	set_code(code, sizeof(code));
	actor->regs.rax = pick_any();
	actor->regs.rcx = in_bit() ? pick_msr() : pick_any();
	actor->regs.rdx = in_bit() ? 0 : pick_any();
	actor->regs.rdi = actor->regs.rsi = pick_va();
	actor->pv.iopl = in_below(4);
	actor->regs.error_code = 0;
	pv_general_protection(actor);
}

static void act_trap(void)
{
	u32 what = in_byte();

	machine_run(actor);
	actor->regs.error_code = in_below(32);
	switch (what % 6) {
	case 0:
		pv_page_fault(actor, pick_va());
		break;
	case 1:
		pv_trap(actor, what / 6 % 32);
		break;
	case 2:
		pv_syscall(actor, what & 64);
		break;
	case 3:
		pv_debug(actor, in_word());
		break;
	case 4:
		(void)pv_deliver_pending(actor);
		break;
	case 5:
		pv_device_not_available(actor);
		break;
	}
}

/* The processor reads a descriptor of the LDT's window. */
static void act_selector(void)
{
	u64 d;

	machine_run(actor);
	(void)pv_window_fault(actor, desc_ldt_va(actor) + in_below(64) * 512 + in_below(2) * 8);
	(void)!desc_read(actor, in_word() & 0xffff, &d);
}

static void act_mode(void)
{
	machine_run(actor);
	if (!actor->pv.kernel_mode)
		pv_to_kernel(actor);
	else
		(void)pv_to_user(actor);
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
	(void)fake_irq_fire(in_below(24));
}

void do_act(void)
{
	static void (*const acts[])(void) = {
		act_store_entries, act_store_entries, act_store_entries, act_load, act_load, act_context, act_grant_entry,
		act_grant_entry, act_grant_entry, act_shared_info, act_page_table_store, act_page_table_store, act_instruction,
		act_trap, act_selector, act_selector, act_mode, act_time, act_event_words, act_schedule, act_schedule,
		do_recipe, do_recipe, do_recipe,		act_interrupt,
	};

	acts[in_below(ARRAY_SIZE(acts))]();
}
