/* SPDX-License-Identifier: MIT */
/*
 * Corners of the grant calls that advisories came from: page-table entries that are not aligned (XSA-227), device and
 * host maps mixed up (XSA-224), unmap_and_replace with a replacement that is not ours (XSA-234), cache flushes of
 * frames without owner (XSA-232), unmapping in two steps (XSA-394), swapping references in use (XSA-134), and batches
 * in which one fails.
 */
#include "guest.h"

const char test_title[] = "grant-corners: alignment, device maps, replacement, cache";

static struct grant_entry_v1 table[512] PAGE;
static uint64_t page[512] PAGE, window[512] PAGE, other[512] PAGE, third[512] PAGE;

static void grant(grant_ref_t ref, uint64_t mfn, uint16_t flags)
{
	table[ref].domid = 0;
	table[ref].frame = mfn;
	__atomic_store_n(&table[ref].flags, GTF_permit_access | flags, __ATOMIC_SEQ_CST);
}

static struct gnttab_map_grant_ref map(grant_ref_t ref, uint32_t flags, uint64_t addr)
{
	struct gnttab_map_grant_ref m = { .host_addr = addr, .flags = flags, .ref = ref, .status = 99 };

	EXPECT(0, hypercall(grant_table_op, GNTTABOP_map_grant_ref, &m, 1));
	return m;
}

static int16_t unmap(grant_handle_t handle, uint64_t addr, uint64_t bus)
{
	struct gnttab_unmap_grant_ref u = { .host_addr = addr, .handle = handle, .dev_bus_addr = bus, .status = 99 };

	EXPECT(0, hypercall(grant_table_op, GNTTABOP_unmap_grant_ref, &u, 1));
	return u.status;
}

static void alignment(void)
{
	uint64_t maddr;

	pte_of((uint64_t)window, 1, &maddr);
	for (int i = 1; i < 8; i++)
		CHECK(map(10, GNTMAP_host_map | GNTMAP_contains_pte, maddr + i).status < 0,
		      "a page-table entry at an odd address, +%d, is written (XSA-227)", i);
	CHECK(map(10, GNTMAP_host_map | GNTMAP_contains_pte, (maddr | 0xff8) + 4).status < 0,
	      "an entry across two pages is written");
}

static void device_maps(void)
{
	struct gnttab_map_grant_ref m = map(10, GNTMAP_device_map | GNTMAP_host_map, (uint64_t)window);

	if (m.status == GNTST_okay) {
		CHECK(m.dev_bus_addr >> 12 == va_to_mfn(page), "bus address %#lx", m.dev_bus_addr);
		CHECK(unmap(m.handle, 0, m.dev_bus_addr + 0x1000) < 0, "unmapped by a wrong bus address (XSA-224)");
		unmap(m.handle, (uint64_t)window, 0);
		CHECK(!probe_read(window, NULL), "the host map is still there");
		CHECK((table[10].flags & (GTF_reading | GTF_writing)) != 0,
		      "the device map's mark is gone with the host map");
		unmap(m.handle, 0, m.dev_bus_addr);
	}
	CHECK(!(table[10].flags & (GTF_reading | GTF_writing)), "marks left: %#x", table[10].flags);
	m = map(10, GNTMAP_device_map, 0);
	printk("device map alone: status %d\n", m.status);
	if (m.status == GNTST_okay) {
		CHECK(unmap(m.handle, (uint64_t)other, 0) < 0 || probe_write(other, 1),
		      "a device map's handle unmaps a host page");
		unmap(m.handle, 0, m.dev_bus_addr);
	}
	CHECK(!(table[10].flags & (GTF_reading | GTF_writing)), "marks left: %#x", table[10].flags);
}

/*
 * Both mappings of one handle in two steps, in either order, and at once; a step too many takes nothing away (XSA-394).
 */
static void two_steps(void)
{
	for (int way = 0; way < 3; way++) {
		struct gnttab_map_grant_ref m = map(10, GNTMAP_device_map | GNTMAP_host_map, (uint64_t)window);

		if (m.status != GNTST_okay)
			return;
		if (way == 0)
			EXPECT(GNTST_okay, unmap(m.handle, (uint64_t)window, m.dev_bus_addr));
		else
			unmap(m.handle, way == 1 ? (uint64_t)window : 0, way == 2 ? m.dev_bus_addr : 0);
		unmap(m.handle, way == 2 ? (uint64_t)window : 0, way == 1 ? m.dev_bus_addr : 0);
		CHECK(unmap(m.handle, (uint64_t)window, m.dev_bus_addr) < 0, "way %d: a third unmapping succeeds", way);
		CHECK(unmap(m.handle, 0, m.dev_bus_addr) < 0, "way %d: a fourth unmapping succeeds", way);
		CHECK(!probe_read(window, NULL), "way %d: the host map is still there", way);
		CHECK(!(table[10].flags & (GTF_reading | GTF_writing)), "way %d: marks left: %#x", way,
		      table[10].flags);
	}
}

/* An entry with itself, and one that is in use with another (XSA-134): both ways the table can be locked twice. */
static void swaps(void)
{
	struct gnttab_map_grant_ref m = map(10, GNTMAP_host_map, (uint64_t)window);
	struct gnttab_swap_grant_ref s[] = { { 11, 11, 0 }, { 10, 10, 0 }, { 10, 11, 0 }, { 11, 10, 0 } };

	grant(11, va_to_mfn(other), 0);
	EXPECT(0, hypercall(grant_table_op, GNTTABOP_swap_grant_ref, s, ARRAY_SIZE(s)));
	for (unsigned int i = 2; i < ARRAY_SIZE(s); i++)
		CHECK(s[i].status < 0, "swap %u, of an entry that is mapped: status %d", i, s[i].status);
	CHECK(table[10].frame == va_to_mfn(page) && table[11].frame == va_to_mfn(other),
	      "entries of frames %#x and %#x", table[10].frame, table[11].frame);
	EXPECT(GNTST_okay, unmap(m.handle, (uint64_t)window, 0));
	table[11].flags = 0;
}

static void replacement(void)
{
	struct gnttab_map_grant_ref m = map(10, GNTMAP_host_map, (uint64_t)window);
	struct gnttab_unmap_and_replace r = { .host_addr = (uint64_t)window, .handle = m.handle, .status = 99 };

	CHECK(m.status == GNTST_okay, "map: status %d", m.status);
	r.new_addr = 0xffff830000000000;
	hypercall(grant_table_op, GNTTABOP_unmap_and_replace, &r, 1);
	CHECK(r.status < 0, "replaced by the hypervisor's memory");
	CHECK(probe_read(window, NULL), "the mapping is gone after a refused replacement");
	r.new_addr = 0x0000600000000000;
	hypercall(grant_table_op, GNTTABOP_unmap_and_replace, &r, 1);
	CHECK(r.status < 0, "replaced by nothing");
	r.new_addr = (uint64_t)other;
	other[0] = 0x99;
	hypercall(grant_table_op, GNTTABOP_unmap_and_replace, &r, 1);
	if (r.status == GNTST_okay) {
		uint64_t value = 0;

		CHECK(probe_read(window, &value) && value == 0x99, "the window shows %#lx after replacement", value);
		CHECK(!probe_read(other, NULL), "the replacement is still at its old place");
		EXPECT(0, map_at(other, va_to_mfn(other) << 12 | PTE_DATA, UVMF_INVLPG));
		EXPECT(0, map_at(window, 0, UVMF_INVLPG));
	} else {
		printk("unmap_and_replace: status %d\n", r.status);
		unmap(m.handle, (uint64_t)window, 0);
	}
	CHECK(!(table[10].flags & (GTF_reading | GTF_writing)), "marks left: %#x", table[10].flags);
}

/* Marks of use stay until the last mapping that needs them (XSA-230); pins and references go one by one (XSA-236). */
static void marks(void)
{
	struct gnttab_map_grant_ref rw, ro;

	rw = map(10, GNTMAP_host_map, (uint64_t)window);
	ro = map(10, GNTMAP_host_map | GNTMAP_readonly, (uint64_t)third);
	CHECK(rw.status == GNTST_okay && ro.status == GNTST_okay, "two maps: %d, %d", rw.status, ro.status);
	EXPECT(GNTST_okay, unmap(rw.handle, (uint64_t)window, 0));
	CHECK((table[10].flags & (GTF_reading | GTF_writing)) == GTF_reading, "one reader left, marks %#x",
	      table[10].flags);
	rw = map(10, GNTMAP_host_map, (uint64_t)window);
	EXPECT(GNTST_okay, unmap(ro.handle, (uint64_t)third, 0));
	CHECK((table[10].flags & (GTF_reading | GTF_writing)) == (GTF_reading | GTF_writing),
	      "a writer left, marks %#x", table[10].flags);
	CHECK(mmuext_one(MMUEXT_PIN_L1_TABLE, va_to_mfn(page)) < 0, "a page mapped by a grant becomes a page table");
	EXPECT(GNTST_okay, unmap(rw.handle, (uint64_t)window, 0));
	CHECK(!(table[10].flags & (GTF_reading | GTF_writing)), "marks left: %#x", table[10].flags);
}

/* A batch of copies long enough to be interrupted: each is done once, and the bad ones say so (XSA-318). */
static void copies(void)
{
	static struct gnttab_copy c[200];

	for (unsigned int i = 0; i < ARRAY_SIZE(c); i++)
		c[i] = (struct gnttab_copy) {
			.source = { .u.gmfn = va_to_mfn(page), .domid = DOMID_SELF, .offset = i % 7 == 3 ? 4090 : 8 },
			.dest = { .u.gmfn = va_to_mfn(other), .domid = DOMID_SELF, .offset = 16 },
			.len = 16, .status = 99,
		};
	EXPECT(0, hypercall(grant_table_op, GNTTABOP_copy, c, ARRAY_SIZE(c)));
	for (unsigned int i = 0; i < ARRAY_SIZE(c); i++)
		CHECK(i % 7 == 3 ? c[i].status < 0 : c[i].status == GNTST_okay, "copy %u: status %d", i, c[i].status);
}

static void cache(void)
{
	static const uint64_t addresses[] = { 0, 0x200000, 0x000ffffff0000000, 0xfec00000, 0xffffffffffffffff };

	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
		struct gnttab_cache_flush f = { .a.dev_bus_addr = addresses[i], .length = 64,
						.op = GNTTAB_CACHE_CLEAN };

		CHECK(hypercall(grant_table_op, GNTTABOP_cache_flush, &f, 1) < 0, "the cache of %#lx is flushed",
		      addresses[i]);
		f.length = 5000;
		CHECK(hypercall(grant_table_op, GNTTABOP_cache_flush, &f, 1) < 0, "5000 bytes are flushed");
	}
}

static void swap_and_batch(void)
{
	struct gnttab_swap_grant_ref s = { .ref_a = 10, .ref_b = 0xffffffff };
	struct gnttab_map_grant_ref m[3] = { { .host_addr = (uint64_t)window, .flags = GNTMAP_host_map, .ref = 10 },
					     { .host_addr = (uint64_t)window, .flags = GNTMAP_host_map, .ref = 500 },
					     { .host_addr = (uint64_t)window, .flags = GNTMAP_host_map, .ref = 10 } };

	hypercall(grant_table_op, GNTTABOP_swap_grant_ref, &s, 1);
	CHECK(s.status < 0, "swapped with reference 2^32 - 1: status %d", s.status);
	EXPECT(0, hypercall(grant_table_op, GNTTABOP_map_grant_ref, m, 3));
	CHECK(m[0].status == GNTST_okay && m[1].status < 0, "batch: %d, %d, %d", m[0].status, m[1].status, m[2].status);
	if (m[2].status == GNTST_okay)
		unmap(m[2].handle, (uint64_t)window, 0);
	if (m[0].status == GNTST_okay)
		unmap(m[0].handle, (uint64_t)window, 0);
	EXPECT(0, map_at(window, 0, UVMF_INVLPG));
}

void test_main(void)
{
	static uint64_t frames[4];
	struct gnttab_setup_table t = { .dom = DOMID_SELF, .nr_frames = 1, .frame_list = (uint64_t)frames };

	EXPECT(0, hypercall(grant_table_op, GNTTABOP_setup_table, &t, 1));
	EXPECT(0, map_at(table, frames[0] << 12 | PTE_DATA, UVMF_INVLPG));
	unmapped(window);
	grant(10, va_to_mfn(page), 0);
	alignment();
	device_maps();
	two_steps();
	swaps();
	replacement();
	unmapped(third);
	unmapped(page);			/* else it is writable, and no page table for that reason */
	marks();
	copies();
	cache();
	swap_and_batch();
}
