/* SPDX-License-Identifier: MIT */
/*
 * The guest's own page tables. The builder maps frames 0 to n of the guest at n * 4096, page tables read-only,
 * and gives the frame numbers in the p2m; the way back is the machine-to-physical table.
 */
#include "guest.h"

struct start_info *start_info;
struct shared_info *shared_info;

uint64_t pfn_to_mfn(uint64_t pfn)
{
	return ((const volatile uint64_t *)start_info->mfn_list)[pfn];
}

uint64_t va_to_mfn(const volatile void *va)
{
	return pfn_to_mfn((uint64_t)va >> 12);
}

void *mfn_to_va(uint64_t mfn)
{
	return (void *)(m2p[mfn] << 12);
}

uint64_t root_mfn(void)
{
	return pfn_to_mfn(start_info->pt_base >> 12);
}

volatile uint64_t *pte_of(uint64_t va, int level, uint64_t *maddr)
{
	uint64_t mfn = root_mfn();

	for (int l = 4; ; l--) {
		volatile uint64_t *table = mfn_to_va(mfn);
		unsigned int slot = va >> (12 + 9 * (l - 1)) & 511;

		if (l == level) {
			if (maddr)
				*maddr = mfn << 12 | slot * 8;
			return &table[slot];
		}
		if (!(table[slot] & PTE_P) || (table[slot] & PTE_PSE))
			test_error("nothing maps %#lx at level %d", va, l);
		mfn = (table[slot] & PTE_MFN_MASK) >> 12;
	}
}

long map_at(const volatile void *va, uint64_t pte, uint64_t flags)
{
	return hypercall(update_va_mapping, va, pte, flags);
}

static void remap(const volatile void *va, uint64_t pte, const char *how)
{
	long r = map_at(va, pte, UVMF_INVLPG);

	if (r)
		test_error("cannot make %p %s: %ld", va, how, r);
}

void read_only(const volatile void *va)
{
	remap(va, va_to_mfn(va) << 12 | PTE_RO, "read-only");
}

void writable(const volatile void *va)
{
	remap(va, va_to_mfn(va) << 12 | PTE_DATA, "writable");
}

void unmapped(const volatile void *va)
{
	remap(va, 0, "absent");
}

long mmu_update_one(uint64_t ptr, uint64_t val)
{
	struct mmu_update u = { ptr, val };

	return hypercall(mmu_update, &u, 1, NULL, DOMID_SELF);
}

long mmuext_two(unsigned int cmd, uint64_t arg1, uint64_t arg2)
{
	struct mmuext_op op = { .cmd = cmd, .arg1.mfn = arg1, .arg2.src_mfn = arg2 };

	return hypercall(mmuext_op, &op, 1, NULL, DOMID_SELF);
}

long mmuext_one(unsigned int cmd, uint64_t mfn)
{
	return mmuext_two(cmd, mfn, 0);
}
