/* SPDX-License-Identifier: MIT */
/*
 * memory_op: memory given back and taken again, what is reserved, memory maps, where the M2P lies; and what a PV guest
 * may not do: give away page tables or frames that are not its own, or other domains' memory.
 */
#include "guest.h"

const char test_title[] = "memory-op: reservations and maps";

static uint8_t spare[4][PAGE_SIZE] PAGE;
static uint64_t frames[8];

static struct xen_memory_reservation list(unsigned int n)
{
	return (struct xen_memory_reservation) { .extent_start = (uint64_t)frames, .nr_extents = n,
						 .domid = DOMID_SELF };
}

static long reserved(void)
{
	domid_t self = DOMID_SELF;

	return hypercall(memory_op, XENMEM_current_reservation, &self);
}

static void balloon(void)
{
	struct xen_memory_reservation r = list(4);
	long before = reserved();

	CHECK(before > 0 && before <= (long)start_info->nr_pages + 1024, "reservation of %ld pages", before);
	for (int i = 0; i < 4; i++) {
		frames[i] = va_to_mfn(spare[i]);
		memset(spare[i], 0xaa, PAGE_SIZE);
		unmapped(spare[i]);
	}
	EXPECT(4, hypercall(memory_op, XENMEM_decrease_reservation, &r));
	CHECK(reserved() == before - 4, "%ld pages after giving back 4 of %ld", reserved(), before);
	CHECK(map_at(spare[0], frames[0] << 12 | PTE_DATA, UVMF_INVLPG) < 0, "a frame given back can be mapped");
	CHECK(mmu_update_one(frames[0] << 12 | MMU_MACHPHYS_UPDATE, 1) < 0,
	      "a frame given back has an M2P entry of ours");
	for (int i = 0; i < 4; i++)
		frames[i] = (uint64_t)spare[i] >> 12;
	EXPECT(4, hypercall(memory_op, XENMEM_populate_physmap, &r));
	CHECK(reserved() == before, "%ld pages after taking them again, before %ld", reserved(), before);
	for (int i = 0; i < 4; i++) {
		uint64_t *p = (uint64_t *)spare[i];

		CHECK(m2p[frames[i]] == (uint64_t)spare[i] >> 12, "M2P of the new frame: %#lx", m2p[frames[i]]);
		EXPECT(0, map_at(spare[i], frames[i] << 12 | PTE_DATA, UVMF_INVLPG));
		for (int w = 0; w < 512; w++)
			if (p[w] && p[w] != 0xaaaaaaaaaaaaaaaa) {	/* our own may come back */
				test_failure("a new page holds %#lx, somebody's old data", p[w]);
				break;
			}
	}
}

/* A page that is mapped when given back must not go to others while the mapping lives. */
static void mapped_when_given(void)
{
	struct xen_memory_reservation r = list(1);
	uint64_t mfn = frames[0];

	frames[0] = mfn;
	hypercall(memory_op, XENMEM_decrease_reservation, &r);
	spare[0][0] = 1;
	CHECK(mmuext_one(MMUEXT_PIN_L1_TABLE, mfn) < 0, "a page given back can be pinned");
	unmapped(spare[0]);
	CHECK(map_at(spare[0], mfn << 12 | PTE_DATA, UVMF_INVLPG) < 0, "a page given back can be mapped once unmapped");
	frames[0] = (uint64_t)spare[0] >> 12;
	EXPECT(1, hypercall(memory_op, XENMEM_populate_physmap, &r));
	EXPECT(0, map_at(spare[0], frames[0] << 12 | PTE_DATA, UVMF_INVLPG));
}

static void refusals(void)
{
	struct xen_memory_reservation r = list(1);
	struct xen_add_to_physmap a = { .domid = DOMID_SELF, .space = XENMAPSPACE_shared_info, .gpfn = 5 };

	frames[4] = frames[0];
	frames[0] = root_mfn();
	hypercall(memory_op, XENMEM_decrease_reservation, &r);	/* a live page table: at most marked to go */
	CHECK(probe_read(spare[1], NULL), "the address space is gone");
	frames[0] = 0x200;
	CHECK(hypercall(memory_op, XENMEM_decrease_reservation, &r) <= 0, "a frame that is not ours is given back");
	frames[0] = 0xfffffffffUL;
	CHECK(hypercall(memory_op, XENMEM_decrease_reservation, &r) <= 0, "no frame is given back");
	frames[0] = start_info->shared_info >> 12;
	/* at most its reference is dropped; it stays while in use */
	hypercall(memory_op, XENMEM_decrease_reservation, &r);
	CHECK(system_time() > 0 && shared_info->wc_sec, "the shared info page is gone");
	r.domid = 77;
	CHECK(hypercall(memory_op, XENMEM_decrease_reservation, &r) <= 0, "memory of domain 77 is given back");
	r = list(1);
	r.extent_order = 30;
	CHECK(hypercall(memory_op, XENMEM_increase_reservation, &r) <= 0, "2^30 pages are given");
	r.extent_order = 200;
	CHECK(hypercall(memory_op, XENMEM_populate_physmap, &r) <= 0, "2^200 pages are given");
	r = list(1);
	r.nr_extents = ~0UL;
	CHECK(hypercall(memory_op, XENMEM_increase_reservation, &r) <= 0, "2^64 - 1 extents are given");
	CHECK(hypercall(memory_op, XENMEM_add_to_physmap, &a) < 0, "a PV guest has a physmap to add to");
	EXPECT(-XEN_ENOSYS, hypercall(memory_op, 50, &r));
	frames[0] = frames[4];
}

static void tells(void)
{
	struct xen_machphys_mapping m;
	static uint8_t map[20 * 64];
	struct xen_memory_map mm = { .nr_entries = 64, .buffer = (uint64_t)map };
	domid_t self = DOMID_SELF;

	EXPECT(0, hypercall(memory_op, XENMEM_machphys_mapping, &m));
	CHECK(m.v_start == MACH2PHYS_VIRT_START, "M2P at %#lx", m.v_start);
	CHECK(m.max_mfn >= va_to_mfn(spare[0]), "highest frame %#lx, ours is %#lx", m.max_mfn, va_to_mfn(spare[0]));
	CHECK(hypercall(memory_op, XENMEM_maximum_ram_page, NULL) >= (long)va_to_mfn(spare[0]), "highest RAM page");
	CHECK(hypercall(memory_op, XENMEM_maximum_reservation, &self) >= reserved(), "maximum below the present");
	EXPECT(0, hypercall(memory_op, XENMEM_machine_memory_map, &mm));
	CHECK(mm.nr_entries >= 3 && mm.nr_entries <= 64, "%u entries in the machine's map", mm.nr_entries);
	mm.nr_entries = 1;
	CHECK(hypercall(memory_op, XENMEM_machine_memory_map, &mm) < 0 || mm.nr_entries == 1,
	      "room for one entry, %u given", mm.nr_entries);
}

void test_main(void)
{
	balloon();
	mapped_when_given();
	refusals();
	tells();
}
