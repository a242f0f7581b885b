/* SPDX-License-Identifier: MIT */
/*
 * Grants used rightly, with ourselves as the other domain: set up the table, grant a page, map it, see the marks of
 * use, unmap, copy by reference and by frame, and find each call's status as published.
 */
#include "guest.h"

const char test_title[] = "grants: map, unmap, copy";

static struct grant_entry_v1 table[512] PAGE;
static uint64_t page[512] PAGE, other[512] PAGE, window[512] PAGE;

static void setup(void)
{
	static uint64_t frames[4];
	struct gnttab_query_size q = { .dom = DOMID_SELF };
	struct gnttab_setup_table t = { .dom = DOMID_SELF, .nr_frames = 1, .frame_list = (uint64_t)frames };
	struct gnttab_get_version v = { .dom = DOMID_SELF };

	EXPECT(0, hypercall(grant_table_op, GNTTABOP_query_size, &q, 1));
	CHECK(q.status == GNTST_okay && q.max_nr_frames >= 1 && q.max_nr_frames >= q.nr_frames,
	      "status %d, %u of %u frames", q.status, q.nr_frames, q.max_nr_frames);
	EXPECT(0, hypercall(grant_table_op, GNTTABOP_setup_table, &t, 1));
	if (t.status != GNTST_okay)
		test_error("setup_table: status %d", t.status);
	EXPECT(0, map_at(table, frames[0] << 12 | PTE_DATA, UVMF_INVLPG));
	EXPECT(0, hypercall(grant_table_op, GNTTABOP_get_version, &v, 1));
	CHECK(v.version == 1, "version %u", v.version);
}

static void grant(grant_ref_t ref, const void *va, uint16_t flags)
{
	table[ref].domid = 0;
	table[ref].frame = va_to_mfn(va);
	__atomic_store_n(&table[ref].flags, GTF_permit_access | flags, __ATOMIC_SEQ_CST);
}

static int16_t map(grant_ref_t ref, uint32_t flags, uint64_t addr, grant_handle_t *handle)
{
	struct gnttab_map_grant_ref m = { .host_addr = addr, .flags = flags, .ref = ref, .dom = 0 };

	EXPECT(0, hypercall(grant_table_op, GNTTABOP_map_grant_ref, &m, 1));
	*handle = m.handle;
	return m.status;
}

static int16_t unmap(grant_handle_t handle, uint64_t addr)
{
	struct gnttab_unmap_grant_ref u = { .host_addr = addr, .handle = handle };

	EXPECT(0, hypercall(grant_table_op, GNTTABOP_unmap_grant_ref, &u, 1));
	return u.status;
}

static void map_and_unmap(void)
{
	grant_handle_t h;
	uint64_t value = 0;

	page[0] = 0x1111;
	grant(20, page, 0);
	unmapped(window);
	CHECK(map(20, GNTMAP_host_map, (uint64_t)window, &h) == GNTST_okay, "cannot map");
	CHECK((table[20].flags & (GTF_reading | GTF_writing)) == (GTF_reading | GTF_writing), "flags in use %#x",
	      table[20].flags);
	CHECK(probe_read(window, &value) && value == 0x1111, "the mapping reads %#lx", value);
	CHECK(probe_write(window, 0x2222) && page[0] == 0x2222, "a write through the mapping gives %#lx", page[0]);
	CHECK(unmap(h, (uint64_t)window) == GNTST_okay, "cannot unmap");
	CHECK(!(table[20].flags & (GTF_reading | GTF_writing)), "flags after use %#x", table[20].flags);
	CHECK(!probe_read(window, NULL), "still mapped after unmapping");
	CHECK(unmap(h, (uint64_t)window) == GNTST_bad_handle, "a handle works twice");
}

static void read_only_maps(void)
{
	grant_handle_t h;

	grant(21, page, GTF_readonly);
	CHECK(map(21, GNTMAP_host_map, (uint64_t)window, &h) < 0, "a read-only grant maps writable");
	CHECK(map(21, GNTMAP_host_map | GNTMAP_readonly, (uint64_t)window, &h) == GNTST_okay, "cannot map read-only");
	CHECK((table[21].flags & (GTF_reading | GTF_writing)) == GTF_reading, "flags in use %#x", table[21].flags);
	CHECK(!probe_write(window, 1), "a read-only mapping can be written");
	CHECK(unmap(h, (uint64_t)window) == GNTST_okay, "cannot unmap");
}

/* The other way to say where: by the machine address of the page-table entry. */
static void contains_pte(void)
{
	grant_handle_t h;
	uint64_t maddr, value;

	pte_of((uint64_t)window, 1, &maddr);
	CHECK(map(20, GNTMAP_host_map | GNTMAP_contains_pte, maddr, &h) == GNTST_okay, "cannot map by entry");
	mmuext_two(MMUEXT_INVLPG_LOCAL, (uint64_t)window, 0);
	CHECK(probe_read(window, &value) && value == page[0], "the mapping reads %#lx", value);
	CHECK(unmap(h, maddr) == GNTST_okay, "cannot unmap by entry");
	CHECK(!probe_read(window, NULL), "still mapped after unmapping");
}

static void copies(void)
{
	struct gnttab_copy c = {
		.source = { .u.ref = 22, .domid = DOMID_SELF, .offset = 8 },
		.dest = { .u.gmfn = va_to_mfn(other), .domid = DOMID_SELF, .offset = 16 },
		.len = 8,
		.flags = GNTCOPY_source_gref,
	};

	page[1] = 0x3333;
	grant(22, page, GTF_readonly);
	EXPECT(0, hypercall(grant_table_op, GNTTABOP_copy, &c, 1));
	CHECK(c.status == GNTST_okay && other[2] == 0x3333, "copy from a grant: status %d, %#lx", c.status, other[2]);
	c.source.offset = 4092;
	EXPECT(0, hypercall(grant_table_op, GNTTABOP_copy, &c, 1));
	CHECK(c.status == GNTST_bad_copy_arg, "copy across the end of a page: status %d", c.status);
	c = (struct gnttab_copy) {
		.source = { .u.gmfn = va_to_mfn(other), .domid = DOMID_SELF },
		.dest = { .u.ref = 22, .domid = DOMID_SELF },
		.len = 8,
		.flags = GNTCOPY_dest_gref,
	};
	EXPECT(0, hypercall(grant_table_op, GNTTABOP_copy, &c, 1));
	CHECK(c.status < 0, "copy to a read-only grant: status %d", c.status);
	c.dest.u.ref = 20;
	other[0] = 0x4444;
	EXPECT(0, hypercall(grant_table_op, GNTTABOP_copy, &c, 1));
	CHECK(c.status == GNTST_okay && page[0] == 0x4444, "copy to a grant: status %d, %#lx", c.status, page[0]);
}

void test_main(void)
{
	setup();
	map_and_unmap();
	read_only_maps();
	contains_pte();
	copies();
	writable(window);
}
