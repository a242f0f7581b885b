/* SPDX-License-Identifier: MIT */
/*
 * Frames that are not the guest's: the hypervisor's own code, heap and tables, the machine-to-physical table, free
 * memory. Each frame of RAM that our p2m does not name is tried, read-only and writable. The hardware domain may map
 * device memory and firmware tables, and reads what the hypervisor shares; it may write none of it.
 */
#include "guest.h"

const char test_title[] = "pt-foreign-frames: every frame of RAM that is not ours";

static uint8_t window[PAGE_SIZE] PAGE;
static uint8_t owned[1 << 17];		/* by machine frame: 1 if our p2m names it; up to 512 MiB */

static struct e820_entry {
	uint64_t addr, size;
	uint32_t type;
} __attribute__((packed)) map[64];

/* What the hypervisor shares with us for writing: the shared info page and the grant table. */
static void mark_shared(void)
{
	static uint64_t frames[4];
	struct gnttab_setup_table t = { .dom = DOMID_SELF, .nr_frames = 1, .frame_list = (uint64_t)frames };

	owned[start_info->shared_info >> 12] = 1;
	EXPECT(0, hypercall(grant_table_op, GNTTABOP_setup_table, &t, 1));
	CHECK(t.status == GNTST_okay, "setup_table: status %d", t.status);
	owned[frames[0]] = 1;
}

static void mark_owned(void)
{
	for (uint64_t pfn = 0; pfn < start_info->nr_pages; pfn++) {
		uint64_t mfn = pfn_to_mfn(pfn);

		if (mfn < sizeof(owned))
			owned[mfn] = 1;
	}
}

static void try_range(uint64_t first, uint64_t end)
{
	unsigned int tried = 0, rw = 0, ro = 0;
	uint64_t example_rw = 0, example_ro = 0;

	for (uint64_t mfn = first; mfn < end && mfn < sizeof(owned); mfn++) {
		if (owned[mfn])
			continue;
		tried++;
		if (map_at(window, mfn << 12 | PTE_DATA, UVMF_INVLPG) == 0) {
			rw++;
			example_rw = mfn;
		}
		if (map_at(window, mfn << 12 | PTE_RO, UVMF_INVLPG) == 0) {
			ro++;
			example_ro = mfn;
		}
	}
	printk("RAM frames %#lx to %#lx: %u not ours; %u map read-only, %u writable\n", first, end, tried, ro, rw);
	CHECK(!rw, "%u foreign frames can be mapped writable, one is %#lx", rw, example_rw);
	CHECK(ro <= 1024, "%u foreign frames can be read, one is %#lx", ro, example_ro);
}

static long map_as(domid_t owner, uint64_t pte, uint32_t *done)
{
	struct mmu_update u = { .val = pte };

	*done = 77;
	pte_of((uint64_t)window, 1, &u.ptr);
	return hypercall(mmu_update, &u, 1, done, owner);
}

/* As libxenctrl does it: as frames of DOMID_XEN, each for reading. Others of the hypervisor's are not to be had so. */
static void tool_maps_m2p(const uint64_t *frames, unsigned int n)
{
	uint64_t mfn = pfn_to_mfn(7), at = mfn >> 9;	/* 512 numbers a page; a MiB of them begins a piece */
	uint32_t done;

	if (at / 512 >= n)
		test_error("machine frame %#lx is beyond the M2P", mfn);
	EXPECT(0, map_as(DOMID_XEN, (frames[at / 512] + at % 512) << 12 | PTE_RO, &done));
	CHECK(done == 1, "%u done", done);
	hypercall(mmuext_op, &(struct mmuext_op){ .cmd = MMUEXT_TLB_FLUSH_LOCAL }, 1, NULL, DOMID_SELF);
	CHECK(((uint64_t *)window)[mfn % 512] == 7, "the M2P says %lu for frame 7", ((uint64_t *)window)[mfn % 512]);
	CHECK(map_as(DOMID_XEN, frames[0] << 12 | PTE_DATA, &done) < 0, "M2P frame %#lx maps writable", frames[0]);
	CHECK(done == 0, "%u done of one refused", done);
	for (uint64_t f = 0x200; f < 0x400; f++)
		CHECK(map_as(DOMID_XEN, f << 12 | PTE_DATA, &done) < 0, "frame %#lx maps writable", f);
	/* Linux goes on by what *done says, and over its own memory if that is not written */
	EXPECT(-XEN_ESRCH, map_as(4242, frames[0] << 12 | PTE_RO, &done));
	CHECK(done == 0, "%u done for a domain that is not there", done);
}

static void m2p_frames(void)
{
	static uint64_t frames[64];
	struct xen_machphys_mfn_list l = { .max_extents = ARRAY_SIZE(frames), .extent_start = (uint64_t)frames };

	EXPECT(0, hypercall(memory_op, XENMEM_machphys_mfn_list, &l));
	CHECK(l.nr_extents, "no M2P frames told");
	for (unsigned int i = 0; i < l.nr_extents; i++)
		CHECK(map_at(window, frames[i] << 12 | PTE_DATA, UVMF_INVLPG) < 0, "M2P frame %#lx maps writable",
		      frames[i]);
	tool_maps_m2p(frames, l.nr_extents);
}

/*
 * The hardware domain looks below 1 MiB for what the firmware left there, RAM or not; other CPUs' first code is not
 * its.
 */
static void low_memory(void)
{
	unsigned int refused = 0;

	for (uint64_t mfn = 0; mfn < 0x100; mfn++)
		refused += map_at(window, mfn << 12 | PTE_DATA, UVMF_INVLPG) != 0;
	CHECK(refused <= 16, "%u of the 256 frames of the first MiB cannot be mapped", refused);
}

void test_main(void)
{
	struct xen_memory_map m = { .nr_entries = ARRAY_SIZE(map), .buffer = (uint64_t)map };

	mark_owned();
	mark_shared();
	EXPECT(0, hypercall(memory_op, XENMEM_machine_memory_map, &m));
	for (unsigned int i = 0; i < m.nr_entries; i++)
		if (map[i].type == 1 && map[i].addr >= 0x100000)
			try_range((map[i].addr + 4095) >> 12, (map[i].addr + map[i].size) >> 12);
	low_memory();
	m2p_frames();
	CHECK(map_at(window, 0x000fffffffffe000UL | PTE_DATA, UVMF_INVLPG) < 0, "the last frame of all maps");
	writable(window);
}
