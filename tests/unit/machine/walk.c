/* SPDX-License-Identifier: MIT */
/*
 * The far side of the doors: guest addresses go through the tables under CR3 as the processor takes them. Guests of the
 * tests live below 2 GiB and above the hypervisor's half, where no object of this program is, so that the guest's end
 * of a copy is told by its address; anything else is not mapped.
 */
#include <string.h>

#include "domain/guest_copy.h"
#include "machine.h"
#include "mm/pt.h"
#include "x86/cpu_ops.h"

#define LOW_END		0x7fff0000ul	/* where ASan's shadow begins, less a little */

int copy_raw(void *to, const void *from, size_t len);

static bool is_guest(u64 va)
{
	return va < LOW_END || va >= HV_VIRT_END;
}

/* The entry for va at `level` of the table at maddr, with the accessed (and dirty) bit set as the hardware does. */
static u64 use_entry(u64 table, u64 va, u32 level, bool write)
{
	u64 *e = (u64 *)maddr_to_virt(table & PTE_MFN_MASK) + pt_index(va, level);

	if (!(*e & PTE_PRESENT) || (write && !(*e & PTE_WRITE)))
		return 0;
	*e |= PTE_ACCESSED | (write && level == 1 ? PTE_DIRTY : 0);
	return *e;
}

/* The byte of RAM behind va, NULL if the access faults. */
static u8 *translate(u64 va, bool write)
{
	u64 e = host_cpu.cr3;

	if (!va_is_canonical(va))
		return NULL;
	for (u32 level = 4; level; level--) {
		if (!mfn_valid(pte_mfn(e)))
			return NULL;
		e = use_entry(e, va, level, write);
		if (!e)
			return NULL;
	}
	if (!mfn_valid(pte_mfn(e)))
		return NULL;		/* device memory: nothing answers */
	machine_tlb_note(va & PAGE_MASK, pte_mfn(e), write);
	return (u8 *)mfn_to_virt(pte_mfn(e)) + (va & ~PAGE_MASK);
}

static int walk_copy(u64 va, u8 *host, size_t len, bool write)
{
	while (len) {
		size_t n = MIN(len, PAGE_SIZE - (va & ~PAGE_MASK));
		u8 *p = translate(va, write);

		if (!p)
			return -EFAULT;
		if (write)
			memcpy(p, host, n);
		else
			memcpy(host, p, n);
		va += n;
		host += n;
		len -= n;
	}
	return 0;
}

int copy_raw(void *to, const void *from, size_t len)
{
	if (!len)
		return 0;
	if (is_guest((u64)from))
		return walk_copy((u64)from, to, len, false);
	if (is_guest((u64)to))
		return walk_copy((u64)to, (u8 *)from, len, true);
	return -EFAULT;
}

int machine_load(struct vcpu *v, void *to, u64 va, size_t len)
{
	machine_run(v);
	return guest_copy_from(to, va, len);
}

int machine_store(struct vcpu *v, u64 va, const void *from, size_t len)
{
	machine_run(v);
	return guest_copy_to(va, from, len);
}
