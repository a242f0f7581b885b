/* SPDX-License-Identifier: MIT */
/*
 * Frame types: what may become a page table, what its entries count for, and work that is interrupted at every point
 * where it can be.
 */
#include "machine.h"
#include "mm/pt.h"
#include "oracle/oracle.h"
#include "pv/entry_ref.h"
#include "pv/mmu.h"
#include "pv/pv.h"
#include "pv/type.h"
#include "unit.h"

#define P	(PTE_PRESENT | PTE_USER)
#define W	PTE_WRITE

static struct machine_guest *g, *other;

#define V	(g->d->vcpu[0])

static void start(void)
{
	g = machine_guest(1, false, 2);
	other = machine_guest(2, false, 1);
}

static void end(void)
{
	machine_preempt_after(0);
	CHECK(oracle_check());
	machine_guest_end(g);
	CHECK(oracle_check());
	machine_guest_end(other);
	CHECK(oracle_check());
	if (!machine_is_clean()) {
		CHECK(false);
		machine_remember();
	}
}

static long update_va(u32 page, u64 val)
{
	return machine_call(V, __HYPERVISOR_update_va_mapping, guest_va(page), val, UVMF_TLB_FLUSH | UVMF_ALL, 0);
}

/* Page `page` is mapped no more, and full of zeros. */
static mfn_t blank(u32 page)
{
	CHECK_EQ(update_va(page, 0), 0);
	memset(mfn_to_virt(g->page[page]), 0, PAGE_SIZE);
	return g->page[page];
}

static void write_entry(mfn_t table, u32 index, u64 e)
{
	((u64 *)mfn_to_virt(table))[index] = e;
}

static long update(mfn_t table, u32 index, u64 e)
{
	struct mmu_update u = { (mfn_x(table) << PAGE_SHIFT) + index * 8, e };

	CHECK(!machine_store(V, guest_va(0), &u, sizeof(u)));
	return machine_call(V, __HYPERVISOR_mmu_update, guest_va(0), 1, 0, DOMID_SELF);
}

static long mmuext(u32 cmd, mfn_t m)
{
	struct mmuext_op op = { .cmd = cmd, .arg1.mfn = mfn_x(m) };

	CHECK(!machine_store(V, guest_va(0), &op, sizeof(op)));
	return machine_call(V, __HYPERVISOR_mmuext_op, guest_va(0), 1, 0, DOMID_SELF);
}

static long pin(mfn_t m, u32 level)
{
	return mmuext(MMUEXT_PIN_L1_TABLE + level - 1, m);
}

static long unpin(mfn_t m)
{
	return mmuext(MMUEXT_UNPIN_TABLE, m);
}

TEST(an_empty_frame_can_be_any_table)
{
	mfn_t m;

	start();
	m = blank(20);
	for (u32 level = 1; level <= 4; level++) {
		CHECK_EQ(pin(m, level), 0);
		CHECK(oracle_check());
		CHECK_EQ(pin(m, level), -EINVAL);
		CHECK_EQ(pin(m, level % 4 + 1), -EINVAL);
		CHECK(oracle_check());
		/* a table is never writable */
		CHECK(update_va(20, pte_make(m, P | W)) < 0);
		CHECK_EQ(update_va(20, pte_make(m, P)), 0);
		CHECK(oracle_check());
		CHECK_EQ(update_va(20, 0), 0);
		CHECK_EQ(unpin(m), 0);
		CHECK_EQ(unpin(m), -EINVAL);
		CHECK(oracle_check());
	}
	CHECK_EQ(update_va(20, pte_make(m, P | W)), 0);
	CHECK(pin(m, 1) < 0);
	end();
}

/* Whatever shortcuts there are through empty tables: each place is seen, alone and with the last one, both ways. */
TEST(an_entry_counts_wherever_it_stands)
{
	mfn_t m, below[5];

	start();
	m = blank(20);
	below[1] = g->page[5];
	below[2] = g->l1;
	below[3] = g->l2;
	below[4] = g->l3;
	for (u32 level = 1; level <= 4; level++) {
		const struct frame *f = mfn_to_frame(below[level]);
		u32 refs = f->refs;

		for (u32 i = 0; i < PT_ENTRIES; i++) {
			if (level == 4 && !l4_slot_is_guest(i))
				continue;
			for (u32 more = 0; more < 2; more++) {
				memset(mfn_to_virt(m), 0, PAGE_SIZE);
				write_entry(m, i, pte_make(below[level], P));
				if (more)
					write_entry(m, PT_ENTRIES - 1, pte_make(below[level], P));
				CHECK_EQ(pin(m, level), 0);
				CHECK_EQ(f->refs, refs + 1 + (more && i < PT_ENTRIES - 1));
				CHECK_EQ(unpin(m), 0);
				CHECK_EQ(f->refs, refs);
			}
		}
	}
	end();
}

/* Each of these entries makes its table impossible, at whatever place it stands; nothing stays counted. */
TEST(bad_entries_refuse_the_table)
{
	static const u32 places[] = { 0, 1, 255, 511 };
	mfn_t m, t;

	start();
	m = blank(20);
	t = blank(21);
	for (u32 i = 0; i < 4; i++) {
		const struct { u32 level; u64 e; } bad[] = {
			{ 1, pte_make(other->page[5], P) }, { 1, pte_make(other->page[5], P | W) },
			{ 1, pte_make(g->l1, P | W) }, { 1, pte_make(m, P | W) }, { 1, pte_make(mfn(1), P) },
			{ 1, pte_make(mfn(MACHINE_MMIO_FIRST), P) }, { 1, pte_make(mfn(MACHINE_IO_FIRST), P | W) },
			{ 1, pte_make(t, P | PTE_PCD) }, { 1, pte_make(t, P | PTE_PAT) },
			{ 1, pte_make(g->d->shared_info_mfn, P) | 1ul << 51 },
			{ 2, pte_make(t, P | PTE_PSE) }, { 2, pte_make(m, P) }, { 2, pte_make(g->l2, P) },
			{ 2, pte_make(other->l1, P) }, { 2, pte_make(g->page[5], P) },
			{ 2, pte_make(g->d->shared_info_mfn, P) }, { 3, pte_make(t, P | PTE_PWT) },
			{ 3, pte_make(g->l1, P) }, { 4, pte_make(g->l4, P) }, { 4, pte_make(m, P | W) },
		};

		for (u32 k = 0; k < ARRAY_SIZE(bad); k++) {
			memset(mfn_to_virt(m), 0, PAGE_SIZE);
			if (places[i])
				write_entry(m, 0, bad[k].level == 1 ? pte_make(g->page[5], P | W) :
					    bad[k].level == 2 ? pte_make(g->l1, P) : bad[k].level == 3 ?
					    pte_make(g->l2, P) : pte_make(g->l3, P));
			write_entry(m, bad[k].level == 4 && places[i] == 255 ? 254 : places[i], bad[k].e);
			if (!pin(m, bad[k].level))
				printf("level %u entry %u = %#lx is taken\n", bad[k].level, places[i], bad[k].e);
			CHECK(pin(m, bad[k].level) < 0);
			CHECK(oracle_check());
		}
	}
	end();
}

/* The hypervisor's slots of a level-4 table are its own, whatever the guest wrote there. */
TEST(hypervisor_slots)
{
	mfn_t m;

	start();
	m = blank(20);
	for (u32 i = HV_SLOT_FIRST; i <= HV_SLOT_LAST; i++)
		write_entry(m, i, pte_make(g->page[7], P | W));
	CHECK_EQ(pin(m, 4), 0);
	CHECK(oracle_check());
	CHECK_EQ(update(m, HV_SLOT_FIRST, 0), -EINVAL);
	CHECK_EQ(update(m, HV_SLOT_LAST, pte_make(g->l3, P)), -EINVAL);
	CHECK_EQ(update(m, HV_SLOT_LAST + 1, pte_make(g->l3, P)), 0);
	CHECK(oracle_check());
	end();
}

/* A tree of tables: every frame of it mapped read-only, three levels deep, and shared by two parents. */
static mfn_t build_tree(void)
{
	mfn_t top = blank(20), l3 = blank(21), l2 = blank(22), l1 = blank(23), l1b = blank(24);

	for (u32 i = 0; i < 6; i++) {
		write_entry(l1, i * 90, pte_make(g->page[30 + i], P | W));
		write_entry(l1b, i * 70, pte_make(g->page[20 + i % 5], P));
	}
	write_entry(l2, 0, pte_make(l1, P | W));
	write_entry(l2, 5, pte_make(l1b, P | W));
	write_entry(l2, 511, pte_make(l1, P | W));
	write_entry(l3, 3, pte_make(l2, P | W));
	write_entry(l3, 4, pte_make(l2, P | W));
	write_entry(top, 0, pte_make(l3, P | W));
	write_entry(top, 100, pte_make(l3, P | W));
	write_entry(top, 300, pte_make(l3, P | W));
	return top;
}

/* Pin and unpin, interrupted after n looks, for every n until nothing is interrupted any more. */
TEST(a_tree_is_pinned_in_pieces)
{
	u32 n, looks;
	mfn_t top;

	start();
	top = build_tree();
	machine_preempt_after(0);
	CHECK_EQ(pin(top, 4), 0);
	looks = machine_looks();
	CHECK(oracle_check());
	CHECK_EQ(unpin(top), 0);
	CHECK(looks > 5);
	for (n = 1; n <= looks + 4; n++) {
		machine_preempt_after(n);
		CHECK_EQ(pin(top, 4), 0);
		CHECK(oracle_check());
		machine_preempt_after(n);
		CHECK_EQ(unpin(top), 0);
		CHECK(oracle_check());
	}
	end();
}

static u32 every_look;

static bool always(void)
{
	return ++every_look;
}

/* Interrupted at every look, each turn still gets further, and every state in between is sound. */
static void call_in_turns(u64 nr, u64 a, u64 b, u64 c, u64 d, long want)
{
	const u64 args[6] = { a, b, c, d };
	u32 turns = 0;
	long rc;

	machine_preempt_by(always);
	if (machine_call_once(V, nr, args, &rc)) {
		CHECK(oracle_check());
		while (machine_repeat(V, &rc) && ++turns < 1000)
			CHECK(oracle_check());
	}
	machine_preempt_by(NULL);
	CHECK(turns < 1000);
	CHECK_EQ(rc, want);
	CHECK(oracle_check());
}

TEST(every_state_in_between_is_sound)
{
	struct mmuext_op op[2] = { { .cmd = MMUEXT_PIN_L4_TABLE }, { .cmd = MMUEXT_UNPIN_TABLE } };
	mfn_t top;

	start();
	top = build_tree();
	op[0].arg1.mfn = op[1].arg1.mfn = mfn_x(top);
	CHECK(!machine_store(V, guest_va(0), op, sizeof(op)));
	call_in_turns(__HYPERVISOR_mmuext_op, guest_va(0), 1, 0, DOMID_SELF, 0);
	call_in_turns(__HYPERVISOR_mmuext_op, guest_va(0) + sizeof(op[0]), 1, 0, DOMID_SELF, 0);
	call_in_turns(__HYPERVISOR_mmuext_op, guest_va(0), 2, 0, DOMID_SELF, 0);
	end();
}

/* A tree whose last entry is bad: what was done before is undone, in pieces too. */
TEST(a_bad_tree_is_undone_in_pieces)
{
	struct mmuext_op op = { .cmd = MMUEXT_PIN_L4_TABLE };
	mfn_t top;

	start();
	top = build_tree();
	write_entry(top, 511, pte_make(other->l3, P));
	op.arg1.mfn = mfn_x(top);
	CHECK(!machine_store(V, guest_va(0), &op, sizeof(op)));
	call_in_turns(__HYPERVISOR_mmuext_op, guest_va(0), 1, 0, DOMID_SELF, -EINVAL);
	/* and the frames are good for anything again */
	for (u32 i = 20; i <= 24; i++)
		CHECK_EQ(update_va(i, pte_make(g->page[i], P | W)), 0);
	end();
}

/* A pin stops half-way, and the guest goes on to use the frames otherwise, or ends. */
static void half_pin(u32 looks)
{
	struct mmuext_op op = { .cmd = MMUEXT_PIN_L4_TABLE, .arg1.mfn = mfn_x(build_tree()) };
	const u64 args[6] = { guest_va(0), 1, 0, DOMID_SELF };
	long rc;

	CHECK(!machine_store(V, guest_va(0), &op, sizeof(op)));
	machine_preempt_after(looks);
	CHECK(machine_call_once(V, __HYPERVISOR_mmuext_op, args, &rc));
	CHECK(oracle_check());
	machine_preempt_after(0);
}

TEST(half_done_work_gives_way)
{
	for (u32 looks = 1; looks <= 5; looks++) {
		start();
		half_pin(looks);
		for (u32 i = 20; i <= 24; i++) {
			long rc = update_va(i, pte_make(g->page[i], P | W));

			/* what is a whole table by now stays one until its parent goes */
			CHECK(rc == 0 || rc == -EINVAL);
			CHECK(oracle_check());
		}
		end();
		start();
		half_pin(looks);
		end();
		start();
		half_pin(looks);
		CHECK_EQ(pin(g->page[20], 3), 0);
		CHECK(oracle_check());
		end();
	}
}

/*
 * A pin that stopped half-way is all that makes a frame a table of level `level` - 1. An entry written into that one
 * names the half-pinned frame, for which the pin is undone: what is written into is no table any more then, and
 * nothing counts.
 */
static void write_beneath(u32 level)
{
	struct mmuext_op op = { .cmd = MMUEXT_PIN_L1_TABLE + level - 1 };
	const u64 args[6] = { guest_va(0), 1, 0, DOMID_SELF };
	u64 e = pte_make(g->page[20], P | W);
	mfn_t above = blank(20), table = blank(21);
	long rc;

	for (u32 i = 0; i < 3; i++)
		write_entry(above, i, pte_make(table, P));
	op.arg1.mfn = mfn_x(above);
	CHECK(!machine_store(V, guest_va(0), &op, sizeof(op)));
	machine_preempt_after(1);
	CHECK(machine_call_once(V, __HYPERVISOR_mmuext_op, args, &rc));
	machine_preempt_after(0);
	CHECK(oracle_check());
	CHECK_EQ(mmu_table_level(g->d, table), level - 1);
	CHECK_EQ(update(table, 260, e), 0);
	CHECK(oracle_check());
	CHECK_EQ(mmu_table_level(g->d, table), 0);
	CHECK_EQ(((u64 *)mfn_to_virt(table))[260], e);
}

TEST(a_write_into_what_half_done_work_made_a_table)
{
	for (u32 level = 2; level <= 4; level++) {
		start();
		write_beneath(level);
		end();
	}
}

/* The last reference to a table goes with an entry's, while others still count its children. */
TEST(entries_hold_tables)
{
	mfn_t l1;
	u64 word;

	start();
	l1 = blank(20);
	write_entry(l1, 0, pte_make(g->page[30], P | W));
	CHECK_EQ(update(g->l2, 1, pte_make(l1, P | W)), 0);
	CHECK(oracle_check());
	*(u64 *)mfn_to_virt(g->page[30]) = 0x5151;
	CHECK(!machine_load(V, &word, GUEST_BASE + PT_LEVEL_SIZE(2), sizeof(word)));
	CHECK_EQ(word, 0x5151);
	CHECK(update_va(20, pte_make(l1, P | W)) < 0);
	CHECK_EQ(update(l1, 1, pte_make(g->page[31], P | W)), 0);
	CHECK_EQ(update(l1, 1, pte_make(l1, P | W)), -EINVAL);
	CHECK(oracle_check());
	CHECK_EQ(update(g->l2, 1, 0), 0);
	CHECK(oracle_check());
	CHECK_EQ(update_va(20, pte_make(l1, P | W)), 0);
	end();
}

/* References to a table up to the limit: taking it down needs one more, and has it. */
TEST(a_table_with_all_the_references_there_can_be)
{
	struct frame *f;
	u32 more;
	mfn_t m;

	start();
	m = blank(20);
	CHECK_EQ(pin(m, 2), 0);
	f = mfn_to_frame(m);
	more = FRAME_REFS_LIMIT - (f->refs & FRAME_REFS_MASK);
	f->refs += more;
	CHECK(update_va(20, pte_make(m, P)) < 0);
	CHECK_EQ(unpin(m), 0);
	f->refs -= more;
	end();
}

/* User mode needs tables of its own: a context without them would have nothing to run on. */
TEST(no_user_mode_without_user_tables)
{
	struct vcpu_guest_context *c = calloc(1, sizeof(*c));
	struct vcpu *v;

	start();
	machine_idle();
	v = g->d->vcpu[1];
	pv_vcpu_get_context(v, c);
	c->flags &= ~VGCF_in_kernel;
	c->ctrlreg[1] = 0;
	CHECK_EQ(pv_vcpu_set_context(v, c), -EINVAL);
	c->ctrlreg[1] = mfn_x(g->user_l4) << PAGE_SHIFT;
	CHECK_EQ(pv_vcpu_set_context(v, c), 0);
	machine_run(v);
	CHECK(oracle_check());
	free(c);
	end();
}

int main(void)
{
	machine_start();
	RUN(an_empty_frame_can_be_any_table);
	RUN(an_entry_counts_wherever_it_stands);
	RUN(bad_entries_refuse_the_table);
	RUN(hypervisor_slots);
	RUN(a_tree_is_pinned_in_pieces);
	RUN(every_state_in_between_is_sound);
	RUN(a_bad_tree_is_undone_in_pieces);
	RUN(half_done_work_gives_way);
	RUN(a_write_into_what_half_done_work_made_a_table);
	RUN(entries_hold_tables);
	RUN(a_table_with_all_the_references_there_can_be);
	RUN(no_user_mode_without_user_tables);
	return unit_end();
}
