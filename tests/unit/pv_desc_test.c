/* SPDX-License-Identifier: MIT */
/* Descriptor tables of PV guests: what may stand in them, how their frames are held, and the LDT's pages on demand. */
#include "machine.h"
#include "mm/pt.h"
#include "oracle/oracle.h"
#include "pv/desc.h"
#include "pv/pv.h"
#include "unit.h"

#define CODE_DPL3	0x00affb000000fffful
#define CODE_DPL0	0x00af9b000000fffful
#define DATA_DPL1	0x00cfb3000000fffful
#define CALL_GATE	0x0000ec0000080000ul
#define TSS		0x0000890000000067ul
#define LDT_DESC	0x0000820000000067ul

static struct machine_guest *g;

#define V	(g->d->vcpu[0])

static void start(void)
{
	g = machine_guest(1, false, 2);
}

static void end(void)
{
	CHECK(oracle_check());
	machine_guest_end(g);
	CHECK(oracle_check());
	if (!machine_is_clean()) {
		CHECK(false);
		machine_remember();
	}
}

static mfn_t blank(u32 page)
{
	CHECK_EQ(machine_call(V, __HYPERVISOR_update_va_mapping, guest_va(page), 0, UVMF_TLB_FLUSH | UVMF_ALL, 0), 0);
	memset(mfn_to_virt(g->page[page]), 0, PAGE_SIZE);
	return g->page[page];
}

static void map(u32 page, u64 flags)
{
	CHECK_EQ(machine_call(V, __HYPERVISOR_update_va_mapping, guest_va(page),
			      pte_make(g->page[page], PTE_PRESENT | PTE_USER | flags),
			      UVMF_TLB_FLUSH | UVMF_ALL, 0), 0);
}

static long set_gdt(const u64 *frames, u32 n, u32 entries)
{
	long rc;

	CHECK(!machine_store(V, guest_va(0), frames, n * sizeof(*frames)));
	rc = machine_call(V, __HYPERVISOR_set_gdt, guest_va(0), entries, 0, 0);
	CHECK(oracle_check());
	return rc;
}

static long set_ldt(u64 base, u32 entries)
{
	struct mmuext_op op = { .cmd = MMUEXT_SET_LDT, .arg1.linear_addr = base, .arg2.nr_ents = entries };

	CHECK(!machine_store(V, guest_va(0), &op, sizeof(op)));
	return machine_call(V, __HYPERVISOR_mmuext_op, guest_va(0), 1, 0, DOMID_SELF);
}

TEST(descriptors)
{
	static const struct { u64 in, out; bool ok; } d[] = {
		{ 0, 0, true }, { CODE_DPL3, CODE_DPL3, true }, { CODE_DPL0, CODE_DPL3, true },
		{ DATA_DPL1, DATA_DPL1 | 3ul << 45, true }, { CALL_GATE, 0, false }, { TSS, 0, false },
		{ LDT_DESC, 0, false }, { CALL_GATE & ~(1ul << 47), CALL_GATE & ~(1ul << 47), true },
	};

	for (u32 i = 0; i < ARRAY_SIZE(d); i++) {
		u64 x = d[i].in;

		CHECK_EQ(desc_fix(&x), d[i].ok);
		if (d[i].ok)
			CHECK_EQ(x, d[i].out);
	}
}

TEST(a_gdt)
{
	u64 frames[3], d;
	mfn_t a, b;

	start();
	a = blank(20);
	b = blank(21);
	((u64 *)mfn_to_virt(a))[5] = CODE_DPL0;
	((u64 *)mfn_to_virt(b))[1] = DATA_DPL1;
	frames[0] = mfn_x(a);
	frames[1] = mfn_x(b);
	CHECK_EQ(set_gdt(frames, 2, 514), 0);
	CHECK(!desc_read(V, 5 * 8 | 3, &d));
	CHECK_EQ(d, CODE_DPL3);
	CHECK(!desc_read(V, 513 * 8, &d));
	CHECK_EQ(d, DATA_DPL1 | 3ul << 45);
	CHECK(desc_read(V, 514 * 8, &d));
	/* never writable while in use, nor a page table */
	CHECK(machine_call(V, __HYPERVISOR_update_va_mapping, guest_va(20),
			   pte_make(a, PTE_PRESENT | PTE_WRITE), 0, 0) < 0);
	/* the same frame twice */
	frames[1] = frames[0];
	CHECK_EQ(set_gdt(frames, 2, 1024), 0);
	CHECK_EQ(set_gdt(frames, 0, 0), 0);
	map(20, PTE_WRITE);
	end();
}

/* All fourteen pages that a guest has, to the last entry, and not one more. */
TEST(the_largest_gdt)
{
	u64 frames[DESC_GDT_FRAMES], d;

	start();
	for (u32 i = 0; i < DESC_GDT_FRAMES; i++)
		frames[i] = mfn_x(blank(20 + i));
	((u64 *)mfn_to_virt(mfn(frames[DESC_GDT_FRAMES - 1])))[511] = DATA_DPL1;
	CHECK_EQ(set_gdt(frames, DESC_GDT_FRAMES, DESC_GDT_ENTRIES), 0);
	CHECK(!desc_read(V, (u16)((DESC_GDT_ENTRIES - 1) * 8), &d));
	CHECK_EQ(d, DATA_DPL1 | 3ul << 45);
	CHECK_EQ(set_gdt(frames, DESC_GDT_FRAMES, DESC_GDT_ENTRIES + 1), -EINVAL);
	CHECK_EQ(V->pv.gdt_entries, DESC_GDT_ENTRIES);
	end();
}

TEST(bad_gdts_change_nothing)
{
	u64 frames[3];
	mfn_t a, b;

	start();
	a = blank(20);
	b = blank(21);
	((u64 *)mfn_to_virt(b))[511] = CALL_GATE;
	frames[0] = mfn_x(a);
	frames[1] = mfn_x(b);
	CHECK(set_gdt(frames, 2, 1024) < 0);
	CHECK_EQ(V->pv.gdt_entries, 0);
	frames[1] = mfn_x(g->page[5]);		/* mapped writable */
	CHECK(set_gdt(frames, 2, 1024) < 0);
	frames[1] = mfn_x(g->l1);
	CHECK(set_gdt(frames, 2, 1024) < 0);
	frames[1] = mfn_x(g->d->shared_info_mfn);
	CHECK(set_gdt(frames, 2, 1024) < 0);
	frames[1] = 1;
	CHECK(set_gdt(frames, 2, 1024) < 0);
	frames[1] = ~0ul;
	CHECK(set_gdt(frames, 2, 1024) < 0);
	CHECK_EQ(machine_call(V, __HYPERVISOR_set_gdt, guest_va(0), 14 * 512 + 1, 0, 0), -EINVAL);
	end();
}

static long update_descriptor(mfn_t m, u32 index, u64 d)
{
	long rc = machine_call(V, __HYPERVISOR_update_descriptor, (mfn_x(m) << PAGE_SHIFT) + index * 8, d, 0, 0);

	CHECK(oracle_check());
	return rc;
}

TEST(single_descriptors)
{
	u64 frames[1];
	mfn_t a;

	start();
	a = blank(20);
	frames[0] = mfn_x(a);
	CHECK_EQ(set_gdt(frames, 1, 512), 0);
	CHECK_EQ(update_descriptor(a, 3, CODE_DPL0), 0);
	CHECK_EQ(((u64 *)mfn_to_virt(a))[3], CODE_DPL3);
	CHECK_EQ(update_descriptor(a, 3, CALL_GATE), -EINVAL);
	CHECK_EQ(update_descriptor(g->page[5], 0, CODE_DPL3), 0);	/* a page that it could write itself */
	CHECK_EQ(update_descriptor(g->l1, 0, CODE_DPL3), -EINVAL);
	CHECK_EQ(update_descriptor(mfn(1), 0, CODE_DPL3), -EINVAL);
	CHECK_EQ(machine_call(V, __HYPERVISOR_update_descriptor, (mfn_x(a) << PAGE_SHIFT) + 4, 0, 0, 0), -EINVAL);
	end();
}

TEST(an_ldt_is_mapped_on_demand)
{
	u64 d;
	mfn_t a;

	start();
	a = blank(20);
	((u64 *)mfn_to_virt(a))[2] = CODE_DPL0;
	map(20, 0);
	CHECK_EQ(set_ldt(guest_va(20), 1024), 0);
	machine_run(V);
	CHECK_EQ(V->pv.ldt_mapped, 0);
	CHECK(pv_window_fault(V, desc_ldt_va(V) + 16));
	CHECK_EQ(V->pv.ldt_mapped, 1);
	CHECK(oracle_check());
	CHECK(!pv_window_fault(V, desc_ldt_va(V) + 16));	/* it is there: something else is wrong */
	CHECK(!pv_window_fault(V, desc_ldt_va(V) + 2 * PAGE_SIZE));
	CHECK(!pv_window_fault(V, desc_gdt_va(V)));
	CHECK(!desc_read(V, 2 * 8 | 4, &d));
	CHECK_EQ(d, CODE_DPL3);
	/* the second page is a writable one */
	CHECK(!pv_window_fault(V, desc_ldt_va(V) + PAGE_SIZE));
	/* the guest's mapping goes, the window's stays until the LDT does */
	CHECK_EQ(machine_call(V, __HYPERVISOR_update_va_mapping, guest_va(20), 0, 0, 0), 0);
	CHECK(oracle_check());
	CHECK(machine_call(V, __HYPERVISOR_update_va_mapping, guest_va(20),
			   pte_make(a, PTE_PRESENT | PTE_WRITE), 0, 0) < 0);
	CHECK_EQ(set_ldt(0, 0), 0);
	CHECK(oracle_check());
	map(20, PTE_WRITE);
	CHECK_EQ(set_ldt(guest_va(20), 8193), -EINVAL);
	CHECK_EQ(set_ldt(guest_va(20) + 8, 1), -EINVAL);
	CHECK_EQ(set_ldt(HV_VIRT_START, 1), -EINVAL);
	end();
}

/* Not one page more than was asked for, though the next one is as good. */
TEST(an_ldt_ends_where_it_ends)
{
	start();
	blank(20);
	map(20, 0);
	blank(21);
	map(21, 0);
	CHECK_EQ(set_ldt(guest_va(20), 512), 0);
	machine_run(V);
	CHECK(!pv_window_fault(V, desc_ldt_va(V) + 512 * 8));
	CHECK(pv_window_fault(V, desc_ldt_va(V) + 511 * 8));
	CHECK_EQ(set_ldt(guest_va(20), 513), 0);
	CHECK(pv_window_fault(V, desc_ldt_va(V) + 512 * 8));
	CHECK(oracle_check());
	end();
}

/* The LDT's address means something else in another address space. */
TEST(a_new_base_forgets_the_ldt)
{
	struct mmuext_op op = { .cmd = MMUEXT_NEW_BASEPTR };

	start();
	blank(20);
	map(20, 0);
	CHECK_EQ(set_ldt(guest_va(20), 512), 0);
	machine_run(V);
	CHECK(pv_window_fault(V, desc_ldt_va(V)));
	op.arg1.mfn = mfn_x(g->user_l4);
	CHECK(!machine_store(V, guest_va(0), &op, sizeof(op)));
	CHECK_EQ(machine_call(V, __HYPERVISOR_mmuext_op, guest_va(0), 1, 0, DOMID_SELF), 0);
	CHECK_EQ(V->pv.ldt_mapped, 0);
	end();
}

/*
 * The LDT's page is looked up without the lock: another vCPU may give a table back and write to it what it likes while
 * we walk. What is found then may be wrong, but no step leaves the domain's own memory.
 */
TEST(tables_that_go_while_an_ldt_is_looked_up)
{
	static const u64 wild[] = { 1ul << 38, MACHINE_FRAMES, MACHINE_FRAMES - 1, MACHINE_IO_FIRST,
				    MACHINE_MMIO_FIRST, 0 };
	const u32 level[] = { 4, 3, 2, 1 };
	mfn_t tables[4];

	start();
	blank(20);
	map(20, 0);
	CHECK_EQ(set_ldt(guest_va(20), 512), 0);
	machine_run(V);
	tables[0] = g->l4, tables[1] = g->l3, tables[2] = g->l2, tables[3] = g->l1;
	for (u32 t = 0; t < 4; t++) {
		u64 *e = (u64 *)mfn_to_virt(tables[t]) + pt_index(guest_va(20), level[t]), was = *e;

		for (u32 i = 0; i < ARRAY_SIZE(wild); i++) {
			*e = pte_make(mfn(wild[i]), PTE_PRESENT | PTE_WRITE | PTE_USER);
			CHECK(!pv_window_fault(V, desc_ldt_va(V)));
		}
		*e = was;
	}
	CHECK(pv_window_fault(V, desc_ldt_va(V)));
	end();
}

int main(void)
{
	machine_start();
	RUN(descriptors);
	RUN(a_gdt);
	RUN(the_largest_gdt);
	RUN(bad_gdts_change_nothing);
	RUN(single_descriptors);
	RUN(an_ldt_is_mapped_on_demand);
	RUN(an_ldt_ends_where_it_ends);
	RUN(a_new_base_forgets_the_ldt);
	RUN(tables_that_go_while_an_ldt_is_looked_up);
	return unit_end();
}
