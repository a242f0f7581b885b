/* SPDX-License-Identifier: MIT */
/*
 * A second vCPU keeps writing to a page whose translation it has in its TLB, while the first takes the mapping away
 * without asking for a flush and makes a page table, or nothing, of the page. The hypervisor must flush before the
 * page's type or owner changes: not one write may land after (the family of XSA-401 and XSA-286). The same for grants
 * that are unmapped.
 */
#include "guest.h"

const char test_title[] = "tlb-types: no stale translation outlives a page's type";

static uint64_t page[512] PAGE, window[512] PAGE;
static struct grant_entry_v1 table[512] PAGE;
static volatile uint64_t writes, faults;
static volatile bool stop;

extern const uint64_t trap_stubs[20];

/* Writes whatever the outcome; each second trip around it also takes a fault's detour. */
static void writer(unsigned int cpu)
{
	struct trap_info t[2] = { { X86_PF, 0, FLAT_KERNEL_CS, trap_stubs[X86_PF] } };

	(void)cpu;
	hypercall(set_trap_table, t);
	while (!stop) {
		if (probe_write(&window[7], 0xdead0000UL + (writes & 0xfff) * 16))
			writes++;
		else
			faults++;
	}
}

static bool wait_writes(void)
{
	uint64_t n = writes, end = system_time() + 10000000000;

	while (writes < n + 100)
		if (system_time() > end)
			return false;
	return true;
}

static void pause_ms(uint64_t ms)
{
	uint64_t end = system_time() + ms * 1000000;

	while (system_time() < end)
		barrier();
}

static void becomes_a_table(unsigned int round)
{
	uint64_t mfn = va_to_mfn(page);

	EXPECT(0, map_at(window, mfn << 12 | PTE_DATA, UVMF_INVLPG | UVMF_ALL));
	if (!wait_writes())
		test_error("vCPU 1 does not write");
	memset(page, 0, sizeof(page));
	EXPECT(0, map_at(window, 0, UVMF_NONE));		/* no flush asked for */
	EXPECT(0, map_at(page, mfn << 12 | PTE_RO, UVMF_INVLPG));
	if (mmuext_one(MMUEXT_PIN_L1_TABLE, mfn)) {
		/* A write came between: entries of rubbish are a good reason to refuse. */
		EXPECT(0, map_at(page, mfn << 12 | PTE_DATA, UVMF_INVLPG));
		return;
	}
	pause_ms(2);
	CHECK(page[7] == 0, "round %u: a page table was written through a stale translation: %#lx", round, page[7]);
	EXPECT(0, mmuext_one(MMUEXT_UNPIN_TABLE, mfn));
	EXPECT(0, map_at(page, mfn << 12 | PTE_DATA, UVMF_INVLPG));
}

static void grant_unmapped(unsigned int round)
{
	struct gnttab_map_grant_ref m = { .host_addr = (uint64_t)window, .flags = GNTMAP_host_map, .ref = 30 };
	struct gnttab_unmap_grant_ref u = { .host_addr = (uint64_t)window };

	table[30].domid = 0;
	table[30].frame = va_to_mfn(page);
	table[30].flags = GTF_permit_access;
	EXPECT(0, hypercall(grant_table_op, GNTTABOP_map_grant_ref, &m, 1));
	if (m.status != GNTST_okay)
		test_error("cannot map a grant: %d", m.status);
	if (!wait_writes())
		test_error("vCPU 1 does not write");
	u.handle = m.handle;
	EXPECT(0, hypercall(grant_table_op, GNTTABOP_unmap_grant_ref, &u, 1));
	page[7] = 0;
	pause_ms(2);
	CHECK(page[7] == 0, "round %u: a granted page was written after it was unmapped", round);
}

void test_main(void)
{
	static uint64_t frames[4];
	struct gnttab_setup_table t = { .dom = DOMID_SELF, .nr_frames = 1, .frame_list = (uint64_t)frames };

	if (hypercall(vcpu_op, VCPUOP_is_up, 1, NULL) == -XEN_ENOENT)
		test_skip("this machine has one vCPU");
	EXPECT(0, hypercall(grant_table_op, GNTTABOP_setup_table, &t, 1));
	EXPECT(0, map_at(table, frames[0] << 12 | PTE_DATA, UVMF_INVLPG));
	if (vcpu_run(1, writer))
		test_error("cannot start vCPU 1");
	if (!wait_writes())
		test_error("vCPU 1 does not write");
	for (unsigned int round = 0; round < 15; round++) {
		becomes_a_table(round);
		EXPECT(0, map_at(window, 0, UVMF_INVLPG | UVMF_ALL));
		grant_unmapped(round);
	}
	stop = true;
	printk("%lu writes, %lu faults\n", writes, faults);
	CHECK(faults, "vCPU 1 never met the missing mapping");
}
