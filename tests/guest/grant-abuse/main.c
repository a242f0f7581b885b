/* SPDX-License-Identifier: MIT */
/*
 * Grants used wrongly: references and handles that are none, domains that are none, frames that are not ours granted
 * away, page tables granted for writing, mapped grants turned into page tables, entries of mappings changed behind the
 * hypervisor's back, operations on the hypervisor's frames, and counts that do not end.
 */
#include "guest.h"

const char test_title[] = "grant-abuse: grants used wrongly";

static struct grant_entry_v1 table[512] PAGE;
static uint64_t page[512] PAGE, window[512] PAGE, l1[512] PAGE;

static void setup(void)
{
	static uint64_t frames[4];
	struct gnttab_setup_table t = { .dom = DOMID_SELF, .nr_frames = 1, .frame_list = (uint64_t)frames };

	EXPECT(0, hypercall(grant_table_op, GNTTABOP_setup_table, &t, 1));
	if (t.status != GNTST_okay)
		test_error("setup_table: status %d", t.status);
	EXPECT(0, map_at(table, frames[0] << 12 | PTE_DATA, UVMF_INVLPG));
	unmapped(window);
}

static void grant(grant_ref_t ref, uint64_t mfn, uint16_t flags)
{
	table[ref].domid = 0;
	table[ref].frame = mfn;
	__atomic_store_n(&table[ref].flags, GTF_permit_access | flags, __ATOMIC_SEQ_CST);
}

static int16_t map(domid_t dom, grant_ref_t ref, uint32_t flags, uint64_t addr, grant_handle_t *handle)
{
	struct gnttab_map_grant_ref m = { .host_addr = addr, .flags = flags, .ref = ref, .dom = dom, .status = 99 };

	EXPECT(0, hypercall(grant_table_op, GNTTABOP_map_grant_ref, &m, 1));
	if (handle)
		*handle = m.handle;
	return m.status;
}

static int16_t unmap(grant_handle_t handle, uint64_t addr)
{
	struct gnttab_unmap_grant_ref u = { .host_addr = addr, .handle = handle, .status = 99 };

	EXPECT(0, hypercall(grant_table_op, GNTTABOP_unmap_grant_ref, &u, 1));
	return u.status;
}

static void bad_numbers(void)
{
	static const uint32_t refs[] = { 511, 512, 10000, 0x7fffffff, 0xffffffff };
	static const uint32_t handles[] = { 0, 1, 1000, 0x7fffffff, 0xffffffff };

	for (size_t i = 0; i < ARRAY_SIZE(refs); i++)
		CHECK(map(0, refs[i], GNTMAP_host_map, (uint64_t)window, NULL) < 0, "reference %#x maps", refs[i]);
	for (size_t i = 0; i < ARRAY_SIZE(handles); i++)
		CHECK(unmap(handles[i], (uint64_t)window) < 0, "handle %#x unmaps", handles[i]);
	grant(10, va_to_mfn(page), 0);
	CHECK(map(77, 10, GNTMAP_host_map, (uint64_t)window, NULL) == GNTST_bad_domain, "a grant of domain 77 maps");
	CHECK(map(0, 10, 0, (uint64_t)window, NULL) < 0, "a mapping of no kind is made");
	CHECK(map(0, 10, GNTMAP_host_map, 0xffff830000000000, NULL) < 0, "a mapping inside the hypervisor is made");
	CHECK(map(0, 10, GNTMAP_host_map, 0x0000800000000000, NULL) < 0, "a non-canonical mapping is made");
	CHECK(map(0, 10, GNTMAP_host_map, 0x0000600000000000, NULL) < 0, "a mapping without page tables is made");
	CHECK(map(0, 10, GNTMAP_host_map | GNTMAP_contains_pte, va_to_mfn(page) << 12, NULL) < 0,
	      "a data page is used as a page-table entry");
	CHECK(map(0, 10, GNTMAP_host_map | GNTMAP_contains_pte, root_mfn() << 12 | 256 * 8, NULL) < 0,
	      "an L4 entry is used for a grant");
	CHECK(map(0, 10, GNTMAP_host_map | GNTMAP_contains_pte, 0x000ffffff0000000UL, NULL) < 0,
	      "no frame is used as a page table");
	table[10].domid = 5;
	CHECK(map(0, 10, GNTMAP_host_map, (uint64_t)window, NULL) < 0, "a grant to another domain maps");
}

static void not_ours_to_give(void)
{
	grant(11, 0x200, 0);			/* low memory: the hypervisor's or free */
	CHECK(map(0, 11, GNTMAP_host_map, (uint64_t)window, NULL) < 0, "a frame that is not ours is granted");
	grant(11, 0xfffffff, 0);
	CHECK(map(0, 11, GNTMAP_host_map, (uint64_t)window, NULL) < 0, "no frame is granted");
	grant(11, root_mfn(), 0);
	CHECK(map(0, 11, GNTMAP_host_map, (uint64_t)window, NULL) < 0, "the L4 is granted for writing");
	CHECK(!probe_write(window, 0), "the L4 can be written by a grant");
	table[12].flags = GTF_invalid;
	CHECK(map(0, 12, GNTMAP_host_map, (uint64_t)window, NULL) < 0, "an empty entry maps");
	table[12].flags = GTF_accept_transfer;
	CHECK(map(0, 12, GNTMAP_host_map, (uint64_t)window, NULL) < 0, "a transfer entry maps");
	table[12].flags = GTF_invalid;
}

/* While mapped, the page must not become a page table; and unmapping must be of the same place. */
static void while_mapped(void)
{
	grant_handle_t h;

	grant(13, va_to_mfn(l1), 0);
	CHECK(map(0, 13, GNTMAP_host_map, (uint64_t)window, &h) == GNTST_okay, "cannot map");
	read_only(l1);
	CHECK(mmuext_one(MMUEXT_PIN_L1_TABLE, va_to_mfn(l1)) < 0,
	      "a page mapped writable by a grant becomes a page table");
	CHECK(unmap(h, (uint64_t)page) < 0, "unmapped at another address");
	CHECK(probe_write(window, 0), "gone after a failed unmap");
	CHECK(unmap(h, 0xffff830000000000) < 0, "unmapped inside the hypervisor");
	/* The guest changes the entry itself, then unmaps. */
	EXPECT(0, map_at(window, va_to_mfn(page) << 12 | PTE_DATA, UVMF_INVLPG));
	printk("unmap after the entry was changed: %d\n", unmap(h, (uint64_t)window));
	CHECK(probe_write(window, 0), "unmap took away what was not its own");
	EXPECT(0, map_at(window, 0, UVMF_INVLPG));
	writable(l1);
}

static void counts(void)
{
	struct gnttab_copy c = { .len = 1 };
	struct gnttab_setup_table t = { .dom = DOMID_SELF, .nr_frames = 1000000, .frame_list = (uint64_t)page };

	CHECK(hypercall(grant_table_op, GNTTABOP_copy, 0x0000600000000000, 0x7fffffff) < 0, "2^31 copies from nowhere");
	CHECK(hypercall(grant_table_op, GNTTABOP_map_grant_ref, page, 0xffffffff) < 0, "2^32 maps are begun");
	CHECK(hypercall(grant_table_op, 99, page, 1) < 0, "operation 99");
	EXPECT(0, hypercall(grant_table_op, GNTTABOP_setup_table, &t, 1));
	CHECK(t.status < 0, "a million frames: status %d", t.status);
	c.dest.u.gmfn = root_mfn();
	c.source.u.gmfn = va_to_mfn(page);
	c.source.domid = c.dest.domid = DOMID_SELF;
	EXPECT(0, hypercall(grant_table_op, GNTTABOP_copy, &c, 1));
	CHECK(c.status < 0, "copy over the L4: status %d", c.status);
	c.dest.u.gmfn = 0x200;
	EXPECT(0, hypercall(grant_table_op, GNTTABOP_copy, &c, 1));
	CHECK(c.status < 0, "copy over a frame that is not ours: status %d", c.status);
	c.dest.u.gmfn = va_to_mfn(page);
	c.source.u.gmfn = 0x200;
	EXPECT(0, hypercall(grant_table_op, GNTTABOP_copy, &c, 1));
	CHECK(c.status < 0, "copy of a frame that is not ours: status %d", c.status);
	c.source.domid = DOMID_XEN;
	EXPECT(0, hypercall(grant_table_op, GNTTABOP_copy, &c, 1));
	CHECK(c.status < 0, "copy from DOMID_XEN: status %d", c.status);
}

static void transfer(void)
{
	struct gnttab_transfer t = { .mfn = root_mfn(), .domid = 0, .ref = 14 };

	hypercall(grant_table_op, GNTTABOP_transfer, &t, 1);
	CHECK(t.status < 0, "transfer of the L4: status %d", t.status);
	t = (struct gnttab_transfer) { .mfn = 0x200, .domid = 0, .ref = 14 };
	hypercall(grant_table_op, GNTTABOP_transfer, &t, 1);
	CHECK(t.status < 0, "transfer of a frame that is not ours: status %d", t.status);
	t = (struct gnttab_transfer) { .mfn = start_info->shared_info >> 12, .domid = 77, .ref = 14 };
	hypercall(grant_table_op, GNTTABOP_transfer, &t, 1);
	CHECK(t.status < 0, "transfer of the shared info page: status %d", t.status);
}

void test_main(void)
{
	setup();
	bad_numbers();
	not_ours_to_give();
	while_mapped();
	counts();
	transfer();
	writable(window);
}
