/* SPDX-License-Identifier: MIT */
/* Rows: page tables, in every way that a kernel changes them, and memory given back and taken. */
#include "pv.h"

#define BATCH	32

static uint64_t window[BATCH][512] PAGE, page_a[512] PAGE, page_b[512] PAGE;
static uint64_t table[512] PAGE, empty[512] PAGE, spare[512] PAGE;
static volatile uint64_t *pte;
static uint64_t pte_maddr, a, b, spare_mfn;
static struct mmu_update many[2][BATCH];

static void prepare(void)
{
	a = va_to_mfn(page_a) << 12 | PTE_DATA;
	b = va_to_mfn(page_b) << 12 | PTE_DATA;
	pte = pte_of((uint64_t)window[0], 1, &pte_maddr);
	for (int i = 0; i < BATCH; i++) {
		uint64_t maddr;

		pte_of((uint64_t)window[i], 1, &maddr);
		many[0][i] = (struct mmu_update) { maddr, a };
		many[1][i] = (struct mmu_update) { maddr, b };
	}
}

static void update(uint64_t n, uint64_t x, uint64_t y)
{
	struct mmu_update u = { pte_maddr, x };

	for (uint64_t i = 0; i < n; i++) {
		u.val = u.val == x ? y : x;
		hc(__HYPERVISOR_mmu_update, (uint64_t)&u, 1, 0, DOMID_SELF);
	}
}

static void update_frame(uint64_t n) { update(n, a, b); }
static void update_present(uint64_t n) { update(n, a, 0); }
static void update_rights(uint64_t n) { update(n, a, a & ~PTE_RW); }

static void update_many(uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		hc(__HYPERVISOR_mmu_update, (uint64_t)many[i & 1], BATCH, 0, DOMID_SELF);
}

static void update_va(uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		hc(__HYPERVISOR_update_va_mapping, (uint64_t)window[0], i & 1 ? a : b, 0, 0);
}

static void update_va_flush(uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		hc(__HYPERVISOR_update_va_mapping, (uint64_t)window[0], i & 1 ? a : b, UVMF_INVLPG, 0);
}

static void store(uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		*pte = i & 1 ? a : b;
}

static void prepare_store(void)
{
	prepare();
	if (hypercall(vm_assist, VMASST_CMD_enable, VMASST_TYPE_writable_pagetables))
		test_error("no assist for writable page tables");
}

static void one_op(uint64_t n, struct mmuext_op *op)
{
	for (uint64_t i = 0; i < n; i++) {
		hc(__HYPERVISOR_mmuext_op, (uint64_t)op, 1, 0, DOMID_SELF);
		barrier();
	}
}

static void pin_unpin(uint64_t n, const void *what)
{
	struct mmuext_op pin = { .cmd = MMUEXT_PIN_L1_TABLE, .arg1.mfn = va_to_mfn(what) };
	struct mmuext_op unpin = { .cmd = MMUEXT_UNPIN_TABLE, .arg1.mfn = va_to_mfn(what) };

	for (uint64_t i = 0; i < n; i++) {
		if (hc(__HYPERVISOR_mmuext_op, (uint64_t)&pin, 1, 0, DOMID_SELF))
			test_error("a table cannot be pinned");
		hc(__HYPERVISOR_mmuext_op, (uint64_t)&unpin, 1, 0, DOMID_SELF);
	}
}

static void pin_full(uint64_t n) { pin_unpin(n, table); }
static void pin_empty(uint64_t n) { pin_unpin(n, empty); }

static void prepare_pin(void)
{
	uint64_t e = va_to_mfn(page_a) << 12 | PTE_DATA;

	writable(table);
	for (int i = 0; i < 512; i++)
		table[i] = e;
	read_only(table);
	read_only(empty);
}

static void load_base(uint64_t n)
{
	struct mmuext_op op = { .cmd = MMUEXT_NEW_BASEPTR, .arg1.mfn = root_mfn() };

	one_op(n, &op);
}

static void flush_tlb(uint64_t n)
{
	struct mmuext_op op = { .cmd = MMUEXT_TLB_FLUSH_LOCAL };

	one_op(n, &op);
}

static void flush_page(uint64_t n)
{
	struct mmuext_op op = { .cmd = MMUEXT_INVLPG_LOCAL, .arg1.linear_addr = (uint64_t)window[0] };

	one_op(n, &op);
}

static void balloon(uint64_t n)
{
	uint64_t pfn = (uint64_t)spare >> 12, frame;
	struct xen_memory_reservation r = { .extent_start = (uint64_t)&frame, .nr_extents = 1, .domid = DOMID_SELF };

	for (uint64_t i = 0; i < n; i++) {
		frame = spare_mfn;
		if (hc(__HYPERVISOR_memory_op, XENMEM_decrease_reservation, (uint64_t)&r, 0, 0) != 1)
			test_error("a page cannot be given back");
		frame = pfn;
		if (hc(__HYPERVISOR_memory_op, XENMEM_populate_physmap, (uint64_t)&r, 0, 0) != 1)
			test_error("a page cannot be had");
		spare_mfn = frame;
	}
}

static void prepare_balloon(void)
{
	if (!spare_mfn)
		spare_mfn = va_to_mfn(spare);
	unmapped(spare);
}

const struct row memory_rows[] = {
	{ "mmu_update_frame", update_frame, prepare, 2000, 1 },
	{ "mmu_update_present", update_present, prepare, 2000, 1 },
	{ "mmu_update_rights", update_rights, prepare, 2000, 1 },
	{ "mmu_update_in_batch", update_many, prepare, 200, BATCH },
	{ "update_va_mapping", update_va, prepare, 2000, 1 },
	{ "update_va_mapping_flush", update_va_flush, prepare, 2000, 1 },
	{ "pte_store_emulated", store, prepare_store, 1000, 1 },
	{ "pin_unpin_entry", pin_full, prepare_pin, 20, 512 },
	{ "pin_unpin_empty", pin_empty, prepare_pin, 50, 1 },
	{ "new_baseptr", load_base, NULL, 1000, 1 },
	{ "tlb_flush_local", flush_tlb, NULL, 1000, 1 },
	{ "invlpg_local", flush_page, NULL, 1000, 1 },
	{ "balloon_out_in", balloon, prepare_balloon, 500, 1 },
	{ NULL, NULL, NULL, 0, 0 }
};
