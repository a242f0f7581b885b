/* SPDX-License-Identifier: MIT */
/*
 * Page tables of some size, so that work on them is interrupted, and whoever began it never goes on: pinned half, then
 * wanted for writing, as another kind of table, by another vCPU, or when the domain ends. And shortage: other recipes
 * while there is no free page, no port, no frame for grants.
 */
#include "event/internal.h"
#include "fuzz.h"
#include "grant/internal.h"
#include "mm/page_alloc.h"
#include "mm/pt.h"

#define TABLE_FLAGS	(PTE_PRESENT | PTE_WRITE | PTE_USER)

static u32 looks_left;

static bool soon(void)
{
	return looks_left && !--looks_left;
}

/* One turn, interrupted after some looks; it is not repeated. */
static void call_in_part(u64 nr, u64 a, u64 b, u64 c, u64 d)
{
	const u64 args[6] = { a, b, c, d };
	long rc;

	if (!may_act(actor))
		return;
	looks_left = in_byte() < 200 ? 1 + in_below(8) : 0;
	machine_preempt_by(soon);
	(void)machine_call_once(actor, nr, args, &rc);
	machine_preempt_by(NULL);
}

static void extended(u32 cmd, mfn_t m)
{
	struct mmuext_op op = { .cmd = cmd, .arg1.mfn = mfn_x(m) };

	guest_write(guest_va(CONTEXT_PAGE), &op, sizeof(op));
	call_in_part(__HYPERVISOR_mmuext_op, guest_va(CONTEXT_PAGE), 1, 0, DOMID_SELF);
}

static void map_page(u32 page, u64 flags)
{
	call_in_part(__HYPERVISOR_update_va_mapping, guest_va(page), flags ? pte_make(self->g->page[page], flags) : 0,
		     UVMF_ALL | UVMF_INVLPG, 0);
}

/* Entries in one page for tables or pages in another that no entry maps for writing. */
static void fill_table(u32 page, u32 child)
{
	u64 e[16];
	u32 first = in_below(30) * 16, n = 1 + in_below(16);

	for (u32 i = 0; i < n; i++)
		e[i] = in_byte() < 240 ? pte_make(self->g->page[child], TABLE_FLAGS) : pick_pte();
	map_page(page, TABLE_FLAGS);
	guest_write(guest_va(page) + first * 8, e, n * sizeof(*e));
	map_page(page, in_bit() ? 0 : PTE_PRESENT | PTE_USER);
}

/* What may come next to a table that is half made or half gone. */
static void meddle(u32 page, u32 other)
{
	mfn_t m = self->g->page[page];

	switch (in_below(11)) {
	case 0:
		map_page(page, TABLE_FLAGS);
		break;
	case 1:
		extended(MMUEXT_UNPIN_TABLE, m);
		break;
	case 2 ... 3:
		extended(MMUEXT_PIN_L1_TABLE + in_below(4), m);
		break;
	case 4:
		extended(MMUEXT_NEW_BASEPTR, m);
		break;
	case 5:
		extended(MMUEXT_NEW_USER_BASEPTR, m);
		break;
	case 6:
		fill_table(page, other);
		break;
	case 7:
		extended(MMUEXT_PIN_L2_TABLE + in_below(3), self->g->page[other]);
		break;
	case 8:
		call_in_part(__HYPERVISOR_update_va_mapping, guest_va(other), pte_make(m, TABLE_FLAGS), 0, 0);
		break;
	case 9:
		extended(in_bit() ? MMUEXT_CLEAR_PAGE : MMUEXT_UNPIN_TABLE, in_bit() ? m : self->g->page[other]);
		break;
	case 10:
		(void)become(self);
		actor = self->g->d->vcpu[in_below(VCPUS)];
		break;
	}
}

void recipe_tables(void)
{
	u32 l1 = 14 + in_below(2), l2 = 16 + in_below(2), l3 = 18 + in_below(2), top = 8 + in_below(3);

	map_page(l1, 0);
	fill_table(l2, l1);
	if (in_bit())
		fill_table(l3, l2);
	if (in_bit())
		fill_table(top, l3);
	for (u32 n = 2 + in_below(8); n; n--) {
		u32 pages[] = { l1, l2, l3, top };

		if (!may_act(actor) && !become(self))
			return;
		meddle(pages[in_below(4)], pages[in_below(4)]);
	}
}

static struct frame *hoard;

/* All free pages but some are somebody else's for a while. */
static void take_pages(void)
{
	struct frame *f;

	while ((f = page_alloc(0, 0)) != NULL) {
		f->next = hoard ? (u32)mfn_x(frame_to_mfn(hoard)) : FRAME_NONE;
		hoard = f;
	}
}

static void give_pages(u32 n)
{
	while (hoard && n--) {
		struct frame *f = hoard;

		hoard = f->next == FRAME_NONE ? NULL : &frame_table[f->next];
		f->next = FRAME_NONE;
		page_free(f, 0);
	}
}

void recipe_shortage(void)
{
	struct event_domain *ed = self->g->d->event;
	struct grant_table *gt = self->g->d->grant;
	u32 what = in_byte(), ports = ed->max_ports, frames = gt->max_frames, tracks = gt->max_track_frames;

	if (what & 1) {
		take_pages();
		give_pages(in_below(8));
	}
	if (what & 2)
		ed->max_ports = MIN(ports, in_below(16));
	if (what & 4)
		gt->max_frames = MIN(gt->max_frames, gt->nr_frames);
	if (what & 8)
		gt->max_track_frames = MIN(gt->max_track_frames, gt->nr_track_frames);
	for (u32 n = 1 + in_below(3); n; n--)
		do_plain_recipe();
	give_pages(~0u);
	ed->max_ports = ports;
	gt->max_frames = frames;
	gt->max_track_frames = tracks;
}
