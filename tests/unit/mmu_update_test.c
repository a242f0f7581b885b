/* SPDX-License-Identifier: MIT */
/* Page-table changes by hypercall and by faulting store: whose tables, whose frames, and which device memory. */
#include "abi/grant_table.h"
#include "machine.h"
#include "mm/m2p.h"
#include "mm/pt.h"
#include "oracle/oracle.h"
#include "pv/pv.h"
#include "pv/ro_fault.h"
#include "unit.h"
#include "x86/cpu_ops.h"
#include "x86/tlb.h"

#define P	(PTE_PRESENT | PTE_USER)
#define W	PTE_WRITE

static struct machine_guest *lord, *g;

#define LORD	(lord->d->vcpu[0])
#define V	(g->d->vcpu[0])

static void start(void)
{
	lord = machine_guest(1, true, 1);
	g = machine_guest(2, false, 2);
}

static void end(void)
{
	CHECK(oracle_check());
	machine_guest_end(lord);
	CHECK(oracle_check());
	machine_guest_end(g);
	CHECK(oracle_check());
	if (!machine_is_clean()) {
		CHECK(false);
		machine_remember();
	}
}

/* n updates from page 0 of v; *done counts those that took effect. */
static long update_as(struct vcpu *v, const struct mmu_update *u, u32 n, u32 foreign, u32 *done)
{
	u32 d = 77;
	long rc;

	CHECK(!machine_store(v, guest_va(0), u, n * sizeof(*u)));
	CHECK(!machine_store(v, guest_va(1), &d, sizeof(d)));
	rc = machine_call(v, __HYPERVISOR_mmu_update, guest_va(0), n, guest_va(1), foreign);
	CHECK(!machine_load(v, &d, guest_va(1), sizeof(d)));
	CHECK(oracle_check());
	if (done)
		*done = d;
	return rc;
}

static u64 at(mfn_t table, u32 index)
{
	return (mfn_x(table) << PAGE_SHIFT) + index * 8;
}

TEST(a_batch_stops_at_the_first_error)
{
	struct mmu_update u[5];
	u32 done;

	start();
	for (u32 i = 0; i < 5; i++)
		u[i] = (struct mmu_update){ at(g->l1, 20 + i), pte_make(g->page[30 + i], P | W) };
	u[3].val = pte_make(lord->page[3], P);
	CHECK_EQ(update_as(V, u, 5, DOMID_SELF, &done), -EINVAL);
	CHECK_EQ(done, 3);
	machine_preempt_after(2);
	u[3].val = 0;
	CHECK_EQ(update_as(V, u, 5, DOMID_SELF, &done), 0);
	CHECK_EQ(done, 5);
	end();
}

TEST(accessed_and_dirty_bits_are_kept)
{
	struct mmu_update u;
	u64 word = 1, *l1;

	start();
	l1 = mfn_to_virt(g->l1);
	u = (struct mmu_update){ at(g->l1, 20), pte_make(g->page[20], P | W) };
	CHECK_EQ(update_as(V, &u, 1, DOMID_SELF, NULL), 0);
	CHECK(!(l1[20] & (PTE_ACCESSED | PTE_DIRTY)));
	CHECK(!machine_store(V, guest_va(20), &word, sizeof(word)));
	CHECK_EQ(l1[20] & (PTE_ACCESSED | PTE_DIRTY), PTE_ACCESSED | PTE_DIRTY);
	u.ptr |= MMU_PT_UPDATE_PRESERVE_AD;
	u.val |= PTE_AVAIL;
	CHECK_EQ(update_as(V, &u, 1, DOMID_SELF, NULL), 0);
	CHECK_EQ(l1[20] & (PTE_ACCESSED | PTE_DIRTY | PTE_AVAIL), PTE_ACCESSED | PTE_DIRTY | PTE_AVAIL);
	end();
}

TEST(numbers_of_frames)
{
	struct mmu_update u;

	start();
	u = (struct mmu_update){ at(g->page[5], 0) | MMU_MACHPHYS_UPDATE, 0x1234 };
	CHECK_EQ(update_as(V, &u, 1, DOMID_SELF, NULL), 0);
	CHECK_EQ(update_as(V, &u, 1, g->d->id, NULL), 0);	/* itself by number */
	CHECK_EQ(m2p_get(g->page[5]), 0x1234);
	u.ptr = at(lord->page[5], 0) | MMU_MACHPHYS_UPDATE;
	CHECK_EQ(update_as(V, &u, 1, DOMID_SELF, NULL), -EINVAL);
	u.ptr = at(g->page[5], 0) | MMU_MACHPHYS_UPDATE;
	CHECK_EQ(update_as(LORD, &u, 1, g->d->id, NULL), 0);
	end();
}

TEST(only_the_privileged_name_others)
{
	struct mmu_update u;
	u64 word;

	start();
	*(u64 *)mfn_to_virt(g->page[7]) = 0xabcd;
	u = (struct mmu_update){ at(lord->l1, 20), pte_make(g->page[7], P | W) };
	CHECK_EQ(update_as(LORD, &u, 1, DOMID_SELF, NULL), -EINVAL);
	CHECK_EQ(update_as(LORD, &u, 1, 77, NULL), -ESRCH);
	CHECK_EQ(update_as(LORD, &u, 1, g->d->id, NULL), 0);
	CHECK(!machine_load(LORD, &word, guest_va(20), sizeof(word)));
	CHECK_EQ(word, 0xabcd);
	/* tables and frames of the other */
	u = (struct mmu_update){ at(g->l1, 21), pte_make(g->page[8], P) };
	CHECK_EQ(update_as(LORD, &u, 1, g->d->id | (g->d->id + 1) << 16, NULL), 0);
	u = (struct mmu_update){ at(g->l1, 21), pte_make(g->page[8], P) };
	CHECK_EQ(update_as(V, &u, 1, lord->d->id, NULL), -EPERM);
	CHECK_EQ(update_as(V, &u, 1, DOMID_SELF | 2u << 16, NULL), -EPERM);
	CHECK_EQ(machine_call(V, __HYPERVISOR_update_va_mapping_otherdomain, guest_va(20), 0, 0, lord->d->id), -EPERM);
	end();
}

TEST(device_memory_is_for_those_who_may)
{
	const u64 io[] = { MACHINE_MMIO_FIRST, MACHINE_MMIO_LAST, MACHINE_IO_FIRST, MACHINE_IO_LAST };
	struct mmu_update u;

	start();
	for (u32 i = 0; i < ARRAY_SIZE(io); i++) {
		u = (struct mmu_update){ at(lord->l1, 20), pte_make(mfn(io[i]), P | W | PTE_PCD) };
		CHECK_EQ(update_as(LORD, &u, 1, DOMID_SELF, NULL), 0);
		CHECK_EQ(update_as(LORD, &u, 1, DOMID_IO, NULL), 0);
		u = (struct mmu_update){ at(g->l1, 20), pte_make(mfn(io[i]), P) };
		CHECK(update_as(V, &u, 1, DOMID_SELF, NULL) < 0);
		CHECK(update_as(V, &u, 1, DOMID_IO, NULL) < 0);
	}
	u = (struct mmu_update){ at(lord->l1, 21), pte_make(mfn(MACHINE_MMIO_LAST + 1), P) };
	CHECK_EQ(update_as(LORD, &u, 1, DOMID_SELF, NULL), -EPERM);
	CHECK_EQ(update_as(LORD, &u, 1, DOMID_IO, NULL), -EPERM);
	u.val = pte_make(mfn(2), P);
	CHECK(update_as(LORD, &u, 1, DOMID_IO, NULL) < 0);
	CHECK(update_as(LORD, &u, 1, DOMID_XEN, NULL) < 0);
	end();
}

TEST(plain_memory_is_written_as_such)
{
	struct mmu_update u;

	start();
	u = (struct mmu_update){ at(g->page[20], 5), 0x77 };
	CHECK_EQ(update_as(V, &u, 1, DOMID_SELF, NULL), 0);
	CHECK_EQ(((u64 *)mfn_to_virt(g->page[20]))[5], 0x77);
	u.ptr = at(lord->page[20], 5);
	CHECK_EQ(update_as(V, &u, 1, DOMID_SELF, NULL), -EINVAL);
	u.ptr = at(mfn(MACHINE_IO_FIRST), 0);
	CHECK_EQ(update_as(V, &u, 1, DOMID_SELF, NULL), -EINVAL);
	u.ptr = (u64)MACHINE_FRAMES << PAGE_SHIFT;
	CHECK_EQ(update_as(V, &u, 1, DOMID_SELF, NULL), -EINVAL);
	u.ptr = at(mfn(0), 0);
	CHECK_EQ(update_as(V, &u, 1, DOMID_SELF, NULL), -EINVAL);
	end();
}

/* `mov %rax, (%rdi)` at page 2, as if it had faulted. True if it was carried out. */
static bool store_to(u64 va, u64 value)
{
	static const u8 insn[16] = { 0x48, 0x89, 0x07, 0x90 };
	struct regs *r = &V->regs;

	CHECK(!machine_store(V, guest_va(2), insn, sizeof(insn)));
	r->rip = guest_va(2);
	r->cs = PV_CS64;
	r->rdi = va;
	r->rax = value;
	if (!pv_ro_fault(V, va))
		return false;
	CHECK_EQ(r->rip, guest_va(2) + 3);
	return true;
}

TEST(a_store_to_a_page_table)
{
	u64 l1_va = guest_va(GUEST_PAGES + 3), word;

	start();
	machine_run(V);
	CHECK(store_to(l1_va + 20 * 8, pte_make(g->page[21], P | W)));
	CHECK(oracle_check());
	*(u64 *)mfn_to_virt(g->page[21]) = 0x2121;
	CHECK(!machine_load(V, &word, guest_va(20), sizeof(word)));
	CHECK_EQ(word, 0x2121);
	CHECK(!store_to(l1_va + 20 * 8, pte_make(g->l1, P | W)));
	CHECK(oracle_check());
	CHECK(!store_to(l1_va + 20 * 8, pte_make(lord->page[3], P)));
	CHECK(!store_to(l1_va + 20 * 8 + 4, pte_make(g->page[21], P | W)));
	CHECK(!store_to(guest_va(100), 0));
	CHECK(!store_to(0xffff800000000000ul, 0));
	CHECK(oracle_check());
	CHECK(store_to(l1_va + 20 * 8, 0));
	end();
}

/* How often each CPU has dropped translations, in whatever way. */
static u64 flushes(u32 cpu)
{
	return tlb_time[cpu] + machine_cpu_registers(cpu)->invlpg_count + machine_cpu_registers(cpu)->cr3_writes;
}

static void flush(u32 cmd, u64 va, const void *mask, bool here, bool there)
{
	struct mmuext_op op = { .cmd = cmd, .arg1.linear_addr = va };
	u64 before[2] = { flushes(0), flushes(1) };

	if (mask)
		op.arg2.vcpumask = (u64)mask;
	CHECK(!machine_store(V, guest_va(0), &op, sizeof(op)));
	CHECK_EQ(machine_call(V, __HYPERVISOR_mmuext_op, guest_va(0), 1, 0, DOMID_SELF), 0);
	CHECK_EQ(flushes(0) != before[0], here);
	CHECK_EQ(flushes(1) != before[1], there);
}

/* One page alone goes a way of its own: what it drops, whatever stands where, and what it leaves to the long way. */
TEST(a_page_forgotten_alone)
{
	struct mmuext_op op[2] = { { .cmd = MMUEXT_INVLPG_LOCAL }, { .cmd = MMUEXT_INVLPG_LOCAL } };
	static const struct { u64 va; u32 n; } t[] = {
		{ 0, 1 }, { 0x00007fffffffffff, 1 }, { 0x0000800000000000, 0 }, { 0xffff7fffffffffff, 0 },
		{ 0xffff800000000000, 0 }, { HV_VIRT_END - 1, 0 }, { HV_VIRT_END, 1 },
	};
	u64 done = guest_va(3), before;

	start();
	machine_run(V);
	for (u32 i = 0; i < ARRAY_SIZE(t); i++) {
		op[0].arg1.linear_addr = t[i].va;
		CHECK(!machine_store(V, guest_va(0), op, sizeof(op)));
		before = machine_cpu_registers(0)->invlpg_count;
		CHECK_EQ(machine_call(V, __HYPERVISOR_mmuext_op, guest_va(0), 1, 0, DOMID_SELF), 0);
		CHECK_EQ(machine_cpu_registers(0)->invlpg_count - before, t[i].n);
	}
	before = machine_cpu_registers(0)->invlpg_count;
	op[0].arg1.linear_addr = op[1].arg1.linear_addr = guest_va(5);
	CHECK(!machine_store(V, guest_va(0), op, sizeof(op)));
	CHECK_EQ(machine_call(V, __HYPERVISOR_mmuext_op, guest_va(0), 2, 0, DOMID_SELF), 0);
	CHECK_EQ(machine_call(V, __HYPERVISOR_mmuext_op, guest_va(0), 1, done, DOMID_SELF), 0);
	CHECK_EQ(machine_cpu_registers(0)->invlpg_count - before, 3);
	CHECK_EQ(machine_call(V, __HYPERVISOR_mmuext_op, guest_va(0), 1, 0, DOMID_SELF), 0);
	CHECK_EQ(machine_call(V, __HYPERVISOR_mmuext_op, HV_VIRT_END - 8, 1, 0, DOMID_SELF), -EFAULT);
	CHECK_EQ(machine_call(V, __HYPERVISOR_mmuext_op, 0x00007ffffffffff8, 1, 0, DOMID_SELF), -EFAULT);
	CHECK_EQ(machine_call(V, __HYPERVISOR_mmuext_op, 0x0000700000000000, 1, 0, DOMID_SELF), -EFAULT);
	end();
}

/* Each request to flush reaches the CPUs of the vCPUs that it names, and no others. */
TEST(flushes_reach_who_is_named)
{
	u64 first = 1, second = 2, none = 0;

	start();
	machine_cpu(1);
	machine_run(g->d->vcpu[1]);
	machine_cpu(0);
	machine_run(V);
	CHECK(!machine_store(V, guest_va(1), &first, sizeof(first)));
	CHECK(!machine_store(V, guest_va(2), &second, sizeof(second)));
	CHECK(!machine_store(V, guest_va(3), &none, sizeof(none)));
	flush(MMUEXT_TLB_FLUSH_LOCAL, 0, NULL, true, false);
	flush(MMUEXT_INVLPG_LOCAL, guest_va(5), NULL, true, false);
	flush(MMUEXT_TLB_FLUSH_ALL, 0, NULL, true, true);
	flush(MMUEXT_INVLPG_ALL, guest_va(5), NULL, true, true);
	flush(MMUEXT_TLB_FLUSH_MULTI, 0, (void *)guest_va(1), true, false);
	flush(MMUEXT_TLB_FLUSH_MULTI, 0, (void *)guest_va(2), false, true);
	flush(MMUEXT_INVLPG_MULTI, guest_va(5), (void *)guest_va(2), false, true);
	flush(MMUEXT_INVLPG_MULTI, guest_va(5), (void *)guest_va(3), false, false);
	/* one that is being taken down may be in the guest still */
	cpumask_clear(1, &cpu_online_mask);
	flush(MMUEXT_TLB_FLUSH_ALL, 0, NULL, true, true);
	cpumask_set(1, &cpu_online_mask);
	machine_cpu(1);
	machine_idle();
	machine_cpu(0);
	end();
}

#define WROTE	(PFEC_PRESENT | PFEC_WRITE)

/* Whether a write to page 9 counts as one that met a stale entry while `bits` are missing at that level. */
static bool is_stale_without(u64 bits, mfn_t table, u32 level)
{
	u64 *e = (u64 *)mfn_to_virt(table) + pt_index(guest_va(9), level), was = *e;
	bool stale;

	*e &= ~bits;
	stale = pv_stale_write(V, guest_va(9) + 40, WROTE);
	*e = was;
	return stale;
}

/*
 * A write of ours to a page of the guest's is tried again if its tables allow it: a real processor may remember it as
 * it was before. If they do not, it must not be tried for ever.
 */
TEST(a_write_that_met_a_stale_entry)
{
	u64 va = guest_va(9) + 40;

	start();
	machine_run(V);
	CHECK(pv_stale_write(V, va, WROTE));
	CHECK(!pv_stale_write(V, va, PFEC_WRITE));
	CHECK(!pv_stale_write(V, va, PFEC_PRESENT));
	CHECK(!pv_stale_write(V, va, WROTE | PFEC_RSVD));
	CHECK(!pv_stale_write(V, va, WROTE | PFEC_INSN));
	CHECK(!pv_stale_write(V, HV_VIRT_START + 40, WROTE));
	CHECK(!pv_stale_write(V, 0x0000800000000000ul, WROTE));
	CHECK(!is_stale_without(W, g->l1, 1));
	CHECK(!is_stale_without(W, g->l2, 2));
	CHECK(!is_stale_without(W, g->l4, 4));
	CHECK(!is_stale_without(PTE_PRESENT, g->l1, 1));
	CHECK(!is_stale_without(PTE_PRESENT, g->l3, 3));
	CHECK(is_stale_without(0, g->l1, 1));
	/* the tables that count are those of the mode it is in */
	V->pv.kernel_mode = false;
	CHECK(!is_stale_without(W, g->user_l4, 4));
	CHECK(is_stale_without(W, g->l4, 4));
	V->pv.kernel_mode = true;
	end();
}

int main(void)
{
	machine_start();
	RUN(a_batch_stops_at_the_first_error);
	RUN(accessed_and_dirty_bits_are_kept);
	RUN(numbers_of_frames);
	RUN(only_the_privileged_name_others);
	RUN(device_memory_is_for_those_who_may);
	RUN(plain_memory_is_written_as_such);
	RUN(a_store_to_a_page_table);
	RUN(a_page_forgotten_alone);
	RUN(flushes_reach_who_is_named);
	RUN(a_write_that_met_a_stale_entry);
	return unit_end();
}
