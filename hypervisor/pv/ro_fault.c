/* SPDX-License-Identifier: MIT */
/*
 * A guest kernel stores to a page table as if it were plain memory (VMASST_TYPE_writable_pagetables). The store traps,
 * is decoded, and done as a checked change of that one entry. What is not a single store within one entry goes to the
 * guest as the page fault that it is.
 */
#include "pv/ro_fault.h"

#include "mm/pt.h"
#include "pv/fetch.h"
#include "pv/mmu.h"
#include "pv/pv.h"
#include "x86/perfc.h"

/* The machine address behind a present mapping of va; 0 if there is none. Lock held. */
static u64 translate(const struct vcpu *v, u64 va)
{
	u64 *l1 = mmu_find_l1(v, va);
	u64 e = l1 ? READ_ONCE(*l1) : 0;

	if (!(e & PTE_PRESENT) || !mfn_valid(pte_mfn(e)))
		return 0;
	return (e & PTE_MFN_MASK) | (va & ~PAGE_MASK);
}

/* The entry with `size` bytes at byte `at` replaced. */
static u64 merge(u64 old, u64 bytes, u32 at, u32 size)
{
	u64 mask;

	if (likely(size == 8))
		return bytes;
	mask = ((1ul << size * 8) - 1) << at * 8;
	return (old & ~mask) | (bytes << at * 8 & mask);
}

/* One try at the entry p. 0, -EAGAIN, or what mmu_write_table says. */
static int update_entry(struct vcpu *v, const struct emul_insn *insn, u64 *p, u32 at, u32 level)
{
	u64 old = READ_ONCE(*p), operand[2] = { old >> at * 8, 0 };
	struct emul_result result;
	int rc;

	if (insn->size < 8)
		operand[0] &= (1ul << insn->size * 8) - 1;
	rc = emul_compute(insn, &v->regs, operand, &result);
	if (rc)
		return rc;
	if (result.write_mem) {
		u64 new = merge(old, result.mem[0], at, insn->size);

		rc = mmu_write_table(v->domain, v->domain, p, new, level, &old);
		if (rc)
			return rc;
	}
	emul_commit(insn, &v->regs, &result);
	return 0;
}

static bool emulate(struct vcpu *v, u64 cr2, const struct emul_insn *insn)
{
	u32 at = cr2 & 7, level;
	u64 maddr;
	int rc = -EFAULT;

	if (mmu_begin(v->domain))
		return true;		/* other work first, then the guest runs into it again */
	maddr = translate(v, cr2);
	level = maddr ? mmu_table_level(v->domain, mfn(maddr >> PAGE_SHIFT)) : 0;
	if (level) {
		do
			rc = update_entry(v, insn, maddr_to_virt(maddr & ~7ul), at, level);
		while (rc == -EAGAIN);
	}
	mmu_end(v->domain);
	return !rc || rc == -ERESTART;
}

bool pv_ro_fault(struct vcpu *v, u64 cr2)
{
	struct emul_insn insn;

	if (pv_fetch_insn(v, &insn) || !insn.is_mem || insn.to_reg || insn.size > 8 || insn.op > EMUL_BTC)
		return false;
	if ((cr2 & 7) + insn.size > 8 || (cr2 & (insn.size - 1)))
		return false;
	if (pv_linear(v, insn.seg, insn.offset) != cr2)
		return false;
	perfc_inc(pte_writes);
	return emulate(v, cr2, &insn);
}
